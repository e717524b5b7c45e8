import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { listed } from "../../../model/problems";
import type { ClusterReader, Drift, DriftOf, Inspection, Overridden, Reasons, ResourceName } from "../edge";
import {
  API_VERSION,
  type Manifest,
  NAMES,
  overrideManifests,
  type Placement,
  PRIORITIES,
  sharedManifests,
} from "./manifests";
import type { TraefikSettings } from "./settings";
import { optionsOf, type StaticOptions } from "./static-options";

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
    "Give that route a priority below 1,000,000,000, or delete it; an IngressRouteTCP for the host can only be deleted, or be moved to another entry point.",
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

/** Whether a resource is part of an instance's maintenance: of its override or its bypass. */
export function isPartOf(edge: string, instance: string, { type, name }: ResourceName): boolean {
  const own = [NAMES.override(instance, edge), NAMES.bypass(instance, edge)];
  return (
    [`kubernetes:${API_VERSION}:IngressRoute`, `kubernetes:${API_VERSION}:Middleware`].includes(type) &&
    own.some((one) => name === one || name === NAMES.withTls(one))
  );
}

// The parts of Traefik's objects and of an Ingress that are used here
// (https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/crd/http/ingressroute/).
const metadata = z.object({
  name: z.string(),
  namespace: z.string(),
  creationTimestamp: z.coerce.date().optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});

type Metadata = z.output<typeof metadata>;

const ingressRouteSchema = z.object({
  metadata,
  spec: z.object({
    entryPoints: z.array(z.string()).optional(),
    tls: z.object({}).optional(),
    routes: z
      .array(
        z.object({
          match: z.string(),
          priority: z.number().optional(),
          middlewares: z.array(z.object({ name: z.string() })).optional(),
          services: z
            .array(
              z.object({
                name: z.string(),
                port: z.union([z.string(), z.number()]).optional(),
                serversTransport: z.string().optional(),
              }),
            )
            .optional(),
        }),
      )
      .optional(),
  }),
});

const middlewareSchema = z.object({
  metadata,
  spec: z.object({
    replacePathRegex: z.object({ regex: z.string().optional(), replacement: z.string().optional() }).optional(),
    ipAllowList: z
      .object({ sourceRange: z.array(z.string()).optional(), rejectStatusCode: z.number().optional() })
      .optional(),
    retry: z.object({ attempts: z.number().optional() }).optional(),
  }),
});

const transportSchema = z.object({
  metadata,
  spec: z.object({
    maxIdleConnsPerHost: z.number().optional(),
    forwardingTimeouts: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
  }),
});

const tcpRouteSchema = z.object({
  metadata,
  spec: z.object({
    entryPoints: z.array(z.string()).optional(),
    tls: z.object({}).optional(),
    routes: z.array(z.object({ match: z.string() })).optional(),
  }),
});

const ingressSchema = z.object({
  metadata,
  spec: z.object({ rules: z.array(z.object({ host: z.string().optional() })).optional() }),
});

/** The objects of a cluster that decide which route is used. */
export interface KnownRoutes {
  readonly ingressRoutes: readonly z.output<typeof ingressRouteSchema>[];
  readonly middlewares: readonly z.output<typeof middlewareSchema>[];
  readonly transports: readonly z.output<typeof transportSchema>[];
  readonly tcpRoutes: readonly z.output<typeof tcpRouteSchema>[];
  readonly ingresses: readonly z.output<typeof ingressSchema>[];
}

const podSchema = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string(),
    labels: z.record(z.string(), z.string()).optional(),
  }),
  status: z.object({ phase: z.string().optional() }).optional(),
  spec: z.object({
    hostNetwork: z.boolean().optional(),
    containers: z.array(z.object({ command: z.array(z.string()).optional(), args: z.array(z.string()).optional() })),
  }),
});

const PLACE = `/apis/${API_VERSION}`;

/** The label of the pods of Traefik's Helm chart. */
const PODS = "/api/v1/pods?labelSelector=app.kubernetes.io%2Fname%3Dtraefik";

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
  const [ingressRoutes, middlewares = [], transports = [], tcpRoutes = [], ingresses = [], pods = []] =
    await Promise.all([
      cluster.list(`${PLACE}/ingressroutes`, ingressRouteSchema),
      cluster.list(`${PLACE}/namespaces/${namespace}/middlewares`, middlewareSchema),
      cluster.list(`${PLACE}/namespaces/${namespace}/serverstransports`, transportSchema),
      cluster.list(`${PLACE}/ingressroutetcps`, tcpRouteSchema),
      cluster.list("/apis/networking.k8s.io/v1/ingresses", ingressSchema),
      cluster.list(PODS, podSchema),
    ]);
  const routes = { ingressRoutes: ingressRoutes ?? [], middlewares, transports, tcpRoutes, ingresses };
  const selfTest = NAMES.selfTest(edge);
  // A route with several entry points does not say which of them is for TLS.
  const entryPointsWithTls = routes.ingressRoutes
    .filter(({ metadata, spec }) => spec.tls !== undefined && metadata.namespace !== namespace)
    .flatMap(({ spec: { entryPoints = [] } }) => (entryPoints.length === 1 ? entryPoints : []));
  const { obstacles, notes } = suitability(pods.flatMap(traefikPod), settings, { namespace, entryPointsWithTls });
  return {
    driftOf: driftIn(routes, { ...settings, edge, namespace }),
    selfTestSince: routes.ingressRoutes.find(
      ({ metadata }) => metadata.namespace === namespace && [selfTest, NAMES.withTls(selfTest)].includes(metadata.name),
    )?.metadata.creationTimestamp,
    obstacles: [...(ingressRoutes === undefined ? [NO_TYPES] : []), ...obstacles],
    notes: [...notes, ...displacedBy(settings, tcpRoutes)],
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
        routes.some(({ match }) => /^\s*HostSNI\(\s*[`"]\*[`"]\s*\)\s*$/.test(match)),
    )
    .map(
      ({ metadata: { namespace, name } }) =>
        `IngressRouteTCP ${namespace}/${name} has every encrypted connection that no HTTPS route has, and this edge has an HTTPS route for every host. Nobody reaches it any more: give it an entry point of its own.`,
    );
}

const NO_TYPES = `The cluster has no ${API_VERSION}, the types of Traefik's own objects. Traefik's Helm chart installs them. Or is this another cluster?`;

/** Compares these objects with the declared override. A request for `/` is not enough: another path may lead elsewhere. */
export function driftIn(routes: KnownRoutes, placement: Placement): DriftOf {
  const changedShared = sharedManifests(placement)
    .filter((manifest) => !isUnchanged(manifest, routes))
    .map(({ kind, metadata }) => ({
      what: "changed" as const,
      text: `the ${kind} ${metadata.name} was deleted or changed`,
    }));
  return (instance, isShown) => {
    const [middleware, ...declared] = overrideManifests(overrideOf(instance), placement);
    const found = declared.map((manifest) => routes.ingressRoutes.find((one) => isNamed(one, manifest)));
    if (!isShown) {
      return found.some((one) => one !== undefined) ? [{ what: "leftover", text: "its override is still there" }] : [];
    }
    const present = found.filter((one) => one !== undefined);
    if (present.length < declared.length) return [{ what: "missing", text: "its override is not there" }];
    const rewrite = routes.middlewares.find((one) => isNamed(one, middleware));
    // Traefik drops a route whose middleware does not exist. That is as if the route did not exist.
    if (rewrite === undefined) return [{ what: "missing", text: "the Middleware of its override is not there" }];
    const changed = [
      ...present.flatMap((one, index) => changesOf(one, declared[index], placement)),
      ...(isSameRewrite(rewrite, middleware, instance.name) ? [] : ["the Middleware"]),
    ];
    return [
      ...changed.map((field) => ({ what: "changed" as const, text: `${field} of its override was changed` })),
      ...changedShared,
      ...rivalsOf(instance, routes),
    ];
  };
}

function isNamed(found: { readonly metadata: Metadata }, { metadata: { name, namespace } }: Manifest): boolean {
  return found.metadata.name === name && found.metadata.namespace === namespace;
}

/** Whether one of the objects that all routes of an edge share exists, as declared. */
function isUnchanged(declared: Manifest, { middlewares, transports }: KnownRoutes): boolean {
  const isTransport = declared.kind === "ServersTransport";
  const { spec } = (isTransport ? transportSchema : middlewareSchema).shape;
  const found = (isTransport ? transports : middlewares).find((one) => isNamed(one, declared));
  return found !== undefined && isDeepStrictEqual(spec.parse(found.spec), spec.parse(declared.spec));
}

/** The instance's override, as far as it is compared. Its page is not. */
function overrideOf({ name, ...hosts }: Overridden) {
  return {
    ...hosts,
    instance: name,
    kind: "unscheduled",
    revision: undefined,
    hasAssets: false,
    bypass: undefined,
  } as const;
}

function changesOf(
  found: z.output<typeof ingressRouteSchema>,
  declared: Manifest | undefined,
  { ingressClass }: Placement,
): readonly string[] {
  const { spec } = ingressRouteSchema.shape;
  const [is, wanted] = [spec.parse(found.spec), spec.parse(declared?.spec)];
  return [
    ...(found.metadata.annotations?.["kubernetes.io/ingress.class"] === ingressClass ? [] : ["the ingress class"]),
    ...(["entryPoints", "routes", "tls"] as const).filter((field) => !isDeepStrictEqual(is[field], wanted[field])),
  ];
}

function isSameRewrite({ spec }: z.output<typeof middlewareSchema>, declared: Manifest, instance: string): boolean {
  const wanted = middlewareSchema.shape.spec.parse(declared.spec).replacePathRegex;
  const { regex, replacement } = spec.replacePathRegex ?? {};
  return regex === wanted?.regex && replacement?.startsWith(`/${instance}/`) === true;
}

/** The objects of others that come before the override. */
function rivalsOf({ hosts }: Overridden, routes: KnownRoutes): readonly Drift[] {
  const overruled = (kind: string, one: Metadata, what: string) => ({
    what: "overruled" as const,
    text: `${kind} ${one.namespace}/${one.name} ${what}`,
  });
  const isOurs = ({ name }: Metadata) => /^(?:tls\.)?(?:maintenance|bypass|page-server)-/.test(name);
  const isHigher = (priority: number) => priority >= PRIORITIES.override;
  return hosts.flatMap((host) => [
    ...routes.ingressRoutes
      .filter(({ metadata, spec }) =>
        spec.routes?.some(
          ({ match, priority = 0 }) => isHigher(priority) && !isOurs(metadata) && mayMatch(match, "Host", host),
        ),
      )
      .map(({ metadata }) => overruled("IngressRoute", metadata, `has a higher priority for ${host}`)),
    ...routes.ingresses
      .filter(
        ({ metadata, spec }) =>
          isHigher(Number(metadata.annotations?.["traefik.ingress.kubernetes.io/router.priority"] ?? 0)) &&
          spec.rules?.some((rule) => rule.host === host),
      )
      .map(({ metadata }) => overruled("Ingress", metadata, `has a higher priority for ${host}`)),
    // Traefik looks at the routes for TCP first (pkg/server/router/tcp/router.go in traefik/traefik).
    ...routes.tcpRoutes
      .filter(({ spec }) => spec.routes?.some(({ match }) => mayMatch(match, "HostSNI", host) && !/`\*`/.test(match)))
      .map(({ metadata }) => overruled("IngressRouteTCP", metadata, `takes the encrypted connections for ${host}`)),
  ]);
}

/** Whether a rule may match a host, by its matchers for hosts. A rule without any matches all. */
function mayMatch(rule: string, matcher: "Host" | "HostSNI", host: string): boolean {
  const valuesOf = (name: string) =>
    [...rule.matchAll(new RegExp(`\\b${name}\\(\\s*(?:\`([^\`]*)\`|"([^"]*)")`, "g"))].map(
      ([, raw, quoted = ""]) => raw ?? quoted,
    );
  const exact = valuesOf(matcher);
  const expressions = valuesOf(`${matcher}Regexp`);
  if (exact.length + expressions.length === 0) return true;
  return (
    exact.some((one) => one.toLowerCase() === host) ||
    // An expression that JavaScript does not know may match.
    expressions.some((one) => {
      try {
        return new RegExp(one).test(host);
      } catch {
        return true;
      }
    })
  );
}

/** A pod of Traefik. */
export interface TraefikPod {
  readonly name: string;
  readonly namespace: string;
  /** The Helm release that it is of, or `undefined` if Helm did not install it. */
  readonly release?: string | undefined;
  readonly hostNetwork?: boolean | undefined;
  /** `undefined` if its static configuration is not in its arguments, but in a file or in the environment. */
  readonly options: StaticOptions | undefined;
}

/** An evicted pod stays as an object that serves nobody. */
const ENDED: readonly (string | undefined)[] = ["Failed", "Succeeded"];

function traefikPod({ metadata, spec, status }: z.output<typeof podSchema>): readonly TraefikPod[] {
  if (ENDED.includes(status?.phase)) return [];
  const { name, namespace, labels } = metadata;
  const options = optionsOf(spec.containers.flatMap(({ command = [], args = [] }) => [...command, ...args]));
  const release = labels?.["app.kubernetes.io/instance"];
  return [{ name, namespace, release, hostNetwork: spec.hostNetwork, options }];
}

/**
 * Compares the options of these pods with what overrides need. An obstacle prevents every override; a note does not.
 *
 * @param cluster.entryPointsWithTls the entry points at which routes of others have `tls`.
 */
export function suitability(
  pods: readonly TraefikPod[],
  settings: Pick<TraefikSettings, "namespace" | "hostNetwork" | "entryPoints" | "routersWithTls" | "ingressClass">,
  cluster: { readonly namespace: string; readonly entryPointsWithTls: readonly string[] },
): Pick<Inspection, "obstacles" | "notes"> {
  const own = pods.filter(({ namespace }) => namespace === settings.namespace);
  const elsewhere = [...new Set(pods.map(({ namespace }) => namespace))].filter((one) => one !== settings.namespace);
  const obstaclesOf = ({ name, hostNetwork = false, options }: TraefikPod) =>
    [
      ...(hostNetwork && !settings.hostNetwork ? [ON_HOST_NETWORK] : []),
      ...(options === undefined ? [] : obstaclesIn(options, settings, cluster)),
    ].map((text) => `Pod ${settings.namespace}/${name}: ${text}`);
  // Several Traefiks may be in one namespace, each with its own entry points or class.
  const releases = [...new Set(own.map(({ release }) => release))];
  const unsuitable = releases.filter((one) => own.some((pod) => pod.release === one && obstaclesOf(pod).length > 0));
  const texts = own.filter(({ release }) => unsuitable.includes(release)).flatMap(obstaclesOf);
  const isSuitable = unsuitable.length < releases.length;
  const misplaced =
    elsewhere.length === 0
      ? []
      : [
          own.length === 0
            ? `Traefik runs in ${listed(elsewhere)}, and not in ${settings.namespace}: set edges.*.namespace, by which the page server lets its requests in.`
            : `Another Traefik runs in ${listed(elsewhere)}. If it has the same routes, the page server rejects its requests: give it an edge of its own.`,
        ];
  return {
    obstacles: isSuitable ? [] : texts,
    notes: [
      ...misplaced,
      ...(isSuitable ? texts.map((text) => `${text} ${OTHER_RELEASE}`) : []),
      ...own.flatMap(({ name, options }) => emptyServicesNote(`${settings.namespace}/${name}`, options)),
    ],
  };
}

const OTHER_RELEASE =
  "Another Traefik in this namespace has no such obstacle. If visitors come in at both, give each an edge of its own.";

const ON_HOST_NETWORK =
  "it uses its node's network, so the page server rejects its requests: set edges.*.hostNetwork to true.";

function obstaclesIn(
  options: StaticOptions,
  { entryPoints, routersWithTls, ingressClass }: Parameters<typeof suitability>[1],
  { namespace, entryPointsWithTls }: Parameters<typeof suitability>[2],
): readonly string[] {
  const crd = (name: string) => options.get(`providers.kubernetescrd.${name}`);
  if (!options.isEnabled("providers.kubernetescrd")) {
    return ["its provider kubernetesCRD is not enabled (providers.kubernetesCRD.enabled in the Helm values)."];
  }
  const namespaces = crd("namespaces")?.split(",") ?? [];
  const ownClass = crd("ingressclass");
  const labels = crd("labelselector");
  const unknown = entryPoints.filter((name) => !options.hasEntryPoint(name));
  const plain = entryPoints.filter(
    (name) =>
      options.hasEntryPoint(name) &&
      !routersWithTls.includes(name) &&
      !options.isEnabled(`entrypoints.${name}.http.tls`) &&
      (entryPointsWithTls.includes(name) || options.isForTls(name)),
  );
  return [
    ...(namespaces.length === 0 || namespaces.includes(namespace)
      ? []
      : [
          `it does not watch the namespace ${namespace}: add it to providers.kubernetesCRD.namespaces (now ${namespaces.join(", ")}).`,
        ]),
    ...(ownClass === ingressClass
      ? []
      : [
          `its option providers.kubernetesCRD.ingressClass is ${ownClass ?? "not set"}, and edges.*.ingressClass is ${ingressClass ?? "not set"}.`,
        ]),
    ...(labels === undefined
      ? []
      : [
          `it reads only objects with the labels ${labels}: the overrides have none of them. Remove providers.kubernetesCRD.labelSelector.`,
        ]),
    ...(options.get("core.defaultrulesyntax")?.toLowerCase() === "v2"
      ? ["its rules have the syntax of Traefik 2 (core.defaultRuleSyntax), and the overrides have that of Traefik 3."]
      : []),
    ...(unknown.length === 0
      ? []
      : [
          `it has no entry point ${listed(unknown)}: edges.*.entryPoints must be some of ${options.entryPoints.join(", ")}.`,
        ]),
    ...plain.map(
      (name) =>
        `its entry point ${name} serves HTTPS without http.tls, so the overrides would not be used there: add ${name} to edges.*.routersWithTls.`,
    ),
  ];
}

function emptyServicesNote(pod: string, options: StaticOptions | undefined): readonly string[] {
  if (options === undefined || options.isEnabled("providers.kubernetescrd.allowemptyservices")) return [];
  return [
    `Pod ${pod}: its option providers.kubernetesCRD.allowEmptyServices is false. While no page server pod is ready, visitors get 503 without a page. Set it to true, as Traefik's Helm chart does.`,
  ];
}
