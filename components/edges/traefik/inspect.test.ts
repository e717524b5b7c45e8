import { expect, it } from "vitest";
import { displacedBy, isPartOf } from "./inspect";

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
  for (const name of ["maintenance-acme", "tls.maintenance-acme", "bypass-acme", "tls.bypass-acme"]) {
    expect(isPartOf("default", "acme", { type: type("IngressRoute"), name })).toBe(true);
    expect(isPartOf("default", "ac", { type: type("IngressRoute"), name })).toBe(false);
    expect(isPartOf("public", "acme", { type: type("IngressRoute"), name })).toBe(false);
  }
  expect(isPartOf("default", "acme", { type: type("Middleware"), name: "maintenance-acme" })).toBe(true);
  expect(isPartOf("default", "acme", { type: "kubernetes:core/v1:Service", name: "maintenance-acme" })).toBe(false);
});
