import type { RoutedHost } from "../edge";
import { attachmentsOf, isSameListener, listenersOf } from "./listeners";
import { nameOf, type Route } from "./objects";
import type { Routing } from "./overruled";
import { isOfGateways } from "./routes";
import type { Parent } from "./settings";

/**
 * The hosts for which routes of others are attached to these parents, or to a ListenerSet of their Gateways. A route without hostnames has those of
 * its listeners; one for every host has none.
 */
export function routedHostsOf(routing: Routing, parentRefs: readonly Parent[]): readonly RoutedHost[] {
  const { others, tlsRoutes, grpcRoutes } = routing;
  const known = listenersOf(parentRefs, routing);
  const hostsOf = (kind: string, route: Route): readonly RoutedHost[] => {
    const attachments = attachmentsOf(route, routing).filter(
      (one) =>
        known.some((other) => isSameListener(one, other)) ||
        (one.owner.kind === "ListenerSet" && isOfGateways(one.owner, parentRefs, routing)),
    );
    return [...new Set(attachments.flatMap(({ hostnames }) => hostnames))].map((host) => ({
      host: host.toLowerCase(),
      object: `${kind} ${nameOf(route)}`,
      namespace: route.metadata.namespace,
    }));
  };
  return [
    ...others.flatMap((route) => hostsOf("HTTPRoute", route)),
    ...tlsRoutes.flatMap((route) => hostsOf("TLSRoute", route)),
    ...grpcRoutes.flatMap((route) => hostsOf("GRPCRoute", route)),
  ];
}
