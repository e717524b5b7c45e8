import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import type { KubernetesObject } from "@kubernetes/client-node";
import { decompress } from "fzstd";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import type { BypassUse } from "../../cli/bypass";
import { EXIT } from "../../cli/errors";
import { PROJECT } from "../../cli/project";
import { OVERRIDE_PATH } from "../../components/edges/ingress-nginx/manifests";
import { tryCommand } from "../../lab/cluster/commands";
import { type Lab, MIRRORED_IMAGE, startLab } from "../../lab/lab";
import { hostsOf } from "../../lab/samples";
import { everyHostIs, isPageOf } from "../../lab/scenario/seen";
import { openLink } from "../../lab/traffic/link";
import { BROWSER, untilAnswer, visit } from "../../lab/traffic/visitor";
import { listSchema } from "../../outputs";
import { CLOCK_VARIABLE } from "../../settings/clock";
import { describeLinkInChromium, ingressOfApps } from "./link-in-chromium";

// The command as it is typed, on the embedded cluster.

const COMMAND = join(PROJECT, "cli", "maintenance.js");
const FILE = join(PROJECT, "Pulumi.local.yaml");
/** The time of the transcript; windows lie around it. */
const NOW = "2026-12-01T20:00:00Z";

let lab: Lab;
let environment: NodeJS.ProcessEnv;

beforeAll(async () => {
  lab = await startLab({ report: (line) => console.log(line) });
  environment = { ...process.env, ...lab.stack.environment, [CLOCK_VARIABLE]: NOW };
});
afterAll(() => lab?.stop());

async function type(args: readonly string[], more: NodeJS.ProcessEnv = {}) {
  const env = { ...environment, ...more };
  const result = await tryCommand(process.execPath, [COMMAND, ...args], { cwd: PROJECT, env, timeoutSeconds: 240 });
  return { ...result, file: readFileSync(FILE, "utf8") };
}

const isOpen = ({ status }: { readonly status: number }) => status === 200;

describe("two instances into maintenance and one out of it", () => {
  const said: string[] = [];
  const say = async (...args: string[]) => {
    const { code, output, stdout } = await type(args);
    const quoted = args.map((arg) => (/[\s"']/.test(arg) ? `"${arg}"` : arg)).join(" ");
    // What differs from run to run: the edge's port, how long it took, keys, and in which order the engine does what may be done at once. What
    // differs with each change of the page server's configuration: the name of its ConfigMap.
    const steady = output
      .replaceAll(lab.edge, "http://127.0.0.1:8080")
      .replace(/\(after [\d.]+ s\)/g, "(after … s)")
      .replace(/(?<=page-server-nginx-)[0-9a-f]{10}\b/g, "…")
      .replace(/(?<=X-Maintenance-Bypass: |maintenance-bypass-|\?(?:key|end)=)[\w-]+/g, "…");
    said.push(`$ npx maintenance ${quoted}\n${inOrder(steady)}${code === 0 ? "" : `[exit code ${code}]\n`}`);
    return { code, output, stdout };
  };

  it("enable, status, extend, disable: each is seen at the edge", async () => {
    const enable = await say("enable", "acme", "beta", "--until", "2h", "--message", "Back soon", "--yes");
    expect(enable.code, enable.output).toBe(EXIT.done);
    for (const sample of ["acme", "beta"] as const) await everyHostIs(sample, isPageOf(sample), lab.edge);
    await everyHostIs("gamma", isOpen, lab.edge);

    const status = await say("status");
    expect(status.code, status.output).toBe(EXIT.done);
    expect(status.output).toMatch(/^ok {2}acme +active, unscheduled +503, the unscheduled page of acme/m);

    expect((await say("extend", "acme", "--until", "3h", "--yes")).code).toBe(EXIT.done);
    const list = await say("list", "--json");
    const entries = listSchema.parse(JSON.parse(list.stdout));
    expect(entries.map(({ instance, until }) => [instance, until])).toStrictEqual([
      ["acme", "2026-12-01T23:00:00.000Z"],
      ["beta", "2026-12-01T22:00:00.000Z"],
    ]);

    expect((await say("disable", "beta", "--yes")).code).toBe(EXIT.done);
    await everyHostIs("beta", isOpen, lab.edge);
    await everyHostIs("acme", isPageOf("acme"), lab.edge);
  });

  it("a mistyped name", async () => {
    expect((await say("enable", "acm")).code).toBe(EXIT.refused);
  });

  it("a pending change of something else", async () => {
    const before = readFileSync(FILE, "utf8");
    await lab.stack.type(["config", "set", "retryAfter", "600"]);
    const pending = readFileSync(FILE, "utf8");
    const { code, output } = await say("enable", "gamma", "--yes");
    const after = readFileSync(FILE, "utf8");
    writeFileSync(FILE, before);
    expect(output).toMatch(
      /would change more than gamma[\s\S]*update Deployment page-server-deployment[\s\S]*--allow-other/,
    );
    expect([code, after]).toStrictEqual([EXIT.refused, pending]);
  });

  it("status shows an override that somebody deleted by hand, and the next up mends it", async () => {
    const metadata = { name: "maintenance-acme", namespace: "maintenance-pages" };
    await lab.samples.delete({ apiVersion: "networking.k8s.io/v1", kind: "Ingress", metadata });
    await everyHostIs("acme", isOpen, lab.edge);
    const { code, output } = await say("status");
    expect(output).toMatch(/^DIFFERS, DRIFTED +acme +active, unscheduled +acme\.localhost: 200, no page of ours/m);
    expect(output).toMatch(/^ +its override is not there/m);
    expect(output).toContain("acme: its override was deleted or changed by hand");
    expect(code).toBe(EXIT.attention);
    const enable = await say("enable", "acme", "--yes");
    expect(enable.output).toMatch(/acme: its override was deleted or changed by hand[\s\S]*ci\/up\.sh local/);
    expect(enable.code).toBe(EXIT.refused);
    await lab.stack.type(["up", "--refresh", "--yes", "--skip-preview", "--non-interactive"]);
    await everyHostIs("acme", isPageOf("acme"), lab.edge);
  });

  it("status shows an override whose path somebody edited, and ci/up.sh mends it", async () => {
    await lab.samples.edit("Ingress", "maintenance-pages", "maintenance-acme", (text) =>
      text.replace(JSON.stringify(OVERRIDE_PATH), JSON.stringify("/courses")),
    );
    const { code, output } = await type(["status"]);
    expect(output).toMatch(/^(?:DIFFERS, )?DRIFTED +acme/m);
    expect(output).toContain("the path of acme.localhost of its override was changed");
    expect(code).toBe(EXIT.attention);
    const up = await script("up.sh");
    expect(up.code, up.output).toBe(0);
    await everyHostIs("acme", isPageOf("acme"), lab.edge);
  });

  it("status shows an Ingress that comes before the override for some of the paths", async () => {
    const path = `/(?:api|${"x".repeat(600)})`;
    const backend = { service: { name: "caddy", port: { number: 80 } } };
    const rules = [
      { host: "acme.localhost", http: { paths: [{ path, pathType: "ImplementationSpecific", backend }] } },
    ];
    const annotations = { "nginx.ingress.kubernetes.io/use-regex": "true" };
    const metadata = { name: "long", namespace: "acme", annotations };
    const spec = { ingressClassName: "nginx", rules };
    const long = { apiVersion: "networking.k8s.io/v1", kind: "Ingress", metadata, spec };
    await lab.samples.apply(long);
    await untilAnswer(() => visit(lab.edge, "acme.localhost", "/api"), isOpen);
    const { code, output } = await type(["status"]);
    await lab.samples.delete(long);
    expect(output).toMatch(/^DRIFTED +acme +active, unscheduled +503, the unscheduled page of acme/m);
    expect(output).toContain("Ingress acme/long comes first for a path of acme.localhost");
    expect(code).toBe(EXIT.attention);
  });

  it("status works without the cluster's API, and says what it could not know", async () => {
    const { code, output } = await type(["status"], { KUBECONFIG: "/nonexistent" });
    expect(output).toMatch(/^ok {2}acme/m);
    expect(output).toContain("The cluster's API can't be reached");
    expect(code).toBe(EXIT.done);
  });

  it("an override that was made by hand, with docs/template/override.yaml: disable says what to do, enable takes it over", async () => {
    const template = readFileSync(join(PROJECT, "docs", "template", "override.yaml"), "utf8");
    const [override] = parseAllDocuments(
      template
        .replace("name: maintenance-acme", "name: maintenance-gamma")
        .replace("instance: acme", "instance: gamma")
        .replace("rewrite-target: /acme/", "rewrite-target: /gamma/")
        .replaceAll("acme.example.org", "gamma.localhost"),
    );
    await lab.samples.apply(override?.toJS() as KubernetesObject);
    await everyHostIs("gamma", isPageOf("gamma"), lab.edge);
    const refused = await type(["disable", "gamma", "--yes"]);
    expect(refused.output).toContain("gamma is not in maintenance");
    expect(refused.output).toContain("  kubectl delete ingress maintenance-gamma --namespace maintenance-pages\n");
    expect(refused.code).toBe(EXIT.refused);
    const enable = await type(["enable", "gamma", "--yes"]);
    expect(enable.output).toContain("The override of gamma is there already");
    expect(enable.code, enable.output).toBe(EXIT.done);
    const disable = await type(["disable", "gamma", "--yes"]);
    expect(disable.code, disable.output).toBe(EXIT.done);
    await everyHostIs("gamma", isOpen, lab.edge);
  });

  it("a client's broken folder stops no maintenance, and changes nothing that is stored", async () => {
    const theme = join(PROJECT, "pages", "clients", "gamma", "theme.json");
    const before = readFileSync(theme, "utf8");
    expect((await type(["enable", "gamma", "--yes"])).code).toBe(EXIT.done);
    writeFileSync(theme, '{ "accent": "#nothex" }');
    try {
      // Enabled while its folder was whole.
      const whole = await type(["disable", "gamma", "--yes"]);
      expect(whole.output).toMatch(/\nPulumi will:\n {2}delete Ingress maintenance-gamma\n/);
      expect(whole.code, whole.output).toBe(EXIT.done);
      await everyHostIs("gamma", isOpen, lab.edge);
      const enable = await type(["enable", "beta", "--yes"]);
      expect(enable.output).toContain(
        "Warning: the folder pages/clients/gamma is broken. Its pages stay as they are stored, and nobody else is affected.\n",
      );
      expect(enable.output).toMatch(/pages\/clients\/gamma\/theme\.json: accent\n +found: +"#nothex"/);
      expect(enable.output).toMatch(/\nPulumi will:\n {2}create Ingress maintenance-beta\n\n/);
      expect(enable.code, enable.output).toBe(EXIT.done);
      await everyHostIs("beta", isPageOf("beta"), lab.edge);
      const own = await type(["enable", "gamma", "--message", "We are on it.", "--yes"]);
      expect(own.output).toContain("gamma shows the shared look until it is repaired.");
      expect(own.code, own.output).toBe(EXIT.done);
      await everyHostIs("gamma", isPageOf("gamma"), lab.edge);
      const disable = await type(["disable", "beta", "gamma", "--yes"]);
      expect(disable.code, disable.output).toBe(EXIT.done);
      for (const sample of ["beta", "gamma"] as const) await everyHostIs(sample, isOpen, lab.edge);
    } finally {
      writeFileSync(theme, before);
    }
    expect((await type(["plan"])).output).toBe("Nothing would change.\n");
  });

  it("an instance in maintenance whose config.yml breaks keeps its page, stops nobody, and can be opened", async () => {
    const before = readFileSync(FILE, "utf8");
    const theme = join(PROJECT, "pages", "clients", "gamma", "theme.json");
    const whole = readFileSync(theme, "utf8");
    const folder = mkdtempSync(join(tmpdir(), "instances-"));
    const config = join(folder, "gamma", "config.yml");
    mkdirSync(dirname(config));
    writeFileSync(config, "LMS_HOST: gamma.localhost\n");
    const names: readonly string[] = parse(before).config["maintenance-pages:instances"];
    const others = names.filter((name) => name !== "gamma");
    await lab.stack.type(["config", "set", "instances", JSON.stringify(others)]);
    await lab.stack.type(["config", "set", "instancesDirectory", relative(PROJECT, folder)]);
    await lab.stack.up();
    try {
      expect((await type(["enable", "gamma", "--yes"])).code).toBe(EXIT.done);
      writeFileSync(config, "LMS_HOST: [gamma.localhost\n");

      const list = await type(["list"]);
      expect(list.output).toMatch(
        /^gamma +unscheduled +active[\s\S]*Warning: gamma stays in maintenance with the hosts that the last/m,
      );
      expect(list.code, list.output).toBe(EXIT.done);
      expect((await type(["status"])).output).toMatch(/^ok +gamma +active/m);
      expect((await type(["plan"])).output).toMatch(/gamma\/config\.yml: line 2, column \d+ is no YAML/);

      const enable = await type(["enable", "beta", "--yes"]);
      expect(enable.output).toMatch(/\nPulumi will:\n {2}create Ingress maintenance-beta\n\n/);
      expect(enable.code, enable.output).toBe(EXIT.done);
      await everyHostIs("beta", isPageOf("beta"), lab.edge);
      await everyHostIs("gamma", isPageOf("gamma"), lab.edge);

      const open = await type(["disable", "gamma", "--yes"]);
      expect(open.output).toMatch(/\nPulumi will:\n {2}delete Ingress maintenance-gamma\n\n/);
      expect(open.code, open.output).toBe(EXIT.done);
      await everyHostIs("gamma", isOpen, lab.edge);

      const refused = await type(["enable", "gamma", "--yes"]);
      expect(refused.output).toMatch(/gamma[\s\S]*Repair that file, or set instances\.gamma\.hosts/);
      expect(refused.code).toBe(EXIT.refused);

      writeFileSync(theme, '{ "accent": "#nothex" }');
      const last = await type(["disable", "beta", "--yes"]);
      expect(last.output).toMatch(/\nPulumi will:\n {2}delete Ingress maintenance-beta\n\n/);
      expect(last.code, last.output).toBe(EXIT.done);
    } finally {
      writeFileSync(theme, whole);
      rmSync(folder, { recursive: true });
      writeFileSync(FILE, before);
      await lab.stack.up();
    }
    expect((await type(["plan"])).output).toBe("Nothing would change.\n");
  });

  it("an instance that would not answer is not opened, unless by force", async () => {
    await lab.samples.scale("acme", 0);
    await untilAnswer(
      () => visit(lab.edge, "acme.localhost", "/.well-known/acme-challenge/x"),
      ({ status }) => status === 503,
    );
    const before = readFileSync(FILE, "utf8");
    const refused = await type(["disable", "acme", "--yes"]);
    expect(refused.output).toMatch(
      /Nothing was changed: acme does not answer yet, and visitors would see that\.\n {2}acme\.localhost: no endpoints available for service "caddy"[\s\S]*--force/,
    );
    expect([refused.code, refused.file]).toStrictEqual([EXIT.refused, before]);
    expect((await type(["disable", "acme", "--yes", "--force"])).code).toBe(EXIT.done);
    await lab.samples.scale("acme", 1);
    await everyHostIs("acme", isOpen, lab.edge);
    writeFileSync(FILE, before);
    await lab.stack.up();
    await everyHostIs("acme", isPageOf("acme"), lab.edge);
  });

  it("a window that has ended is due, and needs somebody", async () => {
    const later = { [CLOCK_VARIABLE]: "2026-12-02T08:00:00Z" };
    const due = await type(["due"], later);
    expect([due.code, due.stdout]).toStrictEqual([EXIT.due, "acme: active → overdue\n"]);
    expect((await type(["due"])).code).toBe(EXIT.done);
    expect((await type(["status"], later)).code).toBe(EXIT.attention);
  });

  it("a bypass, and how it is used", async () => {
    expect((await say("enable", "acme", "--bypass", "--yes")).code).toBe(EXIT.done);
    expect((await say("bypass", "acme")).code).toBe(EXIT.done);
  });

  it("the last one out", async () => {
    expect((await say("disable", "acme", "--yes")).code).toBe(EXIT.done);
    await everyHostIs("acme", isOpen, lab.edge);
    expect((await say("list")).output).toBe("Nothing is in maintenance, and nothing is planned.\n");
  });

  it("docs/transcript.md is what was typed and said", async () => {
    const text = `# Typed and answered\n\nWritten by test/e2e/command.test.ts, on a cluster of its own.\n\n\`\`\`console\n${said.join("\n")}\`\`\`\n`;
    await expect(text).toMatchFileSnapshot("../../docs/transcript.md");
  });
});

describe("a bypass", () => {
  const through = (key: BypassUse, host: string, path = "/courses") =>
    visit(lab.edge, host, path, { headers: { ...BROWSER, [key.header.name]: key.header.value } });
  const withCookie = (key: BypassUse, host: string) =>
    visit(lab.edge, host, "/", { headers: { ...BROWSER, cookie: `a=b; ${key.cookie.name}=${key.cookie.value}` } });
  let key: BypassUse;
  let heard = "";

  it("is made with its secret, and looked through", async () => {
    const { code, output, file } = await type(["enable", "acme", "beta", "--bypass", "--yes"]);
    expect(code, output).toBe(EXIT.done);
    expect(output).toMatch(/Checking the bypass of acme …\n {2}acme\.localhost: 200, the site itself/);
    expect(file).toMatch(/maintenance-pages:bypassSecret:\n +secure: v1:/);
    expect((await type(["enable", "gamma", "--yes"])).code).toBe(EXIT.done);
    heard += output;
    const shown = await type(["bypass", "acme", "--json"]);
    key = JSON.parse(shown.stdout) as BypassUse;
    expect((await type(["bypass", "gamma"])).output).toMatch(
      /^<instance>\n {2}found: +"gamma"\n {2}allowed: +an instance that has a bypass: acme, beta; `npx maintenance enable gamma --bypass`/,
    );
  });

  it("lets through who has the key, with the path that was asked for, and nobody else", async () => {
    for (const host of ["acme.localhost", "studio.acme.localhost"]) {
      const answers = await Promise.all([through(key, host), withCookie(key, host)]);
      expect(answers.map(({ status, body }) => [status, body])).toStrictEqual([
        [200, "this is acme: GET /courses\n"],
        [200, "this is acme: GET /\n"],
      ]);
    }
    const body = Buffer.alloc(5 * 1024 * 1024, "x");
    const headers = { [key.header.name]: key.header.value };
    const upload = await visit(lab.edge, "acme.localhost", "/upload?x=%2F", { method: "POST", body, headers });
    expect(upload.body).toBe("this is acme: POST /upload\n");
    const wrong = [
      {},
      { [key.header.name]: "always" },
      { [key.header.name]: key.header.value.toUpperCase() },
      { cookie: "maintenance-bypass=always" },
      { cookie: `${key.cookie.name}=1` },
      { "x-forwarded-prefix": "/beta/unscheduled/-/" },
    ];
    for (const headers of wrong) {
      const answer = await visit(lab.edge, "acme.localhost", "/beta/unscheduled/-/", {
        headers: { ...BROWSER, ...headers },
      });
      expect(isPageOf("acme")(answer), JSON.stringify(headers)).toBe(true);
    }
  });

  it("is one instance's own: the keys of others, and those without one, see the page", async () => {
    for (const sample of ["beta", "gamma"] as const) {
      for (const host of hostsOf(sample)) {
        for (const answer of await Promise.all([through(key, host), withCookie(key, host)])) {
          expect(isPageOf(sample)(answer), `${host} ${answer.status} ${answer.body}`).toBe(true);
        }
      }
    }
    const open = await visit(lab.edge, "acme.localhost", "/.well-known/acme-challenge/x");
    expect(open.body).toContain("this is acme");
  });

  it("is in no state, preview, output, log or pod, but encrypted", async () => {
    const secret = (await lab.stack.type(["config", "get", "bypassSecret"])).trim();
    const { output } = await tryCommand(join(PROJECT, "ci", "preview.sh"), ["local"], {
      cwd: PROJECT,
      env: environment,
    });
    const state = (environment.PULUMI_BACKEND_URL ?? "").replace("file://", "");
    const pods = await Promise.all(["maintenance-pages", "acme"].map((namespace) => lab.samples.pods(namespace)));
    const logs = readTree(join(PROJECT, ".local", "logs"));
    const places = {
      said: heard,
      preview: output,
      refresh: await lab.stack.type(["up", "--refresh", "--yes", "--non-interactive", "--diff"]),
      outputs: await lab.stack.type(["stack", "output", "--json"]),
      state: readTree(state),
      pods: JSON.stringify(pods),
      logs,
      file: readFileSync(FILE, "utf8"),
    };
    // What is looked for can be found: the parts of the state that are no secret are there in plain text.
    expect(places.state).toContain("bypass-acme");
    expect(places.preview).not.toBe("");
    for (const [place, text] of Object.entries(places)) {
      expect(text.includes(secret), place).toBe(false);
      expect(text.includes(key.header.value), place).toBe(false);
    }
  });

  it("is a link, too: one click opens every host, another time as well, and one takes it back", async () => {
    const hosts = hostsOf("acme");
    for (const { host, url, end } of key.links) {
      const opened = await openLink(lab.edge, url);
      expect(opened.end).toBe(`${host}/`);
      expect(isOpen(opened.answer), opened.answer.body).toBe(true);
      expect(new Set(opened.walked)).toStrictEqual(new Set(hosts));
      const again = await openLink(lab.edge, url, { cookies: opened.cookies });
      expect(again.walked).toStrictEqual(opened.walked);
      expect(isOpen(again.answer)).toBe(true);
      const ended = await openLink(lab.edge, end, { cookies: again.cookies });
      expect(isPageOf("acme")(ended.answer)).toBe(true);
      expect(ended.cookies.size).toBe(0);
    }
    const [link] = key.links;
    const toBeta = await openLink(lab.edge, link?.url.replace("acme.localhost", "beta.localhost") ?? "");
    expect(isPageOf("beta")(toBeta.answer)).toBe(true);
    const toGamma = await openLink(lab.edge, link?.url.replace("acme.localhost", "gamma.localhost") ?? "");
    expect(toGamma.walked).toStrictEqual([]);
    expect(isPageOf("gamma")(toGamma.answer)).toBe(true);
  });

  it("changes its key by one command", async () => {
    const { code, output } = await type(["bypass", "--rotate", "--yes"]);
    expect(code, output).toBe(EXIT.done);
    expect(output.match(/^ {2}\w+ \w+ \S+$/gm)?.sort()).toStrictEqual([
      "  update Ingress bypass-acme",
      "  update Ingress bypass-beta",
    ]);
    expect(isPageOf("acme")(await through(key, "acme.localhost"))).toBe(true);
    key = JSON.parse((await type(["bypass", "acme", "--json"])).stdout) as BypassUse;
    expect((await through(key, "acme.localhost")).status).toBe(200);
  });

  it("keeps visitors on the page when the instance is gone", async () => {
    await lab.samples.scale("acme", 0);
    await lab.samples.deleteIngress("acme");
    await untilAnswer(() => through(key, "acme.localhost"), isPageOf("acme"));
    await everyHostIs("acme", isPageOf("acme"), lab.edge);
    await lab.samples.scale("acme", 1);
    await lab.samples.createIngress("acme");
    await untilAnswer(() => through(key, "acme.localhost"), isOpen, 60);
  });

  it("ends with the maintenance, and leaves nothing", async () => {
    const { code, output } = await type(["disable", "acme", "beta", "gamma", "--yes"]);
    expect(output).toContain("  acme.localhost: 200\n");
    expect(code, output).toBe(EXIT.done);
    await everyHostIs("acme", isOpen, lab.edge);
    expect((await lab.samples.left("maintenance-pages")).filter((one) => /bypass/.test(one))).toStrictEqual([]);
  });
});

describeLinkInChromium(() => {
  const edge = lab.cluster.embedded?.edge;
  if (edge === undefined) throw new Error("only on the embedded cluster");
  return { lab, edge, route: ingressOfApps() };
});

describe("with the rights of docs/kubernetes-roles.yaml", () => {
  const kubeconfigs = join(PROJECT, ".local");
  const as = (account: string) => ({ KUBECONFIG: join(kubeconfigs, `${account}.kubeconfig`) });
  const roles = parseAllDocuments(readFileSync(join(PROJECT, "docs", "kubernetes-roles.yaml"), "utf8")).map(
    (document) => document.toJS() as KubernetesObject,
  );

  beforeAll(async () => {
    for (const manifest of roles) await lab.samples.apply(manifest);
    for (const account of ["preview", "up"]) {
      writeFileSync(as(account).KUBECONFIG, await lab.samples.kubeconfigOf(account));
    }
  });
  afterAll(async () => {
    for (const manifest of [...roles].reverse()) await lab?.samples.delete(manifest);
  });

  it("a preview looks, and changes nothing", async () => {
    const before = readFileSync(FILE, "utf8");
    const plan = await type(["plan"], as("preview"));
    expect([plan.code, plan.output]).toStrictEqual([EXIT.done, "Nothing would change.\n"]);
    const status = await type(["status"], as("preview"));
    expect(status.code, status.output).toBe(EXIT.done);
    expect(status.output).not.toContain("can't be reached");
    const enable = await type(["enable", "acme", "--yes"], as("preview"));
    expect(enable.output).toMatch(/ingresses\.networking\.k8s\.io "maintenance-acme" is forbidden/);
    expect([enable.code, enable.file]).toStrictEqual([EXIT.failed, before]);
    await everyHostIs("acme", isOpen, lab.edge);
  });

  it("ci/preview.sh as one shows, and ci/up.sh as the other applies changes of every page, of the image and of the pods", async () => {
    const before = readFileSync(FILE, "utf8");
    const set = (path: string, value: string) => lab.stack.type(["config", "set", "--path", path, value]);
    await set("links.status", "https://status.example.org");
    await set("pageServer.image", MIRRORED_IMAGE);
    await set("pageServer.replicas", "3");
    const preview = await script("preview.sh", as("preview"));
    const up = await script("up.sh", as("up"));
    const images = await lab.samples.imagesOf("maintenance-pages");
    writeFileSync(FILE, before);
    const back = await script("up.sh", as("up"));
    expect(preview.code, preview.output).toBe(0);
    expect(preview.output.slice(-1000)).toMatch(/~ \d+ to update/);
    expect(up.code, up.output).toBe(0);
    expect(images).toStrictEqual([MIRRORED_IMAGE, MIRRORED_IMAGE, MIRRORED_IMAGE]);
    expect(back.code, back.output).toBe(0);
  });

  it("without one of its rights, ci/up.sh says which one, and does not wait", async () => {
    const role = roles.find(({ metadata }) => metadata?.name === "maintenance-pages-look");
    const text = JSON.stringify(role).replace(',"persistentvolumeclaims"', "");
    await lab.samples.apply(JSON.parse(text) as KubernetesObject);
    await lab.stack.type(["config", "set", "retryAfter", "600"]);
    const { code, output } = await script("up.sh", as("up"));
    await lab.stack.type(["config", "rm", "retryAfter"]);
    if (role !== undefined) await lab.samples.apply(role);
    expect(output).toContain("get, list, watch persistentvolumeclaims in every namespace");
    expect(code).toBe(EXIT.refused);
    expect((await type(["rights"], as("up"))).output).toMatch(
      /^This account has every right of docs\/kubernetes-roles\.yaml \(\d+\)\.$/m,
    );
  });

  it("the other is enabled with a bypass, the instance is asked, and it is disabled", async () => {
    const enable = await type(["enable", "acme", "--bypass", "--yes"], as("up"));
    expect(enable.code, enable.output).toBe(EXIT.done);
    const disable = await type(["disable", "acme", "--yes"], as("up"));
    expect(disable.output).toContain("  acme.localhost: 200\n");
    expect(disable.code, disable.output).toBe(EXIT.done);
  });

  it("and no bypass where it may not; it says that it could not ask", async () => {
    const before = readFileSync(FILE, "utf8");
    const refused = await type(["enable", "beta", "--bypass", "--yes"], as("up"));
    expect(refused.output).toMatch(/services "bypass-beta" is forbidden/);
    expect([refused.code, refused.file]).toStrictEqual([EXIT.failed, before]);
    expect((await type(["enable", "beta", "--yes"], as("up"))).code).toBe(EXIT.done);
    const disable = await type(["disable", "beta", "--yes"], as("up"));
    expect(disable.output).toMatch(/ {2}beta\.localhost: can't be reached \(services "caddy:80" is forbidden/);
    expect(disable.code, disable.output).toBe(EXIT.done);
  });
});

/** A script of `ci/`, on this stack. */
function script(name: string, more: NodeJS.ProcessEnv = {}) {
  const env = { ...environment, ...more };
  return tryCommand(join(PROJECT, "ci", name), ["local"], { cwd: PROJECT, env, timeoutSeconds: 240 });
}

/** Every file below a folder, as one text. */
function readTree(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => {
      const bytes = readFileSync(join(parentPath, name));
      return Buffer.from(/\.zst(?!.*\.attrs$)/.test(name) ? decompress(bytes) : bytes).toString();
    })
    .join("\n");
}

describe("ci/due.sh and ci/preview.sh, on a schedule of a controlled clock", () => {
  const at = (time: string) => ({ [CLOCK_VARIABLE]: time });

  it("a window that is planned for later opens nothing", async () => {
    const { code, output } = await type([
      ...["enable", "acme", "--kind", "scheduled", "--from", "2026-12-01T21:00Z", "--until", "2026-12-01T23:00Z"],
      ...["--ends", "automatically", "--yes"],
    ]);
    expect(output).toContain("acme stays open, and maintenance starts at 1 Dec 2026, 21:00 UTC");
    expect(code).toBe(EXIT.done);
    const early = await script("due.sh", at("2026-12-01T20:55:00Z"));
    expect(early.output).toContain("Nothing is due.");
    expect(early.code, early.output).toBe(0);
    await everyHostIs("acme", isOpen, lab.edge);
  });

  it("its name alone begins no window before its time, and says how", async () => {
    const { code, output } = await type(["enable", "acme", "--yes"]);
    expect(output).toContain("acme is planned for 1 Dec 2026, 21:00 UTC: --from now starts it now.");
    expect(code).toBe(EXIT.refused);
  });

  it("the preview tells what it is going to do", async () => {
    const { code, output } = await script("preview.sh", at("2026-12-01T21:00:00Z"));
    expect(output).toMatch(/^<!-- maintenance-pages: local -->\n### Preview of local: fine\n/);
    expect(output).toMatch(/\+ kubernetes:networking\.k8s\.io\/v1:Ingress/);
    expect(code).toBe(0);
  });

  it("it opens when its time has come", async () => {
    const { code, output } = await script("due.sh", at("2026-12-01T21:00:00Z"));
    expect(output).toContain("acme: planned → active");
    expect(code, output).toBe(0);
    await everyHostIs("acme", isPageOf("acme"), lab.edge);
  });

  it("it ends by itself", async () => {
    const { code, output } = await script("due.sh", at("2026-12-01T23:00:00Z"));
    expect(output).toContain("acme: active → ended");
    expect(code, output).toBe(0);
    await everyHostIs("acme", isOpen, lab.edge);
    const disable = await type(["disable", "acme", "--yes"]);
    expect(disable.code, disable.output).toBe(EXIT.done);
  });

  it("a window that is due is shown as that, and stops no other instance's maintenance", async () => {
    const planned = await type(["enable", "gamma", "--kind", "scheduled", "--from", "2026-12-01T21:00Z", "--yes"]);
    expect(planned.output).toContain("A window begins with the first `pulumi up` after its time");
    const later = at("2026-12-01T21:05:00Z");
    const status = await type(["status"], later);
    expect(status.output).toMatch(/^DUE +gamma +active, scheduled +/m);
    expect(status.output).toContain("its window has begun: the next `pulumi up` shows the page");
    expect(status.code).toBe(EXIT.attention);
    const enable = await type(["enable", "beta", "--yes"], later);
    expect(enable.output).toContain("The window of gamma is due: this run applies that, too.");
    expect(enable.code, enable.output).toBe(EXIT.done);
    for (const sample of ["beta", "gamma"] as const) await everyHostIs(sample, isPageOf(sample), lab.edge);
    const disable = await type(["disable", "beta", "gamma", "--yes"], later);
    expect(disable.code, disable.output).toBe(EXIT.done);
  });
});

/** Lines that belong together and come in any order, sorted. */
function inOrder(text: string): string {
  const groups: string[][] = [];
  for (const line of text.split("\n")) {
    const last = groups.at(-1);
    if (last !== undefined && isAnyOrder(line) && isAnyOrder(last[0] ?? "") === isAnyOrder(line)) last.push(line);
    else groups.push([line]);
  }
  return groups.flatMap((group) => group.sort()).join("\n");
}

/** What the engine does, and what hosts show, comes as it comes. */
function isAnyOrder(line: string): "change" | "progress" | "host" | undefined {
  if (/^ {2}(?:create|update|delete) /.test(line)) return "change";
  if (/^ {2}… /.test(line)) return "progress";
  return /^ {2}\S.*\(after … s\)$/.test(line) ? "host" : undefined;
}

describe("what is refused, or fails, leaves the configuration as it was", () => {
  let before: string;
  beforeAll(() => {
    before = readFileSync(FILE, "utf8");
  });

  const WITH_MESSAGE = ["enable", "acme", "--message", "Back soon", "--yes"];

  it("an instance that there is not", async () => {
    const { code, output, file } = await type(["enable", "acm", "--yes"]);
    expect(output).toMatch(/found: +"acm"[\s\S]*nearest: +acme/);
    expect([code, file]).toStrictEqual([EXIT.refused, before]);
  });

  it("an instance that is not in maintenance", async () => {
    const { code, output, file } = await type(["disable", "acme", "--yes"]);
    expect(output).toContain("acme is not in maintenance");
    expect([code, file]).toStrictEqual([EXIT.refused, before]);
  });

  it("a stack that Pulumi does not know, and one without a configuration", async () => {
    const unknown = await type(["enable", "acme", "--yes", "--stack", "staging"]);
    expect(unknown.output).toContain("Pulumi has no such stack");
    const missing = await type(["enable", "acme", "--yes", "--stack", "stagin"]);
    expect(missing.output).toMatch(/found: +"stagin"[\s\S]*nearest: +staging/);
    expect([unknown.code, missing.code]).toStrictEqual([EXIT.refused, EXIT.refused]);
  });

  it("nobody to ask", async () => {
    const { code, output, file } = await type(["enable", "acme"]);
    expect(output).toContain("--yes goes on without asking");
    expect([code, file]).toStrictEqual([EXIT.refused, before]);
  });

  it("a locked stack", async () => {
    const state = (environment.PULUMI_BACKEND_URL ?? "").replace("file://", "");
    const locks = join(state, ".pulumi", "locks", "organization", "maintenance-pages", "local");
    mkdirSync(locks, { recursive: true });
    const lock = join(locks, "0f5a2b34-0000-4000-8000-000000000000.json");
    writeFileSync(lock, JSON.stringify({ pid: 1, username: "kim", hostname: "elsewhere", timestamp: NOW }));
    const { code, output, file } = await type(["enable", "acme", "--yes"]);
    rmSync(lock);
    expect(output).toContain("The stack is locked");
    expect([code, file]).toStrictEqual([EXIT.refused, before]);
  });

  it("an API server that can't be reached", async () => {
    const kubeconfig = join(PROJECT, ".local", "unreachable.kubeconfig");
    const text = readFileSync(environment.KUBECONFIG ?? "", "utf8");
    writeFileSync(kubeconfig, text.replace(/server: .*/, "server: https://127.0.0.1:1"));
    const { code, output, file } = await type(["enable", "acme", "--yes"], { KUBECONFIG: kubeconfig });
    rmSync(kubeconfig);
    expect(output).toMatch(/127\.0\.0\.1:1|ECONNREFUSED/);
    expect(code).not.toBe(EXIT.done);
    expect(file).toBe(before);
  });

  it("a bucket that can't be reached, when there is something to write to it", async () => {
    await lab.cluster.objectStore.stop();
    const { code, output, file } = await type(WITH_MESSAGE);
    await lab.cluster.objectStore.start();
    expect(output).toContain("Pulumi.local.yaml is as it was before.");
    expect([code, file]).toStrictEqual([EXIT.failed, before]);
    await everyHostIs("acme", isOpen, lab.edge);
  });

  it("credentials that hold no longer", async () => {
    const { code, output, file } = await type(WITH_MESSAGE, { AWS_ACCESS_KEY_ID: "expired" });
    expect(output).toContain("Pulumi.local.yaml is as it was before.");
    expect([code, file]).toStrictEqual([EXIT.failed, before]);
  });

  it("Ctrl-C in the middle", async () => {
    const command = spawn(process.execPath, [COMMAND, ...WITH_MESSAGE], { cwd: PROJECT, env: environment });
    let output = "";
    const heard = new Promise<void>((resolve) => {
      for (const stream of [command.stdout, command.stderr]) {
        stream.on("data", (chunk: Buffer) => {
          output += chunk.toString();
          if (output.includes("… create")) resolve();
        });
      }
      command.on("exit", () => resolve());
    });
    const ended = once(command, "exit");
    await heard;
    command.kill("SIGINT");
    const [code] = await ended;
    expect(output).toMatch(
      /It was interrupted\.\nPulumi\.local\.yaml is as it was before\.\nPulumi had begun to create/,
    );
    expect([code, readFileSync(FILE, "utf8")]).toStrictEqual([EXIT.interrupted, before]);
    // What was left behind goes with the next run.
    await lab.stack.up();
    await everyHostIs("acme", isOpen, lab.edge);
    expect((await lab.stack.up()).changes).toStrictEqual([]);
  });

  it("an edge that can't be asked: it is applied, and says what it could not see", async () => {
    await lab.stack.type(["config", "set", "--path", "edges.default.address", "http://127.0.0.1:1"]);
    const enable = await type(["enable", "acme", "--yes"]);
    expect(enable.output).toMatch(/acme\.localhost: no answer \(.*ECONNREFUSED.*\)\n +The host's DNS leads elsewhere/);
    expect(enable.code).toBe(EXIT.unseen);
    await everyHostIs("acme", isPageOf("acme"), lab.edge);
    const status = await type(["status"]);
    expect(status.output).toMatch(/^UNKNOWN +acme +active, unscheduled +acme\.localhost: no answer/m);
    expect(status.code).toBe(EXIT.attention);
    await lab.stack.type(["config", "set", "--path", "edges.default.address", lab.edge]);
    expect((await type(["disable", "acme", "--yes"])).code).toBe(EXIT.done);
  });

  it("a bucket that the page server can't read: it is applied, and says that visitors see a copy", async () => {
    // The page server's pods are new after that, and have nothing in their caches.
    await lab.stack.type(["config", "set", "--path", "bucket.readUrl", "http://127.0.0.1:9/pages"]);
    await lab.stack.up();
    const enable = await type(WITH_MESSAGE);
    expect(enable.output).toMatch(
      /acme\.localhost: 503, the unscheduled page of acme \(a copy\)\n +Visitors get the page server's own copy/,
    );
    expect(enable.output).toContain("But it is a copy, because the page server can't read the bucket.");
    expect(enable.output).not.toContain("Done");
    expect(enable.code).toBe(EXIT.copy);
    const status = await type(["status"]);
    expect(status.output).toMatch(/^DIFFERS +acme +active, unscheduled +acme\.localhost: 503, .* \(a copy\)/m);
    expect((await type(["disable", "acme", "--yes"])).code).toBe(EXIT.done);
    writeFileSync(FILE, before);
    await lab.stack.up();
  });

  it("ci/up.sh in a checkout that does not know of an instance in maintenance", async () => {
    // With a file that is not committed, as on a laptop.
    const uncommitted = join(PROJECT, "uncommitted.txt");
    writeFileSync(uncommitted, "");
    try {
      await lab.stack.type(["config", "set", "maintenance", '["acme"]']);
      await lab.stack.up();
    } finally {
      rmSync(uncommitted);
    }
    await lab.stack.type(["config", "set", "maintenance", "[]"]);
    const { code, output } = await script("up.sh");
    expect(output).toMatch(/^acme was put into maintenance(?: by .+)?, \d.* UTC, and that is not committed here\.$/m);
    expect(code).toBe(EXIT.refused);
    await everyHostIs("acme", isPageOf("acme"), lab.edge);
    await lab.stack.type(["config", "set", "maintenance", '["acme"]']);
    expect((await type(["disable", "acme", "--yes"])).code).toBe(EXIT.done);
  });
});
