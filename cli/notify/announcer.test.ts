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
  const sent: { events: readonly string[]; applied: readonly string[] | undefined }[] = [];
  const text = ({ event, instance, reason }: Happened) =>
    [event, instance, ...(reason === undefined ? [] : [reason])].join(" ");
  const announcer = announcerOf(
    { stack: "test", content, settings: content.settings(NOW) },
    ["acme"],
    "/nowhere/Pulumi.test.yaml",
    readApplied,
    async (_, events, applied) => {
      sent.push({ events: events.map(text), applied: applied?.map(({ instance }) => instance) });
    },
  );
  return {
    sent,
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
  it("sends every event, also those of other instances", async () => {
    const { announcer, sent, at } = started(async () => [{ instance: "beta", state: "active", kind: "unscheduled" }]);
    await at("applying", "begun", "applied");
    await announcer.afterDone(done)?.();
    expect(sent).toStrictEqual([{ events: ["entered acme", "left beta"], applied: ["acme"] }]);
  });

  it("sends a failure if visitors do not see it; a copy of the page counts as the page", async () => {
    const { announcer, sent, at } = started(nothing);
    await at("applying", "applied");
    const unmet = { edge: "default", host: "acme.example.org", seen: "200", why: "a reason", isCopy: false };
    const outcome = {
      ...done,
      unmet: [unmet, { ...unmet, seen: "a copy", isCopy: true }],
      overruled: ["acme: a path"],
    };
    await announcer.afterDone(outcome)?.();
    expect(sent[0]?.events).toStrictEqual([
      "entered acme",
      "failed acme the change is applied, but not all visitors see what they should. acme.example.org: 200 (a reason); a path",
    ]);
  });

  it("sends a failure if it failed after it had begun, and changes no silence", async () => {
    const { announcer, sent, at } = started(nothing);
    await at("applying", "begun");
    await announcer.afterFailure(new Error("the bucket is gone"))?.();
    expect(sent).toStrictEqual([{ events: ["failed acme the bucket is gone"], applied: undefined }]);
  });

  it("sends a failure if only a message was to be changed", async () => {
    const { announcer, sent, at } = started(async () => [{ instance: "acme", state: "active", kind: "unscheduled" }]);
    await at("applying", "begun");
    await announcer.afterFailure(new Error("no"))?.();
    expect(sent[0]?.events).toStrictEqual(["failed acme no"]);
  });

  it("that failed before Pulumi said what was applied, it failed for the instances it is for", async () => {
    const { announcer, sent, at } = started(() => new Promise(() => {}), NOTIFY, "[acme, beta]");
    await at("applying", "begun");
    await announcer.afterFailure(new Error("no"))?.();
    expect(sent[0]?.events).toStrictEqual(["failed acme no"]);
  });

  it("sends its events and a failure if it was applied and could not be checked", async () => {
    const { announcer, sent, at } = started(nothing);
    await at("applying", "begun", "applied");
    await announcer.afterFailure(new Error("no passphrase"))?.();
    expect(sent).toStrictEqual([
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
    ["was refused", []],
    ["failed before it had begun", ["applying"]],
  ])("sends nothing if it %s", async (_, stages) => {
    const { announcer, at } = started(nothing);
    await at(...stages);
    expect(announcer.afterFailure(new Error("no"))).toBeUndefined();
    expect(announcer.afterDone(done)).toBeUndefined();
  });

  it("prints that it sends no event if Pulumi has not answered yet, and keeps the silences", async () => {
    const errors = vi.spyOn(console, "error").mockImplementation(() => {});
    const { announcer, sent, at } = started(() => new Promise(() => {}));
    await at("applying", "applied");
    await announcer.afterDone(done)?.();
    expect(sent).toStrictEqual([{ events: [], applied: ["acme"] }]);
    expect(errors.mock.calls).toStrictEqual([
      [expect.stringMatching(/^No receiver is notified of what this change did/)],
    ]);
  });

  it("sends its events, too, if the whole setting is encrypted", async () => {
    const { announcer, sent, at } = started(nothing, "  maintenance-pages:notify: {secure: v1:abc}\n");
    await at("applying", "applied");
    await announcer.afterDone(done)?.();
    expect(sent[0]?.events).toStrictEqual(["entered acme"]);
  });

  it("reads nothing from Pulumi if there are no receivers", async () => {
    const asked = vi.fn(nothing);
    const { announcer, at } = started(asked, "");
    await at("applying", "begun", "applied");
    expect([asked.mock.calls, announcer.afterDone(done)]).toStrictEqual([[], undefined]);
  });
});
