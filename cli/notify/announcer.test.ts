import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Outcome, Stage } from "../change";
import type { AppliedEntry } from "../records";
import { StackText } from "../stack-text";
import { announcerOf } from "./announcer";
import type { Happened } from "./events";

const NOW = new Date("2026-12-01T20:00:00Z");
const fileWith = (notify: string, maintenance: string) => `config:
  maintenance-pages:kubernetes: {context: here}
  maintenance-pages:bucket: {profile: aws, name: example-pages, region: eu-central-1}
  maintenance-pages:instances: [acme, beta]
  maintenance-pages:hostPatterns: ["{instance}.example.org"]
  maintenance-pages:maintenance: ${maintenance}
${notify}`;
const NOTIFY = "  maintenance-pages:notify: [{kind: alertmanager, url: 'http://alertmanager:9093'}]\n";

const done: Outcome = {
  stack: "test",
  instances: [{ name: "acme", goal: "page", state: "active", hosts: ["acme.example.org"], until: null, bypass: false }],
  changes: [],
  unmet: [],
  answers: [],
  affected: [],
  overruled: [],
};

function started(readApplied: () => Promise<readonly AppliedEntry[]>, notify = NOTIFY, maintenance = "[acme]") {
  const content = new StackText(fileWith(notify, maintenance));
  const told: { events: readonly string[]; applied: readonly string[] | undefined }[] = [];
  const text = ({ event, instance, reason }: Happened) =>
    [event, instance, ...(reason === undefined ? [] : [reason])].join(" ");
  const announcer = announcerOf(
    { stack: "test", content, settings: content.settings(NOW) },
    ["acme"],
    "/nowhere/Pulumi.test.yaml",
    readApplied,
    async (_, events, applied) => {
      told.push({ events: events.map(text), applied: applied?.map(({ instance }) => instance) });
    },
  );
  return {
    told,
    announcer,
    async at(...stages: readonly Stage[]) {
      await sleep(1); // by then it is read, unless it takes long
      for (const stage of stages) announcer.onStage(stage);
    },
  };
}

const nothing = async () => [];
afterEach(() => vi.restoreAllMocks());

describe("after a change", () => {
  it("all that has happened is told, also of other instances", async () => {
    const { announcer, told, at } = started(async () => [{ instance: "beta", state: "active", kind: "unscheduled" }]);
    await at("applying", "begun", "applied");
    await announcer.afterDone(done)?.();
    expect(told).toStrictEqual([{ events: ["entered acme", "left beta"], applied: ["acme"] }]);
  });

  it("that visitors do not see, that is told, too; a copy of the page is a page", async () => {
    const { announcer, told, at } = started(nothing);
    await at("applying", "applied");
    const unmet = { edge: "default", host: "acme.example.org", seen: "200", why: "a reason", isCopy: false };
    const outcome = {
      ...done,
      unmet: [unmet, { ...unmet, seen: "a copy", isCopy: true }],
      overruled: ["acme: a path"],
    };
    await announcer.afterDone(outcome)?.();
    expect(told[0]?.events).toStrictEqual([
      "entered acme",
      "failed acme the change is applied, but not all visitors see what they should. acme.example.org: 200 (a reason); a path",
    ]);
  });

  it("that failed after it had begun, the failure is told, and no silence changed", async () => {
    const { announcer, told, at } = started(nothing);
    await at("applying", "begun");
    await announcer.afterFailure(new Error("the bucket is gone"))?.();
    expect(told).toStrictEqual([{ events: ["failed acme the bucket is gone"], applied: undefined }]);
  });

  it("of a message alone that failed, the failure is told", async () => {
    const { announcer, told, at } = started(async () => [{ instance: "acme", state: "active", kind: "unscheduled" }]);
    await at("applying", "begun");
    await announcer.afterFailure(new Error("no"))?.();
    expect(told[0]?.events).toStrictEqual(["failed acme no"]);
  });

  it("that failed before Pulumi said what was applied, it failed for the instances it is for", async () => {
    const { announcer, told, at } = started(() => new Promise(() => {}), NOTIFY, "[acme, beta]");
    await at("applying", "begun");
    await announcer.afterFailure(new Error("no"))?.();
    expect(told[0]?.events).toStrictEqual(["failed acme no"]);
  });

  it("that is applied, and could not be checked, its events are told, and that", async () => {
    const { announcer, told, at } = started(nothing);
    await at("applying", "begun", "applied");
    await announcer.afterFailure(new Error("no passphrase"))?.();
    expect(told).toStrictEqual([
      {
        events: [
          "entered acme",
          "failed acme the change is applied, but what visitors see was not checked. no passphrase",
        ],
        applied: ["acme"],
      },
    ]);
  });

  it.each<[string, readonly Stage[]]>([
    ["that was refused", []],
    ["that failed before it had begun", ["applying"]],
  ])("%s, nobody is told", async (_, stages) => {
    const { announcer, at } = started(nothing);
    await at(...stages);
    expect(announcer.afterFailure(new Error("no"))).toBeUndefined();
    expect(announcer.afterDone(done)).toBeUndefined();
  });

  it("that was faster than Pulumi, it says that nobody is told, and keeps the silences up", async () => {
    const errors = vi.spyOn(console, "error").mockImplementation(() => {});
    const { announcer, told, at } = started(() => new Promise(() => {}));
    await at("applying", "applied");
    await announcer.afterDone(done)?.();
    expect(told).toStrictEqual([{ events: [], applied: ["acme"] }]);
    expect(errors.mock.calls).toStrictEqual([
      [expect.stringMatching(/^No receiver is notified of what this change did/)],
    ]);
  });

  it("it is told where the receivers are encrypted as a whole, too", async () => {
    const { announcer, told, at } = started(nothing, "  maintenance-pages:notify: {secure: v1:abc}\n");
    await at("applying", "applied");
    await announcer.afterDone(done)?.();
    expect(told[0]?.events).toStrictEqual(["entered acme"]);
  });

  it("Pulumi is not asked where nobody is to be told", async () => {
    const asked = vi.fn(nothing);
    const { announcer, at } = started(asked, "");
    await at("applying", "begun", "applied");
    expect([asked.mock.calls, announcer.afterDone(done)]).toStrictEqual([[], undefined]);
  });
});
