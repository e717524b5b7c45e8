import { z } from "zod";
import { listed } from "../../../model/problems";
import type { Inspection } from "../edge";
import type { TraefikSettings } from "./settings";
import { optionsOf, type StaticOptions } from "./static-options";

/** The label of the pods of Traefik's Helm chart. */
export const PODS = "/api/v1/pods?labelSelector=app.kubernetes.io%2Fname%3Dtraefik";

export const podSchema = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string(),
    labels: z.record(z.string(), z.string()).optional(),
  }),
  status: z.object({ phase: z.string().optional() }).optional(),
  spec: z.object({
    hostNetwork: z.boolean().optional(),
    containers: z.array(z.object({ command: z.array(z.string()).optional(), args: z.array(z.string()).optional() })),
  }),
});

/** A pod of Traefik. */
export interface TraefikPod {
  readonly name: string;
  readonly namespace: string;
  /** The Helm release that it is of, or `undefined` if Helm did not install it. */
  readonly release?: string | undefined;
  readonly hostNetwork?: boolean | undefined;
  /** `undefined` if its static configuration is not in its arguments, but in a file or in the environment. */
  readonly options: StaticOptions | undefined;
}

/** An evicted pod stays as an object that serves nobody. */
const ENDED: readonly (string | undefined)[] = ["Failed", "Succeeded"];

/** The Traefik of a pod; none if it has ended. */
export function traefikPod({ metadata, spec, status }: z.output<typeof podSchema>): readonly TraefikPod[] {
  if (ENDED.includes(status?.phase)) return [];
  const { name, namespace, labels } = metadata;
  const options = optionsOf(spec.containers.flatMap(({ command = [], args = [] }) => [...command, ...args]));
  const release = labels?.["app.kubernetes.io/instance"];
  return [{ name, namespace, release, hostNetwork: spec.hostNetwork, options }];
}

/**
 * Compares the options of these pods with what overrides need. An obstacle prevents every override; a note does not.
 *
 * @param cluster.entryPointsWithTls the entry points at which routes of others have `tls`.
 */
export function suitability(
  pods: readonly TraefikPod[],
  settings: Pick<TraefikSettings, "namespace" | "hostNetwork" | "entryPoints" | "routersWithTls" | "ingressClass">,
  cluster: { readonly namespace: string; readonly entryPointsWithTls: readonly string[] },
): Pick<Inspection, "obstacles" | "notes"> {
  const own = pods.filter(({ namespace }) => namespace === settings.namespace);
  const elsewhere = [...new Set(pods.map(({ namespace }) => namespace))].filter((one) => one !== settings.namespace);
  const obstaclesOf = ({ name, hostNetwork = false, options }: TraefikPod) =>
    [
      ...(hostNetwork && !settings.hostNetwork ? [ON_HOST_NETWORK] : []),
      ...(options === undefined ? [] : obstaclesIn(options, settings, cluster)),
    ].map((text) => `Pod ${settings.namespace}/${name}: ${text}`);
  // Several Traefiks may be in one namespace, each with its own entry points or class.
  const releases = [...new Set(own.map(({ release }) => release))];
  const unsuitable = releases.filter((one) => own.some((pod) => pod.release === one && obstaclesOf(pod).length > 0));
  const texts = own.filter(({ release }) => unsuitable.includes(release)).flatMap(obstaclesOf);
  const isSuitable = unsuitable.length < releases.length;
  const misplaced =
    elsewhere.length === 0
      ? []
      : [
          own.length === 0
            ? `Traefik runs in ${listed(elsewhere)}, and not in ${settings.namespace}: set edges.*.namespace, by which the page server lets its requests in.`
            : `Another Traefik runs in ${listed(elsewhere)}. If it has the same routes, the page server rejects its requests: give it an edge of its own.`,
        ];
  return {
    obstacles: isSuitable ? [] : texts,
    notes: [
      ...misplaced,
      ...(isSuitable ? texts.map((text) => `${text} ${OTHER_RELEASE}`) : []),
      ...own.flatMap(({ name, options }) => emptyServicesNote(`${settings.namespace}/${name}`, options)),
    ],
  };
}

const OTHER_RELEASE =
  "Another Traefik in this namespace has no such obstacle. If visitors come in at both, give each an edge of its own.";

const ON_HOST_NETWORK =
  "it uses its node's network, so the page server rejects its requests: set edges.*.hostNetwork to true.";

function obstaclesIn(
  options: StaticOptions,
  { entryPoints, routersWithTls, ingressClass }: Parameters<typeof suitability>[1],
  { namespace, entryPointsWithTls }: Parameters<typeof suitability>[2],
): readonly string[] {
  const crd = (name: string) => options.get(`providers.kubernetescrd.${name}`);
  if (!options.isEnabled("providers.kubernetescrd")) {
    return ["its provider kubernetesCRD is not enabled (providers.kubernetesCRD.enabled in the Helm values)."];
  }
  const namespaces = crd("namespaces")?.split(",") ?? [];
  const ownClass = crd("ingressclass");
  const labels = crd("labelselector");
  const unknown = entryPoints.filter((name) => !options.hasEntryPoint(name));
  const plain = entryPoints.filter(
    (name) =>
      options.hasEntryPoint(name) &&
      !routersWithTls.includes(name) &&
      !options.isEnabled(`entrypoints.${name}.http.tls`) &&
      (entryPointsWithTls.includes(name) || options.isForTls(name)),
  );
  return [
    ...(namespaces.length === 0 || namespaces.includes(namespace)
      ? []
      : [
          `it does not watch the namespace ${namespace}: add it to providers.kubernetesCRD.namespaces (now ${namespaces.join(", ")}).`,
        ]),
    ...(ownClass === ingressClass
      ? []
      : [
          `its option providers.kubernetesCRD.ingressClass is ${ownClass ?? "not set"}, and edges.*.ingressClass is ${ingressClass ?? "not set"}.`,
        ]),
    ...(labels === undefined
      ? []
      : [
          `it reads only objects with the labels ${labels}: the overrides have none of them. Remove providers.kubernetesCRD.labelSelector.`,
        ]),
    ...(options.get("core.defaultrulesyntax")?.toLowerCase() === "v2"
      ? ["its rules have the syntax of Traefik 2 (core.defaultRuleSyntax), and the overrides have that of Traefik 3."]
      : []),
    ...(unknown.length === 0
      ? []
      : [
          `it has no entry point ${listed(unknown)}: edges.*.entryPoints must be some of ${options.entryPoints.join(", ")}.`,
        ]),
    ...plain.map(
      (name) =>
        `its entry point ${name} serves HTTPS without http.tls, so the overrides would not be used there: add ${name} to edges.*.routersWithTls.`,
    ),
  ];
}

function emptyServicesNote(pod: string, options: StaticOptions | undefined): readonly string[] {
  if (options === undefined || options.isEnabled("providers.kubernetescrd.allowemptyservices")) return [];
  return [
    `Pod ${pod}: its option providers.kubernetesCRD.allowEmptyServices is false. While no page server pod is ready, visitors get 503 without a page. Set it to true, as Traefik's Helm chart does.`,
  ];
}
