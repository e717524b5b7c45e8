import type { ClusterReader } from "../edge";
import { lenientReader } from "../lenient-reader";
import { listenersOf, type Topology, unusedDomainOf } from "./listeners";
import type { Placement } from "./manifests";
import {
  API_VERSION,
  type GatewayClass,
  gatewayClassSchema,
  gatewaySchema,
  type HttpRoute,
  httpRouteSchema,
  listenerSetSchema,
} from "./objects";
import type { GatewayApiSettings } from "./settings";

/** The path of the Gateway API's objects. */
export const GROUP = `/apis/${API_VERSION}`;

/** What decides about overrides: the objects of all namespaces. */
export interface GatewayObjects extends Topology {
  /** Whether the cluster has the Gateway API's types. */
  readonly hasTypes: boolean;
  readonly routes: readonly HttpRoute[];
  readonly classes: readonly GatewayClass[];
  /** Why ListenerSets or GatewayClasses could not be read, and may be missing. */
  readonly unread: readonly string[];
}

/** @throws when the cluster's API can't be reached, or rejects the request. */
export async function readCluster(cluster: ClusterReader): Promise<GatewayObjects> {
  const lenient = lenientReader(cluster);
  const [routes, gateways, listenerSets, classes] = await Promise.all([
    cluster.list(`${GROUP}/httproutes`, httpRouteSchema),
    cluster.list(`${GROUP}/gateways`, gatewaySchema),
    // Since version 1.5 of the Gateway API. An account without the right is refused before that, too.
    lenient.list(`${GROUP}/listenersets`, listenerSetSchema),
    lenient.list(`${GROUP}/gatewayclasses`, gatewayClassSchema),
  ]);
  return {
    hasTypes: routes !== undefined && gateways !== undefined,
    routes: routes ?? [],
    gateways: gateways ?? [],
    listenerSets: listenerSets ?? [],
    classes: classes ?? [],
    unread: lenient.unread,
  };
}

/** The place of an edge's routes in a cluster with these Gateways. */
export function placementIn(
  topology: Topology,
  edge: string,
  { implementation, parentRefs }: Pick<GatewayApiSettings, "implementation" | "parentRefs">,
  namespace: string,
): Placement {
  const unusedDomain = unusedDomainOf(listenersOf(parentRefs, topology), namespace);
  return { edge, namespace, implementation, parentRefs, unusedDomain };
}
