import { randomBytes } from "node:crypto";
import type { Server } from "node:net";
import { delimiter, resolve } from "node:path";
import type { CoreV1Api, KubeConfig, KubernetesObject } from "@kubernetes/client-node";
import { SAMPLES } from "../samples";
import type { LocalCluster } from "./cluster";
import { LocalError } from "./errors";
import { Kube, statusOf } from "./kube";
import { forwardToPod, type PodPort, readyPod } from "./port-forward";
import { waitFor } from "./waiting";

/** The namespace of what is needed besides the program: the S3 server. */
const NAMESPACE = "maintenance-pages-local";
const OBJECT_STORE = "object-store";
const OBJECT_STORE_PORT = 7070;
// The image of the S3 server that the embedded cluster runs as a process (https://github.com/versity/versitygw).
export const OBJECT_STORE_IMAGE = "versity/versitygw:v1.8.0";

// What the chart makes for a release of this name.
const CONTROLLER_NAMESPACE = "ingress-nginx";
const CONTROLLER_PODS = "app.kubernetes.io/name=ingress-nginx,app.kubernetes.io/component=controller";

/** Every namespace that is made. A cluster that has one of them is somebody's, and is left alone. */
export const NAMESPACES = [NAMESPACE, "maintenance-pages", CONTROLLER_NAMESPACE, ...SAMPLES] as const;

/**
 * Why a cluster should not be used for trying, or `undefined`. Only one on this machine is taken without a word: a
 * `KUBECONFIG` that happens to be set may lead to production.
 *
 * @param named the context that the person has named, as a confirmation.
 */
export function whyNot(config: KubeConfig, named: string | undefined): string | undefined {
  const context: string | undefined = config.getCurrentContext();
  const server = config.getCurrentCluster()?.server;
  if (server === undefined || (named !== undefined && named !== context)) {
    const contexts = config.getContexts().map(({ name }) => name);
    return [
      `KUBECONFIG has no ${named === undefined ? "current context with a cluster" : `context ${named} with a cluster`}.`,
      `Name one of its contexts (${contexts.join(", ") || "there are none"}): npm run local -- --context NAME`,
    ].join("\n");
  }
  const host = URL.canParse(server) ? new URL(server).hostname : "";
  if (named === context || ["127.0.0.1", "localhost", "0.0.0.0", "[::1]"].includes(host)) return undefined;
  return [
    `KUBECONFIG leads to ${server} (context ${context}), which is not on this machine.`,
    "To try the program on it nevertheless, name its context:",
    `  npm run local -- --context ${context}`,
    "To make a cluster on this machine instead, unset KUBECONFIG.",
  ].join("\n");
}

/**
 * Uses the cluster that a kubeconfig leads to: an empty one, such as kind or k3d make it. The S3 server runs in it, and
 * the program installs ingress-nginx, as the Helm release. Both are reached through the API
 * server, hence no port of the cluster has to be open.
 */
export async function useExistingCluster(config: KubeConfig, report: (line: string) => void): Promise<LocalCluster> {
  const kube = new Kube(config);
  const { core } = kube;
  const servers: Server[] = [];
  const forward = async (to: PodPort, wanted?: number) => {
    const server = await forwardToPod(kube, to, wanted);
    servers.push(server);
    const address = server.address();
    if (address === null || typeof address === "string") throw new LocalError("a forwarded port has no number");
    return address.port;
  };

  await refuseUsedCluster(core);
  const keys = { accessKey: "maintenance-pages", secretKey: randomBytes(20).toString("hex") };
  for (const manifest of objectStore(keys, 1)) await kube.apply(manifest);
  const store = {
    namespace: NAMESPACE,
    labelSelector: `app.kubernetes.io/name=${OBJECT_STORE}`,
    port: OBJECT_STORE_PORT,
  };
  await untilReady(kube, store, report);
  const scale = async (pods: number) => {
    for (const manifest of objectStore(keys, pods)) await kube.apply(manifest);
    await (pods > 0 ? untilReady(kube, store, report) : untilGone(kube, store));
  };
  return {
    kube,
    clusterName: config.getCurrentCluster()?.name ?? "",
    environment: { KUBECONFIG: kubeconfigPaths() },
    installsController: true,
    embedded: undefined,
    objectStore: {
      endpoint: `http://127.0.0.1:${await forward(store)}`,
      // The domain is that of kind, k3d and minikube.
      endpointInCluster: `http://${OBJECT_STORE}.${NAMESPACE}.svc.cluster.local`,
      ...keys,
      stop: () => scale(0),
      start: () => scale(1),
    },
    async startIngressNginx() {
      const controller = { namespace: CONTROLLER_NAMESPACE, labelSelector: CONTROLLER_PODS, port: 80 };
      await untilReady(kube, controller, report);
      const port = await forward(controller, 8080);
      return { url: `http://127.0.0.1:${port}`, port };
    },
    async stop() {
      for (const server of servers) server.close();
      // Helm makes the controller's namespace, and leaves it there with what the admission webhook's Job made.
      for (const name of [NAMESPACE, CONTROLLER_NAMESPACE]) {
        await core.deleteNamespace({ name }).catch((error: unknown) => {
          if (statusOf(error) !== 404) throw error;
        });
      }
    },
  };
}

/** `KUBECONFIG` as it is right in any folder. */
function kubeconfigPaths(): string {
  const paths = (process.env.KUBECONFIG ?? "").split(delimiter).filter((path) => path !== "");
  return paths.map((path) => resolve(path)).join(delimiter);
}

async function refuseUsedCluster(core: CoreV1Api): Promise<void> {
  for (const name of NAMESPACES) {
    const there = await core.readNamespace({ name }).then(
      () => true,
      (error: unknown) => {
        if (statusOf(error) === 404) return false;
        throw new LocalError(`the cluster does not answer: ${error instanceof Error ? error.message : error}`);
      },
    );
    if (there) {
      throw new LocalError(
        `The cluster has a namespace ${name} already. This needs an empty cluster, and changes nothing in any other.`,
      );
    }
  }
}

function objectStore(
  keys: { readonly accessKey: string; readonly secretKey: string },
  replicas: number,
): readonly KubernetesObject[] {
  const metadata = { name: OBJECT_STORE, namespace: NAMESPACE };
  const labels = { "app.kubernetes.io/name": OBJECT_STORE };
  const data = { ROOT_ACCESS_KEY: keys.accessKey, ROOT_SECRET_KEY: keys.secretKey };
  const container = {
    name: "versitygw",
    image: OBJECT_STORE_IMAGE,
    args: ["--port", `:${OBJECT_STORE_PORT}`, "posix", "/data"],
    envFrom: [{ secretRef: { name: OBJECT_STORE } }],
    readinessProbe: { tcpSocket: { port: OBJECT_STORE_PORT }, periodSeconds: 1 },
    volumeMounts: [{ name: "data", mountPath: "/data" }],
  };
  const claim = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "64Mi" } } };
  const manifests = [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } },
    { apiVersion: "v1", kind: "Secret", metadata, stringData: data },
    // The objects outlive the pod, since a test stops it for a while.
    { apiVersion: "v1", kind: "PersistentVolumeClaim", metadata, spec: claim },
    // As charts of stores have it: the Service's port is not the pods'.
    {
      apiVersion: "v1",
      kind: "Service",
      metadata,
      spec: { selector: labels, ports: [{ port: 80, targetPort: OBJECT_STORE_PORT }] },
    },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata,
      spec: {
        replicas,
        strategy: { type: "Recreate" },
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            automountServiceAccountToken: false,
            containers: [container],
            volumes: [{ name: "data", persistentVolumeClaim: { claimName: OBJECT_STORE } }],
          },
        },
      },
    },
  ];
  return manifests;
}

const READY_SECONDS = 300;

async function untilReady(kube: Kube, pods: PodPort, report: (line: string) => void): Promise<void> {
  let attempts = 0;
  const what = `a pod ${pods.labelSelector} in ${pods.namespace}`;
  const ready = () => {
    attempts += 1;
    if (attempts % 30 === 10) report(`waiting for ${what}`);
    return readyPod(kube, pods);
  };
  await waitFor(ready, { what: `${what} to be ready`, timeoutSeconds: READY_SECONDS, everyMilliseconds: 1000 });
}

/** A pod that is about to end still answers. */
async function untilGone({ core }: Kube, { namespace, labelSelector }: PodPort): Promise<void> {
  const gone = async () =>
    (await core.listNamespacedPod({ namespace, labelSelector })).items.length === 0 ? true : undefined;
  const what = `the pods ${labelSelector} in ${namespace} to end`;
  await waitFor(gone, { what, timeoutSeconds: READY_SECONDS, everyMilliseconds: 250 });
}
