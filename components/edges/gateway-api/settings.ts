import { z } from "zod";
import { dnsLabel, dnsSubdomain, flag, hasLength, oneOf, section, wholeNumber } from "../../../model/fields";
import type { Edge } from "../edge";
import { address, bypassAddressesRefused } from "../fields";
import { IMPLEMENTATIONS } from "./implementations";

const KINDS = ["Gateway", "ListenerSet"] as const;
const PARENTS = "a list of parents, such as [{ name: edge, namespace: gateways }]";
export const IMPLEMENTATION_NAMES = [
  "envoy-gateway",
  "nginx-gateway-fabric",
  "cilium",
  "kgateway",
  "istio",
] as const satisfies readonly (keyof typeof IMPLEMENTATIONS)[];

/** The most parents of a route (https://gateway-api.sigs.k8s.io/reference/spec/#commonroutespec). */
const MOST_PARENTS = 32;

const parentSchema = section({
  kind: z
    .enum(KINDS, { error: oneOf(KINDS) })
    .default("Gateway")
    .describe("The kind of the parent."),
  name: dnsSubdomain("the name of a Gateway").describe("The name of the parent."),
  namespace: dnsLabel("a namespace").describe("The namespace of the parent."),
  sectionName: dnsSubdomain("the name of a listener")
    .optional()
    .describe("The only listener. Default: all listeners of the parent."),
  port: wholeNumber(1, 65535, "a port").optional().describe("The only port. Default: all ports of the parent."),
});

/** What the routes of an edge are attached to. */
export type Parent = z.output<typeof parentSchema>;

/** An edge of the kind gateway-api: Gateways of one implementation of the Gateway API, version 1.0 or later. */
export const gatewayApiSchema = section(
  {
    kind: z.literal("gateway-api", { error: "gateway-api" }),
    address: address(),
    implementation: z
      .enum(IMPLEMENTATION_NAMES, { error: oneOf(IMPLEMENTATION_NAMES) })
      .default("envoy-gateway")
      .describe("Who implements the Gateway API. It decides which of two routes comes first."),
    parentRefs: z
      .array(parentSchema, { error: PARENTS })
      .refine(hasLength(1, MOST_PARENTS), { error: `1 to ${MOST_PARENTS} parents` })
      .refine(
        (parents) => parents.every((one, index) => !parents.slice(0, index).some((other) => overlap(one, other))),
        {
          error: "each parent once; the same one more than once only with another sectionName or port each",
        },
      )
      .describe(
        "The Gateways at which visitors come in: those to which the instances' own HTTPRoutes are attached. Each must admit routes of the page " +
          "server's namespace (allowedRoutes).",
      ),
    namespace: dnsLabel("a namespace")
      .optional()
      .describe(
        "The namespace of the proxies' pods, from which requests come to the page server. Default: where the implementation runs them, which is " +
          "envoy-gateway-system for Envoy Gateway, and the namespace of the first of parentRefs for the others.",
      ),
    hostNetwork: flag()
      .optional()
      .describe(
        "Whether the proxies' pods use the host's network. Their traffic then comes from node addresses. Default: true for Cilium, false for the others.",
      ),
  },
  bypassAddressesRefused("an HTTPRoute matches a request by its path, method, headers and query"),
);

export type GatewayApiSettings = z.output<typeof gatewayApiSchema>;

/** The source of the proxies' requests: the pods of a namespace, or the addresses of nodes. */
export function sourceOf({
  implementation,
  parentRefs,
  namespace,
  hostNetwork,
}: Pick<GatewayApiSettings, "implementation" | "parentRefs" | "namespace" | "hostNetwork">): Edge["source"] {
  const { proxies } = IMPLEMENTATIONS[implementation];
  if (hostNetwork ?? (proxies === "nodes" && namespace === undefined)) return "nodes";
  if (namespace !== undefined) return { namespace };
  return typeof proxies === "object" ? proxies : { namespace: parentRefs[0]?.namespace ?? "" };
}

/** Settings that two edges must not share: their routes for unknown hosts would be at one listener. */
export function conflictsBetween(
  edges: readonly (readonly [string, GatewayApiSettings])[],
): readonly { readonly path: readonly (string | number)[]; readonly message: string }[] {
  return edges.flatMap(([name, edge], index) =>
    edge.parentRefs.flatMap((parent, position) => {
      const rival = edges.slice(0, index).find(([, other]) => other.parentRefs.some((one) => overlap(one, parent)));
      if (rival === undefined) return [];
      const message = `a parent that no other edge has: edges.${rival[0]} has this one`;
      return [{ path: [name, "parentRefs", position], message }];
    }),
  );
}

/** Whether two references may name the same listener. */
function overlap(one: Parent, other: Parent): boolean {
  const isSame = one.kind === other.kind && one.name === other.name && one.namespace === other.namespace;
  return isSame && mayEqual(one.sectionName, other.sectionName) && mayEqual(one.port, other.port);
}

function mayEqual<Value>(one: Value | undefined, other: Value | undefined): boolean {
  return one === undefined || other === undefined || one === other;
}
