import { isDeepStrictEqual } from "node:util";
import { listed } from "../../../model/problems";
import type { Drift, DriftOf, Overridden } from "../edge";
import { IMPLEMENTATIONS } from "./implementations";
import { isForHttp, isSameOwner, listenersOf, type OwnedListener, parentsOf, type Topology } from "./listeners";
import { type Covered, isParkedHost, isPartOfName, NAMES, overrideManifests, type Placement } from "./manifests";
import { everyPath, type Match } from "./matches";
import { type HttpRoute, httpRouteSchema, type TlsRoute } from "./objects";
import { coveredIn, type KnownRoutes, mayServe } from "./routes";
import type { Parent } from "./settings";

/** The routes of a cluster, and what they are attached to. */
export interface Routing extends KnownRoutes, Topology {
  readonly tlsRoutes: readonly TlsRoute[];
}

/**
 * Compares these routes with the declared override. A request for `/` is not enough: another path may lead elsewhere.
 *
 * @param stackParents the parents of all edges of the stack.
 */
export function driftIn(routing: Routing, placement: Placement, stackParents: readonly Parent[]): DriftOf {
  return (instance, isShown) => {
    const name = NAMES.override(instance.name, placement.edge);
    const isParked = (host: string) => isParkedHost(host, instance.name, placement);
    const found = routing.ours.filter(
      ({ metadata, spec }) =>
        metadata.namespace === placement.namespace &&
        isPartOfName(metadata.name, name) &&
        (spec.hostnames.length === 0 || !spec.hostnames.every(isParked)),
    );
    if (!isShown) return found.length > 0 ? [{ what: "leftover", text: "its override is still there" }] : [];
    if (found.length === 0) return [{ what: "missing", text: "its override is not there" }];
    const covered = coveredIn(instance, routing.others, placement, routing);
    const outdated = outdatedBy(instance, found, covered, routing, placement);
    const overruled = [
      ...uncopied(instance, covered.unmirrored, routing, placement),
      ...placesBeside(instance, covered, routing, stackParents),
      ...found.flatMap(rejectionsOf),
    ];
    return [
      ...changesIn(instance, found, covered, placement).map(
        (field): Drift => ({ what: "changed", text: `its override has other ${field} than declared` }),
      ),
      ...outdated.map((text): Drift => ({ what: "outdated", text })),
      ...[...new Set(overruled)].map((text): Drift => ({ what: "overruled", text })),
    ];
  };
}

/** The instance's override, as far as it is compared. Its page is not. */
function overrideOf({ name, ...hosts }: Overridden) {
  return {
    ...hosts,
    instance: name,
    kind: "unscheduled",
    revision: undefined,
    hasAssets: false,
    bypass: undefined,
  } as const;
}

type RouteSpec = HttpRoute["spec"];

/**
 * The parts of an override that are not as declared. What depends on the instance's own routes may be older than these: `outdatedBy` compares
 * it.
 */
function changesIn(
  instance: Overridden,
  found: readonly HttpRoute[],
  covered: Covered,
  placement: Placement,
): readonly string[] {
  const is = found.map(({ spec }) => spec);
  const [wanted] = overrideManifests(overrideOf(instance), covered, placement).map(({ spec }) =>
    httpRouteSchema.shape.spec.parse(spec),
  );
  const hosts = new Set(is.flatMap(({ hostnames }) => hostnames));
  const isOwn = (host: string) => covered.hosts.includes(host) || isParkedHost(host, instance.name, placement);
  const every = keyOf(everyPath(IMPLEMENTATIONS[placement.implementation].order));
  const attached = found.map(parentsOf);
  const isSame = {
    parentRefs: attached.every((parents) => placement.parentRefs.every((parent) => includes(parents, parent))),
    hostnames: instance.hosts.every((host) => hosts.has(host)) && [...hosts].every(isOwn),
    matches: instance.hosts.every((host) => !hosts.has(host) || matchesFor(host, is).has(every)),
    filters: is.every(({ rules }) => rules.every(({ filters }) => isPageOf(instance.name, filters))),
    backendRefs: is.every(({ rules }) =>
      rules.every((rule) => isDeepStrictEqual(rule.backendRefs.map(target), wanted?.rules[0]?.backendRefs.map(target))),
    ),
  };
  return Object.entries(isSame).flatMap(([field, same]) => (same ? [] : [field]));
}

function includes(parents: readonly Parent[], parent: Parent): boolean {
  return parents.some(
    (one) => isSameOwner(one, parent) && one.sectionName === parent.sectionName && one.port === parent.port,
  );
}

/** The API server adds defaults to a reference. */
function target({ name, port }: RouteSpec["rules"][number]["backendRefs"][number]) {
  return { name, port };
}

/** A key for what a match compares. */
function keyOf({ path, method, headers, queryParams }: Match): string {
  return JSON.stringify([path.type, path.value, method ?? null, ...[headers, queryParams].map(valuesOf)]);
}

function valuesOf(values: Match["headers"]): readonly unknown[] {
  return values.map(({ type, name, value }) => [type, name, value]);
}

/** The matches that these routes have for a host. */
function matchesFor(host: string, routes: readonly RouteSpec[]): ReadonlySet<string> {
  return new Set(
    routes
      .filter(({ hostnames }) => hostnames.includes(host))
      .flatMap(({ rules }) => rules.flatMap(({ matches }) => matches.map(keyOf))),
  );
}

/** Whether the only thing that happens to a request is that it gets the address of a page of this instance. */
function isPageOf(instance: string, filters: RouteSpec["rules"][number]["filters"]): boolean {
  const [filter, ...others] = filters;
  const [header, ...rest] = filter?.requestHeaderModifier?.set ?? [];
  return (
    others.length + rest.length === 0 &&
    header?.name.toLowerCase() === "x-forwarded-prefix" &&
    header.value.startsWith(`/${instance}/`)
  );
}

/** What routes of others have that the override does not have yet: matches, hosts below a wildcard, a ListenerSet. */
function outdatedBy(
  instance: Overridden,
  found: readonly HttpRoute[],
  covered: Covered,
  routing: Routing,
  placement: Placement,
): readonly string[] {
  const own = found.map(({ spec }) => spec);
  const hosts = new Set(own.flatMap(({ hostnames }) => hostnames));
  const every = keyOf(everyPath(IMPLEMENTATIONS[placement.implementation].order));
  const attached = found.flatMap(parentsOf);
  return routing.others.flatMap((route) => {
    if (!mayServe(route.spec.hostnames, covered.hosts)) return [];
    const { matches, parents } = coveredIn(instance, [route], placement, routing);
    const paths = matches
      .filter((match) => keyOf(match) !== every)
      .filter((match) => instance.hosts.some((host) => hosts.has(host) && !matchesFor(host, own).has(keyOf(match))))
      .map(({ path }) => path.value);
    const newHosts = route.spec.hostnames.filter(
      (host) => covered.hosts.includes(host) && !instance.hosts.includes(host) && !hosts.has(host),
    );
    const newSets = parents.filter((one) => !placement.parentRefs.includes(one) && !includes(attached, one));
    const name = `HTTPRoute ${nameOf(route)}`;
    return [
      ...(paths.length > 0 ? [`${name} comes first for ${listed([...new Set(paths)], 5)}`] : []),
      ...(newHosts.length > 0 ? [`${name} has ${listed(newHosts, 5)}, which the override does not have`] : []),
      ...newSets.map(
        (set) => `${name} is attached to the ListenerSet ${set.namespace}/${set.name}, and the override is not`,
      ),
    ];
  });
}

/** The matches of others that come first and that the override can't have. */
function uncopied(
  instance: Overridden,
  unmirrored: readonly Match[],
  { others, listenerSets }: Routing,
  placement: Placement,
): readonly string[] {
  if (unmirrored.length === 0) return [];
  return others.flatMap((route) => {
    const paths = coveredIn(instance, [route], placement, { listenerSets }).unmirrored.map(({ path }) => path.value);
    return paths.length === 0
      ? []
      : [`HTTPRoute ${nameOf(route)} comes first for ${listed([...new Set(paths)], 5)}, and the override ${UNCOPIED}`];
  });
}

const UNCOPIED =
  "can't have a copy of this match: remove a header from the match, or delete its rule during the maintenance";

/** Where visitors reach an instance beside the edges of this stack: another listener, or encrypted connections that are passed through. */
function placesBeside(
  { hosts, otherHosts }: Overridden,
  covered: Covered,
  { others, tlsRoutes, ...topology }: Routing,
  stackParents: readonly Parent[],
): readonly string[] {
  const isTheirs = (hostnames: readonly string[]) =>
    hostnames.length > 0 && mayServe(hostnames, hosts) && !hostnames.every((host) => otherHosts.includes(host));
  const known = listenersOf([...stackParents, ...covered.parents], topology);
  const isKnown = ({ owner, listener }: OwnedListener) =>
    known.some((one) => isSameOwner(one.owner, owner) && one.listener.name === listener.name);
  return [
    ...others
      .filter(({ spec }) => isTheirs(spec.hostnames))
      .flatMap((route) =>
        listenersOf(parentsOf(route), topology)
          .filter((one) => isForHttp(one.listener) && !isKnown(one))
          .map(
            ({ owner: { kind, namespace, name }, listener }) =>
              `HTTPRoute ${nameOf(route)} is attached to the listener ${listener.name} of the ${kind} ${namespace}/${name}, too, which no edge has in its parentRefs`,
          ),
      ),
    ...tlsRoutes
      .filter((route) => isTheirs(route.spec.hostnames) && listenersOf(parentsOf(route), topology).length > 0)
      .map(
        (route) => `TLSRoute ${nameOf(route)} takes the encrypted connections for ${listed(route.spec.hostnames, 5)}`,
      ),
  ];
}

/**
 * What Gateways say against a route. A parent none of whose listeners has a host of the route is no problem where another parent accepts the
 * route: an edge may have several.
 */
export function rejectionsOf({ metadata, status }: HttpRoute): readonly string[] {
  const parents = (status?.parents ?? []).map(({ parentRef, conditions }) => ({
    parentRef,
    conditions: conditions.filter(
      ({ type, observedGeneration }) =>
        ["Accepted", "ResolvedRefs"].includes(type) && observedGeneration === metadata.generation,
    ),
  }));
  const isAccepted = parents.some(({ conditions }) =>
    conditions.some(({ type, status: value }) => type === "Accepted" && value === "True"),
  );
  return parents.flatMap(({ parentRef, conditions }) =>
    conditions
      .filter(
        ({ status: value, reason }) => value === "False" && !(isAccepted && reason === "NoMatchingListenerHostname"),
      )
      .map(({ reason = "", message = "" }) =>
        `${parentRef.kind} ${parentRef.namespace ?? metadata.namespace}/${parentRef.name} rejects the HTTPRoute ${metadata.name}: ${reason}. ${message}`.trim(),
      ),
  );
}

function nameOf({ metadata }: Pick<HttpRoute, "metadata">): string {
  return `${metadata.namespace}/${metadata.name}`;
}
