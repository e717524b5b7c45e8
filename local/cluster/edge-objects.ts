import type { KubernetesObject } from "@kubernetes/client-node";
import { EDGE_ADDRESS } from "./control-plane";

/** Where the edge keeps its objects; the names are the chart's for a release called "ingress-nginx". */
export const EDGE_NAMESPACE = "ingress-nginx";
export const EDGE_CONFIG_MAP = "ingress-nginx-controller";
export const EDGE_POD = "ingress-nginx-controller-0";
export const ELECTION_ID = "ingress-nginx-leader";

type ManifestObject = KubernetesObject & Readonly<Record<string, unknown>>;

const read = ["get", "list", "watch"];

/**
 * What the chart would install beside the controller's Deployment, of which the controller needs all this to start.
 *
 * @param config the controller's ConfigMap
 */
export function edgeObjects(config: Readonly<Record<string, string>>): readonly ManifestObject[] {
  const namespace = EDGE_NAMESPACE;
  const named = { name: "ingress-nginx" };
  const rbac = "rbac.authorization.k8s.io";
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: EDGE_CONFIG_MAP, namespace },
      data: config,
    },
    {
      apiVersion: "networking.k8s.io/v1",
      kind: "IngressClass",
      metadata: { name: "nginx" },
      spec: { controller: "k8s.io/ingress-nginx" },
    },
    {
      // The permissions of the chart's ClusterRole and Role, in one.
      apiVersion: `${rbac}/v1`,
      kind: "ClusterRole",
      metadata: named,
      rules: [
        {
          apiGroups: [""],
          resources: ["configmaps", "endpoints", "namespaces", "nodes", "pods", "secrets", "services"],
          verbs: read,
        },
        { apiGroups: ["networking.k8s.io"], resources: ["ingresses", "ingressclasses"], verbs: read },
        { apiGroups: ["networking.k8s.io"], resources: ["ingresses/status"], verbs: ["update"] },
        { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: read },
        { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: [...read, "create", "update"] },
        { apiGroups: [""], resources: ["events"], verbs: ["create", "patch"] },
      ],
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: "ClusterRoleBinding",
      metadata: named,
      roleRef: { apiGroup: rbac, kind: "ClusterRole", name: "ingress-nginx" },
      subjects: [{ apiGroup: rbac, kind: "User", name: "ingress-nginx" }],
    },
    {
      // The controller asks for the Pod it runs in, for its labels. It is a process beside the cluster, so this Pod is
      // for nobody to run: no scheduler has that name, and what is not scheduled is not collected as an orphan either.
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: EDGE_POD, namespace, labels: { "app.kubernetes.io/name": "ingress-nginx" } },
      spec: {
        schedulerName: "nobody",
        automountServiceAccountToken: false,
        containers: [{ name: "controller", image: "maintenance-pages.local/none:1" }],
      },
    },
  ];
}

/** What names the admission webhook, for who takes it away. */
export const ADMISSION_WEBHOOK = {
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "ValidatingWebhookConfiguration",
  metadata: { name: "ingress-nginx-admission" },
};

/**
 * The chart's admission webhook, at an address instead of a Service (there are no Service addresses here).
 *
 * @param certificateAuthority PEM
 */
export function admissionWebhook(certificateAuthority: string): ManifestObject {
  return {
    ...ADMISSION_WEBHOOK,
    webhooks: [
      {
        name: "validate.nginx.ingress.kubernetes.io",
        matchPolicy: "Equivalent",
        rules: [
          {
            apiGroups: ["networking.k8s.io"],
            apiVersions: ["v1"],
            operations: ["CREATE", "UPDATE"],
            resources: ["ingresses"],
          },
        ],
        failurePolicy: "Fail",
        sideEffects: "None",
        admissionReviewVersions: ["v1"],
        clientConfig: {
          url: `https://${EDGE_ADDRESS}:8443/networking/v1/ingresses`,
          caBundle: Buffer.from(certificateAuthority).toString("base64"),
        },
      },
    ],
  };
}
