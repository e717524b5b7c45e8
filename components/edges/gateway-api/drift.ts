import { isDeepStrictEqual } from "node:util";
import { listed } from "../../../model/problems";
import { type Drift, type DriftOf, type Overridden, overrideOf } from "../edge";
import { IMPLEMENTATIONS } from "./implementations";
import { isSameOwner, parentsOf } from "./listeners";
import { isParkedHost, isPartOfName, NAMES, overrideManifests, type Placement } from "./manifests";
import { everyPath, keyOf } from "./matches";
import { type HttpRoute, httpRouteSchema, nameOf } from "./objects";
import { overruledBy, parentsBehind, type Routing } from "./overruled";
import { type CoveredHere, coveredIn, isOwnBelow, mayServe } from "./routes";
import type { Parent } from "./settings";

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
    const parents = parentsBehind(instance, parentsByEdge);
    return [
      ...changesIn(instance, found, covered, placement).map(
        (field): Drift => ({ what: "changed", text: `its override has other ${field} than declared` }),
      ),
      ...outdatedBy(instance, found, covered, routing, placement).map((text): Drift => ({ what: "outdated", text })),
      ...overruledBy(instance, found, covered, routing, placement, parents).map(
        (text): Drift => ({ what: "overruled", text }),
      ),
    ];
  };
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
  const ofHosts = instance.hosts.filter((host) => hosts.has(host)).map((host) => matchesFor(host, own));
  const every = keyOf(everyPath(IMPLEMENTATIONS[placement.implementation].order));
  const attached = found.flatMap(parentsOf);
  return routing.others.flatMap((route) => {
    if (!mayServe(route.spec.hostnames, covered.hosts)) return [];
    const { matches, parents } = coveredIn(instance, [route], placement, routing);
    const paths = matches
      .filter((match) => keyOf(match) !== every)
      .filter((match) => ofHosts.some((keys) => !keys.has(keyOf(match))))
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
