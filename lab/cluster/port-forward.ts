import { createServer, type Server, type Socket } from "node:net";
import { PortForward, type V1Pod } from "@kubernetes/client-node";
import type { Kube } from "./kube";

/** Pods of a namespace, and a port that they listen on. */
export interface PodPort {
  readonly namespace: string;
  readonly labelSelector: string;
  readonly port: number;
}

/** Whether a pod is ready and is not about to end. */
export function isReady({ metadata, status }: V1Pod): boolean {
  return (
    metadata?.deletionTimestamp === undefined &&
    status?.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True") === true
  );
}

/** The name of a pod that is ready and is not about to end. */
export async function readyPod({ core }: Kube, { namespace, labelSelector }: PodPort): Promise<string | undefined> {
  const { items } = await core.listNamespacedPod({ namespace, labelSelector });
  return items.find(isReady)?.metadata?.name;
}

/**
 * Listens on 127.0.0.1 and carries each connection through the API server to a pod that is ready at that moment.
 *
 * @param wanted the port, if it is free
 */
export function forwardToPod(kube: Kube, to: PodPort, wanted = 0): Promise<Server> {
  const forwarder = new PortForward(kube.config);
  const findPod = shared(() => readyPod(kube, to));
  const server = createServer({ pauseOnConnect: true }, (client) => {
    client.on("error", () => client.destroy());
    findPod()
      .then(async (pod) => {
        if (pod === undefined) client.resetAndDestroy();
        else await carry(forwarder, to, pod, client);
      })
      .catch(() => client.resetAndDestroy());
  });
  const listen = (port: number) =>
    new Promise<Server>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", () => resolve(server));
    });
  return listen(wanted).catch(() => listen(0));
}

/** Asks once for all who want to know at the same time. */
function shared<T>(ask: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | undefined;
  return () => {
    asked ??= ask().finally(() => {
      asked = undefined;
    });
    return asked;
  };
}

/** The client library passes on what is sent, but not that a side has closed: a visitor would wait for ever. */
async function carry(forwarder: PortForward, { namespace, port }: PodPort, pod: string, client: Socket): Promise<void> {
  const channel = await forwarder.portForward(namespace, pod, [port], client, null, client);
  if (typeof channel === "function") return; // only when it is asked to start again by itself
  channel.addEventListener("close", () => client.end());
  client.on("close", () => channel.close());
  client.resume();
}
