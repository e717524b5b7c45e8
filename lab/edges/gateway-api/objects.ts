import { join } from "node:path";
import type { KubernetesObject } from "@kubernetes/client-node";
import { parseAllDocuments } from "yaml";
import { z } from "zod";
import { runCommand } from "../../cluster/commands";

/** Where Envoy Gateway runs, and the Envoys that it makes. */
export const NAMESPACE = "envoy-gateway-system";

/** The Gateway of this edge. */
export const GATEWAY = { name: "edge", namespace: "gateways" } as const;

/** The Secret with the certificate of the Gateway's listener for HTTPS. */
const CERTIFICATE = "edge-certificate";
const CLASS = "eg";

export type ManifestObject = KubernetesObject & Readonly<Record<string, unknown>>;

/** Fields of an object, as its type has them. */
export type Fields = Readonly<Record<string, unknown>>;

/** Where the charts of Envoy Gateway lie in its module. */
export const CHARTS = "charts";

/** What is rendered of a chart. */
interface Chart {
  readonly helm: string;
  /** The folder of Envoy Gateway's module. */
  readonly module: string;
  readonly chart: string;
  readonly args: readonly string[];
}

const objectSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
});

function render({ helm, module, chart, args }: Chart): Promise<string> {
  const folder = join(module, CHARTS, chart);
  return runCommand(helm, ["template", "eg", folder, "--namespace", NAMESPACE, ...args]);
}

/** The types of Gateway API's standard channel, and of Envoy Gateway's own objects, as YAML. */
export function renderTypes(helm: string, module: string): Promise<string> {
  const values = {
    "crds.gatewayAPI.enabled": "true",
    "crds.gatewayAPI.channel": "standard",
    "crds.envoyGateway.enabled": "true",
  };
  const args = Object.entries(values).map(([name, value]) => `--set=${name}=${value}`);
  return render({ helm, module, chart: "gateway-crds-helm", args });
}

/** The configuration of Envoy Gateway, where it differs from the chart's. */
const CONFIGURATION = {
  provider: {
    type: "Kubernetes",
    kubernetes: {
      leaderElection: { disable: true },
      // Its webhook listens on port 9443, which is Traefik's here. The chart's own `topologyInjector.enabled: false` writes this to
      // another place of the configuration, where Envoy Gateway does not read it (charts/gateway-helm/templates/_helpers.tpl).
      proxyTopologyInjector: { disabled: true },
    },
  },
  // In pods both may listen on 19000 and 19001. Here they have one network, so Envoy has these ports, as its probes do.
  admin: { address: { host: "127.0.0.1", port: 19100 } },
  telemetry: { metrics: { prometheus: { disable: true } } },
} as const;

/** What the chart installs and this lab starts by itself, and the hook that makes certificates. */
const STARTED_HERE: readonly string[] = ["Deployment", "Job", "PodDisruptionBudget"];

/** What Envoy Gateway's chart installs beside its Deployment, such as its roles and its configuration. */
export async function chartObjects(helm: string, module: string): Promise<readonly ManifestObject[]> {
  const text = await render({
    helm,
    module,
    chart: "gateway-helm",
    args: [
      // A release of the chart has these values with an image's name in them. The image is for pods, of which there are none.
      ...["--values", join(module, CHARTS, "gateway-helm", "values.tmpl.yaml")],
      ...["--set", "global.images.envoyGateway.image=docker.io/envoyproxy/gateway:none"],
      ...["--set", "createNamespace=true", "--set", "crds.enabled=false", "--set", "topologyInjector.enabled=false"],
      ...Object.entries(CONFIGURATION).flatMap(([key, value]) => [
        "--set-json",
        `config.envoyGateway.${key}=${JSON.stringify(value)}`,
      ]),
    ],
  });
  return parseAllDocuments(text)
    .map((document): unknown => document.toJS())
    .filter((object) => object !== null)
    .map((object) => objectSchema.parse(object))
    .filter(({ kind }) => !STARTED_HERE.includes(kind));
}

/** The listeners of the Gateway when nothing else is asked for: every host, HTTP and HTTPS, routes from all namespaces. */
export const LISTENERS: readonly Fields[] = [
  { name: "http", protocol: "HTTP", port: 80, allowedRoutes: { namespaces: { from: "All" } } },
  {
    name: "https",
    protocol: "HTTPS",
    port: 443,
    tls: { mode: "Terminate", certificateRefs: [{ name: CERTIFICATE }] },
    allowedRoutes: { namespaces: { from: "All" } },
  },
];

/**
 * The ports on which Envoy listens for the Gateway's ports 80 and 443, as a pod without rights can't have those
 * (`wellKnownPortShift` in internal/gatewayapi/translator.go).
 */
export const ENVOY_PORTS = { http: 10080, https: 10443 } as const;

/** The labels of what Envoy Gateway makes for the Gateway. */
export const OWNED = `gateway.envoyproxy.io/owning-gateway-name=${GATEWAY.name},gateway.envoyproxy.io/owning-gateway-namespace=${GATEWAY.namespace}`;

/** The Gateway, for a test that changes its listeners. */
export function gateway(listeners: readonly Fields[] = LISTENERS): ManifestObject {
  return {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "Gateway",
    metadata: GATEWAY,
    spec: { gatewayClassName: CLASS, listeners: [...listeners] },
  };
}

/**
 * How Envoy Gateway runs Envoy, for a test that changes it.
 *
 * @param spec more of its fields, such as `{ preserveRouteOrder: true }`.
 */
export function envoyProxy(spec: Fields = {}): ManifestObject {
  return {
    apiVersion: "gateway.envoyproxy.io/v1alpha1",
    kind: "EnvoyProxy",
    metadata: { name: CLASS, namespace: NAMESPACE },
    spec: {
      provider: {
        type: "Kubernetes",
        kubernetes: {
          envoyDeployment: {
            replicas: 1,
            // A stand-in, as Envoy is a process beside the node: no scheduler has that name, so nobody runs the pod.
            patch: { type: "StrategicMerge", value: { spec: { template: { spec: { schedulerName: "nobody" } } } } },
          },
          // There are no load balancers here, and a Gateway without an address is never programmed.
          envoyService: { type: "ClusterIP" },
        },
      },
      ...spec,
    },
  };
}

/**
 * The Gateway with its class and its certificate.
 *
 * @param certificate PEM.
 */
export function gatewayObjects(
  certificate: { readonly certificate: string; readonly key: string },
  { listeners, spec }: { readonly listeners?: readonly Fields[] | undefined; readonly spec?: Fields | undefined },
): readonly ManifestObject[] {
  return [
    envoyProxy(spec),
    {
      apiVersion: "gateway.networking.k8s.io/v1",
      kind: "GatewayClass",
      metadata: { name: CLASS },
      spec: {
        controllerName: "gateway.envoyproxy.io/gatewayclass-controller",
        parametersRef: { group: "gateway.envoyproxy.io", kind: "EnvoyProxy", name: CLASS, namespace: NAMESPACE },
      },
    },
    { apiVersion: "v1", kind: "Namespace", metadata: { name: GATEWAY.namespace } },
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: CERTIFICATE, namespace: GATEWAY.namespace },
      type: "kubernetes.io/tls",
      stringData: { "tls.crt": certificate.certificate, "tls.key": certificate.key },
    },
    gateway(listeners),
  ];
}
