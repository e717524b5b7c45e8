import { INSTANCE_LABEL } from "../../names";
import type { Overridden } from "../edge";
import { IMPLEMENTATIONS } from "./implementations";
import type { Covered } from "./manifests";
import { type Match, overrideMatches } from "./matches";
import type { HttpRoute } from "./objects";
import type { GatewayApiSettings } from "./settings";

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
 * - The matches of other routes that would come before the override's are mirrored; see `overrideMatches`. It does not matter to which
 *   Gateway the other route is attached: a mirror too many is never matched.
 *
 * @returns besides, the matches that can't be mirrored.
 */
export function coveredIn(
  { hosts, otherHosts }: Pick<Overridden, "hosts" | "otherHosts">,
  others: readonly HttpRoute[],
  { implementation }: Pick<GatewayApiSettings, "implementation">,
): Covered & { readonly unmirrored: readonly Match[] } {
  const below = others
    .flatMap(({ spec }) => spec.hostnames)
    .filter((host) => !otherHosts.includes(host) && hosts.some((own) => own !== host && isBelow(host, own)));
  const all = [...new Set([...hosts, ...below])];
  const rivals = others.filter(({ spec }) => mayServe(spec.hostnames, all));
  const matches = rivals.flatMap(({ spec }) => spec.rules.flatMap((rule) => rule.matches));
  return { hosts: all, ...overrideMatches(matches, IMPLEMENTATIONS[implementation].order) };
}

/**
 * The hosts of other instances that would show this instance's page: its wildcard covers them, and they have no route of their own. A
 * wildcard of the Gateway API stands for one label or more, and leaves nothing out.
 *
 * @example
 * shadowedHosts({ hosts: ["*.example.org"], otherHosts: ["beta.example.org"] }, []); // ["beta.example.org"]
 */
export function shadowedHosts(
  { otherHosts }: Pick<Overridden, "otherHosts">,
  others: readonly HttpRoute[],
): readonly string[] {
  const known = new Set(others.flatMap(({ spec }) => spec.hostnames));
  return otherHosts.filter((host) => !known.has(host));
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

/** How many routes the override of each instance has in the cluster, by the instance's name, if Pulumi has made them. */
export function overrideCounts(
  ours: readonly HttpRoute[],
  isOverride: (route: string, instance: string) => boolean,
): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { metadata } of ours) {
    const instance = metadata.labels?.[INSTANCE_LABEL];
    // One without Pulumi's label was made by hand. Nobody has asked this program to end that maintenance.
    const isDeclared = metadata.labels?.["app.kubernetes.io/managed-by"] === "pulumi";
    if (instance === undefined || !isDeclared || !isOverride(metadata.name, instance)) continue;
    counts.set(instance, (counts.get(instance) ?? 0) + 1);
  }
  return counts;
}
