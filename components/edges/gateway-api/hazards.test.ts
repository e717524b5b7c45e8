import { describe, expect, it } from "vitest";
import type { Overridden } from "../edge";
import { type Circumstances, hazardsIn } from "./hazards";
import type { Placement } from "./manifests";
import {
  gatewaySchema,
  grpcRouteSchema,
  httpRouteSchema,
  listenerSetSchema,
  securityPolicySchema,
  tlsRouteSchema,
} from "./objects";
import type { Routing } from "./overruled";
import type { Parent } from "./settings";

const PARENT: Parent = { kind: "Gateway", name: "edge", namespace: "gateways" };
const EDGE = { name: "edge", namespace: "gateways" };
const OWN_SET = { kind: "ListenerSet", name: "own" };
const all = { allowedRoutes: { namespaces: { from: "All" } } };
const http = { name: "http", port: 80, protocol: "HTTP", ...all };

const acme: Overridden = { name: "acme", hosts: ["acme.example.org", "studio.acme.example.org"], otherHosts: [] };

const gateway = (name: string, ...listeners: readonly object[]) =>
  gatewaySchema.parse({ metadata: { name, namespace: "gateways" }, spec: { gatewayClassName: "eg", listeners } });
const listenerSet = (more: object = all) =>
  listenerSetSchema.parse({
    metadata: { name: "own", namespace: "acme" },
    spec: { parentRef: EDGE, listeners: [{ name: "https", port: 443, protocol: "HTTPS", ...more }] },
  });
const routeSpec = (spec: object) => ({
  metadata: { name: "own", namespace: "acme" },
  spec: { parentRefs: [EDGE], hostnames: acme.hosts, ...spec },
});
const route = (spec: object = {}) => httpRouteSchema.parse(routeSpec(spec));
const tlsRoute = (spec: object = {}) => tlsRouteSchema.parse(routeSpec(spec));
const grpcRoute = (spec: object = {}) => grpcRouteSchema.parse(routeSpec(spec));
const calling = (...methods: readonly object[]) => ({ rules: [{ matches: methods.map((method) => ({ method })) }] });

interface Case extends Partial<Routing>, Partial<Pick<Placement, "implementation">> {
  readonly instance?: Overridden;
  readonly parents?: ReadonlyMap<string, readonly Parent[]>;
  readonly security?: Circumstances["policies"]["security"];
}

/** What would be in the way of an instance's override, in a cluster with one Gateway, one listener, and one route of the instance. */
function hazards({ instance = acme, parents, implementation = "envoy-gateway", security = [], ...more }: Case = {}) {
  const placement = {
    edge: "public",
    namespace: "pages",
    parentRefs: [PARENT],
    unusedDomain: "invalid",
    implementation,
  };
  const routing: Routing = {
    gateways: [gateway("edge", http)],
    listenerSets: [],
    ours: [],
    others: [route()],
    tlsRoutes: [],
    grpcRoutes: [],
    ...more,
  };
  const namespace = { name: "pages", labels: {} };
  const found = hazardsIn(
    { routing, policies: { security, traffic: [] }, namespace },
    placement,
    parents ?? new Map([["public", [PARENT]]]),
  )(instance);
  return found.map(({ what, text }) => `${what}: ${text}`);
}

it("nothing is in the way of an override that takes over all paths", () => {
  expect(hazards()).toStrictEqual([]);
  expect(hazards({ others: [] })).toStrictEqual([]);
});

describe("visitors would still get", () => {
  it("a match that can't be copied, of the HTTPRoute that has it", () => {
    const headers = Array.from({ length: 16 }, (_, index) => ({ name: `x-${index}`, value: "1" }));
    const full = route({ rules: [{ matches: [{ path: { type: "Exact", value: "/full" }, headers }] }] });
    expect(hazards({ others: [full] })).toStrictEqual([
      "open: HTTPRoute acme/own comes first for /full, and the override can't have a copy of this match.",
    ]);
  });

  it("a wildcard that covers a host of another instance", () => {
    const instance = {
      ...acme,
      hosts: ["acme.example.org", "*.acme.example.org"],
      otherHosts: ["beta.acme.example.org"],
    };
    expect(hazards({ instance })).toStrictEqual([
      "open: The wildcard *.acme.example.org is left out of the override: it covers beta.acme.example.org of another instance, and no HTTPRoute has that hostname, so its visitors would get the page, too.",
    ]);
  });

  it("encrypted connections that a TLSRoute takes", () => {
    expect(hazards({ tlsRoutes: [tlsRoute({ hostnames: ["acme.example.org"] })] })).toStrictEqual([
      "open: TLSRoute acme/own takes the encrypted connections for acme.example.org.",
    ]);
    expect(hazards({ tlsRoutes: [tlsRoute({ hostnames: ["beta.example.org"] })] })).toStrictEqual([]);
  });

  it("what is attached to another Gateway, unless it is another edge's of the instance", () => {
    const others = [route({ parentRefs: [EDGE, { ...EDGE, name: "other" }] })];
    const gateways = [gateway("edge", http), gateway("other", http)];
    const text =
      "open: HTTPRoute acme/own is attached to the listener http of the Gateway gateways/other, too, which no edge of the instance has in its parentRefs.";
    expect(hazards({ others, gateways })).toStrictEqual([text]);
    const parents = new Map([
      ["public", [PARENT]],
      ["second", [{ ...PARENT, name: "other" }]],
    ]);
    expect(hazards({ others, gateways, parents })).toStrictEqual([]);
    expect(hazards({ others, gateways, parents, instance: { ...acme, edges: ["public"] } })).toStrictEqual([text]);
  });

  it("nothing of the instance at a listener there that has none of its hosts", () => {
    const parentRefs = [EDGE, { ...EDGE, name: "other" }];
    const others = [route({ parentRefs, hostnames: [...acme.hosts, "beta.example.org"] })];
    const gateways = [gateway("edge", http), gateway("other", { ...http, hostname: "beta.example.org" })];
    expect(hazards({ others, gateways })).toStrictEqual([]);
  });

  it("what a route without hostnames has by a listener there", () => {
    const parentRefs = [{ ...EDGE, name: "other" }];
    const [others, tlsRoutes] = [[route({ parentRefs, hostnames: [] })], [tlsRoute({ parentRefs, hostnames: [] })]];
    const gateways = (hostname?: string) => [gateway("edge", http), gateway("other", { ...http, hostname })];
    expect(hazards({ others, tlsRoutes, gateways: gateways("acme.example.org") })).toStrictEqual([
      "open: HTTPRoute acme/own is attached to the listener http of the Gateway gateways/other, too, which no edge of the instance has in its parentRefs.",
      "open: TLSRoute acme/own takes the encrypted connections for acme.example.org.",
    ]);
    expect(hazards({ others, tlsRoutes, gateways: gateways("beta.example.org") })).toStrictEqual([]);
    expect(hazards({ others, tlsRoutes, gateways: gateways() })).toStrictEqual([]);
  });

  it("what is attached to an XListenerSet", () => {
    const parent = { group: "gateway.networking.x-k8s.io", kind: "XListenerSet", name: "own" };
    expect(hazards({ others: [route({ parentRefs: [EDGE, parent] })] })).toStrictEqual([
      "open: HTTPRoute acme/own is attached to the XListenerSet acme/own, too, which is not read here.",
    ]);
  });

  it("a ListenerSet that does not admit the override", () => {
    const others = [route({ parentRefs: [OWN_SET] })];
    const closed = hazards({ others, listenerSets: [listenerSet({})] });
    expect(closed).toStrictEqual([
      "open: ListenerSet acme/own does not admit routes of the namespace pages at its listeners https.",
    ]);
    expect(hazards({ others, listenerSets: [listenerSet()] })).toStrictEqual([]);
  });

  it("nothing at all for a host that no listener has", () => {
    const gateways = [gateway("edge", { ...http, hostname: "acme.example.org" })];
    const text =
      "open: No listener of Gateway gateways/edge has studio.acme.example.org: visitors do not get the page there.";
    expect(hazards({ gateways })).toStrictEqual([text]);
    expect(hazards({ gateways: [gateway("edge", { ...http, hostname: "*.example.org" })] })).toStrictEqual([]);
    const others = [route({ parentRefs: [EDGE, OWN_SET] })];
    expect(hazards({ gateways, others, listenerSets: [listenerSet()] })).toStrictEqual([]);
  });

  it("no host in particular, where there is no Gateway", () => {
    expect(hazards({ gateways: [] })).toStrictEqual([]);
  });
});

describe("a GRPCRoute", () => {
  const add = { service: "shop.Cart", method: "Add" };

  it("comes first with a method, in Envoy Gateway", () => {
    expect(hazards({ grpcRoutes: [grpcRoute(calling(add))] })).toStrictEqual([
      "open: GRPCRoute acme/own comes first for /shop.Cart/Add, and the override has no copy of a GRPCRoute's matches.",
    ]);
  });

  it.each<[string, object]>([
    ["a service alone", calling({ service: "shop.Cart" })],
    ["a method alone", calling({ method: "Add" })],
    ["an expression", calling({ ...add, type: "RegularExpression" })],
    ["no matches", { rules: [{}] }],
    ["another host", { ...calling(add), hostnames: ["beta.example.org"] }],
    ["a wildcard, which is less specific", { ...calling(add), hostnames: ["*.example.org"] }],
    ["another Gateway", { ...calling(add), parentRefs: [{ ...EDGE, name: "other" }] }],
  ])("comes after the override with %s", (_, spec) => {
    expect(
      hazards({ grpcRoutes: [grpcRoute(spec)], gateways: [gateway("edge", http), gateway("other", http)] }),
    ).toStrictEqual([]);
  });

  it("with a wildcard has the host of the listener", () => {
    const gateways = [
      gateway("edge", ...acme.hosts.map((hostname, index) => ({ ...http, name: `h${index}`, hostname }))),
    ];
    const grpcRoutes = [grpcRoute({ ...calling(add), hostnames: ["*.example.org"] })];
    expect(hazards({ gateways, grpcRoutes }).join()).toContain("comes first for /shop.Cart/Add");
  });

  it("has a host below the wildcard of the override for itself", () => {
    const instance = { ...acme, hosts: ["acme.example.org", "*.acme.example.org"] };
    const grpcRoutes = [grpcRoute({ hostnames: ["calls.acme.example.org"] })];
    expect(hazards({ instance, grpcRoutes })).toStrictEqual([
      "open: GRPCRoute acme/own has calls.acme.example.org, which comes before the wildcard of the override.",
    ]);
  });

  it("may keep an override out of another implementation's Gateway", () => {
    const grpcRoutes = [grpcRoute({ ...calling(add), hostnames: [...acme.hosts, "*.example.org"] })];
    expect(hazards({ grpcRoutes, implementation: "istio" })).toStrictEqual([
      "open: GRPCRoute acme/own may get requests for acme.example.org, studio.acme.example.org, and a Gateway may reject an HTTPRoute with a host of an older GRPCRoute, such as the override.",
    ]);
  });
});

it("a login at the instance's own ListenerSet stands before its page; one of the Gateway is no matter of the instance", () => {
  const policy = (metadata: object, targetRef: object) =>
    securityPolicySchema.parse({ metadata, spec: { targetRef, oidc: {} } });
  const security = [
    policy({ name: "login", namespace: "acme" }, OWN_SET),
    policy({ name: "login", namespace: "gateways" }, { kind: "Gateway", name: "edge" }),
  ];
  const others = [route({ parentRefs: [EDGE, OWN_SET] })];
  expect(hazards({ others, security, listenerSets: [listenerSet()] })).toStrictEqual([
    "altered: SecurityPolicy acme/login of ListenerSet acme/own decides about requests before any page does (oidc): visitors may get its answer, such as a login.",
  ]);
});
