import { z } from "zod";
import { CLASS_ANNOTATION } from "./manifests";
import type { StaticOptions } from "./static-options";

// The parts of Traefik's objects and of an Ingress that are used here
// (https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/crd/http/ingressroute/).
export const metadata = z.object({
  name: z.string(),
  namespace: z.string(),
  creationTimestamp: z.coerce.date().optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});

export type Metadata = z.output<typeof metadata>;

export const ingressRouteSchema = z.object({
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

export type KnownIngressRoute = z.output<typeof ingressRouteSchema>;

export const middlewareSchema = z.object({
  metadata,
  spec: z.object({
    replacePathRegex: z.object({ regex: z.string().optional(), replacement: z.string().optional() }).optional(),
    ipAllowList: z
      .object({ sourceRange: z.array(z.string()).optional(), rejectStatusCode: z.number().optional() })
      .optional(),
    retry: z.object({ attempts: z.number().optional() }).optional(),
  }),
});

export const transportSchema = z.object({
  metadata,
  spec: z.object({
    maxIdleConnsPerHost: z.number().optional(),
    forwardingTimeouts: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
  }),
});

export const tcpRouteSchema = z.object({
  metadata,
  spec: z.object({
    entryPoints: z.array(z.string()).optional(),
    tls: z.object({}).optional(),
    routes: z.array(z.object({ match: z.string() })).optional(),
  }),
});

export const ingressSchema = z.object({
  metadata,
  spec: z.object({
    ingressClassName: z.string().optional(),
    rules: z.array(z.object({ host: z.string().optional() })).optional(),
  }),
});

/** The part of an Ingress that is used here. */
export type KnownIngress = z.output<typeof ingressSchema>;

/** What decides in a cluster which route is used. */
export interface KnownRoutes {
  readonly ingressRoutes: readonly KnownIngressRoute[];
  readonly middlewares: readonly z.output<typeof middlewareSchema>[];
  readonly transports: readonly z.output<typeof transportSchema>[];
  readonly tcpRoutes: readonly z.output<typeof tcpRouteSchema>[];
  readonly ingresses: readonly KnownIngress[];
  /** The options of the edge's Traefiks that have them in their arguments. */
  readonly options: readonly StaticOptions[];
}

/**
 * Whether a Traefik with this option `ingressClass` reads an object (pkg/provider/kubernetes/crd/kubernetes.go in traefik/traefik,
 * shouldProcessIngress).
 */
export function isOfClass(
  { annotations }: Pick<Metadata, "annotations">,
  { ingressClass }: { readonly ingressClass?: string | undefined },
): boolean {
  const own = annotations?.[CLASS_ANNOTATION] ?? "";
  return own === (ingressClass ?? "") || (ingressClass === undefined && own === "traefik");
}
