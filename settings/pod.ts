import { z } from "zod";
import { choice, dnsSubdomain, isQualifiedByDomain, labelKey, labelValue, section, wholeNumber } from "../model/fields";
import { excessiveRequests } from "./pod-resources";

// What of a pod's specification can be set. The rules are those of the cluster's API, which would refuse the pods in the middle of an `up`.

const quantity = z
  .string({ error: "a quantity, such as 100m or 64Mi" })
  .regex(/^\d+(?:\.\d+)?(?:m|k|M|G|T|Ki|Mi|Gi|Ti)?$/, { error: "a quantity, such as 100m or 64Mi" });

const resource = choice("a resource", ["cpu", "memory", "ephemeral-storage"], isQualifiedByDomain);

const quantities = z.record(resource, quantity, { error: "an object: resource -> quantity, such as { cpu: 100m }" });

const toleration = section({
  key: labelKey("a taint's key")
    .optional()
    .describe("The taint's key. Without it, and with the operator Exists, every taint is tolerated."),
  operator: z
    .enum(["Exists", "Equal"], { error: "Exists or Equal" })
    .optional()
    .describe("Whether the taint's value matters. Default: Equal."),
  value: labelValue("a taint's value").optional().describe("The taint's value."),
  effect: z
    .enum(["NoSchedule", "PreferNoSchedule", "NoExecute"], { error: "NoSchedule, PreferNoSchedule or NoExecute" })
    .optional()
    .describe("The taint's effect. Default: every effect."),
  tolerationSeconds: wholeNumber(0, 31_536_000, "seconds")
    .optional()
    .describe("How long a pod stays on a node with a taint NoExecute, in seconds. Default: for ever."),
})
  // As the cluster's API has it (ValidateTolerations in pkg/apis/core/validation/validation.go of Kubernetes).
  .superRefine(({ key, operator, value, effect, tolerationSeconds }, context) => {
    const refuse = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
    if (key === undefined && operator !== "Exists") refuse("operator", "Exists, where there is no key");
    if (operator === "Exists" && value !== undefined) refuse("value", "nothing, where the operator is Exists");
    if (tolerationSeconds !== undefined && effect !== "NoExecute") {
      refuse("tolerationSeconds", "nothing, where the effect is not NoExecute");
    }
  });

const affinityTerm = z.record(z.string(), z.unknown(), { error: "an object, as in a pod's specification" }).optional();

/** What a pod of the page server needs on nodes, registries and quotas that are not the usual ones. */
export const podSchema = section({
  tolerations: z
    .array(toleration, { error: "a list of tolerations" })
    .optional()
    .describe("The taints that the pods tolerate."),
  nodeSelector: z
    .record(labelKey("a label"), labelValue("a label's value, in quotes if it is a number"), {
      error: "an object: label -> value",
    })
    .optional()
    .describe("The labels of the nodes on which the pods run."),
  affinity: section({
    nodeAffinity: affinityTerm.describe("As in a pod's specification."),
    podAffinity: affinityTerm.describe("As in a pod's specification."),
    podAntiAffinity: affinityTerm.describe("As in a pod's specification."),
  })
    .optional()
    .describe("Rules for the nodes on which the pods run. The cluster's API checks them."),
  imagePullSecrets: z
    .array(dnsSubdomain("the name of a Secret"), { error: "a list of names of Secrets" })
    .optional()
    .describe("The Secrets, in the page server's namespace, with which the image is pulled from a private registry."),
  priorityClassName: dnsSubdomain("a PriorityClass").optional().describe("The pods' priority, when nodes are full."),
  resources: section({
    requests: quantities.prefault({}).describe("What the scheduler reserves. Default: 20m of cpu, 32Mi of memory."),
    limits: quantities.prefault({}).describe("What a pod may use. Default: 128Mi of memory."),
  })
    .superRefine((resources, context) => {
      for (const { path, allowed } of excessiveRequests(resources)) {
        context.addIssue({ code: "custom", path, message: allowed });
      }
    })
    .prefault({})
    .describe("The resources of a pod. Values replace the defaults one by one."),
}).describe("How the pods are scheduled. Kubernetes has the same names in a pod's specification.");
