import { expect, it } from "vitest";
import { policyManifests } from "../components/admission-policy/model";
import { edgesOf } from "../components/edges";
import { edgeSchema } from "../components/edges/settings";
import type { MaintenanceEntry } from "../model/maintenance";
import { type Right, rightsFor, rightsText } from "./rights";

const entry = (name: string, namespace: string, bypass: boolean): MaintenanceEntry => ({
  instance: { name, title: undefined, hosts: [`${name}.example.org`], service: { name: "caddy", namespace, port: 80 } },
  kind: "unscheduled",
  state: "active",
  from: undefined,
  until: undefined,
  message: undefined,
  endsAutomatically: false,
  bypass,
});
const maintenance = [entry("acme", "acme-production", true), entry("beta", "beta", false)];
const pageServer = { namespace: "pages" };
const admissionPolicy = false;

it("asks for a bypass' rights where there is one, and for the others where the page server is", () => {
  const rights = rightsFor({ pageServer, maintenance, edges: { default: { kind: "ingress-nginx" } }, admissionPolicy });
  const namespaces = new Set(rights.map(({ namespace }) => namespace));
  expect([...namespaces]).toStrictEqual([undefined, "pages", "acme-production"]);
  const claims = rights.filter(({ resource }) => resource === "persistentvolumeclaims");
  expect(claims.map(({ verb }) => verb)).toStrictEqual(["get", "list", "watch"]);
});

it("asks for none that only a check needs", () => {
  const rights = rightsFor({ pageServer, maintenance, edges: { default: { kind: "ingress-nginx" } }, admissionPolicy });
  expect(rights.map(({ resource }) => resource)).not.toContain("pods/proxy");
});

it("asks for the rights on Traefik's objects where an edge has that kind", () => {
  const groupsWith = (edges: Parameters<typeof rightsFor>[0]["edges"]) =>
    rightsFor({ pageServer, maintenance, edges, admissionPolicy }).map(({ group }) => group);
  expect(groupsWith({ default: { kind: "ingress-nginx" } })).not.toContain("traefik.io");
  expect(groupsWith({ default: { kind: "ingress-nginx" }, new: { kind: "traefik" } })).toContain("traefik.io");
});

it("asks for the rights on admission policies where the stack has some, by their names", () => {
  const rightsWith = (admissionPolicy: boolean) =>
    rightsFor({ pageServer, maintenance, edges: { default: { kind: "ingress-nginx" } }, admissionPolicy }).filter(
      ({ group }) => group === "admissionregistration.k8s.io",
    );
  expect(rightsWith(false)).toStrictEqual([]);
  const rights = rightsWith(true);
  expect(new Set(rights.map(({ verb }) => verb))).toStrictEqual(
    new Set(["get", "list", "watch", "create", "update", "patch", "delete"]),
  );
  const all = edgesOf({
    old: edgeSchema.parse({ kind: "ingress-nginx" }),
    new: edgeSchema.parse({ kind: "traefik" }),
    gateway: edgeSchema.parse({ kind: "gateway-api", parentRefs: [{ name: "edge", namespace: "gateways" }] }),
  }).flatMap((edge) => edge.reservationsOf("pages"));
  expect(new Set(rights.flatMap(({ name }) => name ?? []))).toStrictEqual(
    new Set(policyManifests(all, "pages").map(({ policy }) => policy.metadata.name)),
  );
});

it("asks for the right on the page server's namespace by its name", () => {
  const rights = rightsFor({ pageServer, maintenance, edges: {}, admissionPolicy });
  expect(rights.find(({ resource, verb }) => resource === "namespaces" && verb === "patch")?.name).toBe("pages");
});

it("names the verbs of one resource in one line", () => {
  const right = (verb: string, more: Partial<Right> = {}): Right => ({
    group: "",
    resource: "pods",
    verb,
    namespace: undefined,
    ...more,
  });
  expect(
    rightsText([
      right("list"),
      right("watch"),
      right("delete", { group: "networking.k8s.io", resource: "ingresses", namespace: "pages" }),
    ]),
  ).toStrictEqual(["list, watch pods in every namespace", "delete ingresses.networking.k8s.io in pages"]);
});
