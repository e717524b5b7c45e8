import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isShown } from "../model/maintenance";
import { registry } from "./instances";
import { type MaintenanceConfig, maintenance, mostAtOnce } from "./maintenance";

const known = registry({
  instances: ["acme", "beta", "gamma", "delta"],
  hostPatterns: ["{instance}.example"],
}).registry;
const NOW = new Date("2026-12-01T12:00:00Z");
const BEFORE = "2026-12-01T11:00:00Z";
const AFTER = "2026-12-01T14:00:00+01:00";
const LATER = "2026-12-01T15:00:00Z";

const read = (entries: MaintenanceConfig["maintenance"], maintenanceLimit?: number) =>
  maintenance({ maintenance: entries, maintenanceLimit, languages: ["en", "fr"] }, known, NOW);
const entry = (more: object) => ({ instance: "acme", kind: "scheduled", ends: "manually", ...more }) as const;

describe("a maintenance entry", () => {
  it("is active when it is a name", () => {
    expect(read(["acme"])).toMatchObject({
      problems: [],
      entries: [{ instance: { name: "acme" }, kind: "unscheduled", state: "active" }],
    });
  });

  it.each([
    [{}, "active"],
    [{ from: BEFORE }, "active"],
    [{ from: AFTER }, "planned"],
    [{ from: AFTER, until: LATER }, "planned"],
    [{ from: BEFORE, until: AFTER }, "active"],
    [{ until: BEFORE }, "overdue"],
    [{ until: NOW.toISOString() }, "overdue"],
    [{ until: BEFORE, ends: "automatically" }, "ended"],
    [{ until: AFTER, ends: "automatically" }, "active"],
  ])("%j is %s", (more, state) => {
    expect(read([entry(more)])).toMatchObject({ problems: [], entries: [{ state }] });
  });

  it("keeps an instance open while its entry is planned or ended", () => {
    expect(read([entry({ from: AFTER })]).entries.filter(isShown)).toEqual([]);
    expect(read([entry({ until: BEFORE, ends: "automatically" })]).entries.filter(isShown)).toEqual([]);
    expect(read([entry({ until: BEFORE })]).entries.filter(isShown)).toHaveLength(1);
  });

  it("rejects an unknown instance and shows the nearest name", () => {
    expect(read(["acm"]).problems).toStrictEqual([
      {
        path: "maintenance[0]",
        found: "acm",
        allowed: "the name of an instance: acme, beta, gamma, delta",
        nearest: "acme",
      },
    ]);
    expect(read([{ ...entry({}), instance: "gama" }]).problems).toMatchObject([
      { path: "maintenance[0].instance", nearest: "gamma" },
    ]);
  });

  it.each(["*", "", " ", "all", "ALL"])("does not read %j as all instances", (name) => {
    const { entries, problems } = read([name]);
    expect(entries).toEqual([]);
    expect(problems).toMatchObject([
      { nearest: undefined, allowed: expect.stringContaining("no name stands for all") },
    ]);
  });

  it("is the only one of its instance", () => {
    expect(read(["acme", entry({})]).problems).toMatchObject([{ path: "maintenance[1]", found: "acme" }]);
  });

  it("ends after it begins", () => {
    expect(read([entry({ from: AFTER, until: BEFORE })]).problems).toMatchObject([{ path: "maintenance[0].until" }]);
    expect(read([entry({ from: AFTER, until: AFTER })]).problems).toHaveLength(1);
  });

  it("ends automatically only with an until", () => {
    expect(read([entry({ ends: "automatically" })]).problems).toMatchObject([{ path: "maintenance[0].ends" }]);
  });
});

describe("the limit", () => {
  it("is half of a registry of four or more, and the message names the setting", () => {
    expect(read(["acme", "beta"]).problems).toEqual([]);
    expect(read(["acme", "beta", "gamma"]).problems).toMatchObject([
      {
        path: "maintenance",
        found: "3 of 4 instances at once: acme, beta, gamma",
        allowed: expect.stringContaining("pulumi config set maintenanceLimit 3"),
      },
    ]);
  });

  it("can be set, up and down", () => {
    expect(read(["acme", "beta", "gamma", "delta"], 4).problems).toEqual([]);
    expect(read(["acme"], 0).problems).toHaveLength(1);
  });

  it("does not apply to a registry of three", () => {
    const three = registry({ instances: ["a", "b", "c"], hostPatterns: ["{instance}.example"] }).registry;
    expect(maintenance({ maintenance: ["a", "b", "c"], languages: ["en"] }, three, NOW).problems).toEqual([]);
  });

  it("counts windows that will overlap in the future", () => {
    const planned = (instance: string, from: string, until: string, ends: "manually" | "automatically") =>
      ({ instance, kind: "scheduled", from, until, ends }) as const;
    const overlap = [
      planned("acme", AFTER, LATER, "automatically"),
      planned("beta", AFTER, LATER, "automatically"),
      planned("gamma", AFTER, LATER, "automatically"),
    ];
    expect(read(overlap).problems).toHaveLength(1);
    const inTurn = [
      planned("acme", "2027-01-01T00:00:00Z", "2027-01-02T00:00:00Z", "automatically"),
      planned("beta", "2027-01-02T00:00:00Z", "2027-01-03T00:00:00Z", "automatically"),
      planned("gamma", "2027-01-03T00:00:00Z", "2027-01-04T00:00:00Z", "automatically"),
    ];
    expect(read(inTurn).problems).toEqual([]);
    // Without "automatically" the end of the first ones is not known.
    expect(read(inTurn.map((one) => ({ ...one, ends: "manually" as const }))).problems).toHaveLength(1);
  });

  it("does not refuse an incident of today because of a window of tomorrow", () => {
    const tomorrow = entry({ instance: "beta", from: AFTER, until: LATER });
    expect(read(["acme", tomorrow, "gamma"]).problems).toEqual([]);
    expect(read(["acme", tomorrow, entry({ instance: "gamma", until: AFTER })]).problems).toEqual([]);
    // When that window starts and both are still in maintenance, it is refused.
    const list = { maintenance: ["acme", tomorrow, "gamma"], languages: ["en"] };
    expect(maintenance(list, known, new Date(AFTER)).problems).toMatchObject([{ path: "maintenance" }]);
    // A window of today that reaches into that of tomorrow counts there too.
    const long = (instance: string) => entry({ instance, until: LATER });
    expect(read([long("acme"), tomorrow, long("gamma")]).problems).toHaveLength(1);
  });

  it("counts the same as a check of every minute", () => {
    const minute = fc.integer({ min: 0, max: 20 });
    const window = fc.record({ from: fc.option(minute), until: fc.option(minute), endsAutomatically: fc.boolean() });
    const date = (value: number | null) => (value === null ? undefined : new Date(value * 60_000));
    fc.assert(
      fc.property(fc.array(window, { maxLength: 8 }), (windows) => {
        const entries = windows.map(({ from, until, endsAutomatically }, index) => ({
          instance: { name: String(index), hosts: [] },
          from: date(from),
          until: until === null ? undefined : date(Math.max(until, (from ?? -1) + 1)),
          endsAutomatically,
        }));
        const openAt = (time: number) =>
          entries.filter(
            ({ from, until, endsAutomatically }) =>
              (from === undefined || from.getTime() <= time) &&
              !(endsAutomatically && until !== undefined && until.getTime() <= time),
          ).length;
        const most = Math.max(0, ...Array.from({ length: 24 }, (_, index) => openAt((index - 1) * 60_000)));
        expect(mostAtOnce(entries)).toHaveLength(most);
      }),
      { numRuns: 1000 },
    );
  });
});
