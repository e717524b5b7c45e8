import { podSchema } from "../controller-pods";
import { type ClusterReader, type Inspection, overrideOf, type Reasons, type ResourceName } from "../edge";
import { lenientReader } from "../lenient-reader";
import { driftIn } from "./drift";
import { hazardsIn } from "./hazards";
import { API_VERSION, NAMES, overrideManifests } from "./manifests";
import {
  ingressRouteSchema,
  ingressSchema,
  isOfClass,
  type KnownRoutes,
  middlewareSchema,
  tcpRouteSchema,
  transportSchema,
} from "./objects";
import { PODS, servingPods, suitability, traefikPod } from "./pods";
import { routedHostsIn } from "./routed-hosts";
import { isForEveryConnection } from "./rules";
import type { TraefikSettings } from "./settings";

/** Traefik loads a changed configuration at most every two seconds (its option providersThrottleDuration). */
export const PATIENCE = 20;

export const REASONS: Reasons = {
  notFound:
    "No route has this host: Traefik has not loaded the override yet, or it does not watch the override's namespace or class.",
  failure: "Another controller answers here, or a proxy in front of Traefik replaces the page.",
  other:
    "Traefik has not loaded the override yet, or rejects it (see its log); or another route has a higher priority; or DNS leads to another " +
    "edge; or the override was changed by hand: `pulumi up --refresh` repairs it.",
  leftover:
    "The override is still there: Traefik has not loaded the change yet; or somebody enabled it from another checkout (git pull, and look " +
    "again, before you remove anything); or the override was made by hand.",
  overruled:
    "Give that route a priority below 1,000,000,000, or delete it; an IngressRouteTCP for the host can only be deleted, or be moved to another " +
    "entry point; an Ingress that takes encrypted connections must lose its annotation ssl-passthrough.",
  selfTest:
    "Traefik does not show the self-test of this edge: it does not watch the page server's namespace or the override's class, or its entry " +
    "points have other names than edges.*.entryPoints, or another controller answers here.",
};

/** The command that deletes an instance's override. */
export function deletionOf(
  edge: string,
  { routersWithTls }: Pick<TraefikSettings, "routersWithTls">,
  instance: string,
  namespace: string,
): string {
  const name = NAMES.override(instance, edge);
  const names = [name, ...(routersWithTls.length > 0 ? [NAMES.withTls(name)] : [])];
  return `kubectl delete ingressroutes.traefik.io ${names.join(" ")} --namespace ${namespace}`;
}

/** Whether a resource is part of an instance's maintenance: of its override, its bypass, or the bypass's links. */
export function isPartOf(edge: string, instance: string, { type, name }: ResourceName): boolean {
  const own = [NAMES.override, NAMES.bypass, NAMES.link].map((nameOf) => nameOf(instance, edge));
  return (
    [`kubernetes:${API_VERSION}:IngressRoute`, `kubernetes:${API_VERSION}:Middleware`].includes(type) &&
    own.some((one) => name === one || name === NAMES.withTls(one))
  );
}

const PLACE = `/apis/${API_VERSION}`;

/**
 * Reads every route of the cluster, and the options of its Traefiks.
 *
 * @param namespace the overrides' namespace.
 */
export async function inspect(
  edge: string,
  settings: TraefikSettings,
  cluster: ClusterReader,
  namespace: string,
): Promise<Inspection> {
  const lenient = lenientReader(cluster);
  const [ingressRoutes, middlewares = [], transports = [], tcpRoutes = [], ingresses = [], podObjects] =
    await Promise.all([
      cluster.list(`${PLACE}/ingressroutes`, ingressRouteSchema),
      cluster.list(`${PLACE}/namespaces/${namespace}/middlewares`, middlewareSchema),
      cluster.list(`${PLACE}/namespaces/${namespace}/serverstransports`, transportSchema),
      lenient.list(`${PLACE}/ingressroutetcps`, tcpRouteSchema),
      cluster.list("/apis/networking.k8s.io/v1/ingresses", ingressSchema),
      lenient.list(PODS, podSchema),
    ]);
  const pods = podObjects?.flatMap(traefikPod);
  const options = servingPods(pods ?? [], settings).flatMap((pod) => pod.options ?? []);
  const routes = { ingressRoutes: ingressRoutes ?? [], middlewares, transports, tcpRoutes, ingresses, options };
  const placement = { ...settings, edge, namespace };
  const selfTest = NAMES.selfTest(edge);
  // A route with several entry points does not say which of them is for TLS.
  const entryPointsWithTls = routes.ingressRoutes
    .filter(
      ({ metadata, spec }) =>
        spec.tls !== undefined && metadata.namespace !== namespace && isOfClass(metadata, settings),
    )
    .flatMap(({ spec: { entryPoints = [] } }) => (entryPoints.length === 1 ? entryPoints : []));
  const { obstacles, notes } =
    pods === undefined ? { obstacles: [], notes: [] } : suitability(pods, settings, { namespace, entryPointsWithTls });
  return {
    driftOf: driftIn(routes, placement),
    hazardsOf: hazardsIn(routes, placement),
    routedHosts: routedHostsIn(routes, placement),
    trialOf: (instance) => overrideManifests(overrideOf(instance), placement),
    selfTestSince: routes.ingressRoutes.find(
      ({ metadata }) => metadata.namespace === namespace && [selfTest, NAMES.withTls(selfTest)].includes(metadata.name),
    )?.metadata.creationTimestamp,
    obstacles: [...(ingressRoutes === undefined ? [NO_TYPES] : []), ...obstacles],
    notes: [...lenient.unread.map((text) => `Not checked: ${text}`), ...notes, ...displacedBy(settings, tcpRoutes)],
  };
}

/**
 * The routes for TCP that the edge displaces: those for the encrypted connections of every host. Traefik prefers HTTPS routes without `Host`,
 * and ours are such (pkg/server/router/tcp/router.go in traefik/traefik).
 */
export function displacedBy(
  { entryPoints: own }: Pick<TraefikSettings, "entryPoints">,
  tcpRoutes: KnownRoutes["tcpRoutes"],
): readonly string[] {
  return tcpRoutes
    .filter(
      ({ spec: { entryPoints = own, tls, routes = [] } }) =>
        tls !== undefined &&
        entryPoints.some((name) => own.includes(name)) &&
        routes.some(({ match }) => isForEveryConnection(match)),
    )
    .map(
      ({ metadata: { namespace, name } }) =>
        `IngressRouteTCP ${namespace}/${name} has every encrypted connection that no HTTPS route has, and this edge has an HTTPS route for every host. Nobody reaches it any more: give it an entry point of its own.`,
    );
}

const NO_TYPES = `The cluster has no ${API_VERSION}, the types of Traefik's own objects. Traefik's Helm chart installs them. Or is this another cluster?`;
