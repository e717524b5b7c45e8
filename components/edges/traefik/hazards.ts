import { listed } from "../../../model/problems";
import { DEFAULT_EDGE, type Hazard, type Overridden } from "../edge";
import { entryPointsOf } from "./ingresses";
import { NAMES, type Placement } from "./manifests";
import { isOfClass, type KnownRoutes } from "./objects";
import { hasHost, isOurs, rivalsIn } from "./rivals";
import { type Covering, namesHost } from "./rules";

/**
 * What would be in the way of an instance's maintenance: objects that would come before its override, and entry points at which the
 * override would not be.
 *
 * TLS options are no hazard: Traefik chooses them by the matchers `Host` of all routes, and an override has none (`hostRule`).
 */
export function hazardsIn(routes: KnownRoutes, placement: Placement): (instance: Overridden) => readonly Hazard[] {
  const rivalsOf = rivalsIn(routes, placement);
  const placesOf = placesBeside(routes, placement);
  return (instance) => [
    ...rivalsOf(instance).map((rival) => ({ what: "open" as const, ...rival })),
    ...placesOf(instance).map(({ object, entryPoint, hosts }) => ({
      what: "open" as const,
      text: `${object} has ${listed(hosts, 5)} at the entry point ${entryPoint}, which edges.${placement.edge}.entryPoints does not list: visitors there would get the instance`,
      remedy: `Set edges.${placement.edge}.entryPoints to [${[...placement.entryPoints, entryPoint].join(", ")}]; or, if it is an entry point of another Traefik, add an edge for that one.`,
    })),
  ];
}

/** Traefik's own entry point, for its dashboard and its probes. */
const INTERNAL = "traefik";

/** Hosts of an instance at an entry point that none of its edges has. */
interface PlaceBeside {
  /** Such as `IngressRoute acme/own`. */
  readonly object: string;
  readonly entryPoint: string;
  readonly hosts: readonly string[];
}

function placesBeside(routes: KnownRoutes, placement: Placement): (instance: Overridden) => readonly PlaceBeside[] {
  const candidates = routesElsewhere(routes, placement);
  const entryPointsOfEdges = entryPointsByEdge(routes, placement);
  return ({ hosts, otherHosts, edges }) => {
    const covered = entryPointsOfEdges(edges);
    return candidates.flatMap(({ object, entryPoints, isFor }) => {
      const beside = entryPoints.filter((name) => !covered.includes(name));
      const found = beside.length === 0 ? [] : hosts.filter((host) => isFor({ host, otherHosts }));
      return found.length === 0 ? [] : beside.map((entryPoint) => ({ object, entryPoint, hosts: found }));
    });
  };
}

/** The routes of others at entry points that this edge does not have. A route without a host does not lead to an instance. */
function routesElsewhere({ ingressRoutes, ingresses }: KnownRoutes, placement: Placement) {
  const all = [
    ...ingressRoutes
      .filter((one) => !isOurs(one, placement) && isOfClass(one.metadata, placement))
      .map(({ metadata, spec: { entryPoints = [], routes = [] } }) => ({
        object: `IngressRoute ${metadata.namespace}/${metadata.name}`,
        entryPoints,
        isFor: (covering: Covering) => routes.some(({ match }) => namesHost(match, "Host", covering)),
      })),
    ...ingresses.map((one) => ({
      object: `Ingress ${one.metadata.namespace}/${one.metadata.name}`,
      entryPoints: entryPointsOf(one),
      isFor: (covering: Covering) => hasHost(one, covering),
    })),
  ];
  return all
    .map((one) => ({
      ...one,
      entryPoints: one.entryPoints.filter((name) => name !== INTERNAL && !placement.entryPoints.includes(name)),
    }))
    .filter(({ entryPoints }) => entryPoints.length > 0);
}

/**
 * The entry points that edges of this kind have, as far as they are in the cluster: each has a not-found page at all of its entry points.
 *
 * @returns those of the edges with these names, or of all edges.
 */
function entryPointsByEdge(
  { ingressRoutes }: KnownRoutes,
  { namespace }: Pick<Placement, "namespace">,
): (edges: readonly string[] | undefined) => readonly string[] {
  const first = NAMES.notFound(DEFAULT_EDGE);
  const notFound = ingressRoutes.filter(
    ({ metadata }) =>
      metadata.namespace === namespace && (metadata.name === first || metadata.name.startsWith(`${first}.`)),
  );
  return (edges) =>
    notFound
      .filter(({ metadata }) => edges === undefined || edges.some((edge) => metadata.name === NAMES.notFound(edge)))
      .flatMap(({ spec }) => spec.entryPoints ?? []);
}
