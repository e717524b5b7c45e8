import { isBelow, overlap } from "../../../model/instances";
import { PART_OF } from "../../names";
import type { Overridden } from "../edge";
import { IMPLEMENTATIONS } from "./implementations";
import {
  attachmentsOf,
  gatewayBehind,
  isForEveryHost,
  isForHttp,
  isSameListener,
  isSameOwner,
  listenersOf,
  type OwnedListener,
  parentsOf,
  type Topology,
} from "./listeners";
import { type Covered, isBypassMatch, isParkedHost, isPartOfName, NAMES, type Placement } from "./manifests";
import { distinct, isCopy, type Match, overrideMatches } from "./matches";
import type { HttpRoute } from "./objects";
import type { GatewayApiSettings, Parent } from "./settings";

/** The routes of a cluster, in two groups. */
export interface KnownRoutes {
  /** Those in the page server's namespace, and the bypasses. */
  readonly ours: readonly HttpRoute[];
  readonly others: readonly HttpRoute[];
}

/** @param namespace the page server's. */
export function groupsOf(routes: readonly HttpRoute[], namespace: string): KnownRoutes {
  const isOurs = (route: HttpRoute) => route.metadata.namespace === namespace || isBypass(route);
  return { ours: routes.filter(isOurs), others: routes.filter((route) => !isOurs(route)) };
}

/**
 * Whether a route is a bypass. Its labels are not enough, because anybody can write them: it must also be one that gets no visitor without a key.
 * A rule without matches is for every request.
 */
function isBypass(route: HttpRoute): boolean {
  return (
    isLabelled(route) && route.spec.rules.every(({ matches }) => matches.length > 0 && matches.every(isBypassMatch))
  );
}

/** Whether a route has the label of the program's objects. */
function isLabelled({ metadata: { labels = {} } }: HttpRoute): boolean {
  return Object.entries(PART_OF).every(([name, value]) => labels[name] === value);
}

/**
 * What the override of an instance must have in a cluster with these routes: hosts, parents, and matches; see `hostsIn`, `parentsIn` and
 * `overrideMatches`. To which Gateway another route is attached does not matter for its matches: a copy too many is never matched.
 *
 * @param made the override as it is now. It keeps the copies that it has: a route that is deleted may come again, and then its paths would be
 *   open until the next `up`.
 */
export function coveredIn(
  instance: Pick<Overridden, "hosts" | "otherHosts">,
  others: readonly HttpRoute[],
  { implementation, parentRefs }: Pick<GatewayApiSettings, "implementation" | "parentRefs">,
  topology: Pick<Topology, "listenerSets">,
  made: readonly HttpRoute[] = [],
): CoveredHere {
  const { hosts, leftOut } = hostsIn(instance, others);
  const rivals = others.filter(({ spec }) => mayServe(spec.hostnames, hosts));
  const { order } = IMPLEMENTATIONS[implementation];
  const { matches, uncopied } = overrideMatches(rivals.flatMap(matchesOf), order);
  return {
    hosts,
    leftOut,
    parents: parentsIn(rivals, hosts, parentRefs, topology),
    // First what is there, in its order: no `up` has anything to do as long as nothing is added.
    matches: distinct([...made.flatMap(matchesOf).filter(isCopy), ...matches]),
    uncopied,
  };
}

function matchesOf({ spec }: HttpRoute): readonly Match[] {
  return spec.rules.flatMap((rule) => rule.matches);
}

/** What an override takes over, and what not. */
export interface CoveredHere extends Covered {
  /** The matches of others that come first and can't be copied. */
  readonly uncopied: readonly Match[];
  readonly leftOut: readonly LeftOut[];
}

/** A wildcard that an override does not take over, and why. */
export interface LeftOut {
  readonly wildcard: string;
  /** A host of another instance that it covers, and that no route has as its hostname. */
  readonly shadowed: string;
}

/**
 * What the override of an instance is made of if Pulumi makes it now.
 *
 * @param instance the instance's name.
 */
export function nextOverride(
  instance: string,
  hosts: Pick<Overridden, "hosts" | "otherHosts">,
  { ours, others }: KnownRoutes,
  placement: Placement,
  topology: Pick<Topology, "listenerSets">,
): { readonly covered: CoveredHere; readonly parkedHost: string | undefined } {
  const made = madeOverride(instance, ours, placement);
  return {
    covered: coveredIn(hosts, others, placement, topology, made),
    parkedHost: parkedHostIn(made, instance, placement),
  };
}

/**
 * The hosts of an override. A wildcard of the Gateway API stands for one label or more, and leaves nothing out. Of two routes the one with the more
 * specific hostname comes first.
 *
 * - A wildcard is left out if a host of another instance below it has no route with a more specific hostname: its visitors would get the page.
 * - The hosts below a wildcard that the instance's own routes have are taken over, too. Those of routes in other namespaces are not.
 */
export function hostsIn(
  { hosts, otherHosts }: Pick<Overridden, "hosts" | "otherHosts">,
  others: readonly HttpRoute[],
): { readonly hosts: readonly string[]; readonly leftOut: readonly LeftOut[] } {
  // Everything below is about wildcards. Without one, no other route is read: a check comes here for each instance of the registry.
  if (!hosts.some((host) => host.startsWith("*."))) return { hosts: [...new Set(hosts)], leftOut: [] };
  const hostnames = others.flatMap(({ spec }) => spec.hostnames);
  const leftOut = hosts.flatMap((wildcard) => {
    const shadowed = otherHosts.find(
      (host) =>
        isBelow(host, wildcard) &&
        !hostnames.some((one) => one === host || (isBelow(host, one) && one.length > wildcard.length)),
    );
    return shadowed === undefined ? [] : [{ wildcard, shadowed }];
  });
  const taken = hosts.filter((host) => !leftOut.some(({ wildcard }) => wildcard === host));
  const own = others.filter(({ spec }) => spec.hostnames.some((host) => hosts.includes(host)));
  const namespaces = new Set(own.map(({ metadata }) => metadata.namespace));
  const below = others
    .filter(({ metadata }) => namespaces.has(metadata.namespace))
    .flatMap(({ spec }) => spec.hostnames)
    .filter((host) => isOwnBelow(host, { hosts, otherHosts }));
  return { hosts: [...new Set([...taken, ...below])], leftOut };
}

/** Whether a host is below a wildcard of an instance, and no other instance's. */
export function isOwnBelow(host: string, { hosts, otherHosts }: Pick<Overridden, "hosts" | "otherHosts">): boolean {
  return (
    hosts.some((wildcard) => isBelow(host, wildcard)) &&
    !otherHosts.some((other) => host === other || isBelow(host, other))
  );
}

/** Whether a route with these hostnames may get requests for one of these hosts. One without hostnames may get all. */
export function mayServe(hostnames: readonly string[], hosts: readonly string[]): boolean {
  return hostnames.length === 0 || hostnames.some((one) => hosts.some((host) => overlap(one, host)));
}

/** Whether a listener may get requests for one of these hosts. */
export function mayListen({ listener }: OwnedListener, hosts: readonly string[]): boolean {
  return isForEveryHost(listener) || mayServe([listener.hostname ?? ""], hosts);
}

/**
 * The parents of an override: the edge's, and the ListenerSets of the edge's Gateways to which other routes of its hosts are attached. A
 * ListenerSet adds listeners to a Gateway, and a route of the Gateway is not attached to them.
 *
 * A route without hostnames has those of its listeners. Where these have none, either, it is for all hosts, and so nobody's.
 */
function parentsIn(
  rivals: readonly HttpRoute[],
  hosts: readonly string[],
  parentRefs: readonly Parent[],
  { listenerSets }: Pick<Topology, "listenerSets">,
): readonly Parent[] {
  const sets = rivals
    .flatMap((route) => attachmentsOf(route, { gateways: [], listenerSets }))
    .filter(({ hostnames }) => hostnames.length > 0 && mayServe(hostnames, hosts))
    .map(({ owner }) => owner)
    .filter((set) => isOfGateways(set, parentRefs, { listenerSets }))
    .filter((set) => !parentRefs.some((one) => isSameOwner(one, set)));
  return [...parentRefs, ...sets.filter((set, index) => sets.findIndex((one) => isSameOwner(one, set)) === index)];
}

/** Whether the Gateway of a ListenerSet is one of these parents. */
export function isOfGateways(
  set: Parent,
  parents: readonly Parent[],
  topology: Pick<Topology, "listenerSets">,
): boolean {
  const gateway = gatewayBehind(set, topology);
  return gateway !== undefined && parents.some((parent) => isSameOwner(parent, { kind: "Gateway", ...gateway }));
}

/** The routes of an instance's override that Pulumi has made, parked or not, in the order of their names' numbers. */
export function madeOverride(
  instance: string,
  ours: readonly HttpRoute[],
  placement: Pick<Placement, "edge" | "namespace">,
): readonly HttpRoute[] {
  const name = NAMES.override(instance, placement.edge);
  const numberOf = ({ metadata }: HttpRoute) => (metadata.name === name ? 1 : Number.parseInt(metadata.name, 10));
  return ours
    .filter(
      ({ metadata }) =>
        metadata.namespace === placement.namespace &&
        isPartOfName(metadata.name, name) &&
        // Nobody has asked this program to end a maintenance that was begun by hand.
        metadata.name !== NAMES.byHand(name) &&
        metadata.labels?.["app.kubernetes.io/managed-by"] === "pulumi",
    )
    .sort((one, other) => numberOf(one) - numberOf(other));
}

/** The host of an override that no visitor requests, if it has one. */
export function parkedHostIn(
  made: readonly HttpRoute[],
  instance: string,
  placement: Pick<Placement, "edge" | "namespace">,
): string | undefined {
  return made.flatMap(({ spec }) => spec.hostnames).find((host) => isParkedHost(host, instance, placement));
}

/**
 * Where the routes for hosts of nobody are attached: to listeners without a hostname, or with a wildcard. Nobody else may have a route for all
 * hosts of such a listener: of two routes that match everything the older one comes first, and ours must take nobody's visitors. The not-found page
 * of another page server does not count: it is this stack's own, where `pageServer.namespace` has changed.
 */
export function notFoundParents(
  parentRefs: readonly Parent[],
  others: readonly HttpRoute[],
  topology: Topology,
): readonly Parent[] {
  const strangers = others.filter((route) => !isLabelled(route));
  const isFree = (one: OwnedListener) =>
    !strangers.some(
      (route) =>
        (route.spec.hostnames.length === 0 || route.spec.hostnames.some((host) => host === one.listener.hostname)) &&
        listenersOf(parentsOf(route), topology).some((other) => isSameListener(one, other)),
    );
  const isTaken = (parent: Parent) =>
    strangers.some(
      (route) => route.spec.hostnames.length === 0 && parentsOf(route).some((one) => isSameOwner(one, parent)),
    );
  return parentRefs.flatMap((parent) => {
    const all = listenersOf([parent], topology);
    // In a new cluster the Gateway may come after the stack.
    if (all.length === 0) return isTaken(parent) ? [] : [parent];
    const listeners = all.filter(({ listener }) => isForHttp(listener));
    const free = listeners.filter(
      (one) => (isForEveryHost(one.listener) || one.listener.hostname?.startsWith("*.")) && isFree(one),
    );
    if (free.length === listeners.length) return free.length === 0 ? [] : [parent];
    return free.map(({ owner, listener }) => ({ ...owner, sectionName: listener.name }));
  });
}
