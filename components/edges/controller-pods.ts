import { z } from "zod";

/**
 * A controller's pod: the parts that are used here, of any kind of edge
 * (https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/).
 */
export const podSchema = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string(),
    labels: z.record(z.string(), z.string()).optional(),
    deletionTimestamp: z.string().optional(),
  }),
  status: z
    .object({
      phase: z.string().optional(),
      hostIPs: z.array(z.object({ ip: z.string() })).optional(),
      podIPs: z.array(z.object({ ip: z.string() })).optional(),
      conditions: z.array(z.object({ type: z.string(), status: z.string() })).optional(),
    })
    .optional(),
  spec: z.object({
    hostNetwork: z.boolean().optional(),
    containers: z.array(
      z.object({
        image: z.string().optional(),
        command: z.array(z.string()).optional(),
        args: z.array(z.string()).optional(),
        env: z
          .array(
            z.object({
              name: z.string(),
              value: z.string().optional(),
              valueFrom: z.object({ fieldRef: z.object({ fieldPath: z.string() }).optional() }).optional(),
            }),
          )
          .optional(),
      }),
    ),
  }),
});

export type Pod = z.output<typeof podSchema>;

/** The words that start a container, of those that its pod's object has. */
export function commandLineOf({ command = [], args = [] }: Pod["spec"]["containers"][number]): readonly string[] {
  return [...command, ...args];
}

/** Whether a pod has ended. An evicted one stays as an object that serves nobody. */
export function hasEnded({ status }: Pick<Pod, "status">): boolean {
  return status?.phase === "Failed" || status?.phase === "Succeeded";
}

/** Whether visitors are sent to a pod. */
export function isPodReady({ metadata, status }: Pick<Pod, "metadata" | "status">): boolean {
  return (
    metadata.deletionTimestamp === undefined &&
    (status?.conditions ?? []).some((condition) => condition.type === "Ready" && condition.status === "True")
  );
}
