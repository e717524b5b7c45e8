import { listed } from "../../../model/problems";
import type { Hazard, Overridden } from "../edge";
import { IMPLEMENTATIONS } from "./implementations";
import { attachmentsOf, isSameListener, listenersOf, type Topology } from "./listeners";
import type { Placement } from "./manifests";
import { type Match, mayComeFirst } from "./matches";
import { type GrpcRoute, nameOf } from "./objects";
import { type CoveredHere, isOwnBelow, mayServe } from "./routes";

/** The GRPCRoutes of a cluster, and what they are attached to. */
interface GrpcRouting extends Topology {
  readonly grpcRoutes: readonly GrpcRoute[];
}

/**
 * The gRPC calls that an override does not take over.
 *
 * - A host below a wildcard of the override that a GRPCRoute has: the more specific hostname comes first, for all paths.
 * - Envoy Gateway sorts the matches of GRPCRoutes and HTTPRoutes of a host together, and takes a service and a method for an Exact path. With
 *   the service alone it makes a prefix, and that comes after the override (processGRPCRouteRule in internal/gatewayapi/route.go, and sort.go,
 *   in envoyproxy/gateway).
 */
export function callsLeftOpen(
  instance: Overridden,
  covered: CoveredHere,
  routing: GrpcRouting,
  { implementation }: Pick<Placement, "implementation">,
): readonly Hazard[] {
  const { order } = IMPLEMENTATIONS[implementation];
  return rivalsOf(covered, routing).flatMap(({ route, hostnames }): readonly Hazard[] => {
    const below = hostnames.filter((host) => isOwnBelow(host, instance) && !covered.hosts.includes(host));
    const isShared = implementation === "envoy-gateway" && hostnames.some((host) => covered.hosts.includes(host));
    const first = isShared ? pathsOf(route).filter((path) => mayComeFirst({ path }, order)) : [];
    const paths = [...new Set(first.map(({ value }) => value))];
    return [
      ...below.map(
        (host): Hazard => ({
          what: "open",
          text: `GRPCRoute ${nameOf(route)} has ${host}, which comes before the wildcard of the override.`,
          remedy: `Add ${host} to the hosts of ${instance.name}.`,
        }),
      ),
      ...(paths.length === 0
        ? []
        : [
            {
              what: "open",
              text: `GRPCRoute ${nameOf(route)} comes first for ${listed(paths, 5)}, and the override has no copy of a GRPCRoute's matches.`,
              remedy:
                "Match the service without the method, which comes after the override; or delete the route during the maintenance.",
            } as const,
          ]),
    ];
  });
}

/**
 * The GRPCRoutes because of which a Gateway may reject the override. Of an HTTPRoute and a GRPCRoute with hostnames in common at one listener,
 * exactly the older one is accepted (GRPCRouteSpec.hostnames in apis/v1/grpcroute_types.go, in version 1.6.1 of kubernetes-sigs/gateway-api).
 * Not all implementations do so, and kubernetes-sigs/gateway-api#4598 no longer demands it. Envoy Gateway 1.9.1 accepts both.
 */
export function mayReject(
  covered: CoveredHere,
  routing: GrpcRouting,
  { implementation }: Pick<Placement, "implementation">,
): readonly Hazard[] {
  if (implementation === "envoy-gateway") return [];
  return rivalsOf(covered, routing).map(({ route, hostnames }) => {
    const shared = covered.hosts.filter((host) => mayServe(hostnames, [host]));
    return {
      what: "open",
      text: `GRPCRoute ${nameOf(route)} may get requests for ${listed(shared, 5)}, and a Gateway may reject an HTTPRoute with a host of an older GRPCRoute, such as the override.`,
      remedy: "Give the GRPCRoute a host that no HTTPRoute has, or delete it during the maintenance.",
    };
  });
}

/** The GRPCRoutes that may get requests for the hosts of an override at one of its listeners, and the hostnames that they have there. */
function rivalsOf(
  { hosts, parents }: CoveredHere,
  { grpcRoutes, ...topology }: GrpcRouting,
): readonly { readonly route: GrpcRoute; readonly hostnames: readonly string[] }[] {
  const listeners = listenersOf(parents, topology);
  return grpcRoutes.flatMap((route) =>
    attachmentsOf(route, topology)
      .filter((one) => mayServe(one.hostnames, hosts) && listeners.some((other) => isSameListener(one, other)))
      .map(({ hostnames }) => ({ route, hostnames })),
  );
}

/** The paths of a GRPCRoute's matches that have a service and a method, as Envoy Gateway makes them. The others come after the override. */
function pathsOf({ spec }: GrpcRoute): readonly Match["path"][] {
  return spec.rules.flatMap(({ matches }) =>
    matches.flatMap(({ method }) =>
      method?.service && method.method ? [{ type: method.type, value: `/${method.service}/${method.method}` }] : [],
    ),
  );
}
