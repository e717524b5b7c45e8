import type { KubernetesObject } from "@kubernetes/client-node";
import { EDGE_ADDRESS } from "../../cluster/control-plane";

/** What tells one controller from another. */
export interface ControllerIdentity {
  /** The namespace; the names in it are the chart's for a release of that name. */
  readonly namespace: string;
  /** The ingress class, and the controller's name in it. */
  readonly className: string;
  readonly controllerClass: string;
  /** Added to each of its ports. */
  readonly portOffset: number;
}

/** The first controller: everything is as in the chart. */
export const FIRST: ControllerIdentity = {
  namespace: "ingress-nginx",
  className: "nginx",
  controllerClass: "k8s.io/ingress-nginx",
  portOffset: 0,
};

/** A second one beside it, with a class of its own. */
export const SECOND: ControllerIdentity = {
  namespace: "ingress-nginx-second",
  className: "second",
  controllerClass: "k8s.io/ingress-nginx-second",
  portOffset: 1000,
};

export const CONFIG_MAP = "ingress-nginx-controller";
export const POD = "ingress-nginx-controller-0";
export const ELECTION_ID = "ingress-nginx-leader";

type ManifestObject = KubernetesObject & Readonly<Record<string, unknown>>;

const read = ["get", "list", "watch"];

/**
 * What the chart would install beside the controller's Deployment, of which the controller needs all this to start.
 *
 * @param config the controller's ConfigMap
 */
export function edgeObjects(
  { namespace, className, controllerClass }: ControllerIdentity,
  config: Readonly<Record<string, string>>,
): readonly ManifestObject[] {
  const named = { name: "ingress-nginx" };
  const rbac = "rbac.authorization.k8s.io";
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: CONFIG_MAP, namespace },
      data: config,
    },
    {
      apiVersion: "networking.k8s.io/v1",
      kind: "IngressClass",
      metadata: { name: className },
      spec: { controller: controllerClass },
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
      metadata: { name: POD, namespace, labels: { "app.kubernetes.io/name": "ingress-nginx" } },
      spec: {
        schedulerName: "nobody",
        automountServiceAccountToken: false,
        containers: [{ name: "controller", image: "maintenance-pages.local/none:1" }],
      },
    },
  ];
}

/** The name of a controller's admission webhook, for tests that delete it. */
export const webhookObject = ({ namespace }: ControllerIdentity) => ({
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "ValidatingWebhookConfiguration",
  metadata: { name: `${namespace}-admission` },
});

/** The port of a controller's admission webhook. */
export const webhookPort = ({ portOffset }: ControllerIdentity) => 8443 + portOffset;

/**
 * The chart's admission webhook, at an address instead of a Service (there are no Service addresses here).
 *
 * @param certificateAuthority PEM
 */
export function admissionWebhook(identity: ControllerIdentity, certificateAuthority: string): ManifestObject {
  return {
    ...webhookObject(identity),
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
          url: `https://${EDGE_ADDRESS}:${webhookPort(identity)}/networking/v1/ingresses`,
          caBundle: Buffer.from(certificateAuthority).toString("base64"),
        },
      },
    ],
  };
}
