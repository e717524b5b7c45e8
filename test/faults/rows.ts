import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { TraefikValues } from "../../components/edges/traefik/values";
import type { EmbeddedCluster } from "../../lab/cluster/embedded";
import type { PageServerPods } from "../../lab/cluster/page-server-pods";
import type { Edge } from "../../lab/edges/edge";
import type { EnvoyGateway } from "../../lab/edges/gateway-api/envoy-gateway";
import { gateway, LISTENERS } from "../../lab/edges/gateway-api/objects";
import type { EdgeKind, Lab } from "../../lab/lab";
import { CHALLENGE, hostsOf } from "../../lab/samples";
import { exactRoute } from "../../lab/scenario/gateway-api";
import { disable, enable } from "../../lab/scenario/maintenance";
import { everyHostIs, inWordsOf, isPageOf, seeChanges } from "../../lab/scenario/seen";
import { untilAnswer, visit } from "../../lab/traffic/visitor";
import { HOSTS, type Right, type Watched } from "../../lab/traffic/watch";
import type { BucketMode, FailingBucket } from "./bucket";

/** What a row works on. */
export interface Scene {
  readonly lab: Lab;
  readonly cluster: EmbeddedCluster;
  readonly edge: Edge;
  readonly pods: PageServerPods;
  readonly bucket: FailingBucket;
}

/** Something that goes wrong, or is done, while visitors come. */
export interface Row {
  readonly what: string;
  /** What has to be seen, apart from what visitors get. */
  readonly expected: string;
  /** The kinds of edges that it is about. @default all of them */
  readonly kind?: EdgeKind | readonly EdgeKind[];
  /** Which answers are right. @default acme's page, beta's own, the not-found page */
  readonly right?: Partial<Right>;
  /** Why visitors can't all be answered rightly, where that is so. */
  readonly unless?: string;
  /** For whom that is so. @default all of them */
  readonly unlessFor?: readonly Watched[];
  /** The most of their answers that may be wrong, as a share of 1. @default 1 */
  readonly unlessShare?: number;
  /** Starts the edge that the visitors use instead of the first one; it is stopped after the row. */
  readonly at?: (scene: Scene) => Promise<Edge>;
  /** Does it, and says what was seen in the words of `expected`. */
  run(scene: Scene): Promise<string>;
}

const CHANGING = { acme: ["own", "page"] } as const;

const DONE = "done";

const enableAcme = async ({ lab }: Scene) => seeChanges(await enable(lab, "acme"));
const disableAcme = async ({ lab }: Scene) => seeChanges(await disable(lab, "acme"));

/** Waits until the one path that the override leaves to acme answers so: whatever was done to acme has arrived then. */
async function acmeItself(edge: string, status: number): Promise<void> {
  const ask = () => visit(edge, HOSTS.acme, CHALLENGE);
  await untilAnswer(ask, (answer) => answer.status === status, 60);
}

/** One of the two page server pods ends without a moment to finish. */
function podThatEnds(what: string, end: (scene: Scene, pod: string) => Promise<void>): readonly Row[] {
  const run = async (scene: Scene) => {
    const [first = ""] = await scene.pods.names();
    await end(scene, first);
    await scene.pods.untilBothAnswer();
    return DONE;
  };
  return [
    {
      what,
      kind: "ingress-nginx",
      expected: DONE,
      unless: "for hosts that nobody owns ingress-nginx tries three times, and may meet the same pod each time",
      unlessFor: ["nobody"],
      unlessShare: 0.02,
      run,
    },
    {
      what,
      kind: "traefik",
      expected: DONE,
      unless: "Traefik does not send a request again that the pod had received",
      unlessFor: ["acme", "nobody"],
      unlessShare: 0.005,
      run,
    },
    { what, kind: "gateway-api", expected: DONE, run },
  ];
}

/** A time in which the bucket fails: with what was cached, and then with a pod that begins without. */
function bucketThatIs(mode: BucketMode, what: string, seconds: number): Row {
  return {
    what: `the bucket ${what} for ${seconds} s, in which a page server pod begins anew`,
    expected: DONE,
    async run({ bucket, pods }) {
      await bucket.become(mode);
      await sleep((seconds / 2) * 1000);
      const [first = ""] = await pods.names();
      await pods.delete(first);
      await Promise.all([pods.untilBothAnswer(), sleep((seconds / 2) * 1000)]);
      await bucket.become("up");
      await sleep(6000); // what was cached meanwhile is asked for again after 5 s
      return DONE;
    },
  };
}

/**
 * How long the API server is down, in seconds. After a longer time the controller manager may be back too late: its watch asks
 * again after up to a minute then, it takes a node for dead whose lease it has not seen renewed for 50 s, and takes the node's pods
 * out of every Service, so that nothing in the cluster has anybody who answers. 20 s have done that in one run, and not in others.
 * See `NewReflectorWithOptions` in client-go's tools/cache/reflector.go, and `--node-monitor-grace-period`.
 */
export const API_SERVER_DOWN = 10;

// Parts of the whole, since a machine takes two seconds for it and another one ten; not the last third, which varies from run to run.
const MOMENTS = [0.1, 0.2, 0.3, 0.45, 0.6] as const;

export const rows: readonly Row[] = [
  { what: "enable", expected: "create override maintenance-acme", right: CHANGING, run: enableAcme },
  { what: "disable", expected: "delete override maintenance-acme", right: CHANGING, run: disableAcme },
  {
    what: "enabled and disabled ten times in a row",
    expected: "20 ups, each of one override",
    right: CHANGING,
    async run(scene) {
      const seen = new Set<string>();
      for (let round = 0; round < 10; round += 1) {
        seen.add(await enableAcme(scene));
        seen.add(await disableAcme(scene));
      }
      const each = ["create override maintenance-acme", "delete override maintenance-acme"];
      const inWords = (texts: readonly string[]) =>
        [...new Set(texts.map((text) => inWordsOf(scene.lab.here.kind, text)))].sort().join("; ");
      return inWords([...seen]) === inWords(each) ? "20 ups, each of one override" : [...seen].join("; ");
    },
  },
  { what: "enable, to stay", expected: "create override maintenance-acme", right: CHANGING, run: enableAcme },
  ...podThatEnds("a page server pod is deleted without a moment to finish", ({ pods }, pod) => pods.delete(pod)),
  ...podThatEnds("a page server's nginx is killed (SIGKILL)", async ({ pods }, pod) => {
    pods.kill(pod);
    await sleep(2000);
  }),
  {
    what: "a page server pod's network is gone, as when its node vanishes",
    expected: DONE,
    unless: "requests on connections that were open before wait for the pod, in vain",
    unlessFor: ["acme", "nobody"],
    unlessShare: 0.02,
    async run({ pods }) {
      const [first = ""] = await pods.names();
      await pods.cutOff(first);
      await sleep(15_000); // the kubelet's probe finds out within 10 s
      await pods.delete(first);
      await pods.untilBothAnswer();
      return DONE;
    },
  },
  {
    what: "both page server pods are killed at once (SIGKILL)",
    expected: DONE,
    unless: "nobody is there to answer until the kubelet has started one again",
    unlessFor: ["acme", "nobody"],
    async run({ pods }) {
      for (const name of await pods.names()) pods.kill(name);
      await sleep(2000);
      await pods.untilBothAnswer();
      return DONE;
    },
  },
  {
    what: "the node of both pods is drained (there is one node)",
    expected: "the first pod's eviction 201, the second's 429",
    async run({ pods }) {
      const [first = "", second = ""] = await pods.names();
      await pods.schedule(false);
      try {
        const evicted = await pods.evict(first);
        await sleep(8000);
        const kept = await pods.evict(second);
        return `the first pod's eviction ${evicted}, the second's ${kept}`;
      } finally {
        await pods.schedule(true);
        await pods.untilBothAnswer();
      }
    },
  },
  {
    what: "the page server is rolled by a change of its configuration",
    expected: "create ConfigMap, delete ConfigMap, update Deployment page-server-deployment",
    async run({ lab: { stack }, pods }) {
      await stack.type(["config", "set", "retryAfter", "600"]);
      const up = await stack.up();
      await pods.untilBothAnswer();
      return seeChanges(up);
    },
  },
  bucketThatIs("down", "is down", 60),
  bucketThatIs("slow", "takes 3 s for an answer", 20),
  bucketThatIs("forbidden", "answers 403", 20),
  bucketThatIs("failing", "answers 500 with a page of its own", 20),
  bucketThatIs("a stranger", "is a stranger, who answers 200 with a page of his own", 20),
  {
    what: "the bucket's name resolves no longer, and every pod begins anew",
    expected: "served",
    async run({ lab: { stack, edge }, bucket, pods }) {
      const set = (address: string) => stack.type(["config", "set", "--path", "bucket.readUrl", address]);
      await set("http://nobody.invalid/maintenance-pages");
      await stack.up();
      await pods.untilBothAnswer();
      const source = (await visit(edge, HOSTS.acme)).headers["x-maintenance-page"];
      await set(`${bucket.address}/maintenance-pages`);
      await stack.up();
      await pods.untilBothAnswer();
      return String(source).endsWith("source=embedded") ? "served" : String(source);
    },
  },
  {
    what: "the controller is killed and started again",
    expected: DONE,
    unless: "there is one controller, so nobody is there until it has started again",
    async run({ edge }) {
      await edge.stop();
      await edge.start();
      return DONE;
    },
  },
  {
    what: `the API server is down for ${API_SERVER_DOWN} s`,
    expected: DONE,
    async run({ cluster }) {
      await cluster.apiServer.stop();
      await sleep(API_SERVER_DOWN * 1000);
      await cluster.apiServer.start();
      await sleep(5000);
      return DONE;
    },
  },
  {
    what: "acme is scaled to zero, and back",
    expected: DONE,
    async run({ lab: { samples, edge } }) {
      await samples.scale("acme", 0);
      await acmeItself(edge, 503);
      await sleep(5000);
      await samples.scale("acme", 1);
      await acmeItself(edge, 200);
      return DONE;
    },
  },
  {
    what: "acme's Ingress is deleted, and created again",
    expected: DONE,
    async run({ lab: { samples, edge } }) {
      await samples.deleteIngress("acme");
      await acmeItself(edge, 404);
      await sleep(5000);
      await samples.createIngress("acme");
      await acmeItself(edge, 200);
      return DONE;
    },
  },
  {
    what: "acme's Ingress is changed to 30 paths and a regular expression of 250 characters",
    kind: "ingress-nginx",
    expected: DONE,
    async run({ lab: { samples } }) {
      await samples.apply(withManyPaths());
      await sleep(8000);
      await samples.delete(withManyPaths());
      await sleep(5000);
      return DONE;
    },
  },
  {
    what: "the override's Middleware is deleted by hand, and made again by ci/up.sh",
    kind: "traefik",
    expected: "done, by ci/up.sh",
    unless: "Traefik drops the route of the page, and the closing route answers",
    unlessFor: ["acme"],
    async run({ lab: { samples, stack, edge } }) {
      const metadata = { name: "maintenance-acme", namespace: "maintenance-pages" };
      await samples.delete({ apiVersion: "traefik.io/v1alpha1", kind: "Middleware", metadata });
      await sleep(5000);
      await stack.script("up.sh");
      await everyHostIs("acme", isPageOf("acme"), edge);
      return "done, by ci/up.sh";
    },
  },
  {
    what: "an Exact path is added to acme's own routes, and ci/up.sh takes it over",
    kind: "gateway-api",
    expected: "open, and named by status; then the page",
    run: pathIsAdded,
  },
  {
    what: "the Gateway's listeners change: another one, and one that admits other namespaces by label",
    kind: "gateway-api",
    expected: DONE,
    async run({ lab: { samples } }) {
      const allowedRoutes = { namespaces: { from: "Selector", selector: { matchExpressions: [ANY_NAMESPACE] } } };
      const inner = { name: "inner", protocol: "HTTP", port: 8080, allowedRoutes };
      await samples.apply(gateway([...LISTENERS.map((listener) => ({ ...listener, allowedRoutes })), inner]));
      await sleep(8000);
      await samples.apply(gateway());
      await sleep(5000);
      return DONE;
    },
  },
  {
    what: "Envoy Gateway is down for 20 s, and Envoy is not",
    kind: "gateway-api",
    expected: DONE,
    async run({ edge }) {
      const controller = controllerOf(edge);
      await controller.stopController();
      await sleep(20_000);
      await controller.startController();
      await sleep(10_000);
      return DONE;
    },
  },
  {
    what: "the override's HTTPRoute is deleted by hand, and made again by ci/up.sh",
    kind: "gateway-api",
    expected: "done, by ci/up.sh",
    right: CHANGING,
    unless: "Envoy Gateway takes the way to the page server from Envoy before the route",
    unlessFor: ["acme"],
    unlessShare: 0.01,
    async run({ lab: { samples, stack, edge } }) {
      const metadata = { name: "maintenance-acme", namespace: "maintenance-pages" };
      await samples.delete({ apiVersion: "gateway.networking.k8s.io/v1", kind: "HTTPRoute", metadata });
      await sleep(5000);
      await stack.script("up.sh");
      await everyHostIs("acme", isPageOf("acme"), edge);
      return "done, by ci/up.sh";
    },
  },
  {
    what: "the page server is scaled to zero, and back",
    expected: DONE,
    unless: "nobody is there to answer",
    unlessFor: ["acme", "nobody"],
    run: withoutPageServer,
  },
  {
    what: "the same at a Traefik with allowEmptyServices: false",
    kind: "traefik",
    expected: DONE,
    unless: "nobody is there to answer",
    unlessFor: ["acme", "nobody"],
    at: (scene) => anotherTraefik(scene, 1, { "providers.kubernetesCRD.allowEmptyServices": "false" }),
    run: withoutPageServer,
  },
  {
    what: "disable and enable, at a second replica of Traefik",
    kind: "traefik",
    expected: "delete override maintenance-acme, then create override maintenance-acme",
    right: CHANGING,
    at: (scene) => anotherTraefik(scene, 2),
    run: async (scene) => `${await disableAcme(scene)}, then ${await enableAcme(scene)}`,
  },
  {
    what: "beta, which is healthy, is scaled to zero, and back",
    kind: "ingress-nginx",
    expected: DONE,
    right: { beta: ["own", "50x"] },
    unless: "beta's pod has no time to finish, so who is on the way to it as it ends may get no answer",
    unlessFor: ["beta"],
    unlessShare: 0.01,
    run: withoutBeta,
  },
  {
    what: "beta, which is healthy, is scaled to zero, and back",
    kind: ["traefik", "gateway-api"],
    expected: DONE,
    unless: "the controller itself answers for an instance without pods",
    unlessFor: ["beta"],
    run: withoutBeta,
  },
  {
    what: `disable, and up is killed (SIGKILL) after ${MOMENTS.map((moment) => 100 * moment).join(", ")} % of the time that enabling takes, and run again each time`,
    expected: "each converges: in maintenance, one override; then open, none",
    right: CHANGING,
    run: killedUps,
  },
  {
    what: "two ups at once",
    expected: "one is refused as the stack is locked; in maintenance",
    right: CHANGING,
    async run(scene) {
      await setMaintenance(scene);
      const both = [startUp(scene), startUp(scene)];
      const ended = await Promise.all(both.map(endOf));
      const refused = ended.filter(({ code, output }) => code !== 0 && /locked/.test(output)).length;
      await everyHostIs("acme", isPageOf("acme"), scene.lab.edge);
      return `${refused === 1 ? "one is" : `${refused} are`} refused as the stack is locked; in maintenance`;
    },
  },
  {
    what: "disable, and destroy",
    expected: "nothing is left",
    right: { ...CHANGING, nobody: ["not-found"] },
    unless: "hosts that nobody owns have no page any more",
    unlessFor: ["nobody"],
    async run(scene) {
      await disableAcme(scene);
      const { stack, samples } = scene.lab;
      await stack.destroy();
      const left = await samples.left("maintenance-pages");
      return left.length === 0 ? "nothing is left" : left.join(", ");
    },
  },
];

async function withoutPageServer({ pods }: Scene): Promise<string> {
  await pods.scale(0);
  await pods.untilReady(0);
  await sleep(5000);
  await pods.scale(2);
  await pods.untilBothAnswer();
  return DONE;
}

async function withoutBeta({ lab: { samples, edge } }: Scene): Promise<string> {
  await samples.scale("beta", 0);
  await untilAnswer(
    () => visit(edge, HOSTS.beta),
    ({ status }) => status === 503,
  );
  await sleep(5000);
  await samples.scale("beta", 1);
  await untilAnswer(
    () => visit(edge, HOSTS.beta),
    ({ status }) => status === 200,
    60,
  );
  return DONE;
}

async function anotherTraefik({ lab, cluster }: Scene, number: number, options = {}): Promise<Edge> {
  return cluster.startTraefik(await lab.stack.helmValues<TraefikValues>(lab.here.name), { number, options });
}

async function killedUps(scene: Scene): Promise<string> {
  const seen: string[] = [];
  await disableAcme(scene);
  await setMaintenance(scene);
  const begin = Date.now();
  await endOf(startUp(scene));
  const whole = Date.now() - begin;
  for (const moment of MOMENTS) {
    const when = `after ${100 * moment} %`;
    await disableAcme(scene);
    await setMaintenance(scene);
    const up = startUp(scene);
    const ended = endOf(up);
    await sleep(moment * whole);
    if (up.pid !== undefined && up.exitCode === null) process.kill(-up.pid, "SIGKILL");
    else seen.push(`${when}: it had ended`);
    await ended;
    // A killed run leaves the lock behind. Pulumi says so, and how to remove it.
    await scene.lab.stack.type(["cancel", "--yes"]);
    await scene.lab.stack.up();
    await everyHostIs("acme", isPageOf("acme"), scene.lab.edge);
    const enabled = await overrides(scene);
    await disableAcme(scene);
    const disabled = await overrides(scene);
    if (enabled !== 1 || disabled !== 0) seen.push(`${when}: ${enabled} overrides, then ${disabled}`);
    if ((await scene.lab.stack.up()).changes.length > 0) seen.push(`${when}: not converged`);
  }
  return seen.length === 0 ? "each converges: in maintenance, one override; then open, none" : seen.join("; ");
}

async function overrides({ lab: { samples } }: Scene): Promise<number> {
  const left = await samples.left("maintenance-pages");
  const routes = await samples.hostnamesOfRoutes("maintenance-pages");
  const open = routes.filter(
    ({ name, hostnames }) => name.startsWith("maintenance-") && hostnames.some((host) => !host.endsWith(".invalid")),
  );
  return left.filter((name) => /^Ingress(?:Route)? maintenance-/.test(name)).length + open.length;
}

/** A requirement that every namespace fulfils. */
const ANY_NAMESPACE = { key: "kubernetes.io/metadata.name", operator: "Exists" } as const;

function controllerOf(edge: Edge): EnvoyGateway {
  if (!("stopController" in edge)) throw new Error("this edge has no controller of its own");
  return edge as EnvoyGateway;
}

async function pathIsAdded({ lab: { samples, stack, edge } }: Scene): Promise<string> {
  const path = "/added-during-maintenance";
  const added = exactRoute("added", path);
  await samples.apply(added);
  const ask = () => visit(edge, HOSTS.acme, path);
  await untilAnswer(ask, ({ status }) => status === 200);
  const { output } = await stack.tryMaintenance("status");
  const isNamed = output.includes(`HTTPRoute acme/added comes first for ${path}`);
  await stack.script("up.sh");
  await untilAnswer(ask, isPageOf("acme"));
  await samples.delete(added);
  return isNamed ? "open, and named by status; then the page" : output;
}

/** In the configuration only: the `up` is another's. */
async function setMaintenance({ lab: { stack } }: Scene): Promise<void> {
  await stack.type(["config", "set", "maintenance", '["acme"]']);
}

function startUp({ lab: { stack } }: Scene): ChildProcess {
  return stack.start(["up", "--yes", "--skip-preview", "--non-interactive", "--color", "never"]);
}

async function endOf(child: ChildProcess): Promise<{ readonly code: number | null; readonly output: string }> {
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  await once(child, "close");
  return { code: child.exitCode, output };
}

/** A second Ingress of acme's, with more paths than anybody has, and one that is longer than anybody's. */
function withManyPaths() {
  const backend = { service: { name: "caddy", port: { number: 80 } } };
  const path = (text: string) => ({ path: text, pathType: "ImplementationSpecific", backend });
  const long = `/courses/(${"[a-z0-9]+|".repeat(30).slice(0, 230)}x)`.padEnd(250, "x");
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: {
      name: "many-paths",
      namespace: "acme",
      annotations: { "nginx.ingress.kubernetes.io/use-regex": "true" },
    },
    spec: {
      ingressClassName: "nginx",
      rules: hostsOf("acme").map((host) => ({
        host,
        http: { paths: [...Array.from({ length: 30 }, (_, index) => path(`/path-${index}/.*`)), path(long)] },
      })),
    },
  };
}
