import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { PatchStrategy } from "@kubernetes/client-node";
import { runCommand } from "./commands";
import type { Kube } from "./kube";
import { isReady } from "./port-forward";
import { waitFor } from "./waiting";

const NAMESPACE = "maintenance-pages";
const NODE = "node1";
const PODS = "app.kubernetes.io/name=page-server";

/** What a person would do to the page server's pods and their node with kubectl, or what happens to them. */
export class PageServerPods {
  constructor(private readonly kube: Kube) {}

  async names(): Promise<readonly string[]> {
    return (await this.list())
      .filter(({ metadata }) => metadata?.deletionTimestamp === undefined)
      .map(({ metadata }) => metadata?.name ?? "");
  }

  private async list() {
    return (await onceMore(() => this.kube.core.listNamespacedPod({ namespace: NAMESPACE, labelSelector: PODS })))
      .items;
  }

  /** Scales the page server's Deployment. */
  async scale(replicas: number): Promise<void> {
    const metadata = { name: "page-server", namespace: NAMESPACE };
    const deployment = { apiVersion: "apps/v1", kind: "Deployment", metadata, spec: { replicas } };
    await this.kube.apply(deployment);
  }

  /** Waits until as many pods are ready as there should be, and no other is left. */
  async untilReady(count = 2): Promise<void> {
    const ready = async () => {
      const pods = await this.list();
      return pods.length === count && pods.every(isReady) ? true : undefined;
    };
    await waitFor(ready, { what: `${count} ready pods, and no other`, timeoutSeconds: 60, everyMilliseconds: 250 });
  }

  /** Waits until the controller asks both: it hears of a ready pod, and acts at most every 3.3 s (`sync-rate-limit`). */
  async untilBothAnswer(): Promise<void> {
    await this.untilReady();
    await sleep(4000);
  }

  /** Deletes a pod at once, without a moment to finish. */
  async delete(name: string): Promise<void> {
    await onceMore(() => this.kube.core.deleteNamespacedPod({ name, namespace: NAMESPACE, gracePeriodSeconds: 0 }));
  }

  /** Ends a pod's nginx with SIGKILL, as the kernel does when memory is short. */
  kill(name: string): void {
    process.kill(nginxOf(name), "SIGKILL");
  }

  /** Takes a pod's network away, as when its node vanishes: what is sent to it gets no answer, not even a refusal. */
  async cutOff(name: string): Promise<void> {
    await runCommand("nsenter", [`--net=/proc/${nginxOf(name)}/ns/net`, "ip", "link", "set", "eth0", "down"]);
  }

  /** @returns the status of the API's answer: 429 when the PodDisruptionBudget forbids it. */
  async evict(name: string): Promise<number> {
    const body = { metadata: { name, namespace: NAMESPACE } };
    try {
      await onceMore(() => this.kube.core.createNamespacedPodEviction({ name, namespace: NAMESPACE, body }));
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
      this.kube.objects.patch(node, undefined, undefined, undefined, undefined, PatchStrategy.MergePatch),
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

function nginxOf(pod: string): number {
  const pid = readdirSync("/proc")
    .map(Number)
    .find((one) => one > 0 && isNginxOf(one, pod));
  if (pid === undefined) throw new Error(`no nginx of pod ${pod}`);
  return pid;
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
