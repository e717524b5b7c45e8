import { listed } from "../../../model/problems";
import type { Overridden } from "../edge";
import {
  admits,
  isForEveryHost,
  isForHttp,
  isSameListener,
  listenersOf,
  type OwnedListener,
  otherParentsOf,
  parentsOf,
  type Topology,
} from "./listeners";
import type { Placement } from "./manifests";
import type { Match } from "./matches";
import type { HttpRoute, TlsRoute } from "./objects";
import { type CoveredHere, coveredIn, type KnownRoutes, leftOutText, mayServe, UNCOPIED } from "./routes";
import type { Parent } from "./settings";

/** The routes of a cluster, and what they are attached to. */
export interface Routing extends KnownRoutes, Topology {
  readonly tlsRoutes: readonly TlsRoute[];
}

/**
 * What comes before an override that is as declared, or beside it, in sentences. Another `up` does not change it.
 *
 * @param found the routes of the override.
 * @param parents those of all edges of the instance.
 */
export function overruledBy(
  instance: Overridden,
  found: readonly HttpRoute[],
  covered: CoveredHere,
  routing: Routing,
  placement: Placement,
  parents: readonly Parent[],
): readonly string[] {
  const all = [
    ...covered.leftOut.map((one) => `its wildcard ${one.wildcard} is left out. ${leftOutText(one)}`),
    ...uncopiedTexts(instance, covered.uncopied, routing, placement),
    ...placesBeside(instance, routing, [...parents, ...covered.parents]),
    ...found.flatMap(rejectionsOf),
  ];
  return [...new Set(all)];
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

/** The name of a route, with its namespace. */
export function nameOf({ metadata }: Pick<HttpRoute, "metadata">): string {
  return `${metadata.namespace}/${metadata.name}`;
}
