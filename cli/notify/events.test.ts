import { describe, expect, it } from "vitest";
import type { AppliedEntry } from "../records";
import { eventsBetween, failuresOf } from "./events";
import { happenedSince, type Recorded, recordOf, recordSchema } from "./since";

const acme: AppliedEntry = { instance: "acme", state: "active", kind: "scheduled", until: "2026-12-01T22:00:00.000Z" };
const { until: _, ...unended } = acme;
const later = "2026-12-01T23:00:00.000Z";

const namesOf = (before: AppliedEntry | undefined, after: AppliedEntry | undefined) =>
  eventsBetween(before === undefined ? [] : [before], after === undefined ? [] : [after]).map(({ event }) => event);

describe("what happened to an instance", () => {
  it.each<[string, AppliedEntry | undefined, AppliedEntry | undefined, readonly string[]]>([
    ["nothing, if nothing has changed", acme, acme, []],
    ["nothing, if the same time is written otherwise", acme, { ...acme, until: "2026-12-01T23:00:00+01:00" }, []],
    ["nothing, if it is planned", undefined, { ...acme, state: "planned" }, []],
    ["nothing, if a plan is moved", { ...acme, state: "planned" }, { ...acme, state: "planned", until: later }, []],
    ["it entered", undefined, acme, ["entered"]],
    ["it entered, when its window begins", { ...acme, state: "planned" }, acme, ["entered"]],
    ["it left", acme, undefined, ["left"]],
    ["it left, when its window ends by itself", acme, { ...acme, state: "ended" }, ["left"]],
    ["it left, when its window is moved to later", acme, { ...acme, state: "planned" }, ["left"]],
    ["nothing, if an entry that has ended is taken out", { ...acme, state: "ended" }, undefined, []],
    ["its end was moved", acme, { ...acme, until: later }, ["extended"]],
    ["its end was set", unended, acme, ["extended"]],
    ["its end was taken away", acme, unended, ["extended"]],
    ["it is overdue", acme, { ...acme, state: "overdue" }, ["overdue"]],
    ["it is overdue still", { ...acme, state: "overdue" }, { ...acme, state: "overdue" }, []],
    ["its end was moved when it was overdue", { ...acme, state: "overdue" }, { ...acme, until: later }, ["extended"]],
    ["it is overdue again", { ...acme, state: "overdue" }, { ...acme, state: "overdue", until: later }, ["overdue"]],
    ["it entered with an end in the past", undefined, { ...acme, state: "overdue" }, ["entered", "overdue"]],
    ["it was forgotten", unended, { ...unended, forgotten: true }, ["forgotten"]],
    ["it is forgotten still", { ...unended, forgotten: true }, { ...unended, forgotten: true }, []],
    ["nothing, while it is being set up", undefined, { ...acme, kind: "provisioning" }, []],
    ["it entered after it was set up", { ...acme, kind: "provisioning" }, acme, ["entered"]],
  ])("%s", (_, before, after, expected) => {
    expect(namesOf(before, after)).toStrictEqual(expected);
  });

  it("comes in the order of the configuration, with removed entries last", () => {
    const [beta, gone] = [
      { ...acme, instance: "beta" },
      { ...acme, instance: "gone" },
    ];
    expect(
      eventsBetween([gone, acme], [beta, acme]).map(({ instance, event }) => `${instance} ${event}`),
    ).toStrictEqual(["beta entered", "gone left"]);
  });

  it("is a failure of each instance that the change was for", () => {
    const beta = { ...acme, instance: "beta" };
    expect(failuresOf([acme, beta], [{ ...acme, until: later }, beta], "no")).toStrictEqual([
      { event: "failed", instance: "acme", before: acme, after: { ...acme, until: later }, reason: "no" },
    ]);
  });
});

describe("what a run of a pipeline has done", () => {
  const at = (minute: number, result = "succeeded", commit = "0a1b") => ({
    time: new Date(Date.UTC(2026, 11, 1, 20, minute)),
    commit,
    author: undefined,
    isCommitted: true,
    result,
  });
  const sinceOf = (before: Recorded, now: Recorded, wantedAt: (time: Date) => readonly AppliedEntry[]) => {
    const { events, hasFailed, certain } = happenedSince(before, now, wantedAt);
    return [
      events.map(({ event, instance }) => `${instance} ${event}`),
      hasFailed,
      certain.map(({ instance }) => instance),
    ];
  };
  const beta = { ...unended, instance: "beta" };

  it("is what has changed of the applied entries", () => {
    const wanted = () => [acme];
    expect(sinceOf(recordOf([], at(0)), recordOf([acme], at(1)), wanted)).toStrictEqual([
      ["acme entered"],
      false,
      ["acme"],
    ]);
    expect(sinceOf(recordOf([acme], at(0)), recordOf([acme], at(1)), wanted)).toStrictEqual([[], false, ["acme"]]);
    expect(sinceOf(recordOf([], undefined), recordOf([acme], at(1)), wanted)).toStrictEqual([
      ["acme entered"],
      false,
      ["acme"],
    ]);
  });

  it("is a failure, once, if the run failed after it had begun", () => {
    const wanted = () => [acme];
    const failed = recordOf([], at(1, "failed"));
    expect(sinceOf(recordOf([], at(0)), failed, wanted)).toStrictEqual([["acme failed"], true, []]);
    expect(sinceOf(failed, recordOf([], at(6, "failed")), wanted)).toStrictEqual([[], true, []]);
    expect(sinceOf(recordOf([], at(6, "failed")), recordOf([acme], at(11)), wanted)).toStrictEqual([
      ["acme entered"],
      false,
      ["acme"],
    ]);
  });

  it("is another failure if another commit fails, or a window was to begin since", () => {
    const failed = recordOf([], at(1, "failed"));
    expect(sinceOf(failed, recordOf([], at(6, "failed", "2c3d")), () => [acme])).toStrictEqual([
      ["acme failed"],
      true,
      [],
    ]);
    const state = (time: Date) => (time >= at(5).time ? "active" : "planned");
    expect(sinceOf(failed, recordOf([], at(6, "failed")), (time) => [{ ...acme, state: state(time) }])).toStrictEqual([
      ["acme failed"],
      true,
      [],
    ]);
  });

  it("is what happened to those that Pulumi recorded before it failed", () => {
    expect(sinceOf(recordOf([], at(0)), recordOf([acme], at(1, "failed")), () => [acme])).toStrictEqual([
      ["acme entered"],
      true,
      ["acme"],
    ]);
  });

  it("leaves the silences of instances certain that a failed run was not to change", () => {
    expect(sinceOf(recordOf([beta], at(0)), recordOf([beta], at(1, "failed")), () => [beta, acme])).toStrictEqual([
      ["acme failed"],
      true,
      ["beta"],
    ]);
  });

  it("is nothing if the run was refused before it had begun", () => {
    expect(sinceOf(recordOf([], at(0)), recordOf([], at(0)), () => [acme])).toStrictEqual([[], false, []]);
    const failedBefore = recordOf([], at(0, "failed"));
    expect(sinceOf(failedBefore, failedBefore, () => [acme])).toStrictEqual([[], false, []]);
  });

  it("is read as it was written", () => {
    const record = recordOf([acme], at(0));
    expect(recordSchema.parse(JSON.parse(JSON.stringify(record)))).toStrictEqual(record);
  });
});
