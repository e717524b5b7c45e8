import { isBelow } from "../../../model/instances";
import {
  GATEWAY_GROUP,
  type Gateway,
  type HttpRoute,
  type Listener,
  type ListenerSet,
  type Route,
  type Selector,
} from "./objects";
import type { Parent } from "./settings";

/** What has listeners. */
export interface Topology {
  readonly gateways: readonly Gateway[];
  readonly listenerSets: readonly ListenerSet[];
}

/** A Gateway or a ListenerSet. */
export type Owner = Pick<Parent, "kind" | "name" | "namespace">;

/** The name of a Gateway or a ListenerSet in a message. */
export function placeOf({ kind, namespace, name }: Owner): string {
  return `${kind} ${namespace}/${name}`;
}

/** A listener, and what it belongs to. */
export interface OwnedListener {
  readonly listener: Listener;
  readonly owner: Owner;
}

/** The listeners of these parents, each once. */
export function listenersOf(
  parents: readonly Parent[],
  { gateways, listenerSets }: Topology,
): readonly OwnedListener[] {
  const all = [
    ...gateways.flatMap((gateway) => ownedBy("Gateway", gateway)),
    ...listenerSets.flatMap((set) => ownedBy("ListenerSet", set)),
  ];
  return all.filter((one) => parents.some((parent) => isOf(one, parent)));
}

function ownedBy(kind: Owner["kind"], { metadata, spec }: Gateway | ListenerSet): readonly OwnedListener[] {
  const { name, namespace } = metadata;
  return spec.listeners.map((listener) => ({ listener, owner: { kind, name, namespace } }));
}

function isOf({ listener, owner }: OwnedListener, parent: Parent): boolean {
  return (
    isSameOwner(owner, parent) &&
    (parent.sectionName === undefined || parent.sectionName === listener.name) &&
    (parent.port === undefined || parent.port === listener.port)
  );
}

export function isSameOwner(one: Owner, other: Owner): boolean {
  return one.kind === other.kind && one.name === other.name && one.namespace === other.namespace;
}

export function isSameListener(one: OwnedListener, other: OwnedListener): boolean {
  return isSameOwner(one.owner, other.owner) && one.listener.name === other.listener.name;
}

/** The Gateways to which these parents lead. */
export function gatewaysBehind(parents: readonly Parent[], topology: Topology): readonly Gateway[] {
  const owners = parents.map((parent) => gatewayBehind(parent, topology));
  return topology.gateways.filter(({ metadata }) =>
    owners.some((owner) => owner?.name === metadata.name && owner.namespace === metadata.namespace),
  );
}

/** The Gateway of a ListenerSet; a Gateway itself. */
export function gatewayBehind(
  parent: Owner,
  { listenerSets }: Pick<Topology, "listenerSets">,
): Pick<Owner, "name" | "namespace"> | undefined {
  if (parent.kind === "Gateway") return parent;
  const set = listenerSets.find(({ metadata }) => isSameOwner(parent, { kind: "ListenerSet", ...metadata }));
  if (set === undefined) return undefined;
  const { name, namespace = set.metadata.namespace } = set.spec.parentRef;
  return { name, namespace };
}

/** What a route is attached to, of the kinds that are read here, with the route's own namespace as the default. */
export function parentsOf({ metadata, spec }: Route): readonly Parent[] {
  return spec.parentRefs.flatMap(({ group, kind, namespace = metadata.namespace, ...parent }) =>
    group === GATEWAY_GROUP && (kind === "Gateway" || kind === "ListenerSet") ? [{ kind, namespace, ...parent }] : [],
  );
}

/** A listener to which a route is attached. */
export interface Attachment extends OwnedListener {
  /** The hosts that the route has there. None for every host. */
  readonly hostnames: readonly string[];
}

/** The listeners to which a route is attached: those of its parents that admit its namespace, and have hosts in common with it. */
export function attachmentsOf(route: Route, topology: Topology): readonly Attachment[] {
  const namespace = { name: route.metadata.namespace, labels: undefined };
  return listenersOf(parentsOf(route), topology).flatMap((one) => {
    const hostnames = hostnamesAt(one.listener, route.spec.hostnames);
    return hostnames === undefined || !admits(one, namespace) ? [] : [{ ...one, hostnames }];
  });
}

/** @returns `undefined` if they have no host in common. Then the listener does not accept the route. */
function hostnamesAt(listener: Listener, hostnames: readonly string[]): readonly string[] | undefined {
  const { hostname: own = "" } = listener;
  if (isForEveryHost(listener)) return hostnames;
  if (hostnames.length === 0) return [own];
  const common = hostnames.flatMap((one) => {
    if (one === own || isBelow(one, own)) return [one];
    return isBelow(own, one) ? [own] : [];
  });
  return common.length === 0 ? undefined : common;
}

/** What a route is attached to besides, such as an experimental XListenerSet. A Service is for requests inside of the cluster. */
export function otherParentsOf({ metadata, spec }: HttpRoute): readonly string[] {
  return spec.parentRefs
    .filter(
      ({ group, kind }) =>
        kind !== "Service" && !(group === GATEWAY_GROUP && ["Gateway", "ListenerSet"].includes(kind)),
    )
    .map(({ kind, name, namespace = metadata.namespace }) => `${kind} ${namespace}/${name}`);
}

/** Whether HTTPRoutes can be attached to a listener: its protocol is HTTP, or HTTPS that ends there. */
export function isForHttp({ protocol, tls, allowedRoutes }: Listener): boolean {
  const { kinds } = allowedRoutes ?? {};
  return (
    /^HTTPS?$/.test(protocol) &&
    tls?.mode !== "Passthrough" &&
    (kinds === undefined || kinds.length === 0 || kinds.some(({ kind }) => kind === "HTTPRoute"))
  );
}

/** A namespace, as a listener chooses it. */
export interface LabelledNamespace {
  readonly name: string;
  /** `undefined` if they are not known. Then a selector may choose it. */
  readonly labels: Readonly<Record<string, string>> | undefined;
}

/**
 * Whether a listener admits routes of a namespace. Without a rule it admits those of its own
 * (https://gateway-api.sigs.k8s.io/reference/spec/#routenamespaces).
 */
export function admits({ listener, owner }: OwnedListener, { name, labels }: LabelledNamespace): boolean {
  const { from = "Same", selector } = listener.allowedRoutes?.namespaces ?? {};
  switch (from) {
    case "All":
      return true;
    case "Same":
      return owner.namespace === name;
    case "Selector":
      if (selector === undefined || labels === undefined) return selector !== undefined;
      return isSelected({ "kubernetes.io/metadata.name": name, ...labels }, selector);
    default:
      return false;
  }
}

/**
 * Whether a selector chooses an object with these labels
 * (https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#resources-that-support-set-based-requirements).
 */
export function isSelected(
  labels: Readonly<Record<string, string>>,
  { matchLabels, matchExpressions }: Selector,
): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values }) => {
      const value = labels[key];
      switch (operator) {
        case "In":
          return value !== undefined && values.includes(value);
        case "NotIn":
          return value === undefined || !values.includes(value);
        case "Exists":
          return value !== undefined;
        case "DoesNotExist":
          return value === undefined;
        default:
          return false;
      }
    })
  );
}

/**
 * A domain of hosts that one of these listeners admits, and that no visitor requests: one that no client uses (RFC 6761 section 6.4) where a
 * listener has no hostname, or else the domain of a listener's wildcard.
 *
 * @param namespace the routes'.
 * @returns `undefined` if all listeners are for single hosts.
 *
 * @example
 * unusedDomainOf([{ listener: { name: "https", hostname: "*.example.org", port: 443, protocol: "HTTPS" }, owner }], "gateways"); // "example.org"
 */
export function unusedDomainOf(listeners: readonly OwnedListener[], namespace: string): string | undefined {
  const own = listeners
    .filter((one) => admits(one, { name: namespace, labels: undefined }))
    .map(({ listener }) => listener)
    .filter(isForHttp);
  if (own.some(isForEveryHost)) return "invalid";
  return own.find(({ hostname }) => hostname?.startsWith("*."))?.hostname?.slice(2);
}

/** Whether a listener has no hostname. An empty one is none. */
export function isForEveryHost({ hostname }: Listener): boolean {
  return hostname === undefined || hostname === "";
}
