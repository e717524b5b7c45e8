import { describe, expect, it } from "vitest";
import type { ClusterReader, Overridden } from "../edge";
import { inspect } from "./inspect";
import type { GatewayApiSettings, Parent } from "./settings";

const PARENT: Parent = { kind: "Gateway", name: "edge", namespace: "gateways" };
const acme: Overridden = { name: "acme", hosts: ["acme.example.org"], otherHosts: [] };

const GATEWAY_API = "/apis/gateway.networking.k8s.io/v1";
const ENVOY_GATEWAY_API = "/apis/gateway.envoyproxy.io/v1alpha1";

const route = (namespace: string, name: string, spec: object, more: object = {}) => ({
  metadata: { namespace, name, ...more },
  spec: { parentRefs: [{ name: "edge", namespace: "gateways" }], ...spec },
});
const exact = (value: string) => ({ path: { type: "Exact", value } });
const OBJECTS: Readonly<Record<string, readonly object[]>> = {
  [`${GATEWAY_API}/gateways`]: [
    {
      metadata: { name: "edge", namespace: "gateways" },
      spec: {
        gatewayClassName: "eg",
        listeners: [{ name: "http", port: 80, protocol: "HTTP", allowedRoutes: { namespaces: { from: "All" } } }],
      },
    },
  ],
  [`${GATEWAY_API}/httproutes`]: [
    route("acme", "own", { hostnames: ["acme.example.org"], rules: [{ matches: [exact("/exact")] }] }),
    route(
      "pages",
      "maintenance-acme.public",
      { hostnames: ["acme.public.parked.pages.example.org"], rules: [] },
      { labels: { "app.kubernetes.io/managed-by": "pulumi", "app.kubernetes.io/part-of": "maintenance-pages" } },
    ),
  ],
  [`${ENVOY_GATEWAY_API}/securitypolicies`]: [
    {
      metadata: { name: "login", namespace: "gateways" },
      spec: { targetRefs: [{ kind: "Gateway", name: "edge" }], jwt: {} },
    },
  ],
};

/**
 * @param refused the lists that the account may not read.
 * @param objects the lists of the cluster, by their paths.
 */
async function inspected({
  refused = [] as string[],
  implementation = "envoy-gateway" as GatewayApiSettings["implementation"],
  objects = OBJECTS,
} = {}) {
  const requested: string[] = [];
  const cluster: ClusterReader = {
    async list(path, item) {
      requested.push(path);
      if (refused.some((one) => path.endsWith(one))) throw new Error(`${path} is forbidden`);
      return objects[path]?.map((one) => item.parse(one));
    },
  };
  const settings = { kind: "gateway-api" as const, implementation, parentRefs: [PARENT] };
  const inspection = await inspect("public", settings, cluster, "pages", new Map([["public", [PARENT]]]));
  return { requested, ...inspection };
}

const LOGIN =
  "SecurityPolicy gateways/login of Gateway gateways/edge decides about requests before any page does (jwt): visitors may get its answer, such as a login. Let it target the instances' HTTPRoutes instead, or give the overrides a SecurityPolicy of their own: docs/gateway-api.md has one.";

it("a policy of the Gateway is a note, once for all instances", async () => {
  const { notes, obstacles, hazardsOf } = await inspected();
  expect(obstacles).toStrictEqual([]);
  expect(notes).toStrictEqual([LOGIN]);
  expect(hazardsOf(acme)).toStrictEqual([]);
});

it("the policies of Envoy Gateway are not read with another implementation", async () => {
  const { notes, requested } = await inspected({ implementation: "istio" });
  expect(notes).toStrictEqual([]);
  expect(requested.filter((path) => path.endsWith("policies"))).toStrictEqual([]);
});

it("an account that may not read policies and GRPCRoutes reads all else", async () => {
  const { notes, routedHosts } = await inspected({ refused: ["policies", "grpcroutes"] });
  expect(notes).toStrictEqual([
    `Not checked: ${ENVOY_GATEWAY_API}/securitypolicies is forbidden`,
    `Not checked: ${ENVOY_GATEWAY_API}/backendtrafficpolicies is forbidden`,
    `Not checked: ${GATEWAY_API}/grpcroutes is forbidden`,
  ]);
  expect(routedHosts.map(({ host }) => host)).toStrictEqual(["acme.example.org"]);
});

it("the trial is the override as Pulumi would make it: with the instance's Exact paths, and the parked host that it has", async () => {
  const { trialOf } = await inspected();
  const trial = trialOf(acme);
  expect(trial).toMatchObject([
    {
      apiVersion: "gateway.networking.k8s.io/v1",
      kind: "HTTPRoute",
      metadata: { name: "maintenance-acme.public", namespace: "pages" },
      spec: {
        hostnames: ["acme.example.org", "acme.public.parked.pages.example.org"],
        rules: [{ matches: [{ path: { type: "Exact", value: "/exact" } }, { path: { type: "RegularExpression" } }] }],
      },
    },
  ]);
});

describe("the self-test", () => {
  const created = "2026-01-01T00:00:00Z";
  const selfTest = route("pages", "page-server-self-test.public", {}, { creationTimestamp: created });
  const listener = { name: "http", port: 80, protocol: "HTTP", allowedRoutes: { namespaces: { from: "All" } } };
  /** With the self-test, or without any route, at a listener with this hostname, or without one. */
  const seen = async (routes: readonly object[], hostname: { readonly hostname?: string } = {}) => {
    const gateway = { metadata: PARENT, spec: { gatewayClassName: "eg", listeners: [{ ...listener, ...hostname }] } };
    const objects = { [`${GATEWAY_API}/gateways`]: [gateway], [`${GATEWAY_API}/httproutes`]: routes };
    const { selfTestSince, skipsSelfTest, notes } = await inspected({ objects });
    return { selfTestSince, skipsSelfTest, isNoted: notes.some((note) => note.includes("is not requested")) };
  };

  it("is requested if it is in the cluster", async () => {
    const since = new Date(created);
    expect(await seen([selfTest])).toStrictEqual({ selfTestSince: since, skipsSelfTest: false, isNoted: false });
    expect(await seen([])).toStrictEqual({ selfTestSince: undefined, skipsSelfTest: false, isNoted: false });
  });

  it("is not requested at listeners with hostnames, and a note says why", async () => {
    const skipped = { selfTestSince: undefined, skipsSelfTest: true, isNoted: true };
    expect(await seen([selfTest], { hostname: "*.localhost" })).toStrictEqual(skipped);
  });
});
