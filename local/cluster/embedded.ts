/**
 * A real Kubernetes cluster with one node, an S3 server and (on request) ingress-nginx, on this machine alone and gone
 * without a trace when stopped. The cluster cannot be reached from other machines, nor can it reach any.
 */
import type { Tools } from "../tools";
import { type ControlPlane, startControlPlane } from "./control-plane";
import { type Edge, type IngressNginxValues, startEdge } from "./edge";
import { LocalError } from "./errors";
import { startContainerRuntime, startNode } from "./node";
import { type ObjectStore, startObjectStore } from "./object-store";
import { startRelays } from "./relays";
import { type Sandbox, startSandbox } from "./sandbox";
import { startServiceAddresses } from "./service-addresses";

export type { Edge, IngressNginxValues } from "./edge";
export { LocalError } from "./errors";
export type { ObjectStore } from "./object-store";
export { stopLeftovers } from "./sandbox";

export interface EmbeddedCluster {
  /** Path of the administrator's kubeconfig. Cluster and context are both called `maintenance-pages-local`. */
  readonly kubeconfig: string;
  readonly context: string;
  readonly objectStore: ObjectStore;
  /** Put before a command, this runs it with the cluster's network, where pods have their addresses: 10.88.0.0/24. */
  readonly enterNetwork: readonly string[];
  readonly apiServer: ControlPlane["apiServer"];
  /** The edge, once it was started. */
  readonly edge: Edge | undefined;
  /** Starts ingress-nginx; once for each cluster, after that use the edge's own `stop` and `start`. */
  startEdge(values: IngressNginxValues): Promise<Edge>;
  /** Ends and removes everything but the logs. May be called again, and at any time. */
  stop(): Promise<void>;
}

export interface EmbeddedClusterOptions {
  /** A folder for logs and state: the same for each run, so that a run can clean up after one that was killed. */
  readonly runFolder: string;
  /** Gets one line of progress at a time. */
  readonly report: (line: string) => void;
  /** The edge's port on 127.0.0.1; any free one when it is taken. @default 8080 */
  readonly edgePort?: number;
  /** Names of images for which pods get Debian's nginx. No other image can be had in this cluster. */
  readonly images: readonly string[];
  /** Makes more images, see `startContainerRuntime`. */
  readonly moreImages?: (sandbox: Sandbox) => Promise<readonly string[]>;
  /** The path of kube-proxy. Without it Services have no addresses, which nothing in this cluster needs by itself. */
  readonly kubeProxy?: string;
  /** Stops the cluster, also while it is starting: the start then rejects once everything is removed. */
  readonly signal?: AbortSignal;
}

/**
 * Starts the cluster; takes about 10 s. Two clusters at a time are fine in two run folders.
 *
 * @throws LocalError when something does not start; everything is removed again then, but the logs
 */
export async function startEmbeddedCluster(tools: Tools, options: EmbeddedClusterOptions): Promise<EmbeddedCluster> {
  const { report, signal, images, moreImages, kubeProxy } = options;
  if (signal?.aborted) {
    throw new LocalError("the cluster was stopped before it started");
  }
  const begin = Date.now();
  const sandbox = await startSandbox(options.runFolder);
  const stop = () => sandbox.stop();
  signal?.addEventListener("abort", stop, { once: true });
  try {
    if (signal?.aborted) {
      throw new LocalError("the cluster was stopped while it started");
    }
    const relays = startRelays(sandbox);
    // The three do not need each other, and each waits more than it works.
    const [controlPlane, , objectStore] = await Promise.all([
      sandbox.during(() => startControlPlane(sandbox, relays, tools.binaries)),
      sandbox.during(() => startContainerRuntime(sandbox, { images, moreImages, report })),
      sandbox.during(() => startObjectStore(sandbox, relays, tools.binaries)),
    ]);
    await sandbox.during(() => startNode(sandbox, controlPlane, tools.binaries));
    if (kubeProxy !== undefined) {
      await sandbox.during(() => startServiceAddresses(sandbox, controlPlane, kubeProxy));
    }
    report(`cluster ready after ${((Date.now() - begin) / 1000).toFixed(1)} s`);

    let edge: Promise<Edge> | undefined;
    let started: Edge | undefined;
    return {
      get edge() {
        return started;
      },
      apiServer: controlPlane.apiServer,
      kubeconfig: controlPlane.kubeconfig,
      context: controlPlane.context,
      objectStore,
      enterNetwork: sandbox.enterNetwork,
      async startEdge(values) {
        if (edge !== undefined) {
          throw new LocalError("this cluster has an edge already");
        }
        const edgeOptions = { tools, values, report, wantedPort: options.edgePort ?? 8080 };
        edge = sandbox.during(() => startEdge(sandbox, relays, controlPlane, edgeOptions));
        try {
          started = await edge;
          return started;
        } catch (error) {
          edge = undefined; // so that it can be tried again
          throw error;
        }
      },
      stop: () => {
        signal?.removeEventListener("abort", stop);
        return sandbox.stop();
      },
    };
  } catch (error) {
    signal?.removeEventListener("abort", stop);
    await sandbox.stop();
    throw signal?.aborted ? new LocalError("the cluster was stopped while it started") : error;
  }
}
