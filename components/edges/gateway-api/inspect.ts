import { type ClusterReader, type Inspection, overrideOf, type Reasons, type ResourceName } from "../edge";
import { type LenientReader, lenientReader } from "../lenient-reader";
import { GROUP, placementIn, readCluster } from "./cluster";
import { driftIn } from "./drift";
import { hazardsIn } from "./hazards";
import { isForEveryHost, isForHttp, listenersOf } from "./listeners";
import { isPartOfName, NAMES, overrideManifests } from "./manifests";
import {
  API_VERSION,
  backendTrafficPolicySchema,
  ENVOY_GATEWAY_API,
  envoyProxySchema,
  GATEWAY_GROUP,
  grpcRouteSchema,
  namespaceSchema,
  PROXY_LABELS,
  proxySchema,
  securityPolicySchema,
  tlsRouteSchema,
} from "./objects";
import { rejectionsOf, told } from "./overruled";
import { alteredAt, type Policies } from "./policies";
import { routedHostsOf } from "./routed-hosts";
import { groupsOf, nextOverride } from "./routes";
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
  overruled: "The text of each object says what to do. If a Gateway rejects the HTTPRoute, its message says why.",
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
  const lenient = lenientReader(cluster);
  const [objects, envoyProxies = [], policies, namespaces, proxies, tlsRoutes, grpcRoutes = []] = await Promise.all([
    readCluster(cluster),
    lenient.list(`/apis/${ENVOY_GATEWAY_API}/envoyproxies`, envoyProxySchema),
    readPolicies(lenient, settings),
    lenient.list(`/api/v1/namespaces?fieldSelector=metadata.name%3D${namespace}`, namespaceSchema),
    Promise.all(PROXY_LABELS.map(([label]) => lenient.list(`/api/v1/pods?labelSelector=${label}`, proxySchema))),
    // Version 1.5 of the Gateway API has only the first one.
    Promise.all(
      ["v1", "v1alpha3", "v1alpha2"].map((version) =>
        lenient.list(`/apis/${GATEWAY_GROUP}/${version}/tlsroutes`, tlsRouteSchema),
      ),
    ),
    // Since version 1.1 of the Gateway API.
    lenient.list(`${GROUP}/grpcroutes`, grpcRouteSchema),
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
  const routing = {
    ...groups,
    ...topology,
    tlsRoutes: tlsRoutes.find((some) => some !== undefined) ?? [],
    grpcRoutes,
  };
  return {
    driftOf: driftIn(routing, placement, parentsByEdge),
    hazardsOf: hazardsIn({ routing, policies, namespace: own }, placement, parentsByEdge),
    routedHosts: routedHostsOf(routing, settings.parentRefs),
    trialOf: (instance) => {
      const { covered, parkedHost } = nextOverride(instance.name, instance, groups, placement, topology);
      return overrideManifests(overrideOf(instance), covered, placement, parkedHost);
    },
    selfTestSince: isSelfTestAdmitted ? selfTest?.metadata.creationTimestamp : undefined,
    skipsSelfTest: !isSelfTestAdmitted,
    obstacles: hasTypes ? suitable.obstacles : [NO_TYPES],
    notes: [
      ...[...lenient.unread, ...objects.unread].map((text) => `Not checked: ${text}`),
      ...(hasTypes ? [...suitable.notes, ...(isSelfTestAdmitted ? [] : [NO_SELF_TEST])] : []),
      ...(notFound === undefined ? [] : rejectionsOf(notFound)),
      ...alteredAt(listeners, policies, topology, namespace).map(told),
    ],
  };
}

/** The policies of Envoy Gateway. Another implementation does not follow them. */
async function readPolicies(
  lenient: LenientReader,
  { implementation }: Pick<GatewayApiSettings, "implementation">,
): Promise<Policies> {
  if (implementation !== "envoy-gateway") return { security: [], traffic: [] };
  const [security = [], traffic = []] = await Promise.all([
    lenient.list(`/apis/${ENVOY_GATEWAY_API}/securitypolicies`, securityPolicySchema),
    lenient.list(`/apis/${ENVOY_GATEWAY_API}/backendtrafficpolicies`, backendTrafficPolicySchema),
  ]);
  return { security, traffic };
}

const NO_TYPES = `The cluster has no ${API_VERSION}, the types of the Gateway API. Install its version 1.0 or later, of the standard channel. Or is this another cluster?`;

const NO_SELF_TEST =
  "listeners have hostnames, so the self-test, which has a host of its own, is not requested. `enable` checks the hosts of the instance.";
