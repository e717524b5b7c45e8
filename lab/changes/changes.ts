import { LANGUAGES } from "../../model/languages";
import { configNode, settingsIn } from "../../settings/reference";
import { MIRRORED_IMAGE } from "../lab";
import { HOST_PATTERNS } from "../samples";

// Each setting, changed alone, and what an `up` would do then: docs/changes.md, as test/e2e/changes.test.ts measures it.

/** A place in the stack's file, such as `["maintenance", 0, "kind"]`. */
export type Path = readonly (string | number)[];

/** A change of one setting. */
export interface Change {
  readonly path: Path;
  /** The new value; `undefined` takes the setting out. */
  readonly to: unknown;
  /** What can't stay as it is beside it. */
  readonly also?: readonly Pick<Change, "path" | "to">[];
  /** The change in words, where the values are long. */
  readonly words?: string;
  /**
   * How it is asked for, where it takes away what answers visitors and so is refused: with `protect: false` in the same `up`, or
   * in one before it. Pulumi looks at the new value for what is replaced, and at the old one for what is deleted
   * (pkg/resource/deploy/step_generator.go in pulumi/pulumi).
   */
  readonly protectFalse?: "in the same `up`" | "in an `up` before it";
}

/** A stack's configuration, by setting. */
export type Configuration = Readonly<Record<string, unknown>>;

/** What only a run knows: it stands in the values below by these names, and so it does in the document. */
export const HERE = {
  context: "<a context of the cluster>",
  clusterName: "<the cluster's name>",
  edge: "<the edge's address>",
  store: "<the store's address>",
  pages: "<the bucket's address in the cluster>",
  server: "<the API server's address>",
  certificate: "<a certificate authority>",
  kubeconfigText: "<the kubeconfig's text>",
  kubeconfigPath: "<the same kubeconfig's path>",
  anotherKubeconfig: "<another kubeconfig's text, with another user and another authority>",
  anotherContext: "<another context of the cluster>",
  repository: "<a chart repository>",
  anotherRepository: "<another chart repository>",
  secret: "<a secret>",
  anotherSecret: "<another secret>",
  secretUrl: "<a secret URL>",
  anotherSecretUrl: "<another secret URL>",
} as const;

/** In the folder of the program: the chart, and the instances of an `instancesDirectory`. */
export const FOLDERS = { chart: "charts/ingress-nginx", instances: "tutor-instances" } as const;

/** The two versions of the chart that the repositories have. */
export const CHART_VERSIONS = { from: "4.11.0", to: "4.11.1" } as const;

/** A second Service of acme's. */
export const ANOTHER_SERVICE = "web";

/** A language that the stack lacks. */
export const ANOTHER_LANGUAGE = "vi";

// The controller is a process beside the cluster there, so the chart's has no pods, and nothing that is there already.
const VALUES = {
  rbac: { create: false },
  controller: {
    replicaCount: 0,
    admissionWebhooks: { enabled: false },
    ingressClassResource: { enabled: false },
    service: { type: "ClusterIP" },
  },
};

const LANGUAGES_BEFORE = LANGUAGES.filter((language) => language !== ANOTHER_LANGUAGE);

const ACME = {
  instance: "acme",
  kind: "scheduled",
  from: "2026-01-01T00:00:00Z",
  until: "2099-01-01T00:00:00Z",
  message: "We’re upgrading.",
  ends: "manually",
  bypass: true,
};

/** A Gateway of the cluster. */
export const PARENT = { name: "edge", namespace: "gateways" };

/** What the changes are made to: everything that has a resource of its own is there. */
export const BASE: Configuration = {
  kubernetes: { context: HERE.context, clusterName: HERE.clusterName, kubeconfig: HERE.kubeconfigText },
  bucket: { profile: "s3-compatible", name: "maintenance-pages", endpoint: HERE.store, readUrl: HERE.pages },
  instances: { acme: { title: "Acme" }, beta: {}, gamma: {}, delta: {} },
  hostPatterns: [...HOST_PATTERNS],
  maintenance: [ACME, "gamma"],
  maintenanceLimit: 3,
  // Nothing is sent by an `up` itself.
  notify: [
    { kind: "webhook", url: "https://hooks.example.org/a", secret: { secure: HERE.secret } },
    { kind: "slack", url: { secure: HERE.secretUrl } },
    {
      kind: "alertmanager",
      url: "https://alertmanager.example.org",
      username: "maintenance",
      password: { secure: HERE.secret },
    },
  ],
  bypassSecret: { secure: HERE.secret },
  languages: LANGUAGES_BEFORE,
  links: { status: "https://status.example.org", contact: "help@example.org" },
  feed: true,
  edges: {
    default: {
      kind: "ingress-nginx",
      address: HERE.edge,
      install: true,
      version: CHART_VERSIONS.from,
      repository: HERE.repository,
      releaseName: "edge",
      values: VALUES,
    },
    traefik: { kind: "traefik" },
    gateway: { kind: "gateway-api", parentRefs: [PARENT] },
  },
  admissionPolicy: true,
};

/** One or more changes of each setting, in the schema's order, and of the lists that people edit most. */
export const CHANGES: readonly Change[] = [
  { path: ["instances", "epsilon"], to: {}, words: "one more: `epsilon: {}`" },
  { path: ["instances", "acme", "hosts"], to: ["acme.localhost", "www.acme.localhost"] },
  { path: ["instances", "acme", "title"], to: "Acme University" },
  { path: ["instances", "acme", "service", "name"], to: ANOTHER_SERVICE },
  { path: ["instances", "acme", "service", "namespace"], to: "beta" },
  { path: ["instances", "acme", "service", "port"], to: "http" },
  { path: ["instances", "acme", "edges"], to: ["default"] },
  { path: ["instancesDirectory"], to: FOLDERS.instances },
  { path: ["hostPatterns"], to: [...HOST_PATTERNS, "apps.{instance}.localhost"] },
  { path: ["maintenance", 2], to: "beta", words: 'one more: `"beta"`' },
  { path: ["maintenance", 1], to: undefined, words: 'one less: `"gamma"`' },
  { path: ["maintenance", 0, "instance"], to: "beta" },
  { path: ["maintenance", 0, "kind"], to: "unscheduled" },
  { path: ["maintenance", 0, "from"], to: "2026-01-02T00:00:00Z" },
  { path: ["maintenance", 0, "until"], to: "2099-01-02T00:00:00Z" },
  { path: ["maintenance", 0, "message"], to: "We’re still upgrading." },
  { path: ["maintenance", 0, "ends"], to: "automatically" },
  { path: ["maintenance", 0, "bypass"], to: false },
  { path: ["maintenanceLimit"], to: 2 },
  { path: ["provisioning"], to: ["delta"] },
  { path: ["timeZone"], to: "Europe/Berlin" },
  { path: ["links", "status"], to: "https://status.example.net" },
  { path: ["links", "contact"], to: "support@example.org" },
  {
    path: ["languages"],
    to: [...LANGUAGES_BEFORE, ANOTHER_LANGUAGE],
    words: `one more: \`${JSON.stringify(ANOTHER_LANGUAGE)}\``,
  },
  { path: ["languages"], to: LANGUAGES_BEFORE.filter((one) => one !== "ar"), words: 'one less: `"ar"`' },
  { path: ["theme", "accent"], to: "#006644" },
  { path: ["theme", "background"], to: "#f2f5f3" },
  { path: ["theme", "surface"], to: "#fffffe" },
  { path: ["theme", "text"], to: "#1b1f1d" },
  { path: ["theme", "muted"], to: "#56605a" },
  { path: ["theme", "line"], to: "#d5ddd8" },
  { path: ["theme", "font"], to: "Georgia, serif" },
  { path: ["theme", "radius"], to: "0.25rem" },
  { path: ["theme", "dark", "accent"], to: "#5fd3a0" },
  { path: ["theme", "dark", "background"], to: "#101513" },
  { path: ["theme", "dark", "surface"], to: "#181f1c" },
  { path: ["theme", "dark", "text"], to: "#e8eeea" },
  { path: ["theme", "dark", "muted"], to: "#a3b0a9" },
  { path: ["theme", "dark", "line"], to: "#33403a" },
  { path: ["feed"], to: false },
  { path: ["forgottenAfter"], to: 48 },
  {
    path: ["notify", 2],
    to: undefined,
    words: "one less: `alertmanager`",
  },
  {
    path: ["notify", 0, "kind"],
    to: "slack",
    also: [
      { path: ["notify", 0, "secret"], to: undefined },
      { path: ["notify", 0, "url"], to: { secure: HERE.secretUrl } },
    ],
    words: '`"webhook"` → `"slack"`, with its `url`',
  },
  { path: ["notify", 0, "url"], to: "https://hooks.example.org/b" },
  { path: ["notify", 0, "secret", "secure"], to: HERE.anotherSecret, words: "another secret" },
  { path: ["notify", 1, "url", "secure"], to: HERE.anotherSecretUrl, words: "another secret URL" },
  { path: ["notify", 2, "matchers"], to: { job: "{instance}" } },
  { path: ["notify", 2, "openEndedFor"], to: 120 },
  {
    path: ["notify", 2, "bearerToken"],
    to: { secure: HERE.secret },
    also: [
      { path: ["notify", 2, "username"], to: undefined },
      { path: ["notify", 2, "password"], to: undefined },
    ],
    words: "a secret, in the place of `username` and `password`",
  },
  { path: ["notify", 2, "username"], to: "another" },
  { path: ["notify", 2, "password", "secure"], to: HERE.anotherSecret, words: "another secret" },
  { path: ["bypassSecret", "secure"], to: HERE.anotherSecret, words: "another secret" },
  { path: ["retryAfter"], to: 600 },
  {
    path: ["bucket", "profile"],
    to: "aws",
    also: [
      { path: ["bucket", "region"], to: "us-east-1" },
      { path: ["bucket", "endpoint"], to: undefined },
    ],
  },
  { path: ["bucket", "name"], to: "another-bucket" },
  { path: ["bucket", "region"], to: "eu-central-1" },
  {
    path: ["bucket", "accountId"],
    to: "123456789012",
    also: [
      { path: ["bucket", "profile"], to: "aws" },
      { path: ["bucket", "region"], to: "us-east-1" },
      { path: ["bucket", "endpoint"], to: undefined },
    ],
    words: '`"123456789012"`, with `bucket.profile: aws`',
  },
  { path: ["bucket", "readUrl"], to: "https://pages.example.org" },
  { path: ["bucket", "publicPolicy"], to: false },
  { path: ["bucket", "certificateAuthority"], to: HERE.certificate },
  { path: ["bucket", "endpoint"], to: "https://s3.example.org" },
  { path: ["bucket", "pathStyle"], to: false },
  {
    path: ["edges", "old"],
    to: { kind: "ingress-nginx", className: "old" },
    words: "one more: `old: { kind: ingress-nginx, className: old }`",
  },
  { path: ["edges", "default", "address"], to: "https://203.0.113.10" },
  { path: ["edges", "default", "install"], to: false, protectFalse: "in an `up` before it" },
  { path: ["edges", "default", "version"], to: CHART_VERSIONS.to },
  { path: ["edges", "default", "chart"], to: FOLDERS.chart },
  { path: ["edges", "default", "repository"], to: HERE.anotherRepository },
  { path: ["edges", "default", "releaseName"], to: "another", protectFalse: "in the same `up`" },
  { path: ["edges", "default", "namespace"], to: "another", protectFalse: "in the same `up`" },
  { path: ["edges", "default", "className"], to: "another" },
  { path: ["edges", "default", "hostNetwork"], to: true },
  { path: ["edges", "default", "gatewayErrors"], to: false },
  {
    path: ["edges", "default", "values"],
    to: { ...VALUES, controller: { ...VALUES.controller, config: { "use-gzip": "true" } } },
    words: 'one more: `controller.config.use-gzip: "true"`',
  },
  {
    path: ["edges", "new"],
    to: { kind: "traefik", namespace: "new" },
    words: "one more: `new: { kind: traefik, namespace: new }`",
  },
  { path: ["edges", "traefik"], to: undefined, words: "one less: `traefik`", protectFalse: "in an `up` before it" },
  { path: ["edges", "traefik", "entryPoints"], to: ["websecure"] },
  { path: ["edges", "traefik", "routersWithTls"], to: ["websecure"] },
  { path: ["edges", "traefik", "ingressClass"], to: "outer" },
  { path: ["edges", "traefik", "bypassAddresses"], to: ["203.0.113.0/24"] },
  { path: ["edges", "gateway"], to: undefined, words: "one less: `gateway`", protectFalse: "in an `up` before it" },
  { path: ["edges", "gateway", "implementation"], to: "istio" },
  { path: ["edges", "gateway", "parentRefs"], to: [PARENT, { ...PARENT, name: "inner" }], words: "one more" },
  { path: ["edges", "gateway", "parentRefs", 0, "kind"], to: "ListenerSet" },
  { path: ["edges", "gateway", "parentRefs", 0, "name"], to: "another" },
  { path: ["edges", "gateway", "parentRefs", 0, "namespace"], to: "another" },
  { path: ["edges", "gateway", "parentRefs", 0, "sectionName"], to: "https" },
  { path: ["edges", "gateway", "parentRefs", 0, "port"], to: 443 },
  { path: ["admissionPolicy"], to: false },
  { path: ["pageServer", "namespace"], to: "another", protectFalse: "in the same `up`" },
  { path: ["pageServer", "image"], to: MIRRORED_IMAGE },
  { path: ["pageServer", "replicas"], to: 3 },
  { path: ["pageServer", "pod", "tolerations"], to: [{ key: "edge", operator: "Exists" }] },
  { path: ["pageServer", "pod", "nodeSelector"], to: { "kubernetes.io/os": "linux" } },
  { path: ["pageServer", "pod", "affinity"], to: { nodeAffinity: {} } },
  { path: ["pageServer", "pod", "imagePullSecrets"], to: ["registry"] },
  { path: ["pageServer", "pod", "priorityClassName"], to: "system-cluster-critical" },
  { path: ["pageServer", "pod", "resources", "requests"], to: { cpu: "50m" } },
  { path: ["pageServer", "pod", "resources", "limits"], to: { cpu: "1" } },
  { path: ["kubernetes", "context"], to: HERE.anotherContext },
  { path: ["kubernetes", "kubeconfig"], to: HERE.kubeconfigPath },
  { path: ["kubernetes", "kubeconfig"], to: HERE.anotherKubeconfig },
  { path: ["kubernetes", "kubeconfig"], to: undefined },
  { path: ["kubernetes", "clusterName"], to: undefined },
  { path: ["kubernetes", "server"], to: HERE.server },
  { path: ["protect"], to: false },
];

/** What has a name of its own in the schema and nothing inside that has: `maintenance[].kind`, `instances.<name>.hosts`. */
export function leafSettings(): readonly string[] {
  return SETTINGS.filter(
    (path) => path !== ONLY_KIND && !SETTINGS.some((one) => one.startsWith(`${path}.`) || one.startsWith(`${path}[`)),
  );
}

// There is no other value to change it to.
const ONLY_KIND = "edges.<name>.kind";

// Parts of a pod's specification: they go into the Deployment as they are written.
const PARTS_OF_PODS = /^pageServer\.pod\.(?:tolerations|affinity)[.[]/;

const SETTINGS: readonly string[] = [
  ...new Set(
    Object.entries(configNode().properties ?? {}).flatMap(([name, node]) => [
      name,
      ...settingsIn(name, node).map(({ path }) => path),
    ]),
  ),
].filter((path) => !PARTS_OF_PODS.test(path));

/**
 * The setting at a place of the stack's file, by its name in the schema; `undefined` when there is none.
 *
 * @example
 * settingAt(["instances", "acme", "hosts"]); // "instances.<name>.hosts"
 */
export function settingAt(path: Path): string | undefined {
  let found = "";
  for (const step of path) {
    const names =
      typeof step === "number" ? [`${found}[]`] : [found === "" ? step : `${found}.${step}`, `${found}.<name>`];
    const next = names.find((name) => SETTINGS.some((one) => one === name || one.startsWith(`${name}.`)));
    // An instance, an entry, or what is encrypted: a part of the setting so far.
    if (next === undefined) return SETTINGS.includes(found) ? found : undefined;
    found = next;
  }
  return SETTINGS.includes(found) ? found : found.replace(/(?:\[\]|\.<name>)$/, "");
}

/**
 * A configuration with a change made to it.
 *
 * @example
 * changed({ links: { status: "a" } }, { path: ["links", "status"], to: "b" }); // { links: { status: "b" } }
 */
export function changed(configuration: Configuration, { path, to, also = [] }: Change): Configuration {
  return [{ path, to }, ...also].reduce<Configuration>(
    (before, one) => at(before, one.path, one.to) as Configuration,
    configuration,
  );
}

/** A change that is asked for in the same `up`. */
export function asked(change: Change): Change {
  return { ...change, also: [...(change.also ?? []), { path: ["protect"], to: false }] };
}

function at(value: unknown, [key, ...rest]: Path, to: unknown): unknown {
  if (key === undefined) return to;
  if (typeof key === "number") {
    const list: readonly unknown[] = Array.isArray(value) ? value : [];
    const inner = at(list[key], rest, to);
    return [...list.slice(0, key), ...(inner === undefined ? [] : [inner]), ...list.slice(key + 1)];
  }
  const before = typeof value === "object" && value !== null ? value : {};
  const { [key]: old, ...others } = { ...before } as Record<string, unknown>;
  const inner = at(old, rest, to);
  return inner === undefined ? others : { ...before, [key]: inner };
}

/** A configuration with what the run knows in the places of HERE. */
export function filledIn(value: unknown, here: Readonly<Record<keyof typeof HERE, string>>): unknown {
  if (typeof value === "string") {
    return Object.entries(HERE).reduce(
      (text, [key, name]) => text.replaceAll(name, () => here[key as keyof typeof HERE]),
      value,
    );
  }
  if (Array.isArray(value)) return value.map((inner) => filledIn(inner, here));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, filledIn(inner, here)]));
}

/** What was tried, for people: `"a"` → `"b"`. */
export function wordsOf({ path, to, words }: Change, configuration: Configuration): string {
  if (words !== undefined) return words;
  const from = path.reduce<unknown>(
    (inner, key) => (typeof inner === "object" && inner !== null ? Reflect.get(inner, key) : undefined),
    configuration,
  );
  const shown = (value: unknown) => (value === undefined ? "nothing" : `\`${JSON.stringify(value)}\``);
  return `${shown(from)} → ${shown(to)}`;
}
