import { isBehind } from "../../../model/instances";
import { listed } from "../../../model/problems";
import type { Hazard, Overridden } from "../edge";
import { callsLeftOpen } from "./grpc";
import {
  attachmentsOf,
  isForHttp,
  isSameListener,
  listenersOf,
  otherParentsOf,
  placeOf,
  type Topology,
} from "./listeners";
import type { Placement } from "./manifests";
import { type GrpcRoute, type HttpRoute, nameOf, type TlsRoute } from "./objects";
import { type CoveredHere, coveredIn, type KnownRoutes, mayServe } from "./routes";
import type { Parent } from "./settings";

/** The routes of a cluster, and what they are attached to. */
export interface Routing extends KnownRoutes, Topology {
  readonly tlsRoutes: readonly TlsRoute[];
  readonly grpcRoutes: readonly GrpcRoute[];
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
  const all = [...untaken(instance, covered, routing, placement, parents).map(told), ...found.flatMap(rejectionsOf)];
  return [...new Set(all)];
}

/** A hazard as one text. */
export function told({ text, remedy }: Hazard): string {
  return `${text} ${remedy}`;
}

/**
 * What an override does not take over. It does not matter whether the override is in the cluster.
 *
 * @param parents those of all edges of the instance.
 */
export function untaken(
  instance: Overridden,
  covered: CoveredHere,
  routing: Routing,
  placement: Placement,
  parents: readonly Parent[],
): readonly Hazard[] {
  return [
    ...leftOpen(instance, covered, routing, placement),
    ...placesBeside(instance, routing, [...parents, ...covered.parents]),
    ...callsLeftOpen(instance, covered, routing, placement),
  ];
}

/** The parents of all edges of an instance. */
export function parentsBehind(
  instance: Overridden,
  parentsByEdge: ReadonlyMap<string, readonly Parent[]>,
): readonly Parent[] {
  return [...parentsByEdge].filter(([edge]) => isBehind(instance, edge)).flatMap(([, parents]) => parents);
}

/** What an override can't have: wildcards that would take another instance's visitors, and copies of some matches. */
export function leftOpen(
  instance: Pick<Overridden, "hosts" | "otherHosts">,
  { leftOut, uncopied }: CoveredHere,
  { others, listenerSets }: Pick<Routing, "others" | "listenerSets">,
  placement: Placement,
): readonly Hazard[] {
  return [
    ...leftOut.map(
      ({ wildcard, shadowed }): Hazard => ({
        what: "open",
        text: `The wildcard ${wildcard} is left out of the override: it covers ${shadowed} of another instance, and no HTTPRoute has that hostname, so its visitors would get the page, too.`,
        remedy: `Create an HTTPRoute with the hostname ${shadowed}.`,
      }),
    ),
    ...(uncopied.length === 0 ? [] : others).flatMap((route): readonly Hazard[] => {
      const paths = coveredIn(instance, [route], placement, { listenerSets }).uncopied.map(({ path }) => path.value);
      if (paths.length === 0) return [];
      return [
        {
          what: "open",
          text: `HTTPRoute ${nameOf(route)} comes first for ${listed([...new Set(paths)], 5)}, and the override can't have a copy of this match.`,
          remedy: "Remove a header from the match, or delete its rule during the maintenance.",
        },
      ];
    }),
  ];
}

/**
 * Where visitors reach an instance beside its edges: another listener, or encrypted connections that are passed through.
 *
 * @param parents those of the instance's edges and of its override.
 */
function placesBeside(
  { name: instance, hosts, otherHosts }: Overridden,
  { others, tlsRoutes, ...topology }: Pick<Routing, "others" | "tlsRoutes" | keyof Topology>,
  parents: readonly Parent[],
): readonly Hazard[] {
  const isTheirs = (hostnames: readonly string[]) =>
    hostnames.length > 0 && mayServe(hostnames, hosts) && !hostnames.every((host) => otherHosts.includes(host));
  const known = listenersOf(parents, topology);
  return [
    ...others
      // Those without hostnames, too: they have those of their listeners.
      .filter(({ spec }) => mayServe(spec.hostnames, hosts))
      .flatMap((route): readonly Hazard[] => {
        const beside = attachmentsOf(route, topology).filter(
          (one) =>
            isForHttp(one.listener) && isTheirs(one.hostnames) && !known.some((other) => isSameListener(one, other)),
        );
        const others = isTheirs(route.spec.hostnames) ? otherParentsOf(route) : [];
        return [
          ...beside.map(
            ({ owner, listener }): Hazard => ({
              what: "open",
              text: `HTTPRoute ${nameOf(route)} is attached to the listener ${listener.name} of the ${placeOf(owner)}, too, which no edge of the instance has in its parentRefs.`,
              remedy: `Add it to edges.*.parentRefs; or, if another edge has it, add that edge to instances.${instance}.edges.`,
            }),
          ),
          ...others.map(
            (one): Hazard => ({
              what: "open",
              text: `HTTPRoute ${nameOf(route)} is attached to the ${one}, too, which is not read here.`,
              remedy: "Attach the route to a Gateway or a ListenerSet instead.",
            }),
          ),
        ];
      }),
    ...tlsRoutes.flatMap((route): readonly Hazard[] => {
      const taken = attachmentsOf(route, topology).flatMap(({ hostnames }) => (isTheirs(hostnames) ? hostnames : []));
      if (taken.length === 0) return [];
      return [
        {
          what: "open",
          text: `TLSRoute ${nameOf(route)} takes the encrypted connections for ${listed([...new Set(taken)], 5)}.`,
          remedy: "Save it, delete it during the maintenance, and apply it again before you disable.",
        },
      ];
    }),
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
