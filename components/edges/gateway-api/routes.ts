import { INSTANCE_LABEL } from "../../names";
import type { Overridden } from "../edge";
import { IMPLEMENTATIONS } from "./implementations";
import { gatewayBehind, isSameOwner, parentsOf, type Topology } from "./listeners";
import { type Covered, isParkedHost, isPartOfName, NAMES, type Placement } from "./manifests";
import { type Match, overrideMatches } from "./matches";
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
  const isOurs = ({ metadata }: HttpRoute) =>
    metadata.namespace === namespace || metadata.labels?.["app.kubernetes.io/part-of"] === "maintenance-pages";
  return { ours: routes.filter(isOurs), others: routes.filter((route) => !isOurs(route)) };
}

/**
 * What the override of an instance must have in a cluster with these routes.
 *
 * - Of two routes the one with the more specific hostname comes first. So below a wildcard of the instance, the hosts that other routes have
 *   are the override's, too, but not those of other instances.
 * - A ListenerSet adds listeners to a Gateway, and a route of the Gateway is not attached to them. So the override is attached to the
 *   ListenerSets of the edge's Gateways to which routes of its hosts are.
 * - The matches of other routes that would come before the override's are mirrored; see `overrideMatches`. It does not matter to which
 *   Gateway the other route is attached: a mirror too many is never matched.
 *
 * @returns besides, the matches that can't be mirrored.
 */
export function coveredIn(
  { hosts, otherHosts }: Pick<Overridden, "hosts" | "otherHosts">,
  others: readonly HttpRoute[],
  { implementation, parentRefs }: Pick<GatewayApiSettings, "implementation" | "parentRefs">,
  topology: Pick<Topology, "listenerSets">,
): Covered & { readonly unmirrored: readonly Match[] } {
  const below = others
    .flatMap(({ spec }) => spec.hostnames)
    .filter((host) => !otherHosts.includes(host) && hosts.some((own) => own !== host && isBelow(host, own)));
  const all = [...new Set([...hosts, ...below])];
  const rivals = others.filter(({ spec }) => mayServe(spec.hostnames, all));
  const sets = rivals
    .filter(({ spec }) => spec.hostnames.length > 0)
    .flatMap(parentsOf)
    .filter((parent) => parent.kind === "ListenerSet" && isBehind(parent, parentRefs, topology));
  const matches = rivals.flatMap(({ spec }) => spec.rules.flatMap((rule) => rule.matches));
  return {
    hosts: all,
    parents: [...parentRefs, ...distinct(sets, parentRefs)],
    ...overrideMatches(matches, IMPLEMENTATIONS[implementation].order),
  };
}

/** Whether the Gateway of a ListenerSet is one of these. */
function isBehind(set: Parent, parents: readonly Parent[], topology: Pick<Topology, "listenerSets">): boolean {
  const gateway = gatewayBehind(set, topology);
  return gateway !== undefined && parents.some((parent) => isSameOwner(parent, { kind: "Gateway", ...gateway }));
}

/** The ListenerSets without their listeners' names, each once, that are not among others. */
function distinct(sets: readonly Parent[], others: readonly Parent[]): readonly Parent[] {
  const owners = sets.map(({ kind, name, namespace }) => ({ kind, name, namespace }));
  return owners.filter(
    (one, index) =>
      owners.findIndex((other) => isSameOwner(one, other)) === index &&
      !others.some((other) => isSameOwner(one, other)),
  );
}

/**
 * The hosts of other instances that would show this instance's page: its wildcard covers them, and no route has them as its hostname. A
 * wildcard of the Gateway API stands for one label or more, and leaves nothing out.
 *
 * @param hostnames those of all other routes.
 *
 * @example
 * shadowedHosts({ otherHosts: ["beta.example.org"] }, []); // ["beta.example.org"]
 */
export function shadowedHosts(
  { otherHosts }: Pick<Overridden, "otherHosts">,
  hostnames: readonly string[],
): readonly string[] {
  return otherHosts.filter((host) => !hostnames.includes(host));
}

/** Whether a host is below a wildcard. */
function isBelow(host: string, wildcard: string): boolean {
  return wildcard.startsWith("*.") && host.endsWith(wildcard.slice(1));
}

/** Whether a route with these hostnames may get requests for one of these hosts. One without hostnames may get all. */
export function mayServe(hostnames: readonly string[], hosts: readonly string[]): boolean {
  return (
    hostnames.length === 0 ||
    hostnames.some((one) => hosts.some((host) => one === host || isBelow(host, one) || isBelow(one, host)))
  );
}

/** The override of an instance, as it is in the cluster. */
export interface MadeOverride {
  /** How many routes it has. */
  readonly count: number;
  /** Its host that no visitor requests, if it has one. */
  readonly parkedHost: string | undefined;
}

/** The overrides in the cluster that Pulumi has made, by the instance's name. */
export function madeOverrides(
  ours: readonly HttpRoute[],
  placement: Pick<Placement, "edge" | "namespace">,
): ReadonlyMap<string, MadeOverride> {
  const made = new Map<string, MadeOverride>();
  for (const { metadata, spec } of ours) {
    const instance = metadata.labels?.[INSTANCE_LABEL];
    // One without Pulumi's label was made by hand. Nobody has asked this program to end that maintenance.
    const isDeclared = metadata.labels?.["app.kubernetes.io/managed-by"] === "pulumi";
    if (instance === undefined || !isDeclared) continue;
    if (!isPartOfName(metadata.name, NAMES.override(instance, placement.edge))) continue;
    const parkedHost = spec.hostnames.find((host) => isParkedHost(host, instance, placement));
    const before = made.get(instance);
    made.set(instance, { count: (before?.count ?? 0) + 1, parkedHost: before?.parkedHost ?? parkedHost });
  }
  return made;
}
