import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { bypassServiceManifest, bypassSlots, overrideManifest, serviceProblem, standbyManifest } from "./manifests";
import { BYPASS_SLOTS } from "./settings";

const selector = { app: "caddy" };
const ports = [
  { name: "http", port: 80, targetPort: 8000 },
  { name: "admin", port: 81 },
];
const service = (port: number | string) => ({ name: "caddy", namespace: "acme", port });

describe("the Service of a bypass", () => {
  it.each([
    [80, 8000],
    ["http", 8000],
    ["admin", 81],
  ])("of port %s leads to the pods' port %s", (port, targetPort) => {
    const found = { selector, ports };
    expect(serviceProblem("acme", service(port), found)).toBeUndefined();
    expect(bypassServiceManifest("acme", service(port), found, { edge: "default" }).spec).toStrictEqual({
      selector,
      ports: [{ name: "bypass", port: 80, targetPort }],
    });
  });

  it("has a name that a Service can have, whatever the instance's is", () => {
    const names = ["a".repeat(63), `${"a".repeat(62)}b`].map(
      (instance) =>
        bypassServiceManifest(instance, service(80), { selector, ports }, { edge: "default" }).metadata.name,
    );
    for (const name of names) expect(name).toMatch(/^[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?$/);
    expect(new Set(names).size).toBe(2);
  });

  it.each([
    [{ selector, ports }, 8080, "a port of it: 80 (http), 81 (admin)"],
    [{ ports }, 80, "a Service with a selector"],
    [{}, 80, "a Service with a selector"],
  ])("can't be made from %j for port %s", (found, port, allowed) => {
    expect(serviceProblem("acme", service(port), found)).toStrictEqual({
      path: "instances.acme.service",
      found: `Service acme/caddy, port ${port}`,
      allowed,
    });
  });
});

describe("the slots of bypasses", () => {
  const registry = Array.from({ length: 40 }, (_, index) => `i${index}`);
  const instances = fc.uniqueArray(fc.constantFrom(...registry), { maxLength: 30 });

  it("are each of one instance, for as many as there are", () => {
    fc.assert(
      fc.property(instances, (names) => {
        const slots = bypassSlots(names, registry);
        expect(slots.size).toBe(Math.min(names.length, BYPASS_SLOTS));
        expect(new Set(slots.values()).size).toBe(slots.size);
        for (const slot of slots.values()) expect(slot >= 0 && slot < BYPASS_SLOTS).toBe(true);
      }),
    );
  });

  it("stay when another comes or goes, with no more instances than slots", () => {
    const few = registry.slice(0, BYPASS_SLOTS);
    fc.assert(
      fc.property(fc.uniqueArray(fc.constantFrom(...few), { minLength: 1 }), (names) => {
        const [first = "", ...others] = names;
        const all = bypassSlots(names, few);
        const left = bypassSlots(others, few);
        for (const name of others) expect(left.get(name)).toBe(all.get(name));
        expect(bypassSlots([...others, first], few).get(first)).toBe(all.get(first));
      }),
    );
  });
});

it("docs/template/override.yaml is one, for people without Pulumi (--update writes it)", async () => {
  const placement = { edge: "default", namespace: "maintenance-pages", ingressClassName: "nginx" };
  const hosts = ["acme.example.org", "studio.acme.example.org"];
  const override = { instance: "acme", hosts, kind: "unscheduled", revision: undefined, hasAssets: false } as const;
  const objects = [overrideManifest({ ...override, bypass: undefined }, placement), standbyManifest(placement)];
  const text = objects.map(({ metadata, spec }) => {
    const annotations = Object.fromEntries(
      Object.entries(metadata.annotations).filter(([name]) => !name.startsWith("pulumi.com/")),
    );
    const { "app.kubernetes.io/managed-by": __, ...labels }: Record<string, string> = metadata.labels;
    const manifest = {
      apiVersion: "networking.k8s.io/v1",
      kind: "Ingress",
      metadata: { ...metadata, labels, annotations },
      spec,
    };
    return stringify(manifest, { lineWidth: 0, version: "1.1", aliasDuplicateObjects: false });
  });
  await expect(`${ABOUT_TEMPLATE}${text.join("---\n")}`).toMatchFileSnapshot(
    join(__dirname, "..", "..", "..", "docs", "template", "override.yaml"),
  );
});

const ABOUT_TEMPLATE = `# The override of one instance, acme, as the program makes it, for ingress-nginx without Pulumi. Written by
# \`npx vitest run components/edges/ingress-nginx/manifests.test.ts --update\`; never by hand.
#
# It needs the page server in the same namespace: a Service page-server with ports of these names that answers 503 with the
# page. Change acme in the name, the label and the rewrite-target (not in acme-challenge), the hosts, and unscheduled to scheduled where
# it is; namespace and ingressClassName where yours are others. To leave, delete the Ingress maintenance-acme; the second one, which keeps
# the backend known to the controller, stays.
`;
