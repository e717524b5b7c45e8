import { isDeepStrictEqual } from "node:util";
import type { z } from "zod";
import { type DriftOf, overrideOf } from "../edge";
import { CLASS_ANNOTATION, type Manifest, overrideManifests, type Placement, sharedManifests } from "./manifests";
import { ingressRouteSchema, type KnownRoutes, type Metadata, middlewareSchema, transportSchema } from "./objects";
import { rivalsIn } from "./rivals";

/** Compares these objects with the declared override. A request for `/` is not enough: another path may lead elsewhere. */
export function driftIn(routes: KnownRoutes, placement: Placement): DriftOf {
  const changedShared = sharedManifests(placement)
    .filter((manifest) => !isUnchanged(manifest, routes))
    .map(({ kind, metadata }) => ({
      what: "changed" as const,
      text: `the ${kind} ${metadata.name} was deleted or changed`,
    }));
  const rivalsOf = rivalsIn(routes, placement);
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
      ...rivalsOf(instance).map(({ text }) => ({ what: "overruled" as const, text })),
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
