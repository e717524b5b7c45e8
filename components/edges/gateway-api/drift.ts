import { isDeepStrictEqual } from "node:util";
import { listed } from "../../../model/problems";
import type { Drift, DriftOf, Overridden } from "../edge";
import { IMPLEMENTATIONS } from "./implementations";
import { isParkedHost, isPartOfName, type Manifest, NAMES, overrideManifests, type Placement } from "./manifests";
import { everyPath, type Match } from "./matches";
import { type HttpRoute, httpRouteSchema, type ParentRef, type TlsRoute } from "./objects";
import { coveredIn, type KnownRoutes, mayServe } from "./routes";
import type { GatewayApiSettings, Parent } from "./settings";

/** The routes of a cluster. */
export interface Routing extends KnownRoutes {
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
    const overruled = [...placesBeside(instance, routing, stackParents), ...found.flatMap(rejectionsOf)];
    const declared = overrideManifests(overrideOf(instance), coveredIn(instance, routing.others, placement), placement);
    return [
      ...changesIn(found, declared, instance.name, placement).map(
        (field): Drift => ({ what: "changed", text: `${field} of its override was changed` }),
      ),
      ...rivalsOf(instance, found, routing.others, placement),
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

/** The parts of an override that are not as declared. Its mirrors are compared with the routes of others: see `rivalsOf`. */
function changesIn(
  found: readonly HttpRoute[],
  declared: readonly Manifest[],
  instance: string,
  placement: Placement,
): readonly string[] {
  const is = found.map(({ spec }) => spec);
  const wanted = declared.map(({ spec }) => httpRouteSchema.shape.spec.parse(spec));
  const hostsOf = (specs: readonly RouteSpec[]) =>
    new Set(specs.flatMap(({ hostnames }) => hostnames).filter((host) => !isParkedHost(host, instance, placement)));
  const hosts = hostsOf(wanted);
  const every = keyOf(everyPath(IMPLEMENTATIONS[placement.implementation].order));
  const isSame = {
    parentRefs: is.every(({ parentRefs }) => isDeepStrictEqual(parentRefs, wanted[0]?.parentRefs)),
    hostnames: isDeepStrictEqual([...hostsOf(is)].sort(), [...hosts].sort()),
    matches: [...hosts].every((host) => matchesFor(host, is).has(every)),
    filters: is.every(({ rules }) => rules.every(({ filters }) => isPageOf(instance, filters))),
    backendRefs: is.every(({ rules }) =>
      rules.every((rule) =>
        isDeepStrictEqual(rule.backendRefs.map(target), wanted[0]?.rules[0]?.backendRefs.map(target)),
      ),
    ),
  };
  return Object.entries(isSame).flatMap(([field, same]) => (same ? [] : [field]));
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

/** The routes of others that come before an override: they have matches that it does not mirror, or can't. */
function rivalsOf(
  instance: Overridden,
  found: readonly HttpRoute[],
  others: readonly HttpRoute[],
  settings: Pick<GatewayApiSettings, "implementation">,
): readonly Drift[] {
  const own = found.map(({ spec }) => spec);
  const every = keyOf(everyPath(IMPLEMENTATIONS[settings.implementation].order));
  return others.flatMap((route) => {
    const { hosts, matches, unmirrored } = coveredIn(instance, [route], settings);
    const missing = matches.filter(
      (match) => keyOf(match) !== every && hosts.some((host) => !matchesFor(host, own).has(keyOf(match))),
    );
    const text = (some: readonly Match[]) =>
      `HTTPRoute ${nameOf(route)} comes first for ${listed([...new Set(some.map(({ path }) => path.value))], 5)}`;
    return [
      ...(missing.length > 0 ? [{ what: "outdated" as const, text: text(missing) }] : []),
      ...(unmirrored.length > 0 ? [{ what: "overruled" as const, text: `${text(unmirrored)}, ${UNMIRRORED}` }] : []),
    ];
  });
}

const UNMIRRORED =
  "and has as many header matches there as the Gateway API allows, so the override can't have one more";

/** Where visitors reach an instance beside the edges of this stack: another Gateway, or encrypted connections that are passed through. */
function placesBeside(
  { hosts, otherHosts }: Overridden,
  { others, tlsRoutes }: Routing,
  stackParents: readonly Parent[],
): readonly string[] {
  const isTheirs = (hostnames: readonly string[]) =>
    hostnames.length > 0 && mayServe(hostnames, hosts) && !hostnames.every((host) => otherHosts.includes(host));
  const isKnown = (parent: ParentRef, namespace: string) =>
    stackParents.some(
      ({ kind, ...one }) =>
        kind === parent.kind && one.name === parent.name && one.namespace === (parent.namespace ?? namespace),
    );
  return [
    ...others
      .filter(({ spec }) => isTheirs(spec.hostnames))
      .flatMap((route) =>
        route.spec.parentRefs
          .filter(
            (parent) => ["Gateway", "ListenerSet"].includes(parent.kind) && !isKnown(parent, route.metadata.namespace),
          )
          .map(
            ({ kind, name, namespace = route.metadata.namespace }) =>
              `HTTPRoute ${nameOf(route)} is attached to the ${kind} ${namespace}/${name}, too, which no edge has in its parentRefs`,
          ),
      ),
    ...tlsRoutes
      .filter(
        ({ metadata, spec }) =>
          isTheirs(spec.hostnames) && spec.parentRefs.some((one) => isKnown(one, metadata.namespace)),
      )
      .map((route) => `TLSRoute ${nameOf(route)} takes encrypted connections for ${route.spec.hostnames.join(", ")}`),
  ];
}

/** What Gateways say against a route. */
export function rejectionsOf({ metadata, status }: HttpRoute): readonly string[] {
  return (status?.parents ?? []).flatMap(({ parentRef, conditions }) =>
    conditions
      .filter(
        ({ type, status: value, observedGeneration }) =>
          ["Accepted", "ResolvedRefs"].includes(type) &&
          value === "False" &&
          observedGeneration === metadata.generation,
      )
      .map(({ reason = "", message = "" }) =>
        `${parentRef.kind} ${parentRef.namespace ?? metadata.namespace}/${parentRef.name} rejects the HTTPRoute ${metadata.name}: ${reason}. ${message}`.trim(),
      ),
  );
}

function nameOf({ metadata }: Pick<HttpRoute, "metadata">): string {
  return `${metadata.namespace}/${metadata.name}`;
}
