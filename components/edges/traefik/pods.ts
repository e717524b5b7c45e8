import { listed } from "../../../model/problems";
import { commandLineOf, hasEnded, isPodReady, type Pod } from "../controller-pods";
import type { Inspection } from "../edge";
import { isWithin } from "./address-range";
import type { TraefikSettings } from "./settings";
import { optionsOf, type StaticOptions } from "./static-options";

/** The pods of Traefik's Helm chart, and of RKE2's. */
export const PODS = `/api/v1/pods?labelSelector=${encodeURIComponent("app.kubernetes.io/name in (traefik,rke2-traefik)")}`;

/** A pod of Traefik. */
export interface TraefikPod {
  readonly name: string;
  readonly namespace: string;
  /** The Helm release that it is of, or `undefined` if Helm did not install it. */
  readonly release?: string | undefined;
  readonly hostNetwork?: boolean | undefined;
  /** Whether visitors are sent to it. */
  readonly isReady: boolean;
  /** Its own addresses. */
  readonly addresses: readonly string[];
  /** Those of its node, from which visitors come whose address the cluster's network does not keep. */
  readonly nodeAddresses: readonly string[];
  /** The image with its tag, if that is one of Traefik 2. */
  readonly oldImage?: string | undefined;
  /** `undefined` if its static configuration is not in its arguments, but in a file or in the environment. */
  readonly options: StaticOptions | undefined;
}

/** The Traefik of a pod; none if it has ended. */
export function traefikPod(pod: Pod): readonly TraefikPod[] {
  if (hasEnded(pod)) return [];
  const { metadata, spec } = pod;
  const { name, namespace, labels } = metadata;
  // A sidecar may be beside it.
  const [options] = spec.containers.flatMap((container) => optionsOf(commandLineOf(container)) ?? []);
  const release = labels?.["app.kubernetes.io/instance"];
  const oldImage = spec.containers.map(({ image = "" }) => image).find(isOld);
  const addresses = pod.status?.podIPs?.map(({ ip }) => ip) ?? [];
  const nodeAddresses = pod.status?.hostIPs?.map(({ ip }) => ip) ?? [];
  const { hostNetwork } = spec;
  const isReady = isPodReady(pod);
  return [{ name, namespace, release, hostNetwork, isReady, addresses, nodeAddresses, oldImage, options }];
}

/**
 * Whether an image is of Traefik 2, by its tag: as Traefik's Helm chart writes it, and as K3s and RKE2 do. The tag of anybody's own image may
 * be the version of something else.
 */
function isOld(image: string): boolean {
  return /(?:(?:^|\/)traefik:v|\/mirrored-library-traefik:v?)2(?:[.@-]|$)/.test(image);
}

/** The pods that visitors of an edge come to. One that does not start, or does not end, keeps nobody from the others. */
export function servingPods(
  pods: readonly TraefikPod[],
  settings: Pick<TraefikSettings, "namespace">,
): readonly TraefikPod[] {
  const inNamespace = pods.filter(({ namespace }) => namespace === settings.namespace);
  const ready = inNamespace.filter(({ isReady }) => isReady);
  return ready.length > 0 ? ready : inNamespace;
}

/**
 * Compares the options of these pods with what overrides need. An obstacle prevents every override; a note does not.
 *
 * @param cluster.entryPointsWithTls the entry points at which routes of others have `tls`.
 */
export function suitability(
  pods: readonly TraefikPod[],
  settings: Pick<
    TraefikSettings,
    "namespace" | "hostNetwork" | "entryPoints" | "routersWithTls" | "ingressClass" | "bypassAddresses"
  >,
  cluster: { readonly namespace: string; readonly entryPointsWithTls: readonly string[] },
): Pick<Inspection, "obstacles" | "notes"> {
  const own = servingPods(pods, settings);
  const elsewhere = [...new Set(pods.map(({ namespace }) => namespace))].filter((one) => one !== settings.namespace);
  const found = own.map((pod) => {
    const { name, release, hostNetwork = false, oldImage, options } = pod;
    const ofPod = (text: string) => `Pod ${settings.namespace}/${name}: ${text}`;
    const obstacles = [
      ...(oldImage === undefined ? [] : [oldText(oldImage)]),
      ...(hostNetwork && !settings.hostNetwork ? [ON_HOST_NETWORK] : []),
      ...(options === undefined ? [] : obstaclesIn(options, settings, cluster)),
    ];
    const notes = [
      ...addressNotes(pod, settings),
      ...(options === undefined ? [] : notesIn(options, settings, cluster)),
    ];
    return { release, obstacles: obstacles.map(ofPod), notes: notes.map(ofPod) };
  });
  // Several Traefiks may be in one namespace, each with its own entry points or class.
  const unsuitable = new Set(found.filter(({ obstacles }) => obstacles.length > 0).map(({ release }) => release));
  const isSuitable = found.some(({ release }) => !unsuitable.has(release));
  const obstacles = found.flatMap((pod) => pod.obstacles);
  return {
    obstacles: isSuitable ? [] : obstacles,
    notes: [
      ...placeNote(own.length > 0, elsewhere, settings.namespace),
      ...(isSuitable ? obstacles.map((text) => `${text} ${OTHER_RELEASE}`) : []),
      ...found.flatMap(({ notes }) => notes),
    ],
  };
}

/** That Traefik, or another Traefik, is somewhere else than in the edge's namespace. */
function placeNote(isThere: boolean, elsewhere: readonly string[], namespace: string): readonly string[] {
  if (elsewhere.length === 0) return isThere ? [] : [NO_PODS];
  return [
    isThere
      ? `Another Traefik runs in ${listed(elsewhere)}. If it has the same routes, the page server rejects its requests: give it an edge of its own.`
      : `Traefik runs in ${listed(elsewhere)}, and not in ${namespace}: set edges.*.namespace, by which the page server lets its requests in.`,
  ];
}

const NO_PODS =
  "No pod of Traefik was found, by the label app.kubernetes.io/name of its Helm chart: its options were not checked.";

const OTHER_RELEASE =
  "Another Traefik in this namespace has no such obstacle. If visitors come in at this one, too, it needs an edge of its own.";

function oldText(image: string): string {
  return `its image is ${image}, and the rules of the overrides have the syntax of Traefik 3: update it to 3.6 or later.`;
}

const ON_HOST_NETWORK =
  "it uses its node's network, so the page server rejects its requests: set edges.*.hostNetwork to true.";

function obstaclesIn(
  options: StaticOptions,
  settings: Parameters<typeof suitability>[1],
  { namespace }: Parameters<typeof suitability>[2],
): readonly string[] {
  const { entryPoints, ingressClass } = settings;
  const crd = (name: string) => options.get(`providers.kubernetescrd.${name}`);
  if (!options.isEnabled("providers.kubernetescrd")) {
    return ["its provider kubernetesCRD is not enabled (providers.kubernetesCRD.enabled in the Helm values)."];
  }
  const namespaces =
    crd("namespaces")
      ?.split(",")
      .map((one) => one.trim()) ?? [];
  const ownClass = crd("ingressclass");
  const labels = crd("labelselector");
  const unknown = entryPoints.filter((name) => !options.hasEntryPoint(name));
  return [
    ...(namespaces.length === 0 || namespaces.some((one) => one === namespace || isFromEnvironment(one))
      ? []
      : [
          `it does not watch the namespace ${namespace}: add it to providers.kubernetesCRD.namespaces (now ${namespaces.join(", ")}).`,
        ]),
    ...(ownClass === ingressClass || isFromEnvironment(ownClass)
      ? []
      : [
          `its option providers.kubernetesCRD.ingressClass is ${ownClass ?? "not set"}, and edges.*.ingressClass is ${ingressClass ?? "not set"}.`,
        ]),
    ...(labels === undefined || labels.split(/,(?![^(]*\))/).every(isNegative)
      ? []
      : [
          `it reads only objects with the labels ${labels} (providers.kubernetesCRD.labelSelector), and the overrides have no such labels.`,
        ]),
    ...(options.get("core.defaultrulesyntax")?.toLowerCase() === "v2"
      ? ["its rules have the syntax of Traefik 2 (core.defaultRuleSyntax), and the overrides have that of Traefik 3."]
      : []),
    ...(unknown.length === 0
      ? []
      : [
          `it has no entry point ${listed(unknown)}: edges.*.entryPoints must be some of ${listed(options.entryPoints)}.`,
        ]),
    ...plainEntryPoints(options, settings)
      .filter((name) => options.isForTls(name))
      .map(
        (name) =>
          `its entry point ${name} serves HTTPS without http.tls, so the overrides would not be used there: add ${name} to edges.*.routersWithTls.`,
      ),
  ];
}

/** The edge's entry points without `tls`, neither in the static configuration nor in the override. */
function plainEntryPoints(
  options: StaticOptions,
  { entryPoints, routersWithTls }: Pick<TraefikSettings, "entryPoints" | "routersWithTls">,
): readonly string[] {
  return entryPoints.filter(
    (name) =>
      options.hasEntryPoint(name) &&
      !routersWithTls.includes(name) &&
      !options.isEnabled(`entrypoints.${name}.http.tls`),
  );
}

/** Whether Kubernetes puts something in the place of `$(NAME)` that is not in the pod's arguments. */
function isFromEnvironment(value: string | undefined): boolean {
  return value?.includes("$(") === true;
}

/** Whether a requirement of a label selector says only what an object must not have. */
function isNegative(requirement: string): boolean {
  return /^\s*!|!=|\snotin\s/.test(requirement);
}

function notesIn(
  options: StaticOptions,
  settings: Parameters<typeof suitability>[1],
  { entryPointsWithTls }: Parameters<typeof suitability>[2],
): readonly string[] {
  const doubtful = plainEntryPoints(options, settings).filter(
    (name) => entryPointsWithTls.includes(name) && !options.isForTls(name),
  );
  return [
    ...doubtful.map(
      (name) =>
        `routes of others have tls at its entry point ${name}, which has no http.tls. If it serves HTTPS, add ${name} to edges.*.routersWithTls.`,
    ),
    ...(options.isEnabled("providers.kubernetescrd.allowemptyservices") ? [] : [EMPTY_SERVICES]),
  ];
}

/** Why `bypassAddresses` may be compared with another address than the visitor's. */
function addressNotes(
  { addresses, nodeAddresses, options }: TraefikPod,
  { bypassAddresses, entryPoints }: Pick<TraefikSettings, "bypassAddresses" | "entryPoints">,
): readonly string[] {
  if (bypassAddresses.length === 0) return [];
  const text = (address: string, of: string) =>
    `a range of edges.*.bypassAddresses has the address ${address} of ${of}. If visitors' connections come from it, all of them are let in ` +
    "without a key: take the range out, or have Traefik get their own addresses.";
  const behindProxy = entryPoints.filter((name) => {
    const isOn = (option: string) => options?.isEnabled(`entrypoints.${name}.${option}`) === true;
    return (isOn("forwardedHeaders.insecure") || isOn("forwardedHeaders.trustedIPs")) && !isOn("proxyProtocol");
  });
  const believing = entryPoints.filter(
    (name) => options?.isEnabled(`entrypoints.${name}.proxyProtocol.insecure`) === true,
  );
  return [
    ...addresses.filter((one) => isWithin(bypassAddresses, one)).map((one) => text(one, "the pod")),
    ...nodeAddresses
      .filter((one) => !addresses.includes(one) && isWithin(bypassAddresses, one))
      .map((one) => text(one, "its node")),
    ...behindProxy.map(
      (name) =>
        `its entry point ${name} trusts forwarded headers, so a proxy seems to be before it, and edges.*.bypassAddresses is compared with the ` +
        "address of that: have the proxy speak the PROXY protocol, or take bypassAddresses out.",
    ),
    ...believing.map(
      (name) =>
        `its entry point ${name} accepts the PROXY protocol from every address (proxyProtocol.insecure). A request that comes past the load balancer ` +
        "can name an address of edges.*.bypassAddresses, and is let in without a key: set proxyProtocol.trustedIPs instead.",
    ),
  ];
}

const EMPTY_SERVICES =
  "its option providers.kubernetesCRD.allowEmptyServices is false. While no page server pod is ready, visitors get 503 without a page. Set it " +
  "to true, as Traefik's Helm chart does.";
