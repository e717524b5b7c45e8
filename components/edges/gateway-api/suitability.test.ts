import { describe, expect, it } from "vitest";
import { envoyProxySchema, type GatewayClass, gatewayClassSchema, gatewaySchema, proxySchema } from "./objects";
import type { Parent } from "./settings";
import { suitability, wrongImplementations } from "./suitability";

const all = { allowedRoutes: { namespaces: { from: "All" } } };
const http = { name: "http", port: 80, protocol: "HTTP", ...all };
const https = { name: "https", port: 443, protocol: "HTTPS", ...all };

const gateway = (listeners: readonly object[], more: object = {}) =>
  gatewaySchema.parse({
    metadata: { name: "edge", namespace: "gateways" },
    spec: { gatewayClassName: "eg", listeners, ...more },
  });
const gatewayClass = (controllerName: string, more: object = {}) =>
  gatewayClassSchema.parse({ metadata: { name: "eg" }, spec: { controllerName, ...more } });

const ENVOY_GATEWAY = gatewayClass("gateway.envoyproxy.io/gatewayclass-controller");
const PARENT: Parent = { kind: "Gateway", name: "edge", namespace: "gateways" };

function found({
  parents = [PARENT],
  ...surroundings
}: { readonly parents?: readonly Parent[] } & Partial<Parameters<typeof suitability>[1]> = {}) {
  return suitability(
    { implementation: "envoy-gateway", parentRefs: [...parents] },
    {
      gateways: [gateway([http, https])],
      listenerSets: [],
      classes: [ENVOY_GATEWAY],
      envoyProxies: [],
      proxies: [],
      ...surroundings,
    },
    { name: "pages", labels: {} },
  );
}

it("says nothing of a Gateway that admits the namespace", () => {
  expect(found()).toStrictEqual({ obstacles: [], notes: [] });
});

describe("an obstacle is", () => {
  it("a Gateway that does not exist, and the message names those that do", () => {
    expect(found({ parents: [{ ...PARENT, name: "other" }] }).obstacles).toStrictEqual([
      "Gateway gateways/other does not exist. The cluster has gateways/edge: correct edges.*.parentRefs.",
    ]);
    expect(found({ gateways: [] }).obstacles).toStrictEqual([
      "Gateway gateways/edge does not exist. The cluster has no Gateway: correct edges.*.parentRefs.",
    ]);
  });

  it("no missing Gateway, while there is another one: that is a note", () => {
    const { obstacles, notes } = found({ parents: [PARENT, { ...PARENT, name: "other" }] });
    expect(obstacles).toStrictEqual([]);
    expect(notes.join()).toContain("Gateway gateways/other does not exist.");
  });

  it("a listener that does not exist, and the message names those that do", () => {
    expect(found({ parents: [{ ...PARENT, sectionName: "web" }] }).obstacles).toStrictEqual([
      "Gateway gateways/edge has no listener called web. Its listeners are http at port 80, https at port 443: correct edges.*.parentRefs.",
    ]);
  });

  it("a Gateway whose listeners all refuse the namespace; a note, if only some do", () => {
    const { allowedRoutes: _, ...closed } = http;
    const refused = found({ gateways: [gateway([closed])] });
    expect(refused.obstacles.join()).toContain(
      "Gateway gateways/edge does not admit routes of the namespace pages at its listeners http: set their allowedRoutes.namespaces",
    );
    const some = found({ gateways: [gateway([closed, https])] });
    expect(some.obstacles).toStrictEqual([]);
    expect(some.notes.join()).toContain("Visitors at these listeners get the instance.");
  });

  it("another implementation than the setting's", () => {
    const named = (controllerName: string) => found({ classes: [gatewayClass(controllerName)] }).obstacles;
    expect(named("istio.io/gateway-controller")).toStrictEqual([
      "Gateway gateways/edge is served by istio, and edges.*.implementation is envoy-gateway: set it to istio.",
    ]);
    expect(found({ classes: [] }).obstacles).toStrictEqual([]);
  });

  it("another implementation, for the program: a problem of the setting; none for a class that is missing or not known", () => {
    const problems = (implementation: "istio" | "envoy-gateway", ...classes: readonly GatewayClass[]) =>
      wrongImplementations(
        "new",
        { implementation, parentRefs: [PARENT] },
        { gateways: [gateway([http])], listenerSets: [], classes },
      );
    expect(problems("envoy-gateway", gatewayClass("istio.io/gateway-controller"))).toStrictEqual([
      {
        path: "edges.new.implementation",
        found: "envoy-gateway",
        allowed:
          "istio, which serves Gateway gateways/edge by its GatewayClass eg; Gateways of another implementation need an edge of their own",
        nearest: "istio",
      },
    ]);
    expect(problems("istio", gatewayClass("istio.io/gateway-controller"))).toStrictEqual([]);
    expect(problems("envoy-gateway", gatewayClass("example.org/unknown"))).toStrictEqual([]);
    expect(problems("envoy-gateway")).toStrictEqual([]);
  });

  it("an EnvoyProxy that keeps routes in their order, of the Gateway or of its class", () => {
    const envoyProxies = [
      envoyProxySchema.parse({
        metadata: { name: "proxy", namespace: "gateways" },
        spec: { preserveRouteOrder: true },
      }),
    ];
    const parametersRef = { group: "gateway.envoyproxy.io", kind: "EnvoyProxy", name: "proxy" };
    const ofGateway = { gateways: [gateway([http], { infrastructure: { parametersRef } })], envoyProxies };
    const ofClass = {
      classes: [
        gatewayClass("gateway.envoyproxy.io/gatewayclass-controller", {
          parametersRef: { ...parametersRef, namespace: "gateways" },
        }),
      ],
      envoyProxies,
    };
    for (const surroundings of [ofGateway, ofClass])
      expect(found(surroundings).obstacles.join()).toContain("preserveRouteOrder");
    expect(found({ envoyProxies }).obstacles).toStrictEqual([]);
  });
});

describe("the proxies of a Gateway", () => {
  const proxy = (namespace: string, more: object = {}) =>
    proxySchema.parse({
      metadata: {
        name: "envoy",
        namespace,
        labels: {
          "gateway.envoyproxy.io/owning-gateway-name": "edge",
          "gateway.envoyproxy.io/owning-gateway-namespace": "gateways",
        },
      },
      spec: more,
    });
  const obstacles = (...proxies: readonly ReturnType<typeof proxy>[]) => found({ proxies }).obstacles;

  it("must be where the page server lets requests in from", () => {
    expect(obstacles(proxy("envoy-gateway-system"))).toStrictEqual([]);
    expect(obstacles(proxy("gateways"), proxy("envoy-gateway-system"))).toStrictEqual([]);
    expect(obstacles(proxy("gateways"))).toStrictEqual([
      "The proxies of Gateway gateways/edge run in gateways, and the page server lets in only requests from envoy-gateway-system: set edges.*.namespace, or make an edge of its own for this Gateway.",
    ]);
    expect(obstacles(proxy("envoy-gateway-system", { hostNetwork: true })).join()).toContain(
      "set edges.*.hostNetwork to true",
    );
  });
});

describe("a note is", () => {
  it("a controller that is not known", () => {
    const { obstacles, notes } = found({ classes: [gatewayClass("example.org/unknown")] });
    expect(obstacles).toStrictEqual([]);
    expect(notes.join()).toContain("is served by example.org/unknown, which is not known here");
  });

  it("a listener that passes TLS through", () => {
    const passing = { name: "tls", port: 8443, protocol: "TLS", tls: { mode: "Passthrough" }, ...all };
    expect(found({ gateways: [gateway([http, passing])] })).toStrictEqual({
      obstacles: [],
      notes: [
        "Gateway gateways/edge has listeners that take no HTTPRoute: tls. Visitors at these listeners do not get the page.",
      ],
    });
  });

  it("a listener without its certificate", () => {
    const status = {
      listeners: [
        {
          name: "https",
          conditions: [
            {
              type: "ResolvedRefs",
              status: "False",
              reason: "InvalidCertificateRef",
              message: "Secret does not exist.",
            },
          ],
        },
      ],
    };
    const broken = gatewaySchema.parse({ ...gateway([http, https]), status });
    expect(found({ gateways: [broken] }).notes).toStrictEqual([
      "Gateway gateways/edge, listener https: InvalidCertificateRef. Secret does not exist.",
    ]);
  });
});
