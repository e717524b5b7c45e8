import { listed, type Problem } from "../../../model/problems";
import type { Inspection } from "../edge";
import { IMPLEMENTATIONS } from "./implementations";
import {
  admits,
  gatewaysBehind,
  isForHttp,
  type LabelledNamespace,
  listenersOf,
  type OwnedListener,
  placeOf,
  type Topology,
} from "./listeners";
import { type EnvoyProxy, type Gateway, type GatewayClass, PROXY_LABELS, type ProxyPod } from "./objects";
import { type GatewayApiSettings, IMPLEMENTATION_NAMES, type Parent, sourceOf } from "./settings";

/** What decides whether overrides work at an edge. */
export interface Surroundings extends Topology {
  readonly classes: readonly GatewayClass[];
  readonly envoyProxies: readonly EnvoyProxy[];
  readonly proxies: readonly ProxyPod[];
}

type Findings = Pick<Inspection, "obstacles" | "notes">;

/** Compares the Gateways of an edge with what overrides need. An obstacle prevents every override; a note does not. */
export function suitability(
  settings: Omit<GatewayApiSettings, "kind">,
  surroundings: Surroundings,
  namespace: LabelledNamespace,
): Findings {
  const parents = settings.parentRefs.map((parent) => ofParent(parent, surroundings, namespace));
  const areAllUnfit = parents.every(({ obstacles }) => obstacles.length > 0);
  const all = [
    ...(areAllUnfit ? parents : parents.map(asNotes)),
    ...gatewaysBehind(settings.parentRefs, surroundings).map((gateway) => ofGateway(gateway, settings, surroundings)),
  ];
  return { obstacles: all.flatMap(({ obstacles }) => obstacles), notes: all.flatMap(({ notes }) => notes) };
}

/** What is wrong with one of several parents: overrides work at the others. */
function asNotes({ obstacles, notes }: Findings): Findings {
  return {
    obstacles: [],
    notes: [...obstacles.map((text) => `${text} Visitors there do not get the page.`), ...notes],
  };
}

/** Whether a parent exists, and which of its listeners take an override. */
function ofParent(parent: Parent, topology: Topology, namespace: LabelledNamespace): Findings {
  const listeners = listenersOf([parent], topology);
  if (listeners.length === 0) return { obstacles: [absence(parent, topology)], notes: [] };
  const forHttp = listeners.filter(({ listener }) => isForHttp(listener));
  const others = listeners.filter((one) => !forHttp.includes(one));
  const closed = forHttp.filter((one) => !admits(one, namespace));
  const place = placeOf(parent);
  if (forHttp.length === 0) return { obstacles: [`${place} has no listener for HTTPRoutes.`], notes: [] };
  const refusal = `${closedText(place, closed, namespace.name)}: set ${ADMISSION}`;
  const isClosed = closed.length === forHttp.length;
  return {
    obstacles: isClosed ? [refusal] : [],
    notes: [
      ...(closed.length > 0 && !isClosed ? [`${refusal} Visitors at these listeners get the instance.`] : []),
      ...(others.length > 0
        ? [
            `${place} has listeners that take no HTTPRoute: ${named(others)}. Visitors at these listeners do not get the page.`,
          ]
        : []),
    ],
  };
}

/** What is said of listeners that do not admit routes of a namespace. */
export function closedText(place: string, closed: readonly OwnedListener[], namespace: string): string {
  return `${place} does not admit routes of the namespace ${namespace} at its listeners ${named(closed)}`;
}

/** What to do about it, after the word `set`. */
export const ADMISSION = "their allowedRoutes.namespaces, or give the namespace the labels of their selector.";

function named(listeners: readonly OwnedListener[]): string {
  return listed(listeners.map(({ listener }) => listener.name));
}

/** What is said of a parent that the cluster does not have. */
function absence(parent: Parent, topology: Topology): string {
  const { kind, name, namespace, sectionName, port } = parent;
  const all = listenersOf([{ kind, name, namespace }], topology).map(({ listener }) => listener);
  if (all.length > 0) {
    const wanted = [
      ...(sectionName === undefined ? [] : [`called ${sectionName}`]),
      ...(port === undefined ? [] : [`at port ${port}`]),
    ].join(" ");
    const there = listed(all.map((listener) => `${listener.name} at port ${listener.port}`));
    return `${placeOf(parent)} has no listener ${wanted}. Its listeners are ${there}: correct edges.*.parentRefs.`;
  }
  const known = (kind === "Gateway" ? topology.gateways : topology.listenerSets).map(
    ({ metadata }) => `${metadata.namespace}/${metadata.name}`,
  );
  const there = known.length === 0 ? `The cluster has no ${kind}` : `The cluster has ${listed(known, 5)}`;
  return `${placeOf(parent)} does not exist. ${there}: correct edges.*.parentRefs.`;
}

/** Whether a Gateway's controller is the one that the setting says, and works. */
function ofGateway(gateway: Gateway, settings: Omit<GatewayApiSettings, "kind">, surroundings: Surroundings): Findings {
  const { metadata, status } = gateway;
  const place = placeOf({ kind: "Gateway", ...metadata });
  const gatewayClass = classOf(gateway, surroundings);
  const isFalse = (condition: { readonly type: string; readonly status: string }, ...types: readonly string[]) =>
    types.includes(condition.type) && condition.status === "False";
  const broken = (status?.listeners ?? []).flatMap(({ name, conditions }) =>
    conditions
      .filter((condition) => isFalse(condition, "Accepted", "Programmed", "ResolvedRefs"))
      .map(({ reason = "", message = "" }) => `${place}, listener ${name}: ${reason}. ${message}`.trim()),
  );
  const { obstacles, notes } = ofController(place, gatewayClass, settings);
  return {
    obstacles: [
      ...obstacles,
      ...(keepsOrder(gateway, gatewayClass, surroundings) ? [`${place} ${KEEPS_ORDER}`] : []),
      ...rejectedProxies(gateway, settings, surroundings),
    ],
    notes: [
      ...notes,
      ...(status?.conditions.some((condition) => isFalse(condition, "Programmed"))
        ? [`${place} is not programmed: see its status.`]
        : []),
      ...new Set(broken),
    ],
  };
}

/** Whether the Gateway's class is of the implementation that the setting says. */
function ofController(
  place: string,
  gatewayClass: GatewayClass | undefined,
  { implementation }: Pick<GatewayApiSettings, "implementation">,
): Findings {
  const other = otherImplementation(gatewayClass, implementation);
  const isUnknown = gatewayClass !== undefined && implementationOf(gatewayClass) === undefined;
  return {
    obstacles:
      other === undefined
        ? []
        : [`${place} is served by ${other}, and edges.*.implementation is ${implementation}: set it to ${other}.`],
    notes: isUnknown
      ? [
          `${place} is served by ${gatewayClass.spec.controllerName}, which is not known here. edges.*.implementation says that it is ${implementation}.`,
        ]
      : [],
  };
}

function classOf({ spec }: Gateway, { classes }: Pick<Surroundings, "classes">): GatewayClass | undefined {
  return classes.find((one) => one.metadata.name === spec.gatewayClassName);
}

/**
 * The implementation of a Gateway's class, if it is another than the setting says.
 *
 * @param gatewayClass `undefined` if the cluster does not have it. Then nothing is known of the Gateway's implementation.
 */
function otherImplementation(
  gatewayClass: GatewayClass | undefined,
  implementation: GatewayApiSettings["implementation"],
): GatewayApiSettings["implementation"] | undefined {
  const actual = gatewayClass && implementationOf(gatewayClass);
  return actual === implementation ? undefined : actual;
}

/** `undefined` if the class has a controller that is not known here, or that was installed with another name. */
function implementationOf({ spec }: GatewayClass): GatewayApiSettings["implementation"] | undefined {
  return IMPLEMENTATION_NAMES.find((name) => IMPLEMENTATIONS[name].controllerName === spec.controllerName);
}

/** A problem for each Gateway of an edge whose class is of another implementation than the setting. */
export function wrongImplementations(
  edge: string,
  { implementation, parentRefs }: Pick<GatewayApiSettings, "implementation" | "parentRefs">,
  { classes, ...topology }: Topology & Pick<Surroundings, "classes">,
): readonly Problem[] {
  return gatewaysBehind(parentRefs, topology).flatMap((gateway) => {
    const { metadata, spec } = gateway;
    const other = otherImplementation(classOf(gateway, { classes }), implementation);
    if (other === undefined) return [];
    const place = placeOf({ kind: "Gateway", ...metadata });
    const allowed = `${other}, which serves ${place} by its GatewayClass ${spec.gatewayClassName}; Gateways of another implementation need an edge of their own`;
    return [{ path: `edges.${edge}.implementation`, found: implementation, allowed, nearest: other }];
  });
}

const KEEPS_ORDER =
  "keeps routes in the order in which they were written (preserveRouteOrder of its EnvoyProxy), so the instance's own may come before an override: set it to false.";

/** By the EnvoyProxy of the Gateway, or else of its class. They are merged if the Gateway's says so (internal/gatewayapi/contexts.go). */
function keepsOrder(
  { metadata, spec }: Gateway,
  gatewayClass: GatewayClass | undefined,
  { envoyProxies }: Pick<Surroundings, "envoyProxies">,
): boolean {
  const [ofGateway, ofClass] = [spec.infrastructure?.parametersRef, gatewayClass?.spec.parametersRef].map((reference) =>
    envoyProxies.find(
      (one) =>
        reference?.kind === "EnvoyProxy" &&
        one.metadata.name === reference.name &&
        one.metadata.namespace === (reference.namespace ?? metadata.namespace),
    ),
  );
  const isMerged = ofGateway?.spec.mergeType !== undefined && ofGateway.spec.preserveRouteOrder === undefined;
  const decisive = ofGateway === undefined || isMerged ? ofClass : ofGateway;
  return decisive?.spec.preserveRouteOrder === true;
}

/** The page server lets in requests from one namespace, or from every address. */
function rejectedProxies(
  { metadata: { name, namespace } }: Gateway,
  settings: Omit<GatewayApiSettings, "kind">,
  { proxies }: Pick<Surroundings, "proxies">,
): readonly string[] {
  const source = sourceOf(settings);
  const own = proxies.filter(({ metadata: { labels, ...pod } }) =>
    PROXY_LABELS.some(
      ([nameLabel, namespaceLabel]) =>
        labels[nameLabel] === name &&
        namespace === (namespaceLabel === undefined ? pod.namespace : labels[namespaceLabel]),
    ),
  );
  if (source === "nodes") return [];
  if (own.some((one) => !one.spec.hostNetwork && one.metadata.namespace === source.namespace)) return [];
  const place = placeOf({ kind: "Gateway", name, namespace });
  if (own.some(({ spec }) => spec.hostNetwork))
    return [
      `The proxies of ${place} use their nodes' network, so the page server rejects their requests: set edges.*.hostNetwork to true.`,
    ];
  const places = [...new Set(own.map((one) => one.metadata.namespace))];
  return places.length === 0
    ? []
    : [
        `The proxies of ${place} run in ${listed(places)}, and the page server lets in only requests from ${source.namespace}: set edges.*.namespace, or make an edge of its own for this Gateway.`,
      ];
}
