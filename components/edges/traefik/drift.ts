import { isDeepStrictEqual } from "node:util";
import type { z } from "zod";
import type { Drift, DriftOf, Overridden } from "../edge";
import { type Manifest, overrideManifests, type Placement, PRIORITIES, sharedManifests } from "./manifests";
import { ingressRouteSchema, type KnownRoutes, type Metadata, middlewareSchema, transportSchema } from "./objects";

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
      ...rivalsOf(instance, routes, placement),
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
function rivalsOf({ hosts }: Overridden, routes: KnownRoutes, placement: Placement): readonly Drift[] {
  const overruled = (kind: string, one: Metadata, what: string) => ({
    what: "overruled" as const,
    text: `${kind} ${one.namespace}/${one.name} ${what}`,
  });
  const isOurs = ({ name, namespace }: Metadata) =>
    namespace === placement.namespace || /^(?:tls\.)?bypass-/.test(name);
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
