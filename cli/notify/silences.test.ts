import { afterEach, describe, expect, it } from "vitest";
import type { AlertmanagerReceiver } from "../../settings/notify";
import type { AppliedEntry } from "../records";
import { type Arrived, type Behaviour, startReceiver } from "./receiver-server";
import { LIMITS } from "./send";
import { matchersOf } from "./silences";
import { tell } from "./tell";

const NOW = new Date("2026-12-01T20:00:00Z");
const MINUTE = 60_000;
const QUICK = { ...LIMITS, attemptMilliseconds: 10_000, pauseMilliseconds: 5, receiverMilliseconds: 30_000 };

interface Silence {
  id: string;
  matchers: readonly unknown[];
  startsAt: string;
  endsAt: string;
  createdBy: string;
  comment: string;
  status: { state: string };
}

/** A stand-in for Alertmanager's API: it makes, moves and ends silences by the rules of silence/silence.go. test/e2e/notify.test.ts has the real one. */
class Alertmanager {
  now = NOW;
  readonly silences: Silence[] = [];
  readonly changes: string[] = [];
  private next = 1;

  readonly answer = ({ method, path, body }: Arrived): Behaviour => {
    if (method === "GET" && path === "/am/api/v2/silences?expired=false") return json(this.silences);
    if (method === "POST" && path === "/am/api/v2/silences") return this.post(JSON.parse(body));
    const [, id] = /^\/am\/api\/v2\/silence\/(.+)$/.exec(path) ?? [];
    const silence = this.silences.find((one) => one.id === id);
    if (method !== "DELETE" || silence === undefined) return { status: 404 };
    this.changes.push(`end ${id}`);
    silence.status.state = "expired";
    return { status: 200 };
  };

  private post({ id, ...silence }: Omit<Silence, "id"> & { readonly id?: string }): Behaviour {
    if (Date.parse(silence.endsAt) <= this.now.getTime()) return { status: 400 };
    const found = this.silences.find((one) => one.id === id);
    if (id !== undefined && found === undefined) return { status: 404 };
    const isSame =
      found !== undefined &&
      JSON.stringify(found.matchers) === JSON.stringify(silence.matchers) &&
      found.startsAt === silence.startsAt;
    if (isSame) {
      this.changes.push(`move ${id}`);
      Object.assign(found, silence);
      return json({ silenceID: id });
    }
    if (found !== undefined) found.status.state = "expired";
    const made = `s${this.next++}`;
    this.changes.push(`make ${made}`);
    const startsAt = new Date(Math.max(Date.parse(silence.startsAt), this.now.getTime())).toISOString();
    this.silences.push({ ...silence, id: made, startsAt, status: { state: "active" } });
    return json({ silenceID: made });
  }

  get active() {
    return this.silences
      .filter(({ status }) => status.state === "active")
      .map(({ id, endsAt, comment }) => `${id} ${comment.split(":")[0]} ${endsAt}`);
  }
}

const json = (value: unknown): Behaviour => ({ status: 200, body: JSON.stringify(value) });

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function started(answer: (arrived: Arrived) => Behaviour, more: Partial<AlertmanagerReceiver> = {}) {
  const server = await startReceiver(answer);
  closing.push(() => server.close());
  return (applied: readonly AppliedEntry[] | undefined, now = NOW, stack = "production", endsOthers = true) =>
    tell(
      {
        receivers: [
          {
            kind: "alertmanager",
            url: `${server.url}/am/`,
            matchers: { namespace: "{instance}" },
            openEndedFor: 60,
            ...more,
          },
        ],
        notice: {
          id: "one",
          time: now,
          stack,
          events: [],
          settings: { instances: [], maintenance: [], timeZone: "UTC" },
        },
        applied,
        endsOthers,
        mark: "0a1b2c3d",
      },
      QUICK,
    );
}

async function withAlertmanager(more: Partial<AlertmanagerReceiver> = {}) {
  const alertmanager = new Alertmanager();
  const send = await started(alertmanager.answer, more);
  return {
    alertmanager,
    /** What it did when these were applied, some minutes later. */
    async applied(entries: readonly AppliedEntry[], minutes = 0, stack?: string) {
      alertmanager.now = new Date(NOW.getTime() + minutes * MINUTE);
      alertmanager.changes.length = 0;
      const { failed } = await send(entries, alertmanager.now, stack);
      expect(failed).toStrictEqual([]);
      return alertmanager.changes.join(", ");
    },
  };
}

const windowed: AppliedEntry = {
  instance: "acme",
  state: "active",
  kind: "scheduled",
  from: "2026-12-01T19:55:00.000Z",
  until: "2026-12-01T22:00:00.000Z",
};
const unended: AppliedEntry = { instance: "beta", state: "active", kind: "unscheduled" };

describe("the silence of an instance", () => {
  it("lasts as long as the window, is moved with it, and ends with the maintenance", async () => {
    const { alertmanager, applied } = await withAlertmanager();
    expect(await applied([windowed])).toBe("make s1");
    expect(alertmanager.silences[0]).toStrictEqual({
      id: "s1",
      matchers: [{ name: "namespace", value: "acme", isRegex: false, isEqual: true }],
      startsAt: "2026-12-01T20:00:00.000Z",
      endsAt: "2026-12-01T22:00:00.000Z",
      createdBy: "maintenance-pages (production, 0a1b2c3d)",
      comment: "acme: scheduled maintenance. It ends with the maintenance.",
      status: { state: "active" },
    });
    expect(await applied([windowed], 5)).toBe("");
    expect(await applied([{ ...windowed, until: "2026-12-01T23:00:00.000Z" }], 10)).toBe("move s1");
    expect(alertmanager.active).toStrictEqual(["s1 acme 2026-12-01T23:00:00.000Z"]);
    expect(await applied([], 15)).toBe("end s1");
    expect(await applied([], 20)).toBe("");
  });

  it("is extended while nobody knows the end, when half of it is over", async () => {
    const { alertmanager, applied } = await withAlertmanager();
    expect(await applied([unended])).toBe("make s1");
    const changes: string[] = [];
    for (let minutes = 5; minutes <= 60; minutes += 5) changes.push(await applied([unended], minutes));
    expect(changes.filter((one) => one !== "")).toStrictEqual(["move s1", "move s1"]);
    expect(alertmanager.active).toStrictEqual(["s1 beta 2026-12-01T22:00:00.000Z"]);
  });

  it("is made again where it was lost, such as while the Alertmanager was down", async () => {
    const { alertmanager, applied } = await withAlertmanager();
    await applied([windowed]);
    alertmanager.silences.length = 0;
    expect(await applied([windowed], 5)).toBe("make s2");
  });

  it("ends when its window does: an overdue maintenance has none", async () => {
    const { alertmanager, applied } = await withAlertmanager();
    await applied([windowed]);
    expect(await applied([{ ...windowed, state: "overdue" }], 125)).toBe("end s1");
    expect(alertmanager.active).toStrictEqual([]);
    const states = ["planned", "ended"] as const;
    expect(await applied(states.map((state) => ({ ...windowed, state })))).toBe("");
    expect(await applied([{ ...unended, kind: "provisioning" }])).toBe("");
  });

  it("is replaced when other matchers are configured, and one of two is ended", async () => {
    const { alertmanager, applied } = await withAlertmanager();
    await applied([windowed]);
    const [first] = alertmanager.silences;
    if (first === undefined) throw new Error("no silence");
    alertmanager.silences.push({ ...first, id: "twin", status: { state: "active" } });
    expect(await applied([windowed], 5)).toBe("end twin");
    first.matchers = [{ name: "job", value: "acme", isRegex: false, isEqual: true }];
    expect(await applied([windowed], 10)).toBe("make s2");
    expect(alertmanager.active).toHaveLength(1);
  });

  it("is that of this stack: all others are left alone", async () => {
    const { alertmanager, applied } = await withAlertmanager();
    await applied([windowed], 0, "staging");
    const [theirs] = alertmanager.silences;
    if (theirs === undefined) throw new Error("no silence");
    alertmanager.silences.push({ ...theirs, id: "kim", createdBy: "Kim" });
    expect(await applied([windowed])).toBe("make s2");
    expect(await applied([])).toBe("end s2");
    expect(alertmanager.active).toHaveLength(2);
  });
});

it("two receivers at one Alertmanager have a silence each, and end none of each other's", async () => {
  const alertmanager = new Alertmanager();
  const server = await startReceiver(alertmanager.answer);
  closing.push(() => server.close());
  const settings = { instances: [], maintenance: [], timeZone: "UTC" };
  const applied = async (labels: readonly string[], entries: readonly AppliedEntry[]) => {
    alertmanager.changes.length = 0;
    const receivers = labels.map((label, index) => ({
      kind: "alertmanager" as const,
      url: `${server.url}/am${index === 0 ? "/" : ""}`,
      matchers: { [label]: "{instance}" },
      openEndedFor: 60,
    }));
    const notice = { id: "one", time: NOW, stack: "production", events: [], settings };
    const { failed } = await tell({ receivers, notice, applied: entries, mark: "0a1b2c3d" }, QUICK);
    expect(failed).toStrictEqual([]);
    return alertmanager.changes.join(", ");
  };
  expect(await applied(["namespace", "site"], [windowed])).toBe("make s1, make s2");
  expect(await applied(["namespace", "site"], [windowed])).toBe("");
  expect(await applied(["site", "namespace"], [windowed])).toBe("");
  expect(await applied(["namespace", "job"], [windowed])).toBe("make s3");
  expect(alertmanager.active).toHaveLength(2);
  expect(await applied(["namespace", "namespace"], [windowed])).toBe("make s4");
  expect(await applied(["namespace", "namespace"], [windowed])).toBe("");
  expect(await applied(["namespace"], [windowed])).toMatch(/^end s\d$/);
  expect(await applied(["namespace", "site"], [])).toMatch(/^end s\d$/);
  expect(alertmanager.active).toStrictEqual([]);
});

it("a failure changes no silence: nobody knows what visitors see", async () => {
  const send = await started(() => ({ status: 500 }));
  expect(await send(undefined)).toStrictEqual({ sent: [], failed: [] });
});

it("a failure of one instance ends no silence, and keeps those of others up", async () => {
  const alertmanager = new Alertmanager();
  const send = await started(alertmanager.answer);
  await send([windowed, unended]);
  const later = new Date(NOW.getTime() + 40 * MINUTE);
  alertmanager.now = later;
  expect((await send([unended], later, "production", false)).failed).toStrictEqual([]);
  expect(alertmanager.active).toStrictEqual(["s1 acme 2026-12-01T22:00:00.000Z", "s2 beta 2026-12-01T21:40:00.000Z"]);
});

it("one silence that is refused keeps no other from being made", async () => {
  const alertmanager = new Alertmanager();
  const send = await started((arrived) =>
    arrived.method === "POST" && arrived.body.includes("acme") ? { status: 400 } : alertmanager.answer(arrived),
  );
  const { failed } = await send([windowed, unended]);
  expect(failed).toStrictEqual([expect.stringMatching(/^notify\[0\] \(alertmanager, [\d.:]+\): status 400$/)]);
  expect(alertmanager.active).toHaveLength(1);
});

it.each<[string, Behaviour, string]>([
  ["HTML", { status: 200, body: "<html>\u001b[2J</html>" }, "its answer is no list of silences"],
  ["JSON of another shape", json({ data: [] }), "its answer is no list of silences"],
  ["too much", "endless", "an answer of more than 1000 bytes"],
  ["half of it", "half", "not done in 0.5 s"],
  [
    "the page of a login",
    { status: 302, headers: { location: "/login" } },
    "status 302, a redirect, which is not followed",
  ],
])("an Alertmanager that answers with %s is named, and nothing of its answer", async (_, behaviour, reason) => {
  const server = await startReceiver([behaviour]);
  closing.push(() => server.close());
  const limits = { ...QUICK, mostBytes: 1000, receiverMilliseconds: behaviour === "half" ? 500 : 30_000 };
  const notice = {
    id: "one",
    time: NOW,
    stack: "production",
    events: [],
    settings: { instances: [], maintenance: [], timeZone: "UTC" },
  };
  const receivers = [
    { kind: "alertmanager", url: server.url, matchers: { namespace: "{instance}" }, openEndedFor: 60 },
  ] as const;
  const { failed } = await tell({ receivers, notice, applied: [windowed], mark: "0a1b2c3d" }, limits);
  expect(failed).toStrictEqual([`notify[0] (alertmanager, ${new URL(server.url).host}): ${reason}`]);
});

it.each<[Partial<AlertmanagerReceiver>, string | undefined]>([
  [{}, undefined],
  [{ bearerToken: "abc" }, "Bearer abc"],
  [{ username: "kim", password: "a:b" }, "Basic a2ltOmE6Yg=="],
])("is sent the credentials of %j", async (more, expected) => {
  const seen: (string | undefined)[] = [];
  const send = await started(({ headers }) => {
    seen.push(headers.authorization);
    return json([]);
  }, more);
  await send([]);
  expect(seen).toStrictEqual([expected]);
});

it("matchers have the instance's name in them, and may be regular expressions", () => {
  expect(
    matchersOf({ namespace: "{instance}", instance: "=~https://(.+\\.)?{instance}\\.example\\.org/.*" }, "acme"),
  ).toStrictEqual([
    { name: "namespace", value: "acme", isRegex: false, isEqual: true },
    { name: "instance", value: "https://(.+\\.)?acme\\.example\\.org/.*", isRegex: true, isEqual: true },
  ]);
});
