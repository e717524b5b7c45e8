import type { z } from "zod";
import type { ClusterReader } from "../edge";
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
  /** What could not be read, and may be missing. */
  readonly unread: readonly string[];
}

/** @throws when the cluster's API can't be reached, or rejects the request. */
export async function readCluster(cluster: ClusterReader): Promise<GatewayObjects> {
  const unread: string[] = [];
  // What an account whose rights are older than this edge may not read.
  const readable = <Item>(what: string, path: string, item: z.ZodType<Item>) =>
    cluster.list(path, item).catch((error: unknown) => {
      unread.push(`${what}: ${error instanceof Error ? error.message : error}`);
      return undefined;
    });
  const [routes, gateways, listenerSets, classes] = await Promise.all([
    cluster.list(`${GROUP}/httproutes`, httpRouteSchema),
    cluster.list(`${GROUP}/gateways`, gatewaySchema),
    // Since version 1.5 of the Gateway API. An account without the right is refused before that, too.
    readable("ListenerSets", `${GROUP}/listenersets`, listenerSetSchema),
    readable("GatewayClasses", `${GROUP}/gatewayclasses`, gatewayClassSchema),
  ]);
  return {
    hasTypes: routes !== undefined && gateways !== undefined,
    routes: routes ?? [],
    gateways: gateways ?? [],
    listenerSets: listenerSets ?? [],
    classes: classes ?? [],
    unread,
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
