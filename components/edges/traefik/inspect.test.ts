import { expect, it } from "vitest";
import type { ClusterReader } from "../edge";
import { displacedBy, inspect, isPartOf } from "./inspect";
import { traefikSchema } from "./settings";

it.each([
  ["every host", { entryPoints: ["websecure"], tls: {}, match: "HostSNI(`*`)" }, true],
  ["every host, at every entry point", { entryPoints: undefined, tls: {}, match: 'HostSNI("*")' }, true],
  ["every host, at another entry point", { entryPoints: ["mqtt"], tls: {}, match: "HostSNI(`*`)" }, false],
  ["every host, without TLS", { entryPoints: ["websecure"], tls: undefined, match: "HostSNI(`*`)" }, false],
  ["one host", { entryPoints: ["websecure"], tls: {}, match: "HostSNI(`acme.example.org`)" }, false],
])("the edge displaces a route for TCP for %s: %o %s", (_, { entryPoints, tls, match }, expected) => {
  const route = { metadata: { name: "old", namespace: "acme" }, spec: { entryPoints, tls, routes: [{ match }] } };
  const texts = displacedBy({ entryPoints: ["web", "websecure"] }, [route]);
  expect(texts.map((text) => text.split(" has ")[0])).toStrictEqual(expected ? ["IngressRouteTCP acme/old"] : []);
});

it("its parts are its own, and no other instance's", () => {
  const type = (kind: string) => `kubernetes:traefik.io/v1alpha1:${kind}`;
  const names = ["maintenance-acme", "bypass-acme", "link-acme"].flatMap((name) => [name, `tls.${name}`]);
  for (const name of names) {
    expect(isPartOf("default", "acme", { type: type("IngressRoute"), name })).toBe(true);
    expect(isPartOf("default", "ac", { type: type("IngressRoute"), name })).toBe(false);
    expect(isPartOf("public", "acme", { type: type("IngressRoute"), name })).toBe(false);
  }
  expect(isPartOf("default", "acme", { type: type("Middleware"), name: "maintenance-acme" })).toBe(true);
  expect(isPartOf("default", "acme", { type: "kubernetes:core/v1:Service", name: "maintenance-acme" })).toBe(false);
});

/** A cluster with these lists, by the last part of the path. It refuses to list `forbidden`. */
function clusterWith(
  lists: Readonly<Record<string, readonly object[]>>,
  ...forbidden: readonly string[]
): ClusterReader {
  return {
    list: async (path, item) => {
      const kind = new URL(path, "https://cluster").pathname.split("/").at(-1) ?? "";
      if (forbidden.includes(kind)) throw new Error(`${kind} is forbidden`);
      return (lists[kind] ?? []).map((one) => item.parse(one));
    },
  };
}

const acme = { name: "acme", hosts: ["acme.example.org"], otherHosts: [] };
const lists = {
  ingresses: [
    {
      metadata: {
        name: "own",
        namespace: "acme",
        annotations: { "traefik.ingress.kubernetes.io/router.priority": "2000000000" },
      },
      spec: { ingressClassName: "traefik", rules: [{ host: "acme.example.org" }] },
    },
  ],
  pods: [
    {
      metadata: { name: "traefik-0", namespace: "traefik" },
      spec: { containers: [{ args: ["--providers.kubernetesIngress"] }] },
    },
  ],
};
const inspected = (...forbidden: readonly string[]) =>
  inspect("default", traefikSchema.parse({ kind: "traefik" }), clusterWith(lists, ...forbidden), "maintenance-pages");

it("tells of hazards, of hosts and of what an override would be", async () => {
  const { hazardsOf, routedHosts, trialOf } = await inspected();
  expect(hazardsOf(acme)).toMatchObject([{ what: "open", text: expect.stringMatching(/^Ingress acme\/own has/) }]);
  expect(routedHosts).toStrictEqual([{ host: "acme.example.org", object: "Ingress acme/own", namespace: "acme" }]);
  expect(trialOf(acme)).toMatchObject(
    ["Middleware", "IngressRoute"].map((kind) => ({
      apiVersion: "traefik.io/v1alpha1",
      kind,
      metadata: { name: "maintenance-acme", namespace: "maintenance-pages" },
    })),
  );
});

it("without the rights to read pods and routes for TCP it says what it did not check", async () => {
  const { hazardsOf, routedHosts, notes } = await inspected("pods", "ingressroutetcps");
  expect(hazardsOf(acme)).toHaveLength(1);
  expect(routedHosts).toStrictEqual([]);
  expect(notes).toStrictEqual(["ingressroutetcps", "pods"].map((kind) => `Not checked: ${kind} is forbidden`));
});
