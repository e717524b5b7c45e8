import type { z } from "zod";
import type { ClusterReader, Inspection, Reasons, ResourceName } from "../edge";
import { placementIn, readCluster } from "./cluster";
import { driftIn } from "./drift";
import { isForEveryHost, isForHttp, listenersOf } from "./listeners";
import { isPartOfName, NAMES } from "./manifests";
import {
  API_VERSION,
  ENVOY_GATEWAY_API,
  envoyProxySchema,
  GATEWAY_GROUP,
  namespaceSchema,
  PROXY_LABELS,
  proxySchema,
  tlsRouteSchema,
} from "./objects";
import { rejectionsOf } from "./overruled";
import { groupsOf } from "./routes";
import type { GatewayApiSettings, Parent } from "./settings";
import { suitability } from "./suitability";

/** The controller writes a changed configuration to its proxies within a second or two. */
export const PATIENCE = 20;

export const REASONS: Reasons = {
  notFound: "No route has this host: the Gateway has not loaded the override yet, or its listeners do not admit it.",
  failure: "Another controller answers here, or a policy of the Gateway replaces the page.",
  other:
    "The Gateway has not loaded the override yet, or rejects it (see the HTTPRoute's status); or another route comes first; or DNS leads to " +
    "another edge; or the override was changed by hand: `pulumi up --refresh` repairs it.",
  leftover:
    "The override is still there: the Gateway has not loaded the change yet; or somebody enabled it from another checkout (git pull, and look " +
    "again, before you remove anything); or the override was made by hand.",
  overruled:
    "A Gateway that no edge has: add it to edges.*.parentRefs. A Gateway that rejects the HTTPRoute: its message says why. A TLSRoute for the " +
    "host can only be deleted.",
  selfTest:
    "The Gateway does not show the self-test of this edge: its listeners do not admit routes of the page server's namespace, or it is not one of " +
    "edges.*.parentRefs, or another controller answers here.",
};

/** The command that deletes an instance's override. */
export function deletionOf(edge: string, instance: string, namespace: string): string {
  const name = NAMES.override(instance, edge);
  const names = `${name} ${NAMES.byHand(name)} ${NAMES.part(name, 1)}`;
  return `kubectl delete httproutes.gateway.networking.k8s.io ${names} --ignore-not-found --namespace ${namespace}`;
}

const HTTP_ROUTE = `kubernetes:${API_VERSION}:HTTPRoute`;

/** Whether a resource is part of an instance's maintenance: of its override or its bypass. */
export function isPartOf(edge: string, instance: string, { type, name }: ResourceName): boolean {
  const own = [NAMES.override(instance, edge), NAMES.bypass(instance, edge)];
  return type === HTTP_ROUTE && own.some((one) => isPartOfName(name, one));
}

/** Whether a resource follows the cluster: the not-found page is where nobody else has a route for all hosts. */
export function followsCluster(edge: string, { type, name }: ResourceName): boolean {
  return type === HTTP_ROUTE && name === NAMES.notFound(edge);
}

/**
 * Reads every route of the cluster, and the Gateways.
 *
 * @param namespace the overrides' namespace.
 * @param parentsByEdge the parents of all edges of the stack, by the edge's name.
 */
export async function inspect(
  edge: string,
  settings: GatewayApiSettings,
  cluster: ClusterReader,
  namespace: string,
  parentsByEdge: ReadonlyMap<string, readonly Parent[]>,
): Promise<Inspection> {
  // An account whose rights are older than this edge can still read what decides about our own objects.
  const unread: string[] = [];
  const readable = <Item>(path: string, item: z.ZodType<Item>) =>
    cluster.list(path, item).catch((error: unknown) => {
      unread.push(`Not checked: ${error instanceof Error ? error.message : error}`);
      return undefined;
    });
  const [objects, envoyProxies = [], namespaces, proxies, tlsRoutes] = await Promise.all([
    readCluster(cluster),
    readable(`/apis/${ENVOY_GATEWAY_API}/envoyproxies`, envoyProxySchema),
    readable(`/api/v1/namespaces?fieldSelector=metadata.name%3D${namespace}`, namespaceSchema),
    Promise.all(PROXY_LABELS.map(([label]) => readable(`/api/v1/pods?labelSelector=${label}`, proxySchema))),
    // Version 1.5 of the Gateway API has only the first one.
    Promise.all(
      ["v1", "v1alpha3", "v1alpha2"].map((version) =>
        readable(`/apis/${GATEWAY_GROUP}/${version}/tlsroutes`, tlsRouteSchema),
      ),
    ),
  ]);
  const { routes, hasTypes, classes, ...topology } = objects;
  const groups = groupsOf(routes, namespace);
  const listeners = listenersOf(settings.parentRefs, topology);
  const placement = placementIn(topology, edge, settings, namespace);
  const find = (name: string) =>
    groups.ours.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name);
  const [selfTest, notFound] = [find(NAMES.selfTest(edge)), find(NAMES.notFound(edge))];
  const own = { name: namespace, labels: namespaces && (namespaces[0]?.metadata.labels ?? {}) };
  const suitable = suitability(
    settings,
    { ...topology, classes, envoyProxies, proxies: proxies.flatMap((some) => some ?? []) },
    own,
  );
  // At a listener with a hostname, a proxy may refuse a request for another host than that of the TLS handshake.
  const isSelfTestAdmitted = listeners
    .map(({ listener }) => listener)
    .filter(isForHttp)
    .every(isForEveryHost);
  return {
    driftOf: driftIn(
      { ...groups, ...topology, tlsRoutes: tlsRoutes.find((some) => some !== undefined) ?? [] },
      placement,
      parentsByEdge,
    ),
    selfTestSince: isSelfTestAdmitted ? selfTest?.metadata.creationTimestamp : undefined,
    obstacles: hasTypes ? suitable.obstacles : [NO_TYPES],
    notes: [
      ...unread,
      ...objects.unread.map((text) => `Not checked: ${text}`),
      ...(hasTypes ? [...suitable.notes, ...(isSelfTestAdmitted ? [] : [NO_SELF_TEST])] : []),
      ...(notFound === undefined ? [] : rejectionsOf(notFound)),
    ],
  };
}

const NO_TYPES = `The cluster has no ${API_VERSION}, the types of the Gateway API. Install its version 1.0 or later, of the standard channel. Or is this another cluster?`;

const NO_SELF_TEST =
  "listeners have hostnames, so the self-test, which has a host of its own, is not requested. `enable` checks the hosts of the instance.";
