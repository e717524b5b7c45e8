import type { Edge, RoutedHost } from "../../components/edges/edge";
import { type Instance, isBehind, isBelow, serviceOf } from "../../model/instances";
import { isShown, type MaintenanceEntry } from "../../model/maintenance";
import { listed } from "../../model/problems";
import { type Finding, orOk } from "./finding";

const REGISTRY = "registry";

/** The routes at one edge. */
export interface RoutedEdge {
  readonly edge: Pick<Edge, "name">;
  readonly routedHosts: readonly RoutedHost[];
}

/**
 * Compares the hosts of the registry with those that have routes at the edges. A host that no instance owns stays open during every
 * maintenance.
 *
 * @param edges an edge without any route counts as one whose routes could not be read.
 * @param maintenance with the entries of the list `provisioning`. Instances in maintenance need no route.
 */
export async function registryFindings(
  edges: readonly RoutedEdge[],
  instances: readonly Instance[],
  maintenance: readonly MaintenanceEntry[],
): Promise<readonly Finding[]> {
  const shown = new Set(maintenance.filter(isShown).map(({ instance }) => instance.name));
  const isOwned = containmentIn(instances.flatMap(({ hosts }) => hosts));
  const isRouted = new Map(
    edges.map(({ edge, routedHosts }) => [edge.name, containmentIn(routedHosts.map(({ host }) => host))]),
  );
  const known = edges.filter(({ routedHosts }) => routedHosts.length > 0).map(({ edge }) => edge.name);
  if (known.length === 0) return [];
  const open = instances.filter(({ name }) => !shown.has(name));
  return orOk(
    REGISTRY,
    [
      ...edges.flatMap(({ edge, routedHosts }) =>
        unownedFindings(
          edge.name,
          routedHosts.filter(({ host }) => !isOwned(host)),
          instances,
        ),
      ),
      ...open.flatMap((one) => unroutedFindings(one, edges, (edge, host) => isRouted.get(edge)?.(host) === true)),
    ],
    known.length === edges.length
      ? "every host with a route is of an instance, and every host of an instance has a route"
      : `every host with a route is of an instance, at ${listed(known)}`,
  );
}

/** A function that says whether a host is one of these hosts, or below one of their wildcards. A registry may have thousands. */
function containmentIn(hosts: readonly string[]): (host: string) => boolean {
  const exact = new Set(hosts);
  const wildcards = hosts.filter((host) => host.startsWith("*."));
  return (host) => exact.has(host) || wildcards.some((wildcard) => isBelow(host, wildcard));
}

/** @param unowned the routes at the edge whose hosts no instance owns. */
function unownedFindings(
  edge: string,
  unowned: readonly RoutedHost[],
  instances: readonly Instance[],
): readonly Finding[] {
  const here = instances.filter((instance) => isBehind(instance, edge));
  const namespaces = new Set(here.map((instance) => serviceOf(instance).namespace));
  const strangers = unowned.filter(({ namespace }) => !namespaces.has(namespace));
  const near = here.flatMap((instance) => {
    const routes = unowned.filter(({ namespace }) => namespace === serviceOf(instance).namespace);
    return routes.length === 0 ? [] : [nearFinding(edge, instance.name, routes)];
  });
  return strangers.length === 0 ? near : [...near, strangersFinding(edge, strangers)];
}

function nearFinding(edge: string, instance: string, routes: readonly RoutedHost[]): Finding {
  return {
    check: REGISTRY,
    edge,
    instances: [instance],
    result: "warning",
    text: `in the namespace of ${instance}, and owned by no instance: ${routesText(routes)}. It would stay open during the maintenance of ${instance}`,
    remedy: `Add it to the hosts of ${instance} (instances.${instance}.hosts, or MAINTENANCE_PAGES_EXTRA_HOSTS in its config.yml), if visitors of ${instance} use it.`,
  };
}

function strangersFinding(edge: string, routes: readonly RoutedHost[]): Finding {
  return {
    check: REGISTRY,
    edge,
    result: "warning",
    text: `no instance owns: ${routesText(routes)}`,
    remedy:
      "If a host belongs to an instance, add it to instances.*.hosts. For others, such as a Grafana, there is nothing to do.",
  };
}

/** Each host once, with the first object that has a route for it. */
function routesText(routes: readonly RoutedHost[]): string {
  const objects = new Map<string, string>();
  for (const { host, object } of routes) if (!objects.has(host)) objects.set(host, object);
  return listed([...objects].map(([host, object]) => `${host} (${object})`));
}

/**
 * The hosts of an instance that have no route at any of its edges. Those that have one at another of its edges are found by requests
 * (cli/unserved.ts). Nothing if no route at all is known of one of its edges: its routes may not be readable.
 */
function unroutedFindings(
  { name, hosts, assumedHosts = [], edges: listedEdges }: Instance,
  edges: readonly RoutedEdge[],
  isRouted: (edge: string, host: string) => boolean,
): readonly Finding[] {
  const own = edges.filter(({ edge }) => isBehind({ edges: listedEdges }, edge.name));
  if (own.length === 0 || own.some(({ routedHosts }) => routedHosts.length === 0)) return [];
  const unrouted = hosts.filter(
    (host) =>
      !assumedHosts.includes(host) &&
      !own.some(
        // A wildcard of the registry may stand for hosts that have routes of their own.
        ({ edge, routedHosts }) =>
          isRouted(edge.name, host) || routedHosts.some((routed) => isBelow(routed.host, host)),
      ),
  );
  if (unrouted.length === 0) return [];
  return [
    {
      check: REGISTRY,
      instances: [name],
      result: "warning",
      text: `no route leads to ${listed(unrouted)}, at ${listed(own.map(({ edge }) => edge.name))}`,
      remedy: `Remove from the hosts of ${name} what is none. Of the others, look for the Ingress, IngressRoute or HTTPRoute.`,
    },
  ];
}
