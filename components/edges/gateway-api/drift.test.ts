import { describe, expect, it } from "vitest";
import type { Overridden } from "../edge";
import { driftIn } from "./drift";
import { type Manifest, overrideManifests, type Placement, parkedManifests } from "./manifests";
import {
  gatewaySchema,
  grpcRouteSchema,
  type HttpRoute,
  httpRouteSchema,
  listenerSetSchema,
  tlsRouteSchema,
} from "./objects";
import { coveredIn } from "./routes";
import type { Parent } from "./settings";

const PARENT: Parent = { kind: "Gateway", name: "edge", namespace: "gateways" };
const placement: Placement = {
  edge: "public",
  namespace: "pages",
  implementation: "envoy-gateway",
  parentRefs: [PARENT],
  unusedDomain: "invalid",
};
const acme: Overridden = { name: "acme", hosts: ["acme.example.org", "studio.acme.example.org"], otherHosts: [] };
const override = {
  ...acme,
  instance: "acme",
  kind: "scheduled",
  revision: undefined,
  hasAssets: false,
  bypass: undefined,
} as const;

const gateway = (name: string) =>
  gatewaySchema.parse({
    metadata: { name, namespace: "gateways" },
    spec: {
      gatewayClassName: "eg",
      listeners: [{ name: "http", port: 80, protocol: "HTTP", allowedRoutes: { namespaces: { from: "All" } } }],
    },
  });
const ownSet = listenerSetSchema.parse({
  metadata: { name: "own", namespace: "acme" },
  spec: {
    parentRef: { name: "edge", namespace: "gateways" },
    listeners: [{ name: "https", port: 443, protocol: "HTTPS" }],
  },
});
const topology = { gateways: [gateway("edge"), gateway("other")], listenerSets: [ownSet] };

const own = route("own", { rules: [{ matches: [{ path: { type: "Exact", value: "/exact" } }, {}] }] });

function route(name: string, spec: object): HttpRoute {
  return httpRouteSchema.parse({
    metadata: { name, namespace: "acme" },
    spec: { parentRefs: [{ name: "edge", namespace: "gateways" }], hostnames: acme.hosts, ...spec },
  });
}

/** As the API server gives out what was declared. */
const live = ({ metadata, spec }: Manifest, more: object = {}): HttpRoute =>
  httpRouteSchema.parse({ metadata: { ...metadata, generation: 1 }, spec, ...more });

const declared = (others: readonly HttpRoute[] = [own]) =>
  overrideManifests(override, coveredIn(override, others, placement, topology), placement);

function drifts(
  ours: readonly HttpRoute[],
  { others = [own], isShown = true, tlsRoutes = [] as object[], grpcRoutes = [] as object[], parents = [PARENT] } = {},
) {
  const routing = {
    ...topology,
    ours,
    others,
    tlsRoutes: tlsRoutes.map((one) => tlsRouteSchema.parse(one)),
    grpcRoutes: grpcRoutes.map((one) => grpcRouteSchema.parse(one)),
  };
  return driftIn(
    routing,
    placement,
    new Map([["public", parents]]),
  )(acme, isShown).map(({ what, text }) => `${what}: ${text}`);
}

it("nothing is said of an override as declared, whatever its page", () => {
  expect(drifts(declared().map((one) => live(one)))).toStrictEqual([]);
});

describe("an override that is not there", () => {
  const parked = parkedManifests("acme", 1, placement).map((one) => live(one));

  it("is missing, and so is one that is parked", () => {
    expect(drifts([])).toStrictEqual(["missing: its override is not there"]);
    expect(drifts(parked)).toStrictEqual(["missing: its override is not there"]);
  });

  it("is right after the maintenance; one with hosts is a leftover", () => {
    expect(drifts([], { isShown: false })).toStrictEqual([]);
    expect(drifts(parked, { isShown: false })).toStrictEqual([]);
    expect(
      drifts(
        declared().map((one) => live(one)),
        { isShown: false },
      ),
    ).toStrictEqual(["leftover: its override is still there"]);
  });
});

describe("an override that was changed by hand", () => {
  const changed = (change: (spec: HttpRoute["spec"]) => object) =>
    drifts(
      declared()
        .map((one) => live(one))
        .map((one) => httpRouteSchema.parse({ ...one, spec: { ...one.spec, ...change(one.spec) } })),
    );

  it.each<[string, (spec: HttpRoute["spec"]) => object]>([
    ["parentRefs", () => ({ parentRefs: [{ name: "other", namespace: "gateways" }] })],
    ["hostnames", ({ hostnames }) => ({ hostnames: [...hostnames, "beta.example.org"] })],
    ["filters", ({ rules }) => ({ rules: rules.map((rule) => ({ ...rule, filters: [] })) })],
    [
      "backendRefs",
      ({ rules }) => ({ rules: rules.map((rule) => ({ ...rule, backendRefs: [{ name: "caddy", port: 80 }] })) }),
    ],
  ])("is found by its %s", (field, change) => {
    expect(changed(change)).toStrictEqual([`changed: its override has other ${field} than declared`]);
  });

  it("is found when it does not match every path any more", () => {
    const texts = changed(({ rules }) => ({ rules: rules.map((rule) => ({ ...rule, matches: [{}] })) }));
    expect(texts).toContain("changed: its override has other matches than declared");
  });

  it("is found when it shows the page of another instance", () => {
    const texts = changed(({ rules }) => ({
      rules: rules.map((rule) => ({
        ...rule,
        filters: [
          {
            type: "RequestHeaderModifier",
            requestHeaderModifier: { set: [{ name: "X-Forwarded-Prefix", value: "/beta/unscheduled/-/" }] },
          },
        ],
      })),
    }));
    expect(texts).toStrictEqual(["changed: its override has other filters than declared"]);
  });
});

describe("what comes before an override", () => {
  const ours = declared().map((one) => live(one));

  it("is a path that was added since", () => {
    const added = route("added", { rules: [{ matches: [{ path: { type: "Exact", value: "/new" } }] }] });
    expect(drifts(ours, { others: [own, added] })).toStrictEqual([
      "outdated: HTTPRoute acme/added comes first for /new",
    ]);
  });

  it("is not a challenge for a certificate", () => {
    const solver = route("solver", {
      rules: [{ matches: [{ path: { type: "Exact", value: "/.well-known/acme-challenge/token" } }] }],
    });
    expect(drifts(ours, { others: [own, solver] })).toStrictEqual([]);
  });

  it("is not a path that is gone: a copy too many matches nothing", () => {
    expect(drifts(ours, { others: [] })).toStrictEqual([]);
  });

  it("is a ListenerSet of the edge's Gateway to which a route was attached since", () => {
    const parentRefs = [{ kind: "ListenerSet", name: "own" }];
    const attached = route("attached", { parentRefs });
    expect(drifts(ours, { others: [own, attached] })).toStrictEqual([
      "outdated: HTTPRoute acme/attached is attached to the ListenerSet acme/own, and the override is not",
    ]);
    expect(
      drifts(
        declared([own, attached]).map((one) => live(one)),
        { others: [own, attached] },
      ),
    ).toStrictEqual([]);
  });

  it("is a listener that the edge's parents leave out", () => {
    const https: Parent = { ...PARENT, sectionName: "https" };
    expect(drifts(ours, { parents: [https] })).toStrictEqual([]);
  });

  it("is another Gateway, unless it is another edge's", () => {
    const other: Parent = { ...PARENT, name: "other" };
    const both = route("own", {
      parentRefs: [
        { name: "edge", namespace: "gateways" },
        { name: "other", namespace: "gateways" },
      ],
    });
    expect(drifts(ours, { others: [both] })).toStrictEqual([
      "overruled: HTTPRoute acme/own is attached to the listener http of the Gateway gateways/other, too, which no edge of the instance has in its parentRefs. Add it to edges.*.parentRefs; or, if another edge has it, add that edge to instances.acme.edges.",
    ]);
    expect(drifts(ours, { others: [both], parents: [PARENT, other] })).toStrictEqual([]);
  });

  it("is a TLSRoute for one of its hosts at the same Gateway", () => {
    const tls = (hostname: string, gateway = "edge") => ({
      metadata: { name: "passed", namespace: "acme" },
      spec: { parentRefs: [{ name: gateway, namespace: "gateways" }], hostnames: [hostname] },
    });
    expect(drifts(ours, { tlsRoutes: [tls("acme.example.org")] })).toStrictEqual([
      "overruled: TLSRoute acme/passed takes the encrypted connections for acme.example.org. Save it, delete it during the maintenance, and apply it again before you disable.",
    ]);
    expect(drifts(ours, { tlsRoutes: [tls("beta.example.org"), tls("acme.example.org", "third")] })).toStrictEqual([]);
  });

  it("is a method that a GRPCRoute for one of its hosts has", () => {
    const calls = {
      metadata: { name: "calls", namespace: "acme" },
      spec: {
        parentRefs: [{ name: "edge", namespace: "gateways" }],
        hostnames: ["acme.example.org"],
        rules: [{ matches: [{ method: { service: "shop.Cart", method: "Add" } }] }],
      },
    };
    expect(drifts(ours, { grpcRoutes: [calls] })).toStrictEqual([
      "overruled: GRPCRoute acme/calls comes first for /shop.Cart/Add, and the override has no copy of a GRPCRoute's matches. Match the service without the method, which comes after the override; or delete the route during the maintenance.",
    ]);
  });

  it("is a Gateway that rejects the override", () => {
    const status = (observedGeneration: number) => ({
      status: {
        parents: [
          {
            parentRef: { name: "edge", namespace: "gateways" },
            conditions: [
              {
                type: "Accepted",
                status: "False",
                reason: "NotAllowedByListeners",
                message: "No listener.",
                observedGeneration,
              },
            ],
          },
        ],
      },
    });
    const rejected = (generation: number) => drifts(declared().map((one) => live(one, status(generation))));
    expect(rejected(1)).toStrictEqual([
      "overruled: Gateway gateways/edge rejects the HTTPRoute maintenance-acme.public: NotAllowedByListeners. No listener.",
    ]);
    expect(rejected(0)).toStrictEqual([]);
  });
});
