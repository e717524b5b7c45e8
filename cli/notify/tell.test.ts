import { createHmac } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import type { Receiver } from "../../settings/notify";
import type { AppliedEntry } from "../records";
import { eventsBetween } from "./events";
import { notificationSchema } from "./message";
import { type Behaviour, startGarbage, startReceiver } from "./receiver-server";
import { LIMITS } from "./send";
import { type Telling, tell } from "./tell";

const NOW = new Date("2026-12-01T20:00:00Z");
const SECRET = "0123456789abcdef0123456789abcdef";
// Long, because a busy machine is slow: only what never comes is waited for less.
const QUICK = { ...LIMITS, attemptMilliseconds: 10_000, pauseMilliseconds: 5, receiverMilliseconds: 30_000 };
const IMPATIENT = { ...QUICK, attemptMilliseconds: 300 };

const acme: AppliedEntry = { instance: "acme", state: "active", kind: "scheduled", until: "2026-12-01T22:00:00.000Z" };
const { until: _, ...unended } = acme;
const settings = {
  instances: [{ name: "acme", hosts: ["acme.example.org", "studio.acme.example.org"] }],
  maintenance: [],
  timeZone: "UTC",
};

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function receiver(behaviours: Parameters<typeof startReceiver>[0]) {
  const started = await startReceiver(behaviours);
  closing.push(() => started.close());
  return started;
}

const tellOf = (receivers: readonly Receiver[], more: Partial<Telling> = {}, limits = QUICK) =>
  tell(
    {
      receivers,
      notice: { id: "one", time: NOW, stack: "production", events: eventsBetween([], [acme]), settings },
      applied: [acme],
      mark: "0a1b2c3d",
      ...more,
    },
    limits,
  );
const webhook = (url: string): Receiver => ({ kind: "webhook", url: `${url}/hook?token=abc`, secret: SECRET });
const slack = (url: string): Receiver => ({ kind: "slack", url: `${url}/services/T0/B0/x` });

describe("a webhook", () => {
  it("gets one JSON document, signed over the time and the body", async () => {
    const { url, arrived } = await receiver([{ status: 204 }]);
    const told = await tellOf([webhook(url)]);
    expect(told).toStrictEqual({ sent: [`notify[0] (webhook, ${new URL(url).host})`], failed: [] });
    const [{ method, path, headers, body } = { method: "", path: "", headers: {}, body: "" }, ...others] = arrived;
    expect([method, path, others]).toStrictEqual(["POST", "/hook?token=abc", []]);
    expect(headers["content-type"]).toBe("application/json");
    const timestamp = headers["maintenance-pages-timestamp"];
    expect(Math.abs(Number(timestamp) - Date.now() / 1000)).toBeLessThan(60);
    const signature = createHmac("sha256", SECRET).update(`${timestamp}.${body}`).digest("hex");
    expect(headers["maintenance-pages-signature"]).toBe(`v1=${signature}`);
    expect(notificationSchema.parse(JSON.parse(body))).toStrictEqual({
      version: 1,
      id: "one",
      time: "2026-12-01T20:00:00.000Z",
      stack: "production",
      events: [
        {
          event: "entered",
          instance: "acme",
          hosts: ["acme.example.org", "studio.acme.example.org"],
          state: "active",
          kind: "scheduled",
          from: null,
          until: "2026-12-01T22:00:00.000Z",
          previousUntil: null,
          message: null,
          reason: null,
        },
      ],
    });
  });

  it("gets a long reason cut, and never in the middle of a character", async () => {
    const { url, arrived } = await receiver([{ status: 204 }]);
    const events = [
      { event: "failed" as const, instance: "acme", before: undefined, after: acme, reason: `${"é🌊".repeat(300)}` },
    ];
    await tellOf([webhook(url)], { notice: { id: "one", time: NOW, stack: "production", events, settings } });
    const { reason } = notificationSchema.parse(JSON.parse(arrived[0]?.body ?? "{}")).events[0] ?? {};
    expect(reason).toBe(`${"é🌊".repeat(249)}é…`);
  });

  it("gets what an instance was that has left, also if it is being set up now", async () => {
    const { url, arrived } = await receiver([{ status: 204 }]);
    const events = eventsBetween([acme], [{ instance: "acme", state: "active", kind: "provisioning" }]);
    await tellOf([webhook(url)], { notice: { id: "one", time: NOW, stack: "production", events, settings } });
    const { event, kind } = notificationSchema.parse(JSON.parse(arrived[0]?.body ?? "{}")).events[0] ?? {};
    expect([event, kind]).toStrictEqual(["left", "scheduled"]);
  });

  it("gets nothing if nothing happened", async () => {
    const { url, arrived } = await receiver([{ status: 204 }]);
    const notice = { id: "one", time: NOW, stack: "production", events: [], settings };
    expect(await tellOf([webhook(url), slack(url)], { notice })).toStrictEqual({ sent: [], failed: [] });
    expect(arrived).toStrictEqual([]);
  });

  it.each<[string, readonly Behaviour[], number, string | undefined]>([
    ["fails twice", [{ status: 500 }, { status: 500 }, { status: 200 }], 3, undefined],
    ["breaks the connection twice", ["reset", "reset", { status: 200 }], 3, undefined],
    ["has too much to do at first", [{ status: 429 }, { status: 200 }], 2, undefined],
    ["never ends its answer", ["half"], 1, undefined],
    ["sends a body without end", ["endless"], 1, undefined],
    ["always fails", [{ status: 503, body: "\u001b[2Jsecret" }], 3, "status 503, after 3 attempts"],
    ["always breaks the connection", ["reset"], 3, "connection reset (ECONNRESET), after 3 attempts"],
    ["refuses", [{ status: 403, body: "\u001b[2Jno" }], 1, "status 403"],
    [
      "redirects",
      [{ status: 307, headers: { location: "http://127.0.0.1:1/elsewhere" } }],
      1,
      "status 307, a redirect, which is not followed",
    ],
  ])("that %s", async (_, behaviours, attempts, failure) => {
    const { url, arrived } = await receiver(behaviours);
    const { sent, failed } = await tellOf([webhook(url)]);
    const place = `notify[0] (webhook, ${new URL(url).host})`;
    expect([sent, failed]).toStrictEqual(failure === undefined ? [[place], []] : [[], [`${place}: ${failure}`]]);
    expect(arrived).toHaveLength(attempts);
    expect(new Set(arrived.map(({ body }) => body)).size).toBe(1);
  });

  it.each([
    [
      "garbage",
      "\u001b[2J\u0000 nobody\r\n\r\n",
      /^notify\[0\] \(webhook, [\d.:]+\): no answer \(HPE_\w+\), after 3 attempts$/,
    ],
    ["nothing", "", /connection reset \(ECONNRESET\), after 3 attempts$/],
    [
      "headers without end",
      `HTTP/1.1 200 OK\r\nx: ${"y".repeat(100_000)}`,
      /no answer \(HPE_HEADER_OVERFLOW\), after 3 attempts$/,
    ],
  ])("that answers with %s", async (_, bytes, message) => {
    const garbage = await startGarbage(bytes);
    closing.push(() => garbage.close());
    const { failed } = await tellOf([webhook(garbage.url)]);
    expect(failed).toStrictEqual([expect.stringMatching(message)]);
  });

  it("that never answers", async () => {
    const { url } = await receiver(["slow"]);
    const { failed } = await tellOf([webhook(url)], {}, IMPATIENT);
    expect(failed).toStrictEqual([expect.stringMatching(/: no answer in 0\.3 s, after 3 attempts$/)]);
  });

  it("that is down", async () => {
    const { url, close } = await startReceiver([]);
    await close();
    const { failed } = await tellOf([webhook(url)]);
    expect(failed).toStrictEqual([expect.stringMatching(/: connection refused \(ECONNREFUSED\), after 3 attempts$/)]);
  });

  it("that was not decrypted gets nothing", async () => {
    const { url, arrived } = await receiver([{ status: 200 }]);
    const { failed } = await tellOf([{ kind: "webhook", url, secret: { secure: "v1:abc" } }]);
    expect([failed, arrived]).toStrictEqual([
      [`notify[0] (webhook, ${new URL(url).host}): it is encrypted, and was not decrypted`],
      [],
    ]);
  });
});

it("tells all receivers at once: one that does not answer delays no other", async () => {
  const [never, works] = [await startReceiver(["slow"]), await startReceiver([{ status: 200 }])];
  closing.push(() => works.close());
  const telling = tellOf([webhook(never.url), slack(works.url)], {}, { ...QUICK, attempts: 1 });
  while (works.arrived.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await never.close();
  const { sent, failed } = await telling;
  expect(sent).toStrictEqual([`notify[1] (slack, ${new URL(works.url).host})`]);
  expect(failed).toStrictEqual([expect.stringMatching(/^notify\[0\] \(webhook, [\d.:]+\): connection re/)]);
});

describe("Slack", () => {
  const textFor = async (before: readonly AppliedEntry[], after: readonly AppliedEntry[], reason?: string) => {
    const { url, arrived } = await receiver([{ status: 200, body: "ok" }]);
    const events = eventsBetween(before, after).map((one) =>
      reason === undefined ? one : { ...one, event: "failed" as const, reason },
    );
    await tellOf([slack(url)], { notice: { id: "one", time: NOW, stack: "production", events, settings } });
    return (JSON.parse(arrived[0]?.body ?? "{}") as { readonly text?: string }).text;
  };
  const host = "acme (acme.example.org, and 1 more)";

  it.each<[readonly AppliedEntry[], readonly AppliedEntry[], string]>([
    [[], [acme], `${host} is in scheduled maintenance, until 1 Dec 2026, 22:00 UTC`],
    [[], [unended], `${host} is in scheduled maintenance, without an expected end`],
    [[acme], [], `${host} is open again`],
    [
      [acme],
      [{ instance: "acme", state: "active", kind: "provisioning" }],
      `${host} is not in maintenance any more, and shows the page of an instance that is being set up`,
    ],
    [[acme], [unended], `${host} stays in maintenance without an expected end, was 1 Dec 2026, 22:00 UTC`],
    [[unended], [acme], `${host} stays in maintenance until 1 Dec 2026, 22:00 UTC, it had no expected end`],
    [
      [acme],
      [{ ...acme, until: "2026-12-01T23:00:00Z" }],
      `${host} stays in maintenance until 1 Dec 2026, 23:00 UTC, was 1 Dec 2026, 22:00 UTC`,
    ],
    [
      [{ ...acme, until: "2026-12-01T19:00:00Z" }],
      [{ ...acme, until: "2026-12-01T19:00:00Z", state: "overdue" }],
      `${host} is OVERDUE: its maintenance should have ended at 1 Dec 2026, 19:00 UTC, 1 h ago`,
    ],
  ])("from %j to %j", async (before, after, line) => {
    expect(await textFor(before, after)).toBe(`Maintenance at production\n• ${line}`);
  });

  it("reads no mention, no link and no other line in the words of others", async () => {
    expect(await textFor([], [acme], "<!channel> & <https://evil.example|ok>\n• beta\u001b[2J")).toBe(
      `Maintenance at production\n• ${host}: FAILED: &lt;!channel&gt; &amp; &lt;https://evil.example|ok&gt; • beta\\u001b[2J`,
    );
  });

  it("gets twenty lines at most", async () => {
    const many = Array.from({ length: 25 }, (_, index) => ({ ...acme, instance: `i${index}` }));
    const lines = (await textFor([], many))?.split("\n") ?? [];
    expect([lines.length, lines.at(-1)]).toStrictEqual([22, "… and 5 more"]);
  });
});
