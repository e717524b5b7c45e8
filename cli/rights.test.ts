import { expect, it } from "vitest";
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

it("asks for a bypass' rights where there is one, and for the others where the page server is", () => {
  const rights = rightsFor({ pageServer, maintenance, edges: { default: { kind: "ingress-nginx" } } });
  const namespaces = new Set(rights.map(({ namespace }) => namespace));
  expect([...namespaces]).toStrictEqual([undefined, "pages", "acme-production"]);
  const claims = rights.filter(({ resource }) => resource === "persistentvolumeclaims");
  expect(claims.map(({ verb }) => verb)).toStrictEqual(["get", "list", "watch"]);
});

it("asks for the rights on Traefik's objects where an edge has that kind", () => {
  const groupsWith = (edges: Parameters<typeof rightsFor>[0]["edges"]) =>
    rightsFor({ pageServer, maintenance, edges }).map(({ group }) => group);
  expect(groupsWith({ default: { kind: "ingress-nginx" } })).not.toContain("traefik.io");
  expect(groupsWith({ default: { kind: "ingress-nginx" }, new: { kind: "traefik" } })).toContain("traefik.io");
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
