import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { EXIT } from "../../cli/errors";
import { notificationSchema } from "../../cli/notify/message";
import { type ReceiverServer, startReceiver } from "../../cli/notify/receiver-server";
import { tell } from "../../cli/notify/tell";
import { PROJECT } from "../../cli/project";
import type { AppliedEntry } from "../../cli/records";
import { tryCommand } from "../../lab/cluster/commands";
import { type Lab, startLab } from "../../lab/lab";
import { ensureProgram } from "../../lab/tools/tools";

// Silences in a real Alertmanager, and the command and the pipelines that notify. The webhook's receiver is a stand-in; see
// cli/notify/receiver-server.ts.

let folder: string;
let alertmanager: { readonly url: string; readonly process: ChildProcess };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "maintenance-pages-notify-"));
  alertmanager = await startAlertmanager();
});
afterAll(async () => {
  if (alertmanager !== undefined) {
    const ended = once(alertmanager.process, "exit");
    alertmanager.process.kill();
    await ended;
  }
  if (folder) rmSync(folder, { recursive: true, force: true });
});

async function startAlertmanager() {
  const { path } = await ensureProgram("alertmanager", (line) => console.log(line));
  const configuration = join(folder, "alertmanager.yml");
  writeFileSync(configuration, "route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n");
  const address = `127.0.0.1:${await freePort()}`;
  const child = spawn(
    path,
    [
      `--config.file=${configuration}`,
      `--storage.path=${join(folder, "data")}`,
      `--web.listen-address=${address}`,
      "--cluster.listen-address=",
    ],
    { stdio: ["ignore", "inherit", "inherit"] },
  );
  const url = `http://${address}`;
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const ready = await fetch(`${url}/-/ready`).catch(() => undefined);
    if (ready?.ok) return { url, process: child };
    await sleep(100);
  }
  child.kill();
  throw new Error("Alertmanager is not ready");
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

const silencesSchema = z.array(
  z.object({
    id: z.string(),
    createdBy: z.string(),
    comment: z.string(),
    endsAt: z.coerce.date(),
    matchers: z.array(z.object({ name: z.string(), value: z.string(), isRegex: z.boolean() })),
    status: z.object({ state: z.string() }),
  }),
);

/** The silences of a stack that are in force. */
async function silencesOf(stack: string) {
  const response = await fetch(`${alertmanager.url}/api/v2/silences`);
  const all = silencesSchema.parse(await response.json());
  return all.filter(
    ({ createdBy, status }) => createdBy.startsWith(`maintenance-pages (${stack},`) && status.state !== "expired",
  );
}

const minutesLeft = ({ endsAt }: { readonly endsAt: Date }) => (endsAt.getTime() - Date.now()) / 60_000;

describe("a real Alertmanager", () => {
  const told = async (applied: readonly AppliedEntry[], matchers: Readonly<Record<string, string>>) => {
    const { failed } = await tell({
      receivers: [{ kind: "alertmanager", url: alertmanager.url, matchers, openEndedFor: 60 }],
      notice: {
        id: "one",
        time: new Date(),
        stack: "alone",
        events: [],
        settings: { instances: [], maintenance: [], timeZone: "UTC" },
      },
      applied,
      mark: "0a1b2c3d",
    });
    expect(failed).toStrictEqual([]);
    return silencesOf("alone");
  };
  const later = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();
  const acme: AppliedEntry = { instance: "acme", state: "active", kind: "scheduled", from: later(-1), until: later(1) };

  it("gets a silence, moves it, replaces it for other matchers, and ends it", async () => {
    const matchers = { namespace: "{instance}", severity: "=~warning|critical" };
    const [made, ...others] = await told([acme], matchers);
    expect(others).toStrictEqual([]);
    expect(made?.matchers).toStrictEqual([
      { name: "namespace", value: "acme", isRegex: false },
      { name: "severity", value: "warning|critical", isRegex: true },
    ]);
    expect(await told([acme], matchers)).toStrictEqual([made]);
    const until = later(3);
    const [moved] = await told([{ ...acme, until }], matchers);
    expect([moved?.id, moved?.endsAt.toISOString()]).toStrictEqual([made?.id, until]);
    const [replaced, ...more] = await told([{ ...acme, until }], { job: "{instance}" });
    expect(more).toStrictEqual([]);
    expect(replaced?.id).not.toBe(made?.id);
    expect(await told([], matchers)).toStrictEqual([]);
    expect(await told([], matchers)).toStrictEqual([]);
  });

  it("keeps back the alerts of the instance, and no others", async () => {
    const alert = (namespace: string) => ({ labels: { alertname: "Down", namespace, severity: "critical" } });
    const sent = await fetch(`${alertmanager.url}/api/v2/alerts`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(["acme", "acme-two", "beta"].map(alert)),
    });
    expect(sent.status).toBe(200);
    const states = async () => {
      const response = await fetch(`${alertmanager.url}/api/v2/alerts`);
      const alerts = z
        .array(z.object({ labels: z.object({ namespace: z.string() }), status: z.object({ state: z.string() }) }))
        .parse(await response.json());
      return Object.fromEntries(alerts.map(({ labels, status }) => [labels.namespace, status.state]));
    };
    const untilStates = (expected: Readonly<Record<string, string>>) =>
      expect.poll(states, { timeout: 10_000 }).toStrictEqual(expected);
    await told([acme], { namespace: "{instance}" });
    await untilStates({ acme: "suppressed", "acme-two": "active", beta: "active" });
    await told([], { namespace: "{instance}" });
    await untilStates({ acme: "active", "acme-two": "active", beta: "active" });
  });
});

describe("on a cluster", () => {
  let lab: Lab;
  let webhook: ReceiverServer;
  let environment: NodeJS.ProcessEnv;

  beforeAll(async () => {
    lab = await startLab({ report: (line) => console.log(line) });
    environment = { ...process.env, ...lab.stack.environment };
    webhook = await startReceiver([{ status: 204 }]);
    const set = (name: string, value: string, ...more: string[]) =>
      lab.stack.type(["config", "set", "--path", `notify${name}`, value, ...more]);
    await set("[0].kind", "webhook");
    await set("[0].url", `${webhook.url}/hook`);
    await set("[0].secret", "0123456789abcdef0123456789abcdef", "--secret");
    await set("[1].kind", "alertmanager");
    await set("[1].url", alertmanager.url);
    // Nothing listens there.
    await set("[2].kind", "slack");
    await set("[2].url", "https://127.0.0.1:1/services/x", "--secret");
  });
  afterAll(async () => {
    await webhook?.close();
    await lab?.stop();
  });

  const run = (program: string, ...args: readonly string[]) =>
    tryCommand(program, args, { cwd: PROJECT, env: environment, timeoutSeconds: 240 });
  const type = (...args: readonly string[]) => run(process.execPath, join(PROJECT, "cli", "maintenance.js"), ...args);
  /** What the webhook got since it was last looked at. */
  let seen = 0;
  const events = () => {
    const bodies = webhook.arrived.slice(seen).map(({ body }) => notificationSchema.parse(JSON.parse(body)));
    seen = webhook.arrived.length;
    return bodies.flatMap((body) => body.events.map(({ event, instance }) => `${instance} ${event}`));
  };

  it("enable, extend and disable notify, and a receiver that is down changes nothing", async () => {
    const enable = await type("enable", "acme", "--until", "2h", "--yes");
    expect(enable.code, enable.output).toBe(EXIT.done);
    expect(enable.output).toContain("Not notified: notify[2] (slack, 127.0.0.1:1): connection refused");
    expect(events()).toStrictEqual(["acme entered"]);
    const [silence] = await silencesOf("local");
    expect(silence?.matchers).toStrictEqual([{ name: "namespace", value: "acme", isRegex: false }]);

    const again = await type("enable", "acme", "--yes");
    expect([again.code, events()]).toStrictEqual([EXIT.done, []]);

    expect((await type("extend", "acme", "--by", "1h", "--yes")).code).toBe(EXIT.done);
    expect(events()).toStrictEqual(["acme extended"]);
    const [moved] = await silencesOf("local");
    expect(moved?.id).toBe(silence?.id);
    expect(moved === undefined ? 0 : minutesLeft(moved)).toBeGreaterThan(150);

    expect((await type("disable", "acme", "--yes", "--force")).code).toBe(EXIT.done);
    expect([events(), await silencesOf("local")]).toStrictEqual([["acme left"], []]);
  });

  it("what is refused, or only previewed, notifies nobody", async () => {
    expect((await type("enable", "acm", "--yes")).code).toBe(EXIT.refused);
    expect((await type("preview", "acme")).code).toBe(EXIT.done);
    expect((await run("ci/preview.sh", "local")).code).toBe(0);
    expect([events(), await silencesOf("local")]).toStrictEqual([[], []]);
  });

  it("ci/up.sh notifies of what was merged, and ci/due.sh keeps the silence up", async () => {
    await lab.stack.type(["config", "set", "maintenance", '["beta"]']);
    const up = await run("ci/up.sh", "local");
    expect(up.code, up.output).toBe(0);
    expect(events()).toStrictEqual(["beta entered"]);
    const [silence] = await silencesOf("local");
    expect(silence === undefined ? 0 : minutesLeft(silence)).toBeGreaterThan(55);

    // Somebody ended it, or the Alertmanager lost it.
    await fetch(`${alertmanager.url}/api/v2/silence/${silence?.id}`, { method: "DELETE" });
    expect((await run("ci/due.sh", "local")).code).toBe(0);
    expect([events(), (await silencesOf("local")).length]).toStrictEqual([[], 1]);

    await lab.stack.type(["config", "set", "maintenance", "[]"]);
    expect((await run("ci/up.sh", "local")).code).toBe(0);
    expect([events(), await silencesOf("local")]).toStrictEqual([["beta left"], []]);
  });
});
