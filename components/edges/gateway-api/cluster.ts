import type { ClusterReader } from "../edge";
import type { Topology } from "./listeners";
import { API_VERSION, gatewaySchema, type HttpRoute, httpRouteSchema, listenerSetSchema } from "./objects";

/** The path of the Gateway API's objects. */
export const GROUP = `/apis/${API_VERSION}`;

/** What decides about overrides: the objects of all namespaces. */
export interface GatewayObjects extends Topology {
  /** Whether the cluster has the Gateway API's types. */
  readonly hasTypes: boolean;
  readonly routes: readonly HttpRoute[];
}

/** @throws when the cluster's API can't be reached, or rejects the request. */
export async function readCluster(cluster: ClusterReader): Promise<GatewayObjects> {
  const [routes, gateways, listenerSets] = await Promise.all([
    cluster.list(`${GROUP}/httproutes`, httpRouteSchema),
    cluster.list(`${GROUP}/gateways`, gatewaySchema),
    // Since version 1.5 of the Gateway API.
    cluster.list(`${GROUP}/listenersets`, listenerSetSchema),
  ]);
  return {
    hasTypes: routes !== undefined && gateways !== undefined,
    routes: routes ?? [],
    gateways: gateways ?? [],
    listenerSets: listenerSets ?? [],
  };
}
