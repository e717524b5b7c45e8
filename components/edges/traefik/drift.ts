import { isDeepStrictEqual } from "node:util";
import { runInNewContext } from "node:vm";
import type { z } from "zod";
import { type Drift, type DriftOf, type Overridden, overrideOf } from "../edge";
import {
  CLASS_ANNOTATION,
  type Manifest,
  overrideManifests,
  type Placement,
  PRIORITIES,
  sharedManifests,
} from "./manifests";
import {
  ingressRouteSchema,
  isOfClass,
  type KnownRoutes,
  type Metadata,
  middlewareSchema,
  transportSchema,
} from "./objects";

/** Compares these objects with the declared override. A request for `/` is not enough: another path may lead elsewhere. */
export function driftIn(routes: KnownRoutes, placement: Placement): DriftOf {
  const changedShared = sharedManifests(placement)
    .filter((manifest) => !isUnchanged(manifest, routes))
    .map(({ kind, metadata }) => ({
      what: "changed" as const,
      text: `the ${kind} ${metadata.name} was deleted or changed`,
    }));
  const rivals = rivalsIn(routes, placement);
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
      ...rivalsOf(instance, rivals),
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

function changesOf(
  found: z.output<typeof ingressRouteSchema>,
  declared: Manifest | undefined,
  { ingressClass }: Placement,
): readonly string[] {
  const { spec } = ingressRouteSchema.shape;
  const [is, wanted] = [spec.parse(found.spec), spec.parse(declared?.spec)];
  return [
    ...(found.metadata.annotations?.[CLASS_ANNOTATION] === ingressClass ? [] : ["the ingress class"]),
    ...(["entryPoints", "routes", "tls"] as const).filter((field) => !isDeepStrictEqual(is[field], wanted[field])),
  ];
}

function isSameRewrite({ spec }: z.output<typeof middlewareSchema>, declared: Manifest, instance: string): boolean {
  const wanted = middlewareSchema.shape.spec.parse(declared.spec).replacePathRegex;
  const { regex, replacement } = spec.replacePathRegex ?? {};
  return regex === wanted?.regex && replacement?.startsWith(`/${instance}/`) === true;
}

type Rivals = Pick<KnownRoutes, "ingressRoutes" | "ingresses" | "tcpRoutes">;

/** The routes of others that come before an override, whatever their hosts. */
function rivalsIn(routes: KnownRoutes, placement: Placement): Rivals {
  const isOurs = ({ name, namespace }: Metadata) =>
    namespace === placement.namespace || /^(?:tls\.)?bypass-/.test(name);
  // A route without entry points is at each of Traefik's default ones.
  const isHere = ({ entryPoints = [] }: { readonly entryPoints?: readonly string[] | undefined }) =>
    entryPoints.length === 0 || entryPoints.some((name) => placement.entryPoints.includes(name));
  const isHigher = (priority: number) => priority >= PRIORITIES.override;
  return {
    ingressRoutes: routes.ingressRoutes
      .filter(({ metadata, spec }) => !isOurs(metadata) && isHere(spec) && isOfClass(metadata, placement))
      .map(({ metadata, spec: { routes = [], ...spec } }) => ({
        metadata,
        spec: { ...spec, routes: routes.filter(({ priority = 0 }) => isHigher(priority)) },
      })),
    ingresses: routes.ingresses.filter(({ metadata }) =>
      isHigher(Number(metadata.annotations?.["traefik.ingress.kubernetes.io/router.priority"] ?? 0)),
    ),
    // Traefik looks at the routes for TCP before the override, which has no matcher `Host` (pkg/server/router/tcp/router.go in
    // traefik/traefik).
    tcpRoutes: routes.tcpRoutes.filter(({ metadata, spec }) => isHere(spec) && isOfClass(metadata, placement)),
  };
}

/** The objects of others that come before an instance's override. */
function rivalsOf({ hosts, otherHosts }: Overridden, rivals: Rivals): readonly Drift[] {
  const overruled = (kind: string, one: Metadata, what: string) => ({
    what: "overruled" as const,
    text: `${kind} ${one.namespace}/${one.name} ${what}`,
  });
  return hosts.flatMap((host) => {
    const isMatched = (rule: string, matcher: "Host" | "HostSNI") => mayMatch(rule, matcher, { host, otherHosts });
    return [
      ...rivals.ingressRoutes
        .filter(({ spec }) => spec.routes?.some(({ match }) => isMatched(match, "Host")))
        .map(({ metadata }) => overruled("IngressRoute", metadata, `has a higher priority for ${host}`)),
      ...rivals.ingresses
        .filter(({ spec }) =>
          spec.rules?.some((rule) => rule.host === undefined || isCovered(rule.host, { host, otherHosts })),
        )
        .map(({ metadata }) => overruled("Ingress", metadata, `has a higher priority for ${host}`)),
      ...rivals.tcpRoutes
        .filter(({ spec }) => spec.routes?.some(({ match }) => isMatched(match, "HostSNI") && !/`\*`/.test(match)))
        .map(({ metadata }) => overruled("IngressRouteTCP", metadata, `takes the encrypted connections for ${host}`)),
    ];
  });
}

/** A host of an instance, which may be a wildcard, and the hosts that the wildcard leaves out. */
interface Covering {
  readonly host: string;
  readonly otherHosts: readonly string[];
}

/** Whether a host is the instance's. */
function isCovered(one: string, { host, otherHosts }: Covering): boolean {
  if (!host.startsWith("*.")) return one === host;
  return one.replace(/^[^.]+/, "*") === host && !otherHosts.includes(one);
}

/** Whether a rule may match a host of an instance, by its matchers for hosts. A rule without any matches all. */
function mayMatch(rule: string, matcher: "Host" | "HostSNI", covering: Covering): boolean {
  const valuesOf = (name: string) =>
    [...rule.matchAll(new RegExp(`\\b${name}\\(\\s*(?:\`([^\`]*)\`|("(?:[^"\\\\]|\\\\.)*"))`, "g"))].map(
      ([, raw, quoted = '""']) => raw ?? unquoted(quoted),
    );
  const exact = valuesOf(matcher);
  const expressions = valuesOf(`${matcher}Regexp`);
  if (exact.length + expressions.length === 0) return true;
  return (
    exact.some((one) => isCovered(one.toLowerCase(), covering)) ||
    expressions.some((one) => matchesHost(one, covering.host.replace("*", "any")))
  );
}

function unquoted(text: string): string {
  try {
    return String(JSON.parse(text));
  } catch {
    return text.slice(1, -1);
  }
}

const MATCH_MILLISECONDS = 50;

/**
 * Whether somebody's expression, which is one of Go's, matches a host. One that JavaScript does not know may match; and so may one that
 * takes JavaScript too long, although it never takes Go long.
 */
function matchesHost(expression: string, host: string): boolean {
  const [, isCaseless, source = ""] = /^(\(\?i\))?(.*)$/s.exec(expression) ?? [];
  const values = { source, flags: isCaseless === undefined ? "" : "i", host };
  try {
    return runInNewContext("new RegExp(source, flags).test(host)", values, { timeout: MATCH_MILLISECONDS }) === true;
  } catch {
    return true;
  }
}
