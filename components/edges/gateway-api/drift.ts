import { isDeepStrictEqual } from "node:util";
import { isBehind } from "../../../model/instances";
import { listed } from "../../../model/problems";
import type { Drift, DriftOf, Overridden } from "../edge";
import { IMPLEMENTATIONS } from "./implementations";
import {
  admits,
  isForEveryHost,
  isForHttp,
  isSameListener,
  isSameOwner,
  listenersOf,
  type OwnedListener,
  otherParentsOf,
  parentsOf,
  type Topology,
} from "./listeners";
import { isParkedHost, isPartOfName, NAMES, overrideManifests, type Placement } from "./manifests";
import { everyPath, keyOf, type Match } from "./matches";
import { type HttpRoute, httpRouteSchema, type TlsRoute } from "./objects";
import { type CoveredHere, coveredIn, isOwnBelow, type KnownRoutes, leftOutText, mayServe, UNCOPIED } from "./routes";
import type { Parent } from "./settings";

/** The routes of a cluster, and what they are attached to. */
export interface Routing extends KnownRoutes, Topology {
  readonly tlsRoutes: readonly TlsRoute[];
}

/**
 * Compares these routes with the declared override. A request for `/` is not enough: another path may lead elsewhere.
 *
 * @param parentsByEdge the parents of all edges of the stack, by the edge's name.
 */
export function driftIn(
  routing: Routing,
  placement: Placement,
  parentsByEdge: ReadonlyMap<string, readonly Parent[]>,
): DriftOf {
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
    const parents = [...parentsByEdge].filter(([edge]) => isBehind(instance, edge)).flatMap(([, all]) => all);
    const overruled = [
      ...covered.leftOut.map((one) => `its wildcard ${one.wildcard} is left out. ${leftOutText(one)}`),
      ...uncopiedTexts(instance, covered.uncopied, routing, placement),
      ...placesBeside(instance, routing, [...parents, ...covered.parents]),
      ...found.flatMap(rejectionsOf),
    ];
    return [
      ...changesIn(instance, found, covered, placement).map(
        (field): Drift => ({ what: "changed", text: `its override has other ${field} than declared` }),
      ),
      ...outdatedBy(instance, found, covered, routing, placement).map((text): Drift => ({ what: "outdated", text })),
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
  covered: CoveredHere,
  placement: Placement,
): readonly string[] {
  const is = found.map(({ spec }) => spec);
  const [wanted] = overrideManifests(overrideOf(instance), covered, placement).map(({ spec }) =>
    httpRouteSchema.shape.spec.parse(spec),
  );
  const hosts = new Set(is.flatMap(({ hostnames }) => hostnames));
  const { leftOut } = covered;
  const wantedHosts = instance.hosts.filter((host) => !leftOut.some(({ wildcard }) => wildcard === host));
  // A host below a wildcard stays until the next `up`, although its route is gone.
  const isOwn = (host: string) =>
    wantedHosts.includes(host) || isOwnBelow(host, instance) || isParkedHost(host, instance.name, placement);
  const every = keyOf(everyPath(IMPLEMENTATIONS[placement.implementation].order));
  const attached = found.map(parentsOf);
  const isSame = {
    parentRefs: attached.every((parents) => placement.parentRefs.every((parent) => includes(parents, parent))),
    hostnames: wantedHosts.every((host) => hosts.has(host)) && [...hosts].every(isOwn),
    matches: wantedHosts.every((host) => !hosts.has(host) || matchesFor(host, is).has(every)),
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
function target({ kind, name, namespace, port, weight }: RouteSpec["rules"][number]["backendRefs"][number]) {
  return { kind, name, namespace, port, weight };
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
  covered: CoveredHere,
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
function uncopiedTexts(
  instance: Overridden,
  uncopied: readonly Match[],
  { others, listenerSets }: Routing,
  placement: Placement,
): readonly string[] {
  if (uncopied.length === 0) return [];
  return others.flatMap((route) => {
    const paths = coveredIn(instance, [route], placement, { listenerSets }).uncopied.map(({ path }) => path.value);
    return paths.length === 0
      ? []
      : [`HTTPRoute ${nameOf(route)} comes first for ${listed([...new Set(paths)], 5)}, and the override ${UNCOPIED}`];
  });
}

/**
 * Where visitors reach an instance beside its edges: another listener, or encrypted connections that are passed through.
 *
 * @param parents those of the instance's edges and of its override.
 */
function placesBeside(
  { hosts, otherHosts }: Overridden,
  { others, tlsRoutes, ...topology }: Routing,
  parents: readonly Parent[],
): readonly string[] {
  const isTheirs = (hostnames: readonly string[]) =>
    hostnames.length > 0 && mayServe(hostnames, hosts) && !hostnames.every((host) => otherHosts.includes(host));
  const known = listenersOf(parents, topology);
  const servesThem = ({ listener }: OwnedListener) =>
    isForEveryHost(listener) || mayServe([listener.hostname ?? ""], hosts);
  return [
    ...others
      .filter(({ spec }) => isTheirs(spec.hostnames))
      .flatMap((route) => {
        const { namespace } = route.metadata;
        const beside = listenersOf(parentsOf(route), topology).filter(
          (one) =>
            isForHttp(one.listener) &&
            servesThem(one) &&
            admits(one, { name: namespace, labels: undefined }) &&
            !known.some((other) => isSameListener(one, other)),
        );
        return [
          ...beside.map(
            ({ owner, listener }) =>
              `HTTPRoute ${nameOf(route)} is attached to the listener ${listener.name} of the ${owner.kind} ${owner.namespace}/${owner.name}, too, which no edge of the instance has in its parentRefs`,
          ),
          ...otherParentsOf(route).map(
            (one) => `HTTPRoute ${nameOf(route)} is attached to the ${one}, too, which is not read here`,
          ),
        ];
      }),
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
