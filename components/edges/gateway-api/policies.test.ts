import { describe, expect, it } from "vitest";
import { labels } from "../../names";
import { listenersOf } from "./listeners";
import { type Placement, policyManifests } from "./manifests";
import { backendTrafficPolicySchema, gatewaySchema, listenerSetSchema, securityPolicySchema } from "./objects";
import { alteredAt } from "./policies";
import type { Parent } from "./settings";

const PARENT: Parent = { kind: "Gateway", name: "edge", namespace: "gateways" };
const TO_EDGE = { targetRefs: [{ kind: "Gateway", name: "edge" }] };

const topology = {
  gateways: [
    gatewaySchema.parse({
      metadata: { name: "edge", namespace: "gateways", labels: { tier: "public" } },
      spec: {
        gatewayClassName: "eg",
        listeners: ["http", "https"].map((name) => ({ name, port: 80, protocol: "HTTP" })),
      },
    }),
  ],
  listenerSets: [
    listenerSetSchema.parse({
      metadata: { name: "own", namespace: "acme" },
      spec: {
        parentRef: { name: "edge", namespace: "gateways" },
        listeners: [{ name: "https", port: 443, protocol: "HTTPS" }],
      },
    }),
  ],
};

const object = (namespace: string, spec: object) => ({ metadata: { name: "policy", namespace }, spec });
const security = (spec: object, namespace = "gateways") => securityPolicySchema.parse(object(namespace, spec));
const traffic = (spec: object, namespace = "gateways") => backendTrafficPolicySchema.parse(object(namespace, spec));

const alteredBy = (policies: Partial<Parameters<typeof alteredAt>[1]>, parents: readonly Parent[] = [PARENT]) =>
  alteredAt(listenersOf(parents, topology), { security: [], traffic: [], ...policies }, topology, "pages");

describe("a SecurityPolicy", () => {
  const places = (spec: object, { namespace = "gateways", parents = [PARENT] } = {}) =>
    alteredBy({ security: [security({ oidc: {}, ...spec }, namespace)] }, parents).map(
      ({ text }) => / of (.*?) decides/.exec(text)?.[1],
    );

  it("answers before the pages, and the note says how", () => {
    expect(alteredBy({ security: [security({ ...TO_EDGE, basicAuth: {}, authorization: {} })] })).toStrictEqual([
      {
        what: "altered",
        text: "SecurityPolicy gateways/policy of Gateway gateways/edge decides about requests before any page does (authorization, basicAuth): visitors may get its answer, such as a login.",
        remedy:
          "Let it target the instances' HTTPRoutes instead, or give the overrides a SecurityPolicy of their own: docs/gateway-api.md has one.",
      },
    ]);
  });

  it("is nothing to say of if it only adds headers for other origins", () => {
    expect(alteredBy({ security: [security({ ...TO_EDGE, cors: {} })] })).toStrictEqual([]);
  });

  it("may be for the Gateway, for one listener, and in the form before targetRefs", () => {
    expect(places({ targetRef: { kind: "Gateway", name: "edge" } })).toStrictEqual(["Gateway gateways/edge"]);
    expect(places({ targetRefs: [{ kind: "Gateway", name: "edge", sectionName: "https" }] })).toStrictEqual([
      "the listener https of Gateway gateways/edge",
    ]);
  });

  it("is not at this edge if it is for another listener, another Gateway, or routes", () => {
    const http = { parents: [{ ...PARENT, sectionName: "http" }] };
    expect(places({ targetRefs: [{ kind: "Gateway", name: "edge", sectionName: "https" }] }, http)).toStrictEqual([]);
    expect(places({ targetRefs: [{ kind: "Gateway", name: "other" }] })).toStrictEqual([]);
    expect(places({ targetRefs: [{ kind: "HTTPRoute", name: "edge" }] })).toStrictEqual([]);
    expect(places(TO_EDGE, { namespace: "acme" })).toStrictEqual([]);
  });

  it("may choose the Gateway by its labels, in its own namespace", () => {
    const byLabels = (more: object) => ({ targetSelectors: [{ kind: "Gateway", ...more }] });
    expect(places(byLabels({ matchLabels: { tier: "public" } }))).toStrictEqual(["Gateway gateways/edge"]);
    expect(places(byLabels({ matchLabels: { tier: "internal" } }))).toStrictEqual([]);
    expect(places(byLabels({ matchLabels: { tier: "public" }, namespaces: { from: "All" } }))).toStrictEqual([]);
  });

  it("of a Gateway is for the listeners of its ListenerSets, too; one of a ListenerSet only for its own", () => {
    const parents: Parent[] = [{ kind: "ListenerSet", name: "own", namespace: "acme" }];
    const ofSet = { targetRefs: [{ kind: "ListenerSet", name: "own" }] };
    expect(places(TO_EDGE, { parents })).toStrictEqual(["Gateway gateways/edge"]);
    expect(places(ofSet, { parents, namespace: "acme" })).toStrictEqual(["ListenerSet acme/own"]);
    expect(places(ofSet, { namespace: "acme" })).toStrictEqual([]);
  });

  it("does not count where the overrides have one of their own, which is not merged with it", () => {
    const own = {
      targetSelectors: [{ kind: "HTTPRoute", matchLabels: { "app.kubernetes.io/part-of": "maintenance-pages" } }],
    };
    const withOwn = (more: object, namespace: string) =>
      alteredBy({ security: [security({ ...TO_EDGE, oidc: {} }), security({ ...own, ...more }, namespace)] });
    expect(withOwn({}, "pages")).toStrictEqual([]);
    expect(withOwn({ mergeType: "StrategicMerge" }, "pages")).toHaveLength(1);
    expect(withOwn({}, "acme")).toHaveLength(1);
  });
});

describe("a BackendTrafficPolicy of the Gateway", () => {
  const codes = (...statusCodes: readonly object[]) => ({ match: { statusCodes } });
  const replacing = (rule: object) => alteredBy({ traffic: [traffic({ ...TO_EDGE, responseOverride: [rule] })] });

  it("replaces the pages where the overrides have none of their own", () => {
    expect(replacing(codes({ value: 503 }))).toStrictEqual([
      {
        what: "altered",
        text: "BackendTrafficPolicy gateways/policy of Gateway gateways/edge replaces all answers with the status 503, and so the pages: the overrides' own BackendTrafficPolicy, which takes its place, is not there.",
        remedy: "`pulumi up --refresh` makes it.",
      },
    ]);
    expect(replacing(codes({ type: "Range", range: { start: 500, end: 599 } }))).toHaveLength(1);
  });

  it("does not with another status, with Envoy's own answers only, or with a condition on headers", () => {
    expect(replacing(codes({ value: 502 }, { range: { start: 504, end: 599 } }))).toStrictEqual([]);
    expect(replacing({ ...codes({ value: 503 }), source: "Local" })).toStrictEqual([]);
    expect(replacing({ match: { statusCodes: [{ value: 503 }], responseHeaders: [{ name: "x" }] } })).toStrictEqual([]);
  });

  it("does not beside the one that Pulumi makes for the overrides", () => {
    const placement: Placement = {
      edge: "public",
      namespace: "pages",
      implementation: "envoy-gateway",
      parentRefs: [PARENT],
      unusedDomain: "invalid",
    };
    const made = policyManifests(placement).map((one) => backendTrafficPolicySchema.parse(one));
    const ofGateway = traffic({ ...TO_EDGE, responseOverride: [codes({ value: 503 })] });
    expect(made).toHaveLength(1);
    expect(alteredBy({ traffic: [ofGateway, ...made] })).toStrictEqual([]);
    expect(labels("maintenance-override")).toMatchObject(made[0]?.spec.targetSelectors[0]?.matchLabels ?? { x: "" });
  });
});
