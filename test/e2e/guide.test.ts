import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { fromMarkdown } from "mdast-util-from-markdown";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PROJECT } from "../../cli/project";
import type { IngressNginxValues } from "../../components/edges/ingress-nginx/values";
import { runCommand } from "../../lab/cluster/commands";
import { embeddedCluster, type Found, IMAGE } from "../../lab/lab";
import { copyProject } from "../../lab/project-copy";
import { Samples } from "../../lab/samples";
import { ensureProgram, type Tools } from "../../lab/tools/tools";
import { makeEnvironment, TUTOR_RELEASES } from "../../lab/tutor/tutor";

// Types the guide, the runbook, docs/traefik.md and what is in the place of others in docs/gateway-api.md into a shell, block by block, in a copy of the project, on a cluster of its own. Two things
// differ from the documents: names that only that cluster has (HERE), and the chart, which comes from the controller's source.

const DOMAIN = "localhost";
const CHART = "ingress-nginx --repo https://kubernetes.github.io/ingress-nginx";

interface Block {
  readonly text: string;
  /** Whether it is another way to do what was done before it. */
  readonly isInstead: boolean;
}

/** The blocks of commands in a document of docs/. */
function blocksOf(document: string): readonly Block[] {
  const { children } = fromMarkdown(readFileSync(join(PROJECT, "docs", document), "utf8"));
  return children.flatMap((node, index) => {
    const before = children[index - 1];
    const isInstead = before?.type === "html" && before.value === "<!-- instead -->";
    return node.type === "code" && node.lang === "sh" ? [{ text: node.value, isInstead }] : [];
  });
}

let folder: string;
let project: string;
let found: Found & { readonly tools: Tools };
let samples: Samples;
let environment: NodeJS.ProcessEnv;
let here: readonly (readonly [string, string])[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "maintenance-pages-guide-"));
  project = join(folder, "project");
  const report = (line: string) => console.log(line);
  found = await embeddedCluster({ report });
  const { cluster, pulumi, tools } = found;
  samples = new Samples(cluster.kube, IMAGE);
  await samples.deploy();
  await cluster.embedded?.createTraefikTypes();

  await cloneProject();
  const home = join(folder, "home");
  const programs = join(folder, "bin");
  for (const one of [home, programs]) mkdirSync(one);
  symlinkSync((await ensureProgram("kubectl", report)).path, join(programs, "kubectl"));
  symlinkSync(tools.binaries.helm, join(programs, "helm"));
  const python = join(folder, "python");
  await makeEnvironment(python, TUTOR_RELEASES[0].tutor, report);
  environment = {
    ...process.env,
    ...pulumi.environment,
    ...cluster.environment,
    PATH: [programs, join(python, "bin"), ...pulumi.path, process.env.PATH ?? ""].join(delimiter),
    HOME: home,
    npm_config_cache: (await runCommand("npm", ["config", "get", "cache"])).trim(),
    TUTOR_ROOT: join(folder, "tutor"),
    TUTOR_PLUGINS_ROOT: join(folder, "tutor-plugins"),
    PULUMI_CREDENTIALS_PATH: join(home, ".pulumi"),
    // Pulumi asks other terminals for their colours first, and waits five seconds for an answer that `script` has not.
    TERM: "tmux-256color",
    // Whoever follows the guide answers with yes.
    PULUMI_SKIP_CONFIRMATIONS: "true",
    AWS_ACCESS_KEY_ID: cluster.objectStore.accessKey,
    AWS_SECRET_ACCESS_KEY: cluster.objectStore.secretKey,
  };
  here = [
    ["https://s3.example.org", cluster.objectStore.endpoint],
    ["example.org", DOMAIN],
    [CHART, `${tools.ingressNginxModule}/charts/ingress-nginx`],
  ];
  await installRelease();
});
afterAll(async () => {
  await found?.cluster.stop();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

/**
 * The controller's release, as it is before anybody has heard of maintenance pages. Its pods can't run there; the controller
 * is a process beside the node, and takes the release's values when the guide has changed them.
 */
function installRelease(more = ""): Promise<string> {
  return type(
    `helm install ingress-nginx ${found.tools.ingressNginxModule}/charts/ingress-nginx --namespace ingress-nginx --create-namespace \
      --set controller.replicaCount=0 --set controller.admissionWebhooks.enabled=false ${more}`,
  );
}

/** What git knows of the project, or is about to, as a repository of its own. */
async function cloneProject(): Promise<void> {
  await copyProject(project);
  for (const args of [
    ["init", "--quiet"],
    ["add", "--all"],
    ["-c", "user.name=Guide", "-c", "user.email=guide@example.org", "commit", "--quiet", "--message", "A clone"],
  ]) {
    await runCommand("git", args, { cwd: project });
  }
}

/** The time that all blocks took, without what only the test does. */
let seconds = 0;

/** Types a block at a terminal, and says yes when asked. What it exports is there for the next one. */
async function type(block: string): Promise<string> {
  const text = here?.reduce((said, [there, name]) => said.replaceAll(there, name), block) ?? block;
  const exported = join(folder, "exported");
  const script = join(folder, "block.sh");
  const before = existsSync(exported) ? `. ${exported}\n` : "";
  writeFileSync(script, `set -e\n${before}${text}\nexport -p > ${exported}\n`);
  chmodSync(script, 0o700);
  const child = spawn(
    "script",
    ["--quiet", "--return", "--echo", "never", "--command", `bash ${script}`, "/dev/null"],
    {
      cwd: existsSync(project) ? project : folder,
      env: environment,
      detached: true,
    },
  );
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      // npx turns a wheel until its command has begun.
      output += stripVTControlCharacters(chunk.toString()).replace(/[\u2800-\u28ff]/g, "");
      if (output.endsWith("[y/N] ")) child.stdin.write("y\n");
    });
  }
  const begin = Date.now();
  const timer = setTimeout(() => child.pid !== undefined && process.kill(-child.pid, "SIGKILL"), 280_000);
  const [code] = (await once(child, "close")) as [number | null];
  clearTimeout(timer);
  seconds += (Date.now() - begin) / 1000;
  expect(code, `${text}\n\n${output}`).toBe(0);
  return output.replaceAll("\r\n", "\n");
}

/** What the test does besides, at a block that holds these words: before it, and with what was printed. */
interface Besides {
  readonly at: string;
  readonly before?: () => Promise<unknown>;
  readonly after?: (output: string) => unknown;
}

const GUIDE: readonly Besides[] = [
  {
    at: "bucket.profile s3-compatible",
    // The store has another address inside the cluster's network than outside of it.
    after: () =>
      type(
        `pulumi config set --path bucket.readUrl ${found.cluster.objectStore.endpointInCluster}/example-maintenance-pages`,
      ),
  },
  { at: "pulumi preview\npulumi up", after: (output) => expect(output).toMatch(/page-server-deployment creat/) },
  {
    at: "default-backend-service=null",
    before: async () => {
      // The move to Traefik has uninstalled it.
      await installRelease("--values ingress-nginx-values.json");
      expect(await manifestOfRelease()).toMatch(/default-backend-service|custom-http-errors/);
    },
    after: async () =>
      expect(await manifestOfRelease()).not.toMatch(/default-backend-service|custom-http-errors|intercept/),
  },
  {
    at: "edges.default.install true",
    // Pulumi's plugin reads the chart for a preview, too.
    before: () =>
      type(`pulumi config set --path edges.default.chart ${found.tools.ingressNginxModule}/charts/ingress-nginx`),
  },
  { at: "helm upgrade ingress-nginx", after: startController },
  {
    at: "nobody.example.org",
    after: (output) => {
      expect(output).toMatch(/^HTTP\/\S+ 404/m);
      expect(output).toContain("kind=not-found");
    },
  },
  { at: "npx maintenance check", after: (output) => expect(output).toMatch(/^Checked: \d+ ok\.$/m) },
  { at: "npx maintenance enable acme --until", after: says("Done: acme shows the page.") },
  {
    at: "npx maintenance status\ncurl",
    after: (output) => {
      expect(output).toMatch(/^ok +acme +active, unscheduled +503, the unscheduled page of acme/m);
      expect(output).toMatch(/^HTTP\/\S+ 503/m);
      expect(output).toMatch(/^retry-after: /im);
      expect(output).toContain("Back soon");
    },
  },
  { at: "npx maintenance disable acme", after: says("Done: acme is open.") },
  { at: "tutorSettings", after: says("MAINTENANCE_PAGES_URL") },
  { at: "npx maintenance list", after: says("Done: acme is planned, and open until then.") },
  { at: ".local/pages", after: () => expect(existsSync(join(project, ".local", "pages"))).toBe(true) },
  {
    at: "npx maintenance bypass acme",
    after: async (output) => {
      const line = /^ *(curl .*)$/m.exec(output)?.[1];
      expect(line, output).toBeDefined();
      expect(await type(line ?? "false")).toContain("this is acme");
    },
  },
  { at: "ci/preview.sh", after: says("### Preview of mycluster: fine") },
  // The page server's replacement is what a person would wait for; the test has no more time than that.
  {
    at: "pulumi destroy",
    after: async () => expect(await samples.left("maintenance-pages")).toStrictEqual([]),
  },
];

const RUNBOOK: readonly Besides[] = [
  { at: "npx maintenance status", after: says("ok") },
  { at: "kubectl get pods", after: (output) => expect(output.match(/Running/g)).toHaveLength(2) },
  {
    at: ".well-known/acme-challenge",
    before: () => type("npx maintenance enable acme"),
    after: async (output) => {
      expect(output).toContain("this is acme");
      expect(output).not.toMatch(/x-maintenance-page/i);
      await type("npx maintenance disable acme");
    },
  },
  { at: "npx maintenance disable acme --force", before: () => type("npx maintenance enable acme") },
  {
    at: "npx maintenance enable acme beta gamma",
    after: says("Done: acme shows the page, beta shows the page, gamma"),
  },
];

const TRAEFIK: readonly Besides[] = [
  {
    at: "edges.default.kind traefik",
    // The guide's other ways have set what only an edge of the other kind has.
    before: () => type("pulumi config rm edges"),
  },
  { at: "npx maintenance enable acme", after: says("Done: acme shows the page.") },
  {
    at: "edges.traefik.kind traefik",
    before: startTraefik,
    after: (output) => {
      expect(output).toMatch(/^ok +acme +active, unscheduled +503, the unscheduled page of acme/m);
      expect(output).not.toContain("lead to no site");
    },
  },
  { at: "helm uninstall ingress-nginx", after: (output) => expect(output).toMatch(/^nginx +k8s\.io\/ingress-nginx /m) },
  {
    at: '["helm.sh/resource-policy"]',
    before: () =>
      type(
        `pulumi config rm edges && pulumi config set --path edges.default.kind ingress-nginx && pulumi config set --path edges.default.install true &&
          pulumi config set --path edges.default.chart ${found.tools.ingressNginxModule}/charts/ingress-nginx`,
      ),
    after: says("ingress-nginx-release"),
  },
  {
    at: "pulumi config rm --path edges.default",
    after: (output) => {
      expect(output).toMatch(/^ok +acme +active, unscheduled +503, the unscheduled page of acme/m);
      expect(output).toContain("Done: acme is open.");
    },
  },
];

const GATEWAY_API: readonly Besides[] = [
  {
    at: "edges.default.kind gateway-api",
    // No Gateway is there yet: what is planned does not depend on it.
    before: async () => {
      await found.cluster.embedded?.createGatewayApiTypes();
      await type("pulumi config rm edges");
    },
    after: says("page-server-self-test"),
  },
];

function says(words: string) {
  return (output: string) => expect(output).toContain(words);
}

/** What the controller's pods would run with, whatever the release's values say. */
function manifestOfRelease(): Promise<string> {
  return runCommand("helm", ["get", "manifest", "ingress-nginx", "--namespace", "ingress-nginx"], { env: environment });
}

/** The controller takes the values of its release; curl finds it where DNS would lead. */
async function startController(): Promise<void> {
  const values = JSON.parse(
    await runCommand("helm", ["get", "values", "ingress-nginx", "--namespace", "ingress-nginx", "--output", "json"], {
      env: environment,
    }),
  ) as IngressNginxValues;
  const { embedded } = found.cluster;
  if (embedded === undefined || embedded.edge !== undefined) return;
  const { url, encryptedUrl } = await embedded.startIngressNginx(values);
  const ways = [
    [443, encryptedUrl],
    [80, url],
  ].map(([port, address]) => `connect-to = ":${port}:${new URL(String(address)).host}"`);
  // The certificate is the controller's own.
  writeFileSync(join(folder, "home", ".curlrc"), ["silent", "show-error", "insecure", ...ways].join("\n"));
  await type("pulumi config set --path edges.default.kind ingress-nginx");
  await type(`pulumi config set --path edges.default.address ${url}`);
}

/** Traefik with the chart's default values, where DNS does not lead. */
async function startTraefik(): Promise<void> {
  const values = { providers: { kubernetesCRD: { enabled: true, allowEmptyServices: true } } };
  const { embedded } = found.cluster;
  const { url } = (await embedded?.startTraefik(values)) ?? {};
  here = [...here, ["https://203.0.113.10", String(embedded?.edge?.url)], ["https://203.0.113.11", String(url)]];
}

async function typeAll(blocks: readonly Block[], besides: readonly Besides[]): Promise<void> {
  for (const { text } of blocks) {
    const { before, after } = besides.find(({ at }) => text.includes(at)) ?? {};
    await before?.();
    const output = await type(text);
    await after?.(output);
  }
}

const guide = blocksOf("guide.md");
const traefik = blocksOf("traefik.md");
const gatewayApi = blocksOf("gateway-api.md");
const indexOf = (words: string) => guide.findIndex(({ text }) => text.includes(words));
const removing = indexOf("default-backend-service=null");
const usual = (from: number, to?: number) => guide.slice(from, to).filter(({ isInstead }) => !isInstead);

describe("the guide", () => {
  it("has an expectation for no words that it lacks", () => {
    const runbook = blocksOf("runbook.md");
    for (const { at } of GUIDE)
      expect(
        guide.some(({ text }) => text.includes(at)),
        at,
      ).toBe(true);
    for (const { at } of RUNBOOK)
      expect(
        runbook.some(({ text }) => text.includes(at)),
        at,
      ).toBe(true);
    for (const { at } of TRAEFIK)
      expect(
        traefik.some(({ text }) => text.includes(at)),
        at,
      ).toBe(true);
    for (const { at } of GATEWAY_API)
      expect(
        gatewayApi.some(({ text }) => text.includes(at)),
        at,
      ).toBe(true);
  });

  it("leads from nothing to the first maintenance", { timeout: 1_200_000 }, async () => {
    const first = indexOf("npx maintenance disable acme");
    await typeAll(usual(0, first), GUIDE);
    console.log(`from npm ci to the first maintenance: ${seconds.toFixed(0)} s for the commands`);
    await typeAll(usual(first, removing), GUIDE);
  });

  it("has another way that a preview takes, for AWS, for a cluster without a controller, for Traefik and for the Gateway API", async () => {
    await type("pulumi stack init another --copy-config-from mycluster && pulumi config rm bucket");
    try {
      // There is no AWS here, so what would be applied is previewed.
      const others = [...guide, ...traefik, ...gatewayApi].filter(({ isInstead }) => isInstead);
      await typeAll(
        others.map((block) => ({ ...block, text: block.text.replace("pulumi up", "pulumi preview") })),
        [...GUIDE, ...TRAEFIK, ...GATEWAY_API],
      );
    } finally {
      await type("pulumi stack rm another --yes && pulumi stack select mycluster");
    }
  });
});

it("the runbook's commands do what it says", { timeout: 1_200_000 }, async () => {
  await typeAll(
    blocksOf("runbook.md").filter(({ isInstead }) => !isInstead),
    RUNBOOK,
  );
});

it("the move to Traefik keeps an instance in maintenance", { timeout: 600_000 }, async () => {
  await typeAll(
    traefik.filter(({ isInstead }) => !isInstead),
    TRAEFIK,
  );
});

it("the guide removes all of it", async () => {
  await typeAll(guide.slice(removing), GUIDE);
});
