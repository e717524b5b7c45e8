import * as pulumi from "@pulumi/pulumi";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { z } from "zod";
import { bypassKey } from "../../model/bypass";
import { type Run, runProgram } from "./program";

const SECRET = "a-secret-of-more-than-thirty-two-characters";

const parentRefs = [{ name: "edge", namespace: "gateways" }];
const route = (
  namespace: string,
  name: string,
  hostnames: readonly string[],
  more: object = {},
  labels: object = {},
) => ({
  metadata: { name, namespace, labels },
  spec: { parentRefs, hostnames, rules: [{ matches: [{ path: { type: "Exact", value: "/exact" } }] }], ...more },
});
const ours = (instance: string) => ({
  "app.kubernetes.io/part-of": "maintenance-pages",
  "app.kubernetes.io/managed-by": "pulumi",
  "maintenance-pages/instance": instance,
});

/** A stand-in for the cluster: what its API would list. */
const OBJECTS: Readonly<Record<string, readonly unknown[]>> = {
  httproutes: [
    route("acme", "own", ["acme.example.org"]),
    route("maintenance-pages", "maintenance-beta.new", ["beta.example.org"], {}, ours("beta")),
    route("maintenance-pages", "maintenance-gone.new", ["gone.example.org"], {}, ours("gone")),
  ],
  gateways: [
    {
      metadata: { name: "edge", namespace: "gateways" },
      spec: {
        gatewayClassName: "eg",
        listeners: [{ name: "http", port: 80, protocol: "HTTP", allowedRoutes: { namespaces: { from: "All" } } }],
      },
    },
  ],
  services: [{ metadata: { name: "caddy" }, spec: { ports: [{ name: "http", port: 8080 }] } }],
};

vi.mock("../../components/cluster-api", async (original) => ({
  ...(await original<object>()),
  clusterReader: () => ({
    list: async (path: string, item: z.ZodType) =>
      OBJECTS[path.split("/").at(-1) ?? ""]?.map((object) => item.parse(object)),
  }),
}));

let run: Run;
beforeAll(async () => {
  run = await runProgram("staging", {
    edges: JSON.stringify({ old: { kind: "ingress-nginx" }, new: { kind: "gateway-api", parentRefs } }),
    instances: JSON.stringify({
      acme: { hosts: ["acme.example.org"], service: { port: "http" } },
      beta: { hosts: ["beta.example.org"] },
      gamma: { hosts: ["gamma.example.org"], edges: ["old"] },
    }),
    maintenance: JSON.stringify([{ instance: "acme", bypass: true }, "gamma"]),
    maintenanceLimit: "3",
    bypassSecret: SECRET,
  });
});
afterAll(() => vi.restoreAllMocks());

interface RouteSpec {
  readonly hostnames?: readonly string[];
  readonly rules: readonly { readonly matches: readonly { readonly path: { readonly value: string } }[] }[];
}

describe("an edge of the Gateway API beside one of ingress-nginx", () => {
  const routes = () => run.resources.filter(({ type }) => type === "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute");
  const specOf = (name: string) =>
    run.find("kubernetes:gateway.networking.k8s.io/v1:HTTPRoute", name).inputs.spec as RouteSpec;

  it("declares the overrides of its instances, and the parked one of an instance that was in maintenance", () => {
    expect(
      routes()
        .map(({ name }) => name)
        .sort(),
    ).toStrictEqual([
      "bypass-acme.new",
      "maintenance-acme.new",
      "maintenance-beta.new",
      "page-server-not-found.new",
      "page-server-self-test.new",
    ]);
    expect(specOf("maintenance-beta.new").hostnames).toStrictEqual(["beta.new.parked.maintenance-pages.invalid"]);
  });

  it("mirrors the exact paths of the instance's own routes", () => {
    const [rule] = specOf("maintenance-acme.new").rules;
    expect(rule?.matches.map(({ path }) => path.value)).toContain("/exact");
    expect(rule?.matches[0]?.path.value).toBe("/.maintenance-page/bypass");
  });

  it("declares the key of a bypass a secret, and sends its owner to the port that the registry names", () => {
    const { spec } = run.find("kubernetes:gateway.networking.k8s.io/v1:HTTPRoute", "bypass-acme.new").inputs;
    expect(spec).toMatchObject({ [pulumi.runtime.specialSigKey]: pulumi.runtime.specialSecretSig });
    expect(JSON.stringify(spec)).toContain(bypassKey(SECRET, "acme").header);
    expect(JSON.stringify(spec)).toContain('"backendRefs":[{"name":"caddy","port":8080}]');
  });

  it("has Envoy try another pod, by one policy for all routes", () => {
    const { spec } = run.find(
      "kubernetes:gateway.envoyproxy.io/v1alpha1:BackendTrafficPolicy",
      "page-server-retry.new",
    ).inputs;
    expect(spec).toMatchObject({
      targetSelectors: [{ kind: "HTTPRoute", matchLabels: { "app.kubernetes.io/part-of": "maintenance-pages" } }],
    });
  });

  it("lets both controllers reach the page server, at the port of each", () => {
    const policy = run.find("kubernetes:networking.k8s.io/v1:NetworkPolicy", "page-server-network-policy").inputs;
    expect(JSON.stringify(policy)).toContain('"kubernetes.io/metadata.name":"envoy-gateway-system"');
    const { spec } = run.find("kubernetes:core/v1:Service", "page-server-service").inputs;
    expect(spec).toMatchObject({
      ports: expect.arrayContaining([{ name: "announced", port: 82, targetPort: "bypass" }]),
    });
  });
});
