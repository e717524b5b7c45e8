import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import { deepmerge } from "deepmerge-ts";
import { parse } from "yaml";
import type { EdgeSettings } from "../components/edges/settings";
import type { TraefikValues } from "../components/edges/traefik/values";
import { stackFileOf } from "../settings/stack-file";
import type { LocalCluster } from "./cluster/cluster";
import { startEmbeddedCluster } from "./cluster/embedded";
import { LocalError } from "./cluster/errors";
import { useExistingCluster, whyNot } from "./cluster/existing";
import { Kube } from "./cluster/kube";
import type { Edge } from "./edges/edge";
import { GATEWAY, NAMESPACE } from "./edges/gateway-api/objects";
import { findPulumi, type Pulumi } from "./plugins/find";
import { HOST_PATTERNS, hostsOf, SAMPLES, Samples } from "./samples";
import { LocalStack, STACK } from "./stack";
import { ensureTools, type Tools, whatIsMissing } from "./tools/tools";
import { type Answer, untilAnswer, visit } from "./traffic/visitor";

/** A cluster with the samples, the program deployed to it, and nothing in maintenance. */
export interface Lab {
  /** Where visitors come in: `http://127.0.0.1:PORT`. Of several edges, the first. */
  readonly edge: string;
  readonly port: number;
  readonly here: LabEdge;
  /** All edges, in the order of `LabOptions.edges`. */
  readonly edges: readonly LabEdge[];
  readonly stack: LocalStack;
  readonly samples: Samples;
  readonly cluster: LocalCluster;
  readonly pulumi: Pulumi;
  /** What was built for the embedded cluster; `undefined` on a cluster of the person's own. */
  readonly tools: Tools | undefined;
  /** The path of another version of the controller's chart, to upgrade to. */
  readonly upgradeChart: string | undefined;
  /** A file that a shell sources to work on the local stack. */
  readonly environmentFile: string;
  /** Seconds: building the tools (0 when cached), and from the start of the cluster until every instance answered. */
  readonly seconds: { readonly build: number; readonly start: number };
  /** Applies the configuration of the start again, after changes of any kind, and waits until every instance answers. */
  reset(): Promise<void>;
  /** Removes everything. May be called again. */
  stop(): Promise<void>;
}

export interface LabOptions {
  readonly report: (line: string) => void;
  /** The context of a cluster that is not on this machine, as a confirmation. */
  readonly context?: string;
  /** The kinds of edges. The first is called `default`, and others have their kind as their name. @default ingress-nginx */
  readonly edges?: readonly EdgeKind[];
  /** How the program installs the controller on a cluster of the person's own. */
  readonly controller?: ControllerOptions;
  /** Ends the start, and then removes everything. */
  readonly signal?: AbortSignal;
  /** The folder of the program, for who changes its files. @default this project's */
  readonly project?: string;
}

export type EdgeKind = EdgeSettings["kind"];

/** An edge of the lab. */
export interface LabEdge {
  readonly kind: EdgeKind;
  /** Its name in the setting `edges`. */
  readonly name: string;
  readonly url: string;
  readonly port: number;
  /** What can be made to fail; `undefined` on a cluster of the person's own. */
  readonly running: Edge | undefined;
}

/** Paths, for a cluster that can reach neither the chart's repository nor its images' registry. */
export interface ControllerOptions {
  /** The ingress-nginx chart. @default the one of its repository */
  readonly chart?: string | undefined;
  /** A YAML file with Helm values for it. */
  readonly values?: string | undefined;
  /** Another version of the chart. */
  readonly upgradeChart?: string | undefined;
}

const PROJECT = join(__dirname, "..");
const RUN_FOLDER = join(PROJECT, ".local");

const STATE_FOLDER = join(RUN_FOLDER, "state");
const PLUGINS_FOLDER = join(RUN_FOLDER, "plugins");

// The page server's own default; in the embedded cluster it stands for Debian's nginx.
export const IMAGE = "nginxinc/nginx-unprivileged:1.29-alpine";
/** The same image by the name that a mirror of registries would give it. */
export const MIRRORED_IMAGE = `mirror.localhost/${IMAGE}`;
const BUCKET = "maintenance-pages";

/**
 * Deploys the program to a cluster with an empty `maintenance` list, and then starts ingress-nginx with the values from
 * the stack's output, in the order in which a new cluster is set up. The cluster is the one of `KUBECONFIG`, or else one
 * made here.
 *
 * @throws {LocalError} with what to install, when this machine can make no cluster.
 */
export async function startLab(options: LabOptions): Promise<Lab> {
  const { report, controller = {}, project = PROJECT, edges: kinds = ["ingress-nginx"] } = options;
  const onlyHere = kinds.find((kind) => kind !== "ingress-nginx");
  if (process.env.KUBECONFIG && onlyHere !== undefined) {
    throw new LocalError(`The edge ${onlyHere} is only for the cluster that is made here: unset KUBECONFIG.`);
  }
  if (!process.env.KUBECONFIG && Object.values(controller).some((option) => option !== undefined)) {
    throw new LocalError("--chart, --values and --upgrade-chart are for a cluster of your own: set KUBECONFIG.");
  }
  const installed = installation(controller);
  mkdirSync(RUN_FOLDER, { recursive: true });
  const begin = Date.now();
  const { cluster, pulumi, tools } = process.env.KUBECONFIG
    ? await clusterOfKubeconfig(options)
    : await embeddedCluster(options);
  const build = (tools?.buildSeconds ?? 0) + pulumi.buildSeconds;
  const environmentFile = join(RUN_FOLDER, "environment");
  const leftovers = [environmentFile, STATE_FOLDER, PLUGINS_FOLDER, stackFileOf(project, STACK)];
  let clean = () => cluster.stop();
  const stop = async () => {
    await clean();
    for (const left of leftovers) rmSync(left, { recursive: true, force: true });
  };
  try {
    if (kinds.includes("traefik")) await cluster.embedded?.createTraefikTypes();
    if (kinds.includes("gateway-api")) await cluster.embedded?.createGatewayApiTypes();
    const own = {
      "ingress-nginx": cluster.installsController ? installed : {},
      traefik: {},
      "gateway-api": { parentRefs: [GATEWAY], namespace: NAMESPACE },
    };
    const named = kinds.map((kind, index) => [index === 0 ? "default" : kind, kind] as const);
    const stack = await createStack(
      cluster,
      pulumi,
      project,
      Object.fromEntries(named.map(([name, kind]) => [name, { kind, ...own[kind] }])),
    );
    writeEnvironment(environmentFile, stack.environment);

    const samples = new Samples(cluster.kube, IMAGE);
    // A cluster of one's own outlives the run, so what was deployed is taken away again; the embedded one is just ended.
    if (tools === undefined) {
      clean = async () => {
        await stack.destroy();
        await samples.remove();
        await cluster.stop();
      };
    }
    report("pulumi up: the bucket with the pages, and the page server");
    const firstUp = await stack.up();
    await samples.deploy();
    if (kinds.includes("gateway-api")) await samples.deployRoutes();
    report(`pulumi up took ${firstUp.seconds.toFixed(1)} s and made ${firstUp.changes.length} resources`);

    const edges: LabEdge[] = [];
    for (const [name, kind] of named) {
      const edge = await startEdge(kind, name, cluster, stack);
      edges.push(edge);
      await stack.type(["config", "set", "--path", `edges.${name}.address`, edge.url]);
    }
    const untilOpen = async () => {
      for (const { url } of edges) {
        for (const host of SAMPLES.flatMap(hostsOf)) await untilAnswer(() => visit(url, host), isOpen, 60);
      }
    };
    await untilOpen();
    const configuration = stack.readConfiguration();
    const reset = async () => {
      stack.writeConfiguration(configuration);
      await stack.up();
      await untilOpen();
    };
    const [first] = edges;
    if (first === undefined) throw new LocalError("there is no edge");
    const seconds = { build, start: (Date.now() - begin) / 1000 - build };
    const upgradeChart = controller.upgradeChart === undefined ? undefined : resolve(controller.upgradeChart);
    return {
      ...at(first),
      edges,
      stack,
      samples,
      cluster,
      pulumi,
      tools,
      upgradeChart,
      environmentFile,
      seconds,
      reset,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What a lab is at one of its edges. */
export function at(here: LabEdge): Pick<Lab, "edge" | "port" | "here"> {
  return { edge: here.url, port: here.port, here };
}

async function startEdge(kind: EdgeKind, name: string, cluster: LocalCluster, stack: LocalStack): Promise<LabEdge> {
  if (kind === "ingress-nginx") {
    const started = await cluster.startIngressNginx(await stack.helmValues(name));
    return { kind, name, ...started, running: cluster.embedded?.edge };
  }
  const { embedded } = cluster;
  if (embedded === undefined) throw new LocalError(`${kind} runs only in the cluster that is made here`);
  const running =
    kind === "traefik"
      ? await embedded.startTraefik(await stack.helmValues<TraefikValues>(name))
      : await embedded.startEnvoyGateway();
  return { kind, name, url: running.url, port: running.port, running };
}

const isOpen = ({ status }: Answer) => status === 200;

/** A cluster with nothing deployed to it, and how to run Pulumi on it. */
export interface Found {
  readonly cluster: LocalCluster;
  readonly pulumi: Pulumi;
  readonly tools: Tools | undefined;
}

/**
 * A cluster that is made here.
 *
 * @throws {LocalError} with what to install, when this machine can make none.
 */
export async function embeddedCluster({ report, signal }: LabOptions): Promise<Found & { readonly tools: Tools }> {
  const missing = whatIsMissing();
  if (missing !== undefined) throw new LocalError(missing);
  const tools = await ensureTools(report);
  const pulumi = await findPulumi(PLUGINS_FOLDER, report);
  const embedded = await startEmbeddedCluster(tools, {
    runFolder: RUN_FOLDER,
    report,
    images: [IMAGE, MIRRORED_IMAGE],
    ...(signal === undefined ? {} : { signal }),
  });
  const cluster: LocalCluster = {
    kube: Kube.ofFile(embedded.kubeconfig),
    clusterName: embedded.context,
    environment: { KUBECONFIG: embedded.kubeconfig },
    installsController: false,
    objectStore: embedded.objectStore,
    embedded,
    startIngressNginx: (values) => embedded.startIngressNginx(values),
    stop: () => embedded.stop(),
  };
  return { cluster, pulumi, tools };
}

async function clusterOfKubeconfig({ report, context }: LabOptions): Promise<Found> {
  const config = new KubeConfig();
  config.loadFromDefault();
  if (context !== undefined && config.getContextObject(context) !== null) config.setCurrentContext(context);
  const objection = whyNot(config, context);
  if (objection !== undefined) throw new LocalError(objection);
  report(`the cluster of KUBECONFIG: context ${config.getCurrentContext()}, ${config.getCurrentCluster()?.server}`);
  const pulumi = await findPulumi(PLUGINS_FOLDER, report);
  return { cluster: await useExistingCluster(config, report), pulumi, tools: undefined };
}

/** The settings of the edge with which the program installs the controller. */
function installation({ chart, values }: ControllerOptions) {
  const own = values === undefined ? {} : (parse(readFileSync(values, "utf8")) as Record<string, unknown>);
  // No cluster on one's own machine gives a load balancer an address, and Helm would wait for one.
  const controller = { replicaCount: 2, service: { type: "ClusterIP" } };
  return {
    install: true,
    ...(chart === undefined ? {} : { chart: resolve(chart) }),
    values: deepmerge({ controller }, own),
  };
}

function createStack(cluster: LocalCluster, pulumi: Pulumi, project: string, edges: object): Promise<LocalStack> {
  const { endpoint, endpointInCluster, accessKey, secretKey } = cluster.objectStore;
  return LocalStack.create({
    project,
    stateFolder: STATE_FOLDER,
    path: pulumi.path,
    environment: {
      ...pulumi.environment,
      ...cluster.environment,
      AWS_ACCESS_KEY_ID: accessKey,
      AWS_SECRET_ACCESS_KEY: secretKey,
    },
    configuration: {
      kubernetes: { context: cluster.kube.config.getCurrentContext(), clusterName: cluster.clusterName },
      bucket: {
        profile: "s3-compatible",
        name: BUCKET,
        endpoint,
        // The store has another address inside the cluster's network than outside of it.
        readUrl: `${endpointInCluster}/${BUCKET}`,
      },
      instances: SAMPLES,
      hostPatterns: HOST_PATTERNS,
      maintenance: [],
      edges,
    },
  });
}

function writeEnvironment(file: string, environment: Readonly<Record<string, string>>): void {
  const quoted = (value: string) => `'${value.replaceAll("'", `'\\''`)}'`;
  const lines = Object.entries(environment).map(([name, value]) => `export ${name}=${quoted(value)}`);
  writeFileSync(file, `${lines.join("\n")}\n`);
  chmodSync(file, 0o600); // it holds the store's key
}
