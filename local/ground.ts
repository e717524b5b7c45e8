import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { IngressNginxValues } from "../components/ingress-controller.values";
import { type EmbeddedCluster, startEmbeddedCluster } from "./cluster/embedded";
import { findPulumi } from "./plugins";
import { HOST_PATTERNS, hostsOf, SAMPLES, Samples } from "./samples";
import { LocalStack, STACK } from "./stack";
import { ensureTools, type Tools } from "./tools";
import { untilAnswer, visit } from "./visitor";

/** A cluster with two instances, the program deployed to it, and nothing in maintenance. */
export interface Ground {
  /** Where visitors come in: `http://127.0.0.1:PORT`. */
  readonly edge: string;
  readonly port: number;
  readonly stack: LocalStack;
  readonly samples: Samples;
  readonly cluster: EmbeddedCluster;
  readonly tools: Tools;
  /** A file that a shell sources to work on the local stack. */
  readonly environmentFile: string;
  /** Seconds: building the tools (0 when cached), and from the start of the cluster until both instances answered. */
  readonly seconds: { readonly build: number; readonly start: number };
  /** Removes everything. May be called again. */
  stop(): Promise<void>;
}

export interface GroundOptions {
  readonly report: (line: string) => void;
  /** Ends the start, and then removes everything. */
  readonly signal?: AbortSignal;
}

const PROJECT = join(__dirname, "..");
const RUN_FOLDER = join(PROJECT, ".local");

const STATE_FOLDER = join(RUN_FOLDER, "state");
const PLUGINS_FOLDER = join(RUN_FOLDER, "plugins");

// The page server's own default; in the embedded cluster it stands for Debian's nginx.
const IMAGE = "docker.io/nginxinc/nginx-unprivileged:1.29-alpine";
const BUCKET = "maintenance-pages";

/**
 * Starts a cluster, deploys the program to it with an empty `maintenance` list, and then starts ingress-nginx with the
 * values from the stack's output, in the order in which a new cluster is set up.
 */
export async function startGround({ report, signal }: GroundOptions): Promise<Ground> {
  const tools = await ensureTools(report);
  const begin = Date.now();
  mkdirSync(RUN_FOLDER, { recursive: true });
  const cluster = await startEmbeddedCluster(tools, {
    runFolder: RUN_FOLDER,
    report,
    images: [IMAGE],
    ...(signal === undefined ? {} : { signal }),
  });
  const environmentFile = join(RUN_FOLDER, "environment");
  const stop = async () => {
    await cluster.stop();
    for (const left of [environmentFile, STATE_FOLDER, PLUGINS_FOLDER]) rmSync(left, { recursive: true, force: true });
    rmSync(join(PROJECT, `Pulumi.${STACK}.yaml`), { force: true });
  };
  try {
    const pulumi = await findPulumi(tools.binaries.pulumi, PLUGINS_FOLDER, report);
    const stack = await createStack(cluster, pulumi);
    writeEnvironment(environmentFile, stack.environment);

    const samples = new Samples(cluster.kubeconfig, cluster.context, IMAGE);
    report("pulumi up: the bucket with the pages, and the page server");
    const [first] = await Promise.all([stack.up(), samples.deploy()]);
    report(`pulumi up took ${first.seconds.toFixed(1)} s and made ${first.changes.length} resources`);

    const edge = await cluster.startEdge(first.outputs.ingressNginxValues as IngressNginxValues);
    for (const sample of SAMPLES) {
      for (const host of hostsOf(sample))
        await untilAnswer(
          () => visit(edge.url, host),
          ({ status }) => status === 200,
          60,
        );
    }
    const seconds = { build: tools.buildSeconds, start: (Date.now() - begin) / 1000 };
    return { edge: edge.url, port: edge.port, stack, samples, cluster, tools, environmentFile, seconds, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function createStack(cluster: EmbeddedCluster, pulumi: Awaited<ReturnType<typeof findPulumi>>): Promise<LocalStack> {
  const { endpoint, endpointInCluster, accessKey, secretKey } = cluster.objectStore;
  return LocalStack.create({
    project: PROJECT,
    stateFolder: STATE_FOLDER,
    path: pulumi.path,
    environment: { ...pulumi.environment, AWS_ACCESS_KEY_ID: accessKey, AWS_SECRET_ACCESS_KEY: secretKey },
    configuration: {
      kubernetes: { kubeconfig: cluster.kubeconfig, context: cluster.context, clusterName: cluster.context },
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
    },
  });
}

function writeEnvironment(file: string, environment: Readonly<Record<string, string>>): void {
  const quoted = (value: string) => `'${value.replaceAll("'", `'\\''`)}'`;
  const lines = Object.entries(environment).map(([name, value]) => `export ${name}=${quoted(value)}`);
  writeFileSync(file, `${lines.join("\n")}\n`);
  chmodSync(file, 0o600); // it holds the store's key
}
