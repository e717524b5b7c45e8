import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { CoreV1Api, type KubeConfig, KubernetesObjectApi, PatchStrategy } from "@kubernetes/client-node";

const NAMESPACE = "maintenance-pages";
const NODE = "node1";
const PODS = "app.kubernetes.io/name=page-server";

/** What a person would do to the page server's pods and their node with kubectl, or what happens to them. */
export class PageServerPods {
  private readonly core: CoreV1Api;
  private readonly objects: KubernetesObjectApi;

  constructor(config: KubeConfig) {
    this.core = config.makeApiClient(CoreV1Api);
    this.objects = KubernetesObjectApi.makeApiClient(config);
  }

  async names(): Promise<readonly string[]> {
    return (await this.list())
      .filter(({ metadata }) => metadata?.deletionTimestamp === undefined)
      .map(({ metadata }) => metadata?.name ?? "");
  }

  private async list() {
    return (await onceMore(() => this.core.listNamespacedPod({ namespace: NAMESPACE, labelSelector: PODS }))).items;
  }

  /** Waits until as many pods are ready as there should be, and no other is left. */
  async untilReady(count = 2): Promise<void> {
    for (let attempt = 0; attempt < 240; attempt += 1) {
      const items = await this.list();
      const ready = items.filter(({ status }) =>
        status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True"),
      );
      if (ready.length === count && items.length === count) return;
      await sleep(250);
    }
    throw new Error(`not ${count} ready pods within a minute`);
  }

  /** Waits until the controller asks both: it hears of a ready pod, and acts at most every 3.3 s (`sync-rate-limit`). */
  async untilBothAnswer(): Promise<void> {
    await this.untilReady();
    await sleep(4000);
  }

  /** Deletes a pod at once, without a moment to finish. */
  async delete(name: string): Promise<void> {
    await onceMore(() => this.core.deleteNamespacedPod({ name, namespace: NAMESPACE, gracePeriodSeconds: 0 }));
  }

  /** Ends a pod's nginx with SIGKILL, as the kernel does when memory is short. */
  kill(name: string): void {
    const [first] = readdirSync("/proc")
      .map(Number)
      .filter((pid) => pid > 0 && isNginxOf(pid, name));
    if (first === undefined) throw new Error(`no nginx of pod ${name}`);
    process.kill(first, "SIGKILL");
  }

  /** @returns the status of the API's answer: 429 when the PodDisruptionBudget forbids it. */
  async evict(name: string): Promise<number> {
    const body = { metadata: { name, namespace: NAMESPACE } };
    try {
      await onceMore(() => this.core.createNamespacedPodEviction({ name, namespace: NAMESPACE, body }));
      return 201;
    } catch (error) {
      if (error instanceof Error && "code" in error && typeof error.code === "number") return error.code;
      throw error;
    }
  }

  /** Whether new pods may come to the node. */
  async schedule(isAllowed: boolean): Promise<void> {
    const node = { apiVersion: "v1", kind: "Node", metadata: { name: NODE }, spec: { unschedulable: !isAllowed } };
    await onceMore(() =>
      this.objects.patch(node, undefined, undefined, undefined, undefined, PatchStrategy.MergePatch),
    );
  }
}

/** Asks again when a kept connection was closed just as it was used; what the API answers is an answer. */
async function onceMore<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof Error && "code" in error && typeof error.code === "number") throw error;
    return ask();
  }
}

/** Whether it is the first process of that pod's container: the pod's name is its host name. */
function isNginxOf(pid: number, pod: string): boolean {
  try {
    const isFirst = /^NSpid:.*\t1$/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
    if (!isFirst || !readlinkSync(`/proc/${pid}/exe`).endsWith("/nginx")) return false;
    return readFileSync(`/proc/${pid}/root/etc/hostname`, "utf8").trim() === pod;
  } catch {
    return false; // it has just ended
  }
}
