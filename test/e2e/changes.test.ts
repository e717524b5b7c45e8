import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { rootCertificates } from "node:tls";
import { KubeConfig } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { EXIT } from "../../cli/errors";
import { LanguageHost } from "../../cli/language-host";
import { PROJECT } from "../../cli/project";
import {
  ANOTHER_LANGUAGE,
  ANOTHER_SERVICE,
  asked,
  BASE,
  CHANGES,
  CHART_VERSIONS,
  type Change,
  changed,
  FOLDERS,
  filledIn,
  type HERE,
  settingAt,
  wordsOf,
} from "../../lab/changes/changes";
import { documentOf, partsIn, type Row } from "../../lab/changes/document";
import { effectOf, operationsOf, PROTECTED, takenAway } from "../../lab/changes/effects";
import { CLIENT_WORDS, edit, makeClient, PAGES_CHANGES } from "../../lab/changes/pages";
import { runCommand, tryCommand } from "../../lab/cluster/commands";
import { PageServerPods } from "../../lab/cluster/page-server-pods";
import { GATEWAY, gateway } from "../../lab/edges/gateway-api/objects";
import { type Lab, MIRRORED_IMAGE, startLab } from "../../lab/lab";
import { copyProject } from "../../lab/project-copy";
import { seeChanges } from "../../lab/scenario/seen";
import { type Preview, STACK } from "../../lab/stack";
import { type Answer, BROWSER, untilAnswer, visit } from "../../lab/traffic/visitor";
import { HOSTS, RIGHT, underLoad } from "../../lab/traffic/watch";
import { LANGUAGES } from "../../model/languages";
import { NAMESPACE } from "../../settings/read";
import { stackFileOf } from "../../settings/stack-file";

// What `pulumi up` would do after a change of one setting, for each setting, and of the files in pages/; and what visitors
// get while the most usual of these changes are made. docs/changes.md is what was seen. All of it is done with a copy of the
// project, whose files can be changed.

const DOCUMENT = join(PROJECT, "docs", "changes.md");

/** Visitors in a second, of three hosts together. */
const PER_SECOND = 200;

let folder: string;
let project: string;
let lab: Lab;
/** Runs the program for the previews. Each `up`, and each preview of a copy of the program, starts Node as Pulumi does. */
let host: LanguageHost;
let charts: Server;
let here: Record<keyof typeof HERE, string>;
/** The stack's file after the first `up`. */
let before: { readonly encryptionsalt: string };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "maintenance-pages-changes-"));
  // Helm's own folders, for the plugin that the engine starts.
  for (const name of ["CACHE", "CONFIG", "DATA"]) process.env[`HELM_${name}_HOME`] = join(folder, "helm", name);
  project = join(folder, "project");
  await makeProject(project);
  lab = await startLab({ report: (line) => console.log(line), project });
  const { stack, samples, cluster, tools, edge } = lab;
  if (cluster.embedded === undefined || tools === undefined) throw new Error("only on the embedded cluster");

  const chart = join(tools.ingressNginxModule, "charts", "ingress-nginx");
  charts = await startCharts(tools.binaries.helm, chart);
  symlinkSync(chart, join(project, FOLDERS.chart));
  await samples.apply(anotherService());
  // No Traefik and no Envoy Gateway run here: what is planned for their objects does not depend on them.
  await cluster.embedded.createTraefikTypes();
  await cluster.embedded.createGatewayApiTypes();
  await samples.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: GATEWAY.namespace } });
  await samples.apply(gateway());

  const { kubeconfig, context } = cluster.embedded;
  const config = withAnotherContext(kubeconfig);
  writeFileSync(kubeconfig, config.exportConfig());
  const copy = join(folder, "kubeconfig");
  writeFileSync(copy, config.exportConfig());
  const written = configurationIn(stackFileOf(project, STACK));
  const { port } = charts.address() as AddressInfo;
  here = {
    context,
    clusterName: cluster.clusterName,
    edge,
    // By a name, in front of which a bucket's can be.
    store: cluster.objectStore.endpoint.replace("127.0.0.1", "localhost"),
    pages: z.object({ readUrl: z.string() }).parse(written.bucket).readUrl,
    server: cluster.kube.config.getCurrentCluster()?.server ?? "",
    certificate: rootCertificates[0] ?? "",
    kubeconfigText: config.exportConfig(),
    kubeconfigPath: copy,
    anotherKubeconfig: withAnotherUser(config).exportConfig(),
    anotherContext: ANOTHER_CONTEXT,
    repository: `http://127.0.0.1:${port}/one`,
    anotherRepository: `http://127.0.0.1:${port}/another`,
    secret: await encrypted("a".repeat(32)),
    anotherSecret: await encrypted("b".repeat(32)),
    secretUrl: await encrypted("https://hooks.example.org/services/a"),
    anotherSecretUrl: await encrypted("https://hooks.example.org/services/b"),
  };
  before = z.object({ encryptionsalt: z.string() }).parse(parse(readFileSync(stackFileOf(project, STACK), "utf8")));
  writeFileSync(stackFileOf(project, STACK), fileWith(BASE));
  const up = await stack.up();
  expect(seeChanges(up)).toContain("create Release ingress-nginx-release");
  host = new LanguageHost(project, new Date(), { ...process.env, ...stack.environment });
});

afterAll(async () => {
  host?.stop();
  await lab?.stop();
  charts?.close();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

/** A copy of the project with what the changes name, and with its packages. */
async function makeProject(to: string): Promise<void> {
  await copyProject(to);
  symlinkSync(join(PROJECT, "node_modules"), join(to, "node_modules"));
  const instance = join(to, FOLDERS.instances, "zeta");
  mkdirSync(instance, { recursive: true });
  writeFileSync(join(instance, "config.yml"), "LMS_HOST: zeta.localhost\n");
  mkdirSync(join(to, FOLDERS.chart, ".."), { recursive: true });
}

/** Two repositories with the same two versions of a chart. */
async function startCharts(helm: string, chart: string): Promise<Server> {
  const files = join(folder, "charts");
  for (const version of Object.values(CHART_VERSIONS)) {
    await runCommand(helm, ["package", chart, "--version", version, "--destination", files]);
  }
  await runCommand(helm, ["repo", "index", files]);
  const server = createServer((request, response) => {
    const file = join(files, basename(request.url ?? ""));
    if (existsSync(file)) response.end(readFileSync(file));
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

const ANOTHER_CONTEXT = "another-context";

function withAnotherContext(kubeconfig: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const context = config.getContextObject(config.getCurrentContext());
  if (context === null) throw new Error("the kubeconfig has no current context");
  config.addContext({ ...context, name: ANOTHER_CONTEXT });
  return config;
}

/** The same cluster, as somebody else reaches it. */
function withAnotherUser(kubeconfig: KubeConfig): KubeConfig {
  const config = new KubeConfig();
  config.loadFromOptions({
    currentContext: kubeconfig.getCurrentContext(),
    contexts: kubeconfig.contexts.map((context) => ({ ...context, user: `another-${context.user}` })),
    users: kubeconfig.users.map((user) => ({ ...user, name: `another-${user.name}` })),
    clusters: kubeconfig.clusters.map(({ name, server }) => ({ name, server, skipTLSVerify: true })),
  });
  return config;
}

function anotherService() {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: ANOTHER_SERVICE, namespace: "acme" },
    spec: { selector: { "app.kubernetes.io/name": "caddy" }, ports: [{ name: "http", port: 80, targetPort: 8000 }] },
  };
}

/** As the stack encrypts it. */
async function encrypted(text: string): Promise<string> {
  const { stack } = lab;
  await stack.type(["config", "set", "--secret", "bypassSecret", text]);
  return z.object({ secure: z.string() }).parse(configurationIn(stackFileOf(project, STACK)).bypassSecret).secure;
}

function configurationIn(file: string): Readonly<Record<string, unknown>> {
  const { config } = z.object({ config: z.record(z.string(), z.unknown()) }).parse(parse(readFileSync(file, "utf8")));
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [key.replace(`${NAMESPACE}:`, ""), value]));
}

function fileWith(configuration: Readonly<Record<string, unknown>>): string {
  const entries = Object.entries(filledIn(configuration, here) as typeof configuration);
  const config = Object.fromEntries(entries.map(([key, value]) => [`${NAMESPACE}:${key}`, value]));
  // In quotes a time stays a text.
  return stringify({ ...before, config }, { defaultStringType: "QUOTE_DOUBLE", defaultKeyType: "PLAIN" });
}

let files = 0;

/** What an `up` would do after a change, by the program at `at`. */
async function previewOf(change: Change | undefined, at = project): Promise<Preview> {
  files += 1;
  const file = join(folder, `Pulumi.${files}.yaml`);
  writeFileSync(file, fileWith(change === undefined ? BASE : changed(BASE, change)));
  // A copy of the program is in no process's memory.
  return lab.stack.previewWith({ configFile: file, project: at, ...(at === project ? { host } : {}) });
}

/** The rows of the document's tables, as they were seen. */
const previewed: Row[] = [];
const applied: Row[] = [];

const nameOf = (change: Change) => `${settingAt(change.path)}, ${wordsOf(change, BASE)}`;

it("every resource has the URN that it always had: with another one, running stacks would replace it", async () => {
  const { deployment } = stateSchema.parse(JSON.parse(await lab.stack.type(["stack", "export"])));
  const urns = deployment.resources
    .map(({ urn }) => urn.replace(/^.*?::.*?::/, "").replace(/(::page-server-nginx-)[0-9a-f]+$/, "$1HASH"))
    .filter((urn) => !urn.includes(":BucketObjectv2::"));
  expect(`\n${[...new Set(urns)].sort().join("\n")}\n`).toMatchInlineSnapshot(`
    "
    maintenance-pages:index:AdmissionPolicies$kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy::admission-policy-httproute-hosts
    maintenance-pages:index:AdmissionPolicies$kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy::admission-policy-ingress-hosts
    maintenance-pages:index:AdmissionPolicies$kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy::admission-policy-ingress-paths
    maintenance-pages:index:AdmissionPolicies$kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy::admission-policy-ingress-priorities
    maintenance-pages:index:AdmissionPolicies$kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy::admission-policy-ingressroute-priorities
    maintenance-pages:index:AdmissionPolicies$kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding::admission-policy-httproute-hosts
    maintenance-pages:index:AdmissionPolicies$kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding::admission-policy-ingress-hosts
    maintenance-pages:index:AdmissionPolicies$kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding::admission-policy-ingress-paths
    maintenance-pages:index:AdmissionPolicies$kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding::admission-policy-ingress-priorities
    maintenance-pages:index:AdmissionPolicies$kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding::admission-policy-ingressroute-priorities
    maintenance-pages:index:AdmissionPolicies::admission-policy
    maintenance-pages:index:DestroyProtection::the-setting-protect
    maintenance-pages:index:DestroyProtection::the-setting-protect-of-overrides
    maintenance-pages:index:IngressController$kubernetes:helm.sh/v3:Release::ingress-nginx-release
    maintenance-pages:index:IngressController::ingress-nginx
    maintenance-pages:index:MaintenanceOverrides$kubernetes:core/v1:Service::bypass-acme
    maintenance-pages:index:MaintenanceOverrides$kubernetes:core/v1:Service::instance-acme
    maintenance-pages:index:MaintenanceOverrides$kubernetes:gateway.envoyproxy.io/v1alpha1:BackendTrafficPolicy::page-server-retry.gateway
    maintenance-pages:index:MaintenanceOverrides$kubernetes:gateway.networking.k8s.io/v1:HTTPRoute::bypass-acme.gateway
    maintenance-pages:index:MaintenanceOverrides$kubernetes:gateway.networking.k8s.io/v1:HTTPRoute::maintenance-acme.gateway
    maintenance-pages:index:MaintenanceOverrides$kubernetes:gateway.networking.k8s.io/v1:HTTPRoute::maintenance-gamma.gateway
    maintenance-pages:index:MaintenanceOverrides$kubernetes:gateway.networking.k8s.io/v1:HTTPRoute::page-server-not-found.gateway
    maintenance-pages:index:MaintenanceOverrides$kubernetes:gateway.networking.k8s.io/v1:HTTPRoute::page-server-self-test.gateway
    maintenance-pages:index:MaintenanceOverrides$kubernetes:networking.k8s.io/v1:Ingress::bypass-acme
    maintenance-pages:index:MaintenanceOverrides$kubernetes:networking.k8s.io/v1:Ingress::maintenance-acme
    maintenance-pages:index:MaintenanceOverrides$kubernetes:networking.k8s.io/v1:Ingress::maintenance-gamma
    maintenance-pages:index:MaintenanceOverrides$kubernetes:networking.k8s.io/v1:Ingress::page-server-self-test
    maintenance-pages:index:MaintenanceOverrides$kubernetes:networking.k8s.io/v1:Ingress::page-server-standby
    maintenance-pages:index:MaintenanceOverrides$kubernetes:traefik.io/v1alpha1:IngressRoute::bypass-acme.traefik
    maintenance-pages:index:MaintenanceOverrides$kubernetes:traefik.io/v1alpha1:IngressRoute::link-acme.traefik
    maintenance-pages:index:MaintenanceOverrides$kubernetes:traefik.io/v1alpha1:IngressRoute::maintenance-acme.traefik
    maintenance-pages:index:MaintenanceOverrides$kubernetes:traefik.io/v1alpha1:IngressRoute::maintenance-gamma.traefik
    maintenance-pages:index:MaintenanceOverrides$kubernetes:traefik.io/v1alpha1:IngressRoute::page-server-not-found.traefik
    maintenance-pages:index:MaintenanceOverrides$kubernetes:traefik.io/v1alpha1:IngressRoute::page-server-self-test.traefik
    maintenance-pages:index:MaintenanceOverrides$kubernetes:traefik.io/v1alpha1:Middleware::link-acme.traefik
    maintenance-pages:index:MaintenanceOverrides$kubernetes:traefik.io/v1alpha1:Middleware::maintenance-acme.traefik
    maintenance-pages:index:MaintenanceOverrides$kubernetes:traefik.io/v1alpha1:Middleware::maintenance-gamma.traefik
    maintenance-pages:index:MaintenanceOverrides$kubernetes:traefik.io/v1alpha1:Middleware::page-server-closed.traefik
    maintenance-pages:index:MaintenanceOverrides$kubernetes:traefik.io/v1alpha1:Middleware::page-server-retry.traefik
    maintenance-pages:index:MaintenanceOverrides$kubernetes:traefik.io/v1alpha1:Middleware::page-server-self-test.traefik
    maintenance-pages:index:MaintenanceOverrides$kubernetes:traefik.io/v1alpha1:ServersTransport::page-server-transport.traefik
    maintenance-pages:index:MaintenanceOverrides::maintenance
    maintenance-pages:index:MaintenanceOverrides::maintenance.gateway
    maintenance-pages:index:MaintenanceOverrides::maintenance.traefik
    maintenance-pages:index:PageServer$kubernetes:apps/v1:Deployment::page-server-deployment
    maintenance-pages:index:PageServer$kubernetes:core/v1:ConfigMap::page-server-nginx-HASH
    maintenance-pages:index:PageServer$kubernetes:core/v1:ConfigMap::page-server-pages
    maintenance-pages:index:PageServer$kubernetes:core/v1:Namespace::page-server-namespace
    maintenance-pages:index:PageServer$kubernetes:core/v1:Service::page-server-service
    maintenance-pages:index:PageServer$kubernetes:networking.k8s.io/v1:NetworkPolicy::page-server-network-policy
    maintenance-pages:index:PageServer$kubernetes:policy/v1:PodDisruptionBudget::page-server-disruption-budget
    maintenance-pages:index:PageServer::page-server
    maintenance-pages:index:PagesBucket$aws:s3/bucket:Bucket::pages
    maintenance-pages:index:PagesBucket$aws:s3/bucketPolicy:BucketPolicy::pages-policy
    maintenance-pages:index:PagesBucket::pages
    pulumi:providers:aws::store
    pulumi:providers:kubernetes::cluster
    pulumi:pulumi:Stack::maintenance-pages-local
    "
  `);
});

it("nothing is left to do before anything is changed", async () => {
  expect(await previewOf(undefined)).toStrictEqual({ planned: [], refusals: [] });
});

describe.concurrent("a change takes nothing away that answers visitors:", () => {
  const changes = CHANGES.map((change, index) => ({ change, index, name: nameOf(change) }));

  it.for(changes.filter(({ change }) => change.protectFalse === undefined))("$name", async ({ change, index }) => {
    const preview = await previewOf(change);
    expect(preview.refusals).toStrictEqual([]);
    expect(takenAway(preview)).toStrictEqual([]);
    previewed[index] = [
      `\`${settingAt(change.path)}\``,
      wordsOf(change, BASE),
      operationsOf(preview),
      effectOf(preview),
    ];
  });

  it.for(changes.filter(({ change }) => change.protectFalse !== undefined))(
    "$name, which is refused until it is asked for",
    async ({ change, index }) => {
      const refused = await previewOf(change);
      expectRefusal(refused);
      const preview = await previewOf(asked(change));
      // What is deleted goes after an `up` of its own: see below.
      if (change.protectFalse === "in the same `up`") expect(preview.refusals).toStrictEqual([]);
      else expectRefusal(preview);
      expect(takenAway(preview)).toStrictEqual(takenAway(refused));
      previewed[index] = [
        `\`${settingAt(change.path)}\``,
        wordsOf(change, BASE),
        `refused; with \`protect: false\` ${change.protectFalse}: ${operationsOf(preview)}`,
        effectOf(preview),
      ];
    },
  );

  it.for(PAGES_CHANGES.map((one, index) => ({ ...one, index: CHANGES.length + index })))(
    "$files, $words",
    async ({ files, words, make, index }) => {
      const copy = join(folder, `project-${index}`);
      await makeProject(copy);
      make(copy);
      const preview = await previewOf(undefined, copy);
      expect(preview.refusals).toStrictEqual([]);
      expect(takenAway(preview)).toStrictEqual([]);
      previewed[index] = [`\`${files}\``, words, operationsOf(preview), effectOf(preview)];
    },
  );
});

/** Each of what would be taken away and is protected is named, and that it is protected. */
function expectRefusal(preview: Preview): void {
  const names = takenAway(preview).filter((name) => PROTECTED.some((one) => one === name));
  expect(names).not.toStrictEqual([]);
  for (const name of names) {
    const [type, logicalName] = name.split(" ");
    const said = preview.refusals.filter((text) => text.includes(`:${type}::${logicalName}`));
    expect(said.join("\n"), name).toMatch(/protect/);
  }
}

it("the command says how what is refused is asked for", async () => {
  const [change] = CHANGES.filter(({ path }) => path.join(".") === "pageServer.namespace");
  if (change === undefined) throw new Error("no such change");
  const file = stackFileOf(project, STACK);
  writeFileSync(file, fileWith(changed(BASE, change)));
  try {
    const { code, output } = await tryCommand(
      process.execPath,
      [join(project, "cli", "maintenance.js"), "enable", "beta", "--yes"],
      { cwd: project, env: { ...process.env, ...lab.stack.environment }, timeoutSeconds: 240 },
    );
    expect(output).toContain("page-server-namespace");
    expect(output).toContain("pulumi config set protect false");
    expect(code).toBe(EXIT.refused);
  } finally {
    writeFileSync(file, fileWith(BASE));
  }
});

const stateSchema = z.object({
  deployment: z.object({
    resources: z.array(
      z.object({
        urn: z.string(),
        provider: z.string().default(""),
        propertyDependencies: z.record(z.string(), z.array(z.string()).nullable()).default({}),
      }),
    ),
  }),
});

it("no input in the cluster comes from the bucket's resources: another bucket, or another provider of it, replaces nothing there", async () => {
  const { deployment } = stateSchema.parse(JSON.parse(await lab.stack.type(["stack", "export"])));
  const fromStore = (urn: string) => /:aws:/.test(urn);
  const inCluster = deployment.resources.filter(({ provider }) => provider.includes("::cluster::"));
  const dependencies = inCluster.flatMap(({ propertyDependencies }) => Object.values(propertyDependencies).flat());
  expect(inCluster.length).toBeGreaterThan(0);
  expect(dependencies.length).toBeGreaterThan(0);
  expect(deployment.resources.filter(({ urn }) => fromStore(urn)).length).toBeGreaterThan(0);
  expect(dependencies.filter((urn) => urn !== null && fromStore(urn))).toStrictEqual([]);
});

describe("what is deleted goes", () => {
  const protect = async (value: boolean) => {
    await lab.stack.type(["config", "set", "protect", String(value)]);
    await lab.stack.up();
  };

  beforeAll(() => protect(false));
  afterAll(() => protect(true));

  it.for(CHANGES.filter(({ protectFalse }) => protectFalse === "in an `up` before it"))(
    "after an `up` with protect: false: $path.0 $path.1",
    async (change) => {
      const preview = await previewOf(asked(change));
      expect(preview.refusals).toStrictEqual([]);
      expect(takenAway(preview)).not.toStrictEqual([]);
    },
  );
});

interface Applied {
  readonly what: string;
  make(): unknown;
  /** Waits until visitors, or the cluster, have what is new. */
  seen(edge: string): Promise<unknown>;
}

const set = (path: string, value: string) => lab.stack.type(["config", "set", "--path", path, value]);

const asBrowser = (edge: string, host: string, headers = {}) =>
  visit(edge, host, "/", { headers: { ...BROWSER, ...headers } });

const untilPage = (edge: string, host: string, isNew: (answer: Answer) => boolean, headers = {}) =>
  untilAnswer(() => asBrowser(edge, host, headers), isNew, 90);

const NEW_WORDS = { scheduled: "We’re doing what we said we would", "not-found": "Nobody is at this address" } as const;

/** The most usual changes, one on top of the other. */
const APPLIED: readonly Applied[] = [
  {
    what: "two texts of `pages/languages/en.json`",
    make: () =>
      edit(join(project, "pages", "languages", "en.json"), (text) => {
        const strings = languageSchema.parse(JSON.parse(text));
        const { scheduled, "not-found": notFound } = strings;
        return JSON.stringify({
          ...strings,
          scheduled: { ...scheduled, heading: NEW_WORDS.scheduled },
          "not-found": { ...notFound, heading: NEW_WORDS["not-found"] },
        });
      }),
    async seen(edge) {
      await untilPage(edge, HOSTS.acme, ({ body }) => body.includes(NEW_WORDS.scheduled));
      await untilPage(edge, HOSTS.nobody, ({ body }) => body.includes(NEW_WORDS["not-found"]));
    },
  },
  {
    what: "a new folder in `pages/clients`",
    make: () => makeClient(project),
    seen: (edge) => untilPage(edge, HOSTS.acme, ({ body }) => body.includes(CLIENT_WORDS)),
  },
  {
    what: "`retryAfter`",
    make: () => set("retryAfter", "600"),
    // Its page has no window, whose end would be sent instead.
    seen: (edge) => untilPage(edge, "gamma.localhost", ({ headers }) => headers["retry-after"] === "600"),
  },
  {
    what: "a new language in `languages`",
    make: () => set(`languages[${LANGUAGES.length - 1}]`, ANOTHER_LANGUAGE),
    async seen(edge) {
      for (const host of [HOSTS.acme, HOSTS.nobody])
        await untilPage(edge, host, ({ headers }) => headers["content-language"] === ANOTHER_LANGUAGE, {
          "accept-language": ANOTHER_LANGUAGE,
        });
    },
  },
  {
    what: "`pageServer.image`",
    make: () => set("pageServer.image", MIRRORED_IMAGE),
    async seen() {
      const pods = z.array(podSchema).parse(await lab.samples.pods("maintenance-pages"));
      const images = pods.flatMap(({ spec }) => spec.containers.map(({ image }) => image));
      expect(new Set(images)).toStrictEqual(new Set([MIRRORED_IMAGE]));
    },
  },
];

const languageSchema = z.looseObject({
  scheduled: z.looseObject({ heading: z.string() }),
  "not-found": z.looseObject({ heading: z.string() }),
});

const podSchema = z.object({ spec: z.object({ containers: z.array(z.object({ image: z.string() })) }) });

describe(`${PER_SECOND} visitors a second, through an \`up\` after a change of`, () => {
  it.for(APPLIED)("$what", async ({ what, make, seen }) => {
    const { plain, encrypted } = edges();
    const pods = new PageServerPods(lab.cluster.kube);
    const { seen: done, got } = await underLoad(
      { plain, encrypted },
      RIGHT,
      async () => {
        await make();
        const up = await lab.stack.up();
        await pods.untilBothAnswer();
        await seen(plain);
        return seeChanges(up);
      },
      PER_SECOND / Object.keys(HOSTS).length,
    );
    expect(done).not.toBe("no change");
    for (const [host, { answers, wrong }] of Object.entries(got)) {
      expect(answers, host).toBeGreaterThan(0);
      expect(wrong, host).toStrictEqual({});
    }
    const answers = Object.values(got).reduce((sum, one) => sum + one.answers, 0);
    console.log(`${what}: ${answers} answers, none wrong`);
    applied.push([what, done, "0"]);
  });
});

function edges(): { readonly plain: string; readonly encrypted: string } {
  const edge = lab.cluster.embedded?.edge;
  if (edge === undefined) throw new Error("there is no edge");
  return { plain: edge.url, encrypted: edge.encryptedUrl };
}

it("docs/changes.md is what was seen (--update writes it)", async () => {
  expect(previewed.filter((row) => row !== undefined)).toHaveLength(CHANGES.length + PAGES_CHANGES.length);
  expect(applied).toHaveLength(APPLIED.length);
  // Another machine may have other parts of Pulumi, and they have to do the same. A document that is missing is written with these.
  const parts = existsSync(DOCUMENT) ? partsIn(readFileSync(DOCUMENT, "utf8")) : lab.pulumi.parts;
  await expect(documentOf({ parts, previewed, applied, perSecond: PER_SECOND })).toMatchFileSnapshot(DOCUMENT);
});
