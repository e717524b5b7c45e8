/**
 * A real Kubernetes cluster with one node, an S3 server and (on request) ingress-nginx, on this machine alone and gone
 * without a trace when stopped. The cluster cannot be reached from other machines, nor can it reach any.
 */

import type { TraefikValues } from "../../components/edges/traefik/values";
import type { Edge } from "../edges/edge";
import {
  createGatewayApiTypes,
  type EnvoyGateway,
  type GatewayOptions,
  startEnvoyGateway,
} from "../edges/gateway-api/envoy-gateway";
import { type IngressNginx, type IngressNginxValues, startIngressNginx } from "../edges/ingress-nginx/controller";
import { type ControllerIdentity, FIRST } from "../edges/ingress-nginx/objects";
import { createTraefikTypes, startTraefik, type TraefikOptions } from "../edges/traefik/traefik";
import type { Tools } from "../tools/tools";
import { startClusterDns } from "./cluster-dns";
import { type ControlPlane, startControlPlane } from "./control-plane";
import { LocalError } from "./errors";
import { startNetworkPolicies } from "./network-policies";
import { startContainerRuntime, startNode } from "./node";
import { type ObjectStore, startObjectStore } from "./object-store";
import { startRelays } from "./relays";
import { type Sandbox, startSandbox } from "./sandbox";
import { startServiceAddresses } from "./service-addresses";

export type { Edge } from "../edges/edge";
export type { IngressNginxValues } from "../edges/ingress-nginx/controller";
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
  /** The first ingress-nginx, once it was started. */
  readonly edge: IngressNginx | undefined;
  /**
   * Starts ingress-nginx; each controller once, after that use the edge's own `stop` and `start`.
   *
   * @param identity which controller. @default the first
   */
  startIngressNginx(values: IngressNginxValues, identity?: ControllerIdentity): Promise<IngressNginx>;
  /** Makes the types of Traefik's own objects. */
  createTraefikTypes(): Promise<void>;
  /** Starts Traefik; each number once. */
  startTraefik(values: TraefikValues, options?: Pick<TraefikOptions, "options" | "number">): Promise<Edge>;
  /** Makes the types of Gateway API and of Envoy Gateway. */
  createGatewayApiTypes(): Promise<void>;
  /** Starts Envoy Gateway and its Envoy; once. */
  startEnvoyGateway(options?: GatewayOptions): Promise<EnvoyGateway>;
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
  /** Without it Services have neither addresses nor names, and NetworkPolicies no effect: nothing in this cluster needs them by itself. */
  readonly network?: NetworkPrograms;
  /** Stops the cluster, also while it is starting: the start then rejects once everything is removed. */
  readonly signal?: AbortSignal;
}

/** Paths of the programs that give a cluster's network what most clusters have. */
export interface NetworkPrograms {
  readonly kubeProxy: string;
  readonly kubeRouter: string;
  readonly coreDns: string;
}

/**
 * Starts the cluster; takes about 10 s. Two clusters at a time are fine in two run folders.
 *
 * @throws LocalError when something does not start; everything is removed again then, but the logs
 */
export async function startEmbeddedCluster(tools: Tools, options: EmbeddedClusterOptions): Promise<EmbeddedCluster> {
  const { report, signal, images, moreImages, network, edgePort = 8080 } = options;
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
    await sandbox.during(() => startNode(sandbox, controlPlane, tools.binaries, { hasDns: network !== undefined }));
    if (network !== undefined) {
      await sandbox.during(() => startServiceAddresses(sandbox, controlPlane, network.kubeProxy));
      await sandbox.during(() => startNetworkPolicies(sandbox, controlPlane, network.kubeRouter));
      await sandbox.during(() => startClusterDns(sandbox, controlPlane, network.coreDns));
    }
    report(`cluster ready after ${((Date.now() - begin) / 1000).toFixed(1)} s`);

    const edges = new Map<ControllerIdentity, Promise<IngressNginx>>();
    let first: IngressNginx | undefined;
    return {
      get edge() {
        return first;
      },
      apiServer: controlPlane.apiServer,
      kubeconfig: controlPlane.kubeconfig,
      context: controlPlane.context,
      objectStore,
      enterNetwork: sandbox.enterNetwork,
      createTraefikTypes: () => sandbox.during(() => createTraefikTypes(controlPlane, report)),
      startTraefik(values, { options = {}, number = 0 } = {}) {
        const wantedPort = edgePort + 2000 + number;
        return sandbox.during(() =>
          startTraefik(sandbox, relays, controlPlane, { values, options, number, wantedPort, report }),
        );
      },
      createGatewayApiTypes: () =>
        sandbox.during(() => createGatewayApiTypes(sandbox, controlPlane, tools.binaries.helm, report)),
      startEnvoyGateway(gatewayOptions = {}) {
        const given = { ...gatewayOptions, helm: tools.binaries.helm, wantedPort: edgePort + 3000, report };
        return sandbox.during(() => startEnvoyGateway(sandbox, relays, controlPlane, given));
      },
      async startIngressNginx(values, identity = FIRST) {
        if (edges.has(identity)) {
          throw new LocalError("this cluster has that edge already");
        }
        const wantedPort = edgePort + identity.portOffset;
        const edgeOptions = { identity, tools, values, report, wantedPort };
        const edge = sandbox.during(() => startIngressNginx(sandbox, relays, controlPlane, edgeOptions));
        edges.set(identity, edge);
        try {
          const started = await edge;
          if (identity === FIRST) first = started;
          return started;
        } catch (error) {
          edges.delete(identity); // so that it can be tried again
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
