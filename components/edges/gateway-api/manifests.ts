import { BYPASS_HEADER, isKeyValue, keyWith } from "../../../model/bypass";
import { INSTANCE_LABEL, labels, NOT_AWAITED, OURS, PART_OF } from "../../names";
import {
  ADDRESS_HEADER,
  ANNOUNCED,
  announcedAddress,
  LINK_PATH,
  PAGE_SERVER,
  SERVICE_PORTS,
} from "../../page-server/contract";
import type { CustomManifest } from "../custom-overrides";
import { type Bypass, nameAt, type Override, selfTestOf } from "../edge";
import { IMPLEMENTATIONS } from "./implementations";
import { everyPath, type Match, MOST_HEADERS } from "./matches";
import { API_VERSION, ENVOY_GATEWAY_API, GATEWAY_GROUP } from "./objects";
import type { GatewayApiSettings, Parent } from "./settings";

/** The label of a parked override, with the instance's name. */
export const PARKED_LABEL = "maintenance-pages/parked";

/** The names of an edge's resources, in the cluster and in the stack. */
export const NAMES = {
  override: (instance: string, edge: string) => nameAt(edge, `maintenance-${instance}`),
  bypass: (instance: string, edge: string) => nameAt(edge, `bypass-${instance}`),
  /** The second and further routes of what does not fit into one. */
  part: (name: string, index: number) => (index === 0 ? name : `${index + 1}.${name}`),
  /** An override that a person makes. The name of a parked one would not do: the next run that reads the cluster would park it again. */
  byHand: (name: string) => `by-hand.${name}`,
  retry: (edge: string) => nameAt(edge, `${PAGE_SERVER}-retry`),
  notFound: (edge: string) => nameAt(edge, `${PAGE_SERVER}-not-found`),
  selfTest: (edge: string) => nameAt(edge, `${PAGE_SERVER}-self-test`),
} as const;

/** Whether a name is that of a resource, of one of its further routes, or of one that was made by hand. */
export function isPartOfName(part: string, name: string): boolean {
  return part === name || (part.endsWith(`.${name}`) && /^(?:\d+|by-hand)$/.test(part.slice(0, -name.length - 1)));
}

/** The place of an edge's routes. */
export interface Placement extends Pick<GatewayApiSettings, "implementation" | "parentRefs"> {
  /** The edge's name. */
  readonly edge: string;
  /** The page server's namespace. */
  readonly namespace: string;
  /** A domain for hosts that no visitor requests, or `undefined` if the Gateways admit none; see `parkedHost`. */
  readonly unusedDomain: string | undefined;
}

/** What an override takes over. */
export interface Covered {
  /** The hosts of the instance, and those that other routes have below its wildcards. */
  readonly hosts: readonly string[];
  /** What it is attached to. */
  readonly parents: readonly Parent[];
  /** What the override matches, by `overrideMatches`. */
  readonly matches: readonly Match[];
}

/** The manifest of a route. */
export interface Manifest extends CustomManifest {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: "HTTPRoute";
  readonly spec: {
    readonly parentRefs: readonly object[];
    readonly hostnames?: readonly string[];
    readonly rules: readonly object[];
  };
}

/**
 * The manifests of an override: a route with the instance's hosts, and more of them if one is too small.
 *
 * Each has one host more, which no visitor requests. While that one stays, the proxy keeps the way to the page server; see `parkedManifests`.
 *
 * @param madeParkedHost that host, if the override has one already. It stays, whatever the listeners admit now.
 */
export function overrideManifests(
  override: Override,
  covered: Covered,
  placement: Placement,
  madeParkedHost?: string,
): readonly Manifest[] {
  const { instance } = override;
  const metadata = overrideMetadata(instance, placement, INSTANCE_LABEL);
  const parked = madeParkedHost ?? parkedHost(instance, placement);
  return routes(metadata, covered.parents, {
    hosts: covered.hosts,
    always: parked === undefined ? [] : [parked],
    matches: override.bypass === undefined ? covered.matches : [LINK, ...covered.matches],
    ...toPage(override),
  });
}

/**
 * The manifests of an override whose instance is not in maintenance any more: the same routes without the instance's hosts.
 *
 * An override is never deleted at once. Envoy Gateway would take the way to the page server from Envoy before the route, and a few visitors
 * would get 503 without a page.
 *
 * @param count how many routes there are.
 * @param madeParkedHost the host that they have besides. It stays, whatever the listeners admit now.
 */
export function parkedManifests(
  instance: string,
  count: number,
  placement: Placement,
  madeParkedHost?: string,
): readonly Manifest[] {
  const metadata = overrideMetadata(instance, placement, PARKED_LABEL);
  const host = madeParkedHost ?? parkedHost(instance, placement);
  if (count === 0 || host === undefined) return [];
  const page = toPage({ instance, kind: "unscheduled", revision: undefined, bypass: undefined });
  const [route] = routes(metadata, placement.parentRefs, {
    hosts: [host],
    always: [],
    matches: everything(placement),
    ...page,
  });
  if (route === undefined) return [];
  return Array.from({ length: count }, (_, index) => ({
    ...route,
    metadata: { ...route.metadata, name: NAMES.part(metadata.name, index) },
  }));
}

/**
 * The host of an override that no visitor requests. It makes that the route exists for the proxy while it has no other host.
 *
 * @returns `undefined` if the Gateways admit no such host.
 */
function parkedHost(
  instance: string,
  { edge, namespace, unusedDomain }: Pick<Placement, "edge" | "namespace" | "unusedDomain">,
): string | undefined {
  return unusedDomain === undefined ? undefined : `${parkedPrefix(instance, { edge, namespace })}${unusedDomain}`;
}

/** Whether a host is that of a parked override, whatever domain the listeners admitted when it was made. */
export function isParkedHost(
  host: string,
  instance: string,
  placement: Pick<Placement, "edge" | "namespace">,
): boolean {
  return host.startsWith(parkedPrefix(instance, placement));
}

function parkedPrefix(instance: string, { edge, namespace }: Pick<Placement, "edge" | "namespace">): string {
  return `${instance}.${edge}.${parkedDomain(namespace)}.`;
}

/** The middle of every parked override's host, whatever domain it is below. */
export function parkedDomain(namespace: string): string {
  return `parked.${namespace}`;
}

/**
 * The policy for all routes of the page server's namespace: Envoy tries another pod when one does not answer. Without it, every other visitor
 * would get 503 without a page for as long as the cluster takes a dead pod for alive. The page server only reads requests, so each of them may be
 * repeated.
 *
 * A route with a policy of its own gets none of those that target its Gateway (internal/gatewayapi/backendtrafficpolicy.go in
 * envoyproxy/gateway), which may replace the page.
 *
 * @returns none for another implementation: the Gateway API itself has no such policy.
 */
export function policyManifests({
  edge,
  namespace,
  implementation,
}: Pick<Placement, "edge" | "namespace" | "implementation">): readonly CustomManifest[] {
  if (implementation !== "envoy-gateway") return [];
  const metadata = { name: NAMES.retry(edge), namespace, labels: labels("maintenance-retry") };
  return [
    {
      apiVersion: ENVOY_GATEWAY_API,
      kind: "BackendTrafficPolicy",
      metadata: { ...metadata, annotations: { ...OURS, ...NOT_AWAITED } },
      spec: {
        targetSelectors: [{ group: GATEWAY_GROUP, kind: "HTTPRoute", matchLabels: { ...PART_OF } }],
        retry: {
          numRetries: 5,
          retryOn: { triggers: ["connect-failure", "refused-stream", "reset"] },
          perRetry: { timeout: "2s", backOff: { baseInterval: "25ms", maxInterval: "250ms" } },
        },
        timeout: { tcp: { connectTimeout: "1s" } },
      },
    },
  ];
}

/** The manifests of the self-test: those of an override, for a host that no client uses. */
export function selfTestManifests(placement: Placement): readonly Manifest[] {
  const { edge, namespace } = placement;
  const override = selfTestOf(edge, namespace);
  const metadata = { name: NAMES.selfTest(edge), namespace, labels: labels("maintenance-self-test") };
  return routes(metadata, placement.parentRefs, {
    hosts: override.hosts,
    always: [],
    matches: everything(placement),
    ...toPage(override),
  });
}

/**
 * The routes for hosts that no other route of these parents has.
 *
 * @param parents none for no such route; see `notFoundParents`.
 */
export function notFoundManifests(
  parents: readonly Parent[],
  { edge, namespace }: Pick<Placement, "edge" | "namespace">,
): readonly Manifest[] {
  if (parents.length === 0) return [];
  const metadata = { name: NAMES.notFound(edge), namespace, labels: labels("maintenance-not-found") };
  const anything = { path: { type: "PathPrefix", value: "/" }, headers: [], queryParams: [] } as const;
  return routes(metadata, parents, {
    hosts: [],
    always: [],
    matches: [anything],
    filters: [],
    backend: { name: PAGE_SERVER, port: SERVICE_PORTS.notFound.port },
  });
}

/**
 * The routes of a bypass: for requests with the key in a header or a cookie. They are in the instance's namespace, beside its own routes, so
 * they need no ReferenceGrant. They contain the key, so they are a secret.
 *
 * Each match has one header more than one of the override's, and so it comes first.
 */
export function bypassManifests(
  { instance }: Pick<Override, "instance">,
  { key, service }: Pick<Bypass, "key" | "service">,
  covered: Covered,
  placement: Placement,
): readonly Manifest[] {
  const metadata = {
    name: NAMES.bypass(instance, placement.edge),
    namespace: service.namespace,
    labels: { ...labels("maintenance-bypass"), [INSTANCE_LABEL]: instance },
  };
  const keys: Match["headers"] = [
    { type: "Exact", name: BYPASS_HEADER, value: key.header },
    { type: "RegularExpression", name: "Cookie", value: cookieExpression(key.cookie) },
  ];
  const matches = covered.matches.flatMap((match) =>
    (match.headers.length < MOST_HEADERS ? keys : [])
      .filter(({ name }) => !match.headers.some((header) => header.name.toLowerCase() === name.toLowerCase()))
      .map((header) => ({ ...match, headers: [...match.headers, header] })),
  );
  const { name, port } = service;
  return routes(metadata, covered.parents, {
    hosts: covered.hosts,
    always: [],
    matches,
    filters: [],
    backend: { name, port: Number(port) },
  });
}

function cookieExpression(cookie: string): string {
  return `(?:.*; *)?${cookie}=always(?:;.*)?`;
}

/**
 * Whether a match is one of a bypass, with any key: it matches no request without one. Of a match's headers with one name, in whatever case,
 * only the first counts (HTTPHeaderMatch.name).
 */
export function isBypassMatch({ headers }: Pick<Match, "headers">): boolean {
  const first = (name: string) => headers.find((one) => one.name.toLowerCase() === name.toLowerCase());
  const header = first(BYPASS_HEADER);
  const cookie = first("Cookie");
  const [, key] = /(\w+)=always/.exec(cookie?.value ?? "") ?? [];
  return (
    (header?.type === "Exact" && isKeyValue(header.value)) ||
    (cookie?.type === "RegularExpression" && isKeyValue(key) && cookie.value === cookieExpression(keyWith(key).cookie))
  );
}

/**
 * Matches bypass links. An Exact path comes before the bypass, in each implementation: a person whose cookie is there already must still reach
 * the page server.
 */
const LINK: Match = { path: { type: "Exact", value: LINK_PATH }, headers: [], queryParams: [] };

/** What an override matches where no other route has its host. */
function everything({ implementation }: Placement): readonly Match[] {
  return [everyPath(IMPLEMENTATIONS[implementation].order)];
}

/** @param label a parked override has another one: `kubectl delete --selector` in docs/runbook.md is for those that have visitors. */
function overrideMetadata(
  instance: string,
  { edge, namespace }: Pick<Placement, "edge" | "namespace">,
  label: typeof INSTANCE_LABEL | typeof PARKED_LABEL,
): Metadata {
  return {
    name: NAMES.override(instance, edge),
    namespace,
    labels: { ...labels("maintenance-override"), [label]: instance },
  };
}

/**
 * The page's address is in a header, and the path is the visitor's. A rewritten path could not keep the path of an asset: only prefixes can
 * be replaced, and a route with a prefix would come after the instance's own.
 */
function toPage(page: Pick<Override, "instance" | "kind" | "revision" | "bypass">) {
  const prefix = { name: ADDRESS_HEADER, value: announcedAddress(page, page.bypass?.walk) };
  return {
    filters: [{ type: "RequestHeaderModifier", requestHeaderModifier: { set: [prefix] } }],
    backend: { name: PAGE_SERVER, port: ANNOUNCED.port },
  };
}

/**
 * Keeps external-dns from making records for our hosts: those of an instance are its own routes' business, and the others are nobody's
 * (source/gateway.go in kubernetes-sigs/external-dns).
 */
const NO_DNS = { "external-dns.alpha.kubernetes.io/controller": "none" } as const;

type Metadata = Omit<CustomManifest["metadata"], "annotations">;

interface Content {
  /** None for every host that no other route has. */
  readonly hosts: readonly string[];
  /** Hosts that each of the routes must have. */
  readonly always: readonly string[];
  readonly matches: readonly Match[];
  readonly filters: readonly object[];
  readonly backend: { readonly name: string; readonly port: number };
}

/** The most that one route can have (https://gateway-api.sigs.k8s.io/reference/spec/#httproutespec, its rules for validation). */
const MOST = { hosts: 16, matchesOfRule: 64, matches: 128 } as const;

/** As many routes as the limits need: each part of the hosts with each part of the matches. */
function routes(metadata: Metadata, parents: readonly Parent[], content: Content): readonly Manifest[] {
  const { hosts, always, matches, filters, backend } = content;
  const groups = hosts.length === 0 ? [[]] : chunks(hosts, MOST.hosts - always.length);
  const specs = groups.flatMap((group) =>
    chunks(matches, MOST.matches).map((some) => {
      const hostnames = [...group, ...always];
      return {
        parentRefs: parents.map(parentRef),
        ...(hostnames.length > 0 ? { hostnames } : {}),
        rules: chunks(some, MOST.matchesOfRule).map((matches) => ({
          matches: matches.map(written),
          ...(filters.length > 0 ? { filters } : {}),
          backendRefs: [backend],
        })),
      };
    }),
  );
  return specs.map((spec, index) => ({
    apiVersion: API_VERSION,
    kind: "HTTPRoute",
    metadata: {
      ...metadata,
      name: NAMES.part(metadata.name, index),
      annotations: { ...OURS, ...NOT_AWAITED, ...NO_DNS },
    },
    spec,
  }));
}

function parentRef({ kind, name, namespace, sectionName, port }: Parent) {
  return {
    ...(kind === "Gateway" ? {} : { group: GATEWAY_GROUP, kind }),
    name,
    namespace,
    ...(sectionName === undefined ? {} : { sectionName }),
    ...(port === undefined ? {} : { port }),
  };
}

function written({ path, method, headers, queryParams }: Match) {
  return {
    path,
    ...(method === undefined ? {} : { method }),
    ...(headers.length > 0 ? { headers } : {}),
    ...(queryParams.length > 0 ? { queryParams } : {}),
  };
}

function chunks<Item>(items: readonly Item[], size: number): readonly (readonly Item[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
