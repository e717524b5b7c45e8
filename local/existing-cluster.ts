import { randomBytes } from "node:crypto";
import { createServer, type Server } from "node:net";
import {
  CoreV1Api,
  type KubeConfig,
  type KubernetesObject,
  KubernetesObjectApi,
  PatchStrategy,
  PortForward,
} from "@kubernetes/client-node";
import { LocalError } from "./cluster/errors";
import { statusOf } from "./cluster/kube";
import type { LocalCluster } from "./ground";
import { SAMPLES } from "./samples";

/** The namespace of what is needed besides the program: the S3 server. */
const NAMESPACE = "maintenance-pages-local";
const OBJECT_STORE = "object-store";
const OBJECT_STORE_PORT = 7070;
// The image of the S3 server that the embedded cluster runs as a process (https://github.com/versity/versitygw).
const OBJECT_STORE_IMAGE = "versity/versitygw:v1.8.0";
const MANAGER = "maintenance-pages-local";

/** Every namespace that is made. A cluster that has one of them is somebody's, and is left alone. */
const NAMESPACES = [NAMESPACE, "maintenance-pages", "ingress-nginx", ...SAMPLES] as const;

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
 * the program installs ingress-nginx, so the official Kubernetes plugin is needed. Both are reached through the API
 * server, hence no port of the cluster has to be open.
 */
export async function useExistingCluster(config: KubeConfig, report: (line: string) => void): Promise<LocalCluster> {
  const core = config.makeApiClient(CoreV1Api);
  const objects = KubernetesObjectApi.makeApiClient(config);
  const apply = (manifest: KubernetesObject) =>
    objects.patch(manifest, undefined, undefined, MANAGER, true, PatchStrategy.ServerSideApply);
  const servers: Server[] = [];
  const forward = async (namespace: string, selector: string, podPort: number, wanted?: number) => {
    const server = await forwardToPod(config, core, namespace, selector, podPort, wanted);
    servers.push(server);
    const address = server.address();
    if (address === null || typeof address === "string") throw new LocalError("a forwarded port has no number");
    return address.port;
  };

  await refuseUsedCluster(core);
  const keys = { accessKey: "maintenance-pages", secretKey: randomBytes(20).toString("hex") };
  for (const manifest of objectStore(keys, 1)) await apply(manifest);
  const service = await core.readNamespacedService({ namespace: NAMESPACE, name: OBJECT_STORE });
  const selector = `app.kubernetes.io/name=${OBJECT_STORE}`;
  await untilReady(core, NAMESPACE, selector, report);
  const scale = async (pods: number) => {
    for (const manifest of objectStore(keys, pods)) await apply(manifest);
    if (pods > 0) await untilReady(core, NAMESPACE, selector, report);
  };
  return {
    config,
    clusterName: config.getCurrentCluster()?.name ?? "",
    environment: {},
    installsController: true,
    embedded: undefined,
    objectStore: {
      endpoint: `http://127.0.0.1:${await forward(NAMESPACE, selector, OBJECT_STORE_PORT)}`,
      // The address and not the name: not every cluster's domain is cluster.local.
      endpointInCluster: `http://${service.spec?.clusterIP}:${OBJECT_STORE_PORT}`,
      ...keys,
      stop: () => scale(0),
      start: () => scale(1),
    },
    async startEdge() {
      const controller = "app.kubernetes.io/name=ingress-nginx,app.kubernetes.io/component=controller";
      await untilReady(core, "ingress-nginx", controller, report);
      const port = await forward("ingress-nginx", controller, 80, 8080);
      return { url: `http://127.0.0.1:${port}`, port };
    },
    async stop() {
      for (const server of servers) server.close();
      await core.deleteNamespace({ name: NAMESPACE });
    },
  };
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
    { apiVersion: "v1", kind: "Service", metadata, spec: { selector: labels, ports: [{ port: OBJECT_STORE_PORT }] } },
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

async function untilReady(
  core: CoreV1Api,
  namespace: string,
  labelSelector: string,
  report: (line: string) => void,
): Promise<void> {
  const deadline = Date.now() + READY_SECONDS * 1000;
  for (let attempt = 0; Date.now() < deadline; attempt += 1) {
    if ((await readyPod(core, namespace, labelSelector)) !== undefined) return;
    if (attempt % 30 === 10) report(`waiting for a pod ${labelSelector} in ${namespace}`);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  throw new LocalError(`no pod ${labelSelector} in ${namespace} was ready after ${READY_SECONDS} s`);
}

async function readyPod(core: CoreV1Api, namespace: string, labelSelector: string): Promise<string | undefined> {
  const { items } = await core.listNamespacedPod({ namespace, labelSelector });
  const isReady = (pod: (typeof items)[number]) =>
    pod.metadata?.deletionTimestamp === undefined &&
    pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True");
  return items.find(isReady)?.metadata?.name;
}

/** Listens on 127.0.0.1 and carries each connection through the API server to a pod that is ready at that moment. */
function forwardToPod(
  config: KubeConfig,
  core: CoreV1Api,
  namespace: string,
  labelSelector: string,
  podPort: number,
  wanted = 0,
): Promise<Server> {
  const forwarder = new PortForward(config);
  const server = createServer((client) => {
    client.on("error", () => client.destroy());
    readyPod(core, namespace, labelSelector)
      .then((pod) =>
        pod === undefined
          ? client.resetAndDestroy()
          : forwarder.portForward(namespace, pod, [podPort], client, null, client),
      )
      .catch(() => client.resetAndDestroy());
  });
  const listen = (port: number) =>
    new Promise<Server>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", () => resolve(server));
    });
  return listen(wanted).catch(() => listen(0));
}
