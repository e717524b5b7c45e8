import { z } from "zod";

// The parts of the Gateway API's objects that are used here (https://gateway-api.sigs.k8s.io/reference/spec/).

/** The API group of Gateways and routes. */
export const GATEWAY_GROUP = "gateway.networking.k8s.io";

/** The API of the routes and Gateways. */
export const API_VERSION = `${GATEWAY_GROUP}/v1` as const;

/** The API of Envoy Gateway's own objects. */
export const ENVOY_GATEWAY_API = "gateway.envoyproxy.io/v1alpha1";

const metadata = z.object({
  name: z.string(),
  namespace: z.string(),
  creationTimestamp: z.coerce.date().optional(),
  generation: z.number().optional(),
  labels: z.record(z.string(), z.string()).optional(),
});

const conditionSchema = z.object({
  type: z.string(),
  status: z.string(),
  reason: z.string().optional(),
  message: z.string().optional(),
  observedGeneration: z.number().optional(),
});

const parentRefSchema = z.object({
  group: z.string().default(GATEWAY_GROUP),
  kind: z.string().default("Gateway"),
  name: z.string(),
  namespace: z.string().optional(),
  sectionName: z.string().optional(),
  port: z.number().optional(),
});

export type ParentRef = z.output<typeof parentRefSchema>;

/** What routes of every kind have. */
const routeFields = {
  parentRefs: z.array(parentRefSchema).default([]),
  hostnames: z.array(z.string()).default([]),
};

const valueMatchType = z.enum(["Exact", "RegularExpression"]).default("Exact");

const valueMatch = z.object({
  type: valueMatchType,
  name: z.string(),
  value: z.string(),
});

const EVERYTHING = { type: "PathPrefix", value: "/" } as const;

const matchSchema = z.object({
  path: z
    .object({
      type: z.enum(["Exact", "PathPrefix", "RegularExpression"]).default(EVERYTHING.type),
      value: z.string().default(EVERYTHING.value),
    })
    .default(EVERYTHING),
  method: z.string().optional(),
  headers: z.array(valueMatch).default([]),
  queryParams: z.array(valueMatch).default([]),
});

export const httpRouteSchema = z.object({
  metadata,
  spec: z.object({
    ...routeFields,
    rules: z
      .array(
        z.object({
          matches: z.array(matchSchema).default([matchSchema.parse({})]),
          filters: z
            .array(
              z.looseObject({
                type: z.string(),
                requestHeaderModifier: z
                  .object({ set: z.array(z.object({ name: z.string(), value: z.string() })).default([]) })
                  .optional(),
              }),
            )
            .default([]),
          backendRefs: z
            .array(
              z.object({
                kind: z.string().default("Service"),
                name: z.string(),
                namespace: z.string().optional(),
                port: z.number().optional(),
                weight: z.number().default(1),
              }),
            )
            .default([]),
        }),
      )
      .default([]),
  }),
  status: z
    .object({
      parents: z.array(z.object({ parentRef: parentRefSchema, conditions: z.array(conditionSchema).default([]) })),
    })
    .optional(),
});

export type HttpRoute = z.output<typeof httpRouteSchema>;

/** Labels that an object must have. */
const selectorSchema = z.object({
  matchLabels: z.record(z.string(), z.string()).default({}),
  matchExpressions: z
    .array(z.object({ key: z.string(), operator: z.string(), values: z.array(z.string()).default([]) }))
    .default([]),
});

export type Selector = z.output<typeof selectorSchema>;

const listenerSchema = z.object({
  name: z.string(),
  hostname: z.string().optional(),
  port: z.number(),
  protocol: z.string(),
  tls: z.object({ mode: z.string().optional() }).optional(),
  allowedRoutes: z
    .object({
      namespaces: z.object({ from: z.string().default("Same"), selector: selectorSchema.optional() }).optional(),
      kinds: z.array(z.object({ kind: z.string() })).optional(),
    })
    .optional(),
});

export type Listener = z.output<typeof listenerSchema>;

const parametersRefSchema = z.object({ kind: z.string(), name: z.string(), namespace: z.string().optional() });

export const gatewaySchema = z.object({
  metadata,
  spec: z.object({
    gatewayClassName: z.string(),
    listeners: z.array(listenerSchema),
    infrastructure: z.object({ parametersRef: parametersRefSchema.optional() }).optional(),
  }),
  status: z
    .object({
      conditions: z.array(conditionSchema).default([]),
      listeners: z.array(z.object({ name: z.string(), conditions: z.array(conditionSchema).default([]) })).default([]),
    })
    .optional(),
});

export type Gateway = z.output<typeof gatewaySchema>;

/** A ListenerSet, which adds listeners to a Gateway. */
export const listenerSetSchema = z.object({
  metadata,
  spec: z.object({
    parentRef: parentRefSchema,
    listeners: z.array(listenerSchema),
  }),
});

export type ListenerSet = z.output<typeof listenerSetSchema>;

export const gatewayClassSchema = z.object({
  metadata: metadata.partial({ namespace: true }),
  spec: z.object({ controllerName: z.string(), parametersRef: parametersRefSchema.optional() }),
});

export type GatewayClass = z.output<typeof gatewayClassSchema>;

/** A TLSRoute: it takes the encrypted connections of its hosts. */
export const tlsRouteSchema = z.object({ metadata, spec: z.object(routeFields) });

export type TlsRoute = z.output<typeof tlsRouteSchema>;

/** A GRPCRoute: it takes the gRPC calls of its hosts. */
export const grpcRouteSchema = z.object({
  metadata,
  spec: z.object({
    ...routeFields,
    rules: z
      .array(
        z.object({
          matches: z
            .array(
              z.object({
                method: z
                  .object({
                    type: valueMatchType,
                    service: z.string().optional(),
                    method: z.string().optional(),
                  })
                  .optional(),
              }),
            )
            .default([]),
        }),
      )
      .default([]),
  }),
});

export type GrpcRoute = z.output<typeof grpcRouteSchema>;

/** A route of any kind. */
export type Route = HttpRoute | TlsRoute | GrpcRoute;

/** The name of a namespaced object, with its namespace. */
export function nameOf({ metadata: { namespace, name } }: Pick<Route, "metadata">): string {
  return `${namespace}/${name}`;
}

/** Envoy Gateway's settings for its proxies (https://gateway.envoyproxy.io/docs/api/extension_types/#envoyproxyspec). */
export const envoyProxySchema = z.object({
  metadata,
  spec: z.object({ preserveRouteOrder: z.boolean().optional(), mergeType: z.string().optional() }).default({}),
});

export type EnvoyProxy = z.output<typeof envoyProxySchema>;

const targetSchema = z.object({ kind: z.string(), name: z.string(), sectionName: z.string().optional() });

/** What a policy of Envoy Gateway applies to (https://gateway.envoyproxy.io/docs/api/extension_types/#policytargetreferences). */
const policyTargets = {
  /** The form before `targetRefs`. */
  targetRef: targetSchema.optional(),
  targetRefs: z.array(targetSchema).default([]),
  targetSelectors: z
    .array(
      selectorSchema.extend({
        kind: z.string(),
        namespaces: z.object({ from: z.string().default("Same") }).default({ from: "Same" }),
      }),
    )
    .default([]),
  /** How it is merged with a policy of the Gateway. Without it, it takes the place of that one. */
  mergeType: z.string().optional(),
};

/** A policy that decides who may send requests. */
export const securityPolicySchema = z.object({ metadata, spec: z.looseObject(policyTargets) });

export type SecurityPolicy = z.output<typeof securityPolicySchema>;

/** A policy for what happens between a proxy and a backend. */
export const backendTrafficPolicySchema = z.object({
  metadata,
  spec: z.object({
    ...policyTargets,
    responseOverride: z
      .array(
        z.object({
          source: z.string().default("All"),
          match: z.object({
            statusCodes: z
              .array(
                z.object({
                  value: z.number().optional(),
                  range: z.object({ start: z.number(), end: z.number() }).optional(),
                }),
              )
              .default([]),
            responseHeaders: z.array(z.unknown()).default([]),
          }),
        }),
      )
      .default([]),
  }),
});

export type BackendTrafficPolicy = z.output<typeof backendTrafficPolicySchema>;

/**
 * The labels of a proxy's pod with the name and the namespace of its Gateway: those of the specification (GEP-1762), where the pod is in the Gateway's
 * namespace, and Envoy Gateway's own.
 */
export const PROXY_LABELS: readonly (readonly [name: string, namespace: string | undefined])[] = [
  [`${GATEWAY_GROUP}/gateway-name`, undefined],
  ["gateway.envoyproxy.io/owning-gateway-name", "gateway.envoyproxy.io/owning-gateway-namespace"],
];

/** A pod of a proxy. */
export const proxySchema = z.object({
  metadata: z.object({ name: z.string(), namespace: z.string(), labels: z.record(z.string(), z.string()).default({}) }),
  spec: z.object({ hostNetwork: z.boolean().default(false) }),
});

export type ProxyPod = z.output<typeof proxySchema>;

export const namespaceSchema = z.object({
  metadata: z.object({ name: z.string(), labels: z.record(z.string(), z.string()).default({}) }),
});
