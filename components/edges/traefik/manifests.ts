import { BYPASS_HEADER, type BypassKey, isKeyValue, keyWith, NO_BYPASS } from "../../../model/bypass";
import { ASSETS_PATH } from "../../../pages/kinds";
import { INSTANCE_LABEL, labels, NOT_AWAITED, OURS } from "../../names";
import {
  ADDRESS_HEADER,
  ANNOUNCED,
  announcedAddress,
  LINK_PATH,
  PAGE_SERVER,
  pageAddress,
  SERVICE_PORTS,
} from "../../page-server/contract";
import type { CustomManifest } from "../custom-overrides";
import { type Bypass, nameAt, type Override, selfTestOf } from "../edge";
import type { TraefikSettings } from "./settings";

/** The API of Traefik's custom resources. */
export const API_VERSION = "traefik.io/v1alpha1";

/** The annotation by which Traefik's option `ingressClass` chooses. */
export const CLASS_ANNOTATION = "kubernetes.io/ingress.class";

/** The names of an edge's resources, in the cluster and in the stack. */
export const NAMES = {
  override: (instance: string, edge: string) => nameAt(edge, `maintenance-${instance}`),
  bypass: (instance: string, edge: string) => nameAt(edge, `bypass-${instance}`),
  link: (instance: string, edge: string) => nameAt(edge, `link-${instance}`),
  /** The routes for entry points whose routers need their own `tls`. */
  withTls: (name: string) => `tls.${name}`,
  closed: (edge: string) => nameAt(edge, `${PAGE_SERVER}-closed`),
  retry: (edge: string) => nameAt(edge, `${PAGE_SERVER}-retry`),
  transport: (edge: string) => nameAt(edge, `${PAGE_SERVER}-transport`),
  notFound: (edge: string) => nameAt(edge, `${PAGE_SERVER}-not-found`),
  selfTest: (edge: string) => nameAt(edge, `${PAGE_SERVER}-self-test`),
} as const;

/**
 * The priorities of our routes. Traefik sorts the routes of all providers of an entry point by priority, and uses the first that matches.
 * By default a priority is the length of the rule. The Gateway API provider gives an Exact path 100,000 and more. The highest that a
 * user may set is 2^63 - 1001 (pkg/server/router/router.go in traefik/traefik). The not-found page comes after every other route: an
 * Ingress that has only a default backend gets -2^31 (pkg/provider/kubernetes/ingress/kubernetes.go).
 */
export const PRIORITIES = {
  link: 1_000_000_002,
  bypass: 1_000_000_001,
  override: 1_000_000_000,
  closed: 999_999_999,
  notFound: -3_000_000_000,
} as const;

/** The place of an edge's routes. */
export interface Placement
  extends Pick<TraefikSettings, "entryPoints" | "routersWithTls" | "ingressClass" | "bypassAddresses"> {
  /** The edge's name. */
  readonly edge: string;
  /** The page server's namespace. */
  readonly namespace: string;
}

/** The part of a route's Service reference that is used here. */
interface RouteService {
  readonly name: string;
  readonly kind?: "TraefikService";
  readonly port?: string | number;
  readonly serversTransport?: string;
}

interface Route {
  readonly match: string;
  readonly priority: number;
  readonly middlewares?: readonly string[];
  readonly service: RouteService;
}

/** The manifest of one of Traefik's own objects. */
export interface Manifest extends CustomManifest {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: "IngressRoute" | "Middleware" | "ServersTransport";
}

/**
 * The manifests of an override: a Middleware that makes the path the page's address, and the routes that use it.
 *
 * The second route, one priority below, answers 503 without a page. Traefik drops a route whose Service has no ready pod, if its option
 * `allowEmptyServices` is false (its default; the Helm chart sets true). Without the second route, visitors would then get the instance,
 * in the middle of its maintenance.
 */
export function overrideManifests(override: Override, placement: Placement): readonly [Manifest, ...Manifest[]] {
  const { instance } = override;
  return rewrittenRoutes(NAMES.override(instance, placement.edge), override, placement, {
    ...labels("maintenance-override"),
    [INSTANCE_LABEL]: instance,
  });
}

/** The manifests of the self-test: those of an override, for a host that no client uses. */
export function selfTestManifests(placement: Placement): readonly [Manifest, ...Manifest[]] {
  const { edge, namespace } = placement;
  const override = selfTestOf(edge, namespace);
  return rewrittenRoutes(NAMES.selfTest(edge), override, placement, labels("maintenance-self-test"));
}

function rewrittenRoutes(
  name: string,
  override: Override,
  placement: Placement,
  ownLabels: Readonly<Record<string, string>>,
): readonly [Manifest, ...Manifest[]] {
  const { edge, namespace } = placement;
  const metadata = { name, namespace, labels: ownLabels };
  const hosts = hostRule(override);
  const routes = [
    {
      match: `${hosts} && ${NO_CHALLENGE}`,
      priority: PRIORITIES.override,
      middlewares: [name, NAMES.retry(edge)],
      service: pageServer(edge, SERVICE_PORTS.maintenance),
    },
    {
      // In another order: Traefik names a route by its rule, and would take two routes with one rule for one.
      match: `${NO_CHALLENGE} && ${hosts}`,
      priority: PRIORITIES.closed,
      middlewares: [NAMES.closed(edge)],
      service: NOBODY,
    },
  ];
  const rewrite = manifest("Middleware", metadata, placement, rewriteOf(override));
  return [rewrite, ...ingressRoutes(metadata, placement, routes)];
}

function pageServer(edge: string, { name }: { readonly name: string }): RouteService {
  return { name: PAGE_SERVER, port: name, serversTransport: NAMES.transport(edge) };
}

/** Traefik's own service that answers every request (pkg/server/service/internalhandler.go in traefik/traefik). */
const NOBODY: RouteService = { kind: "TraefikService", name: "noop@internal" };

/**
 * The path becomes the page's address, with $1 for the client's asset. No other part of the visitor's path reaches the page server.
 * Traefik's own syntax for expressions has no look-ahead, and `.` does not match a line break unless `s` is set
 * (https://pkg.go.dev/regexp/syntax).
 */
function rewriteOf(override: Override) {
  const assets = ASSETS_PATH.slice(1).replace(".", "\\.");
  return {
    replacePathRegex: {
      regex: `^/(?:${assets}([a-z0-9._/-]+)$)?(?s:.*)`,
      replacement: `${pageAddress(override)}${override.hasAssets ? "$1" : ""}`,
    },
  };
}

/**
 * What all routes of an edge share.
 *
 * - The middleware of the closing routes. It rejects every address but one that no visitor has (RFC 5737), and so it answers 503.
 *   Without it, visitors would get Traefik's 418, which tells a search engine that the site is gone.
 * - The way to the page server, when one of its pods does not answer: Traefik tries the next one, after a second instead of its default
 *   of 30 s. It tries again only if the pod has got nothing of the request (pkg/middlewares/retry/retry.go in traefik/traefik).
 */
export function sharedManifests(placement: Placement): readonly Manifest[] {
  const { edge, namespace } = placement;
  const closed = { name: NAMES.closed(edge), namespace, labels: labels("maintenance-closed") };
  const retry = { name: NAMES.retry(edge), namespace, labels: labels("maintenance-retry") };
  const transport = { name: NAMES.transport(edge), namespace, labels: labels("maintenance-transport") };
  return [
    manifest("Middleware", closed, placement, {
      ipAllowList: { sourceRange: ["192.0.2.1/32"], rejectStatusCode: 503 },
    }),
    manifest("Middleware", retry, placement, { retry: { attempts: 5 } }),
    manifest("ServersTransport", transport, placement, {
      // Traefik's own default. Without it, it would be Go's: 2.
      maxIdleConnsPerHost: 200,
      // Less than the 75 s after which nginx closes an idle connection.
      forwardingTimeouts: { dialTimeout: "1s", responseHeaderTimeout: "5s", idleConnTimeout: "60s" },
    }),
  ];
}

/** The routes for hosts that no other route of the cluster has. */
export function notFoundManifests(placement: Placement): readonly Manifest[] {
  const { edge, namespace } = placement;
  const metadata = { name: NAMES.notFound(edge), namespace, labels: labels("maintenance-not-found") };
  return ingressRoutes(metadata, placement, [
    {
      match: "PathPrefix(`/`)",
      priority: PRIORITIES.notFound,
      middlewares: [NAMES.retry(edge)],
      service: pageServer(edge, SERVICE_PORTS.notFound),
    },
  ]);
}

/**
 * The routes of a bypass: for requests with the key in a header or a cookie, or from an address that needs none. They are in the instance's namespace, because by default
 * Traefik lets a route use only Services of its own namespace. They contain the key, so they are a secret.
 */
export function bypassManifests(
  override: Pick<Override, "instance" | "hosts" | "otherHosts">,
  { key, service }: Pick<Bypass, "key" | "service">,
  placement: Placement,
): readonly Manifest[] {
  const { instance } = override;
  const metadata = {
    name: NAMES.bypass(instance, placement.edge),
    namespace: service.namespace,
    labels: { ...labels("maintenance-bypass"), [INSTANCE_LABEL]: instance },
  };
  const { name, port } = service;
  return ingressRoutes(metadata, placement, [
    {
      match: `${hostRule(override)} && ${doorRule(key, placement.bypassAddresses)}`,
      priority: PRIORITIES.bypass,
      service: { name, port },
    },
  ]);
}

/**
 * The manifests of a bypass's links: a Middleware that tells the page server the page's address and the hosts, and the routes that use it. They
 * come before the bypass: a person whose cookie is there already must still reach the page server.
 */
export function linkManifests(
  override: Omit<Override, "bypass">,
  { walk }: Pick<Bypass, "walk">,
  placement: Placement,
): readonly [Manifest, ...Manifest[]] {
  const { instance } = override;
  const { edge, namespace } = placement;
  const name = NAMES.link(instance, edge);
  const metadata = { name, namespace, labels: { ...labels("maintenance-link"), [INSTANCE_LABEL]: instance } };
  const address = { headers: { customRequestHeaders: { [ADDRESS_HEADER]: announcedAddress(override, walk) } } };
  return [
    manifest("Middleware", metadata, placement, address),
    ...ingressRoutes(metadata, placement, [
      {
        match: `${hostRule(override)} && Path(\`${LINK_PATH}\`)`,
        priority: PRIORITIES.link,
        middlewares: [name, NAMES.retry(edge)],
        service: pageServer(edge, ANNOUNCED),
      },
    ]),
  ];
}

/**
 * Matches the requests with a key, and those from an address that needs none. `ClientIP` reads the address of the connection, and no header
 * (pkg/muxer/http/matcher.go in traefik/traefik). X-Forwarded-For is not matched instead: `HeaderRegexp` is content with any line of a header,
 * so a visitor could add one, where a proxy adds another.
 */
function doorRule({ header, cookie }: BypassKey, addresses: readonly string[]): string {
  const keys = `Header(\`${BYPASS_HEADER}\`, \`${header}\`) || HeaderRegexp(\`Cookie\`, \`(?:^|; *)${cookie}=always(?:;|$)\`)`;
  if (addresses.length === 0) return `(${keys})`;
  const ranges = addresses.map((range) => `ClientIP(\`${range}\`)`).join(" || ");
  return `(${keys} || (!Header(\`${BYPASS_HEADER}\`, \`${NO_BYPASS}\`) && (${ranges})))`;
}

/**
 * Whether a rule is that of a bypass, with any key: it matches no request without one, unless it comes from one of the edge's addresses. That
 * of an earlier configuration may have no addresses.
 */
export function isBypassRule(rule: string, { bypassAddresses }: Pick<Placement, "bypassAddresses">): boolean {
  const [, hosts, header] =
    /^(HostRegexp\(`[^`]*`\)(?: && !HostRegexp\(`[^`]*`\))?) && \(Header\(`[^`]*`, `(\w+)`\)/.exec(rule) ?? [];
  return (
    isKeyValue(header) &&
    [[], bypassAddresses].some((addresses) => rule === `${hosts} && ${doorRule(keyWith(header), addresses)}`)
  );
}

/**
 * Matches every path except the one for the renewal of certificates (RFC 8555 section 8.3): those requests still reach the instance's
 * solver. The last part is one token. With anything else after the prefix, `..` would lead around the override where Traefik's option
 * `sanitizePath` is false.
 */
const NO_CHALLENGE = "!PathRegexp(`^/\\.well-known/acme-challenge/[-\\w]+$`)";

/**
 * Matches the hosts of an instance.
 *
 * It is `HostRegexp` for exact hosts, too. Traefik chooses the TLS options of a connection by the matchers `Host` of all routes. With
 * `Host` here, and with other options on the instance's own route, it would use the default options for both: an instance that requires
 * client certificates would no longer require them (pkg/server/router/tcp/manager.go in traefik/traefik, buildEntryPointHandler).
 */
export function hostRule({ hosts, otherHosts }: Pick<Override, "hosts" | "otherHosts">): string {
  const covered = otherHosts.length > 0 ? ` && !${hostExpression(otherHosts)}` : "";
  return `${hostExpression(hosts)}${covered}`;
}

function hostExpression(hosts: readonly string[]): string {
  // A wildcard stands for one label, as in an Ingress. A host may end with a dot (RFC 3986 section 3.2.2).
  const expressions = hosts.map((host) => host.replaceAll(".", "\\.").replace(/^\*/, "[^.]+"));
  return `HostRegexp(\`^(?:${expressions.join("|")})\\.?$\`)`;
}

type Metadata = Omit<CustomManifest["metadata"], "annotations">;

function annotated(metadata: Metadata, { ingressClass }: Pick<Placement, "ingressClass">) {
  const ofClass = ingressClass === undefined ? {} : { [CLASS_ANNOTATION]: ingressClass };
  return { ...metadata, annotations: { ...ofClass, ...OURS, ...NOT_AWAITED } };
}

function manifest(kind: Manifest["kind"], metadata: Metadata, placement: Placement, spec: Manifest["spec"]): Manifest {
  return { apiVersion: API_VERSION, kind, metadata: annotated(metadata, placement), spec };
}

/**
 * One IngressRoute for all entry points, and one more for those whose routers need `tls`. These are in both: such an entry point may also get
 * requests without TLS, from a load balancer that ends it.
 */
function ingressRoutes(metadata: Metadata, placement: Placement, routes: readonly Route[]): readonly Manifest[] {
  const { entryPoints, routersWithTls } = placement;
  const spec = {
    routes: routes.map(({ match, priority, middlewares = [], service }) => ({
      kind: "Rule",
      match,
      priority,
      ...(middlewares.length > 0 ? { middlewares: middlewares.map((name) => ({ name })) } : {}),
      services: [service],
    })),
  };
  const route = (own: Metadata, more: Manifest["spec"]) =>
    manifest("IngressRoute", own, placement, { ...more, ...spec });
  const encrypted = { ...metadata, name: NAMES.withTls(metadata.name) };
  return [
    route(metadata, { entryPoints }),
    ...(routersWithTls.length > 0 ? [route(encrypted, { entryPoints: routersWithTls, tls: {} })] : []),
  ];
}
