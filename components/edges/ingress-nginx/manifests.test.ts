import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bypassServiceManifest, bypassSlots, serviceProblem } from "./manifests";
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

  it("has a valid Service name for any name of an instance", () => {
    const names = ["a".repeat(63), `${"a".repeat(62)}b`].map(
      (instance) =>
        bypassServiceManifest(instance, service(80), { selector, ports }, { edge: "default" }).metadata.name,
    );
    for (const name of names) expect(name).toMatch(/^[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?$/);
    expect(new Set(names).size).toBe(2);
  });

  it.each([
    [{ selector, ports }, 8080, "a port of this Service: 80 (http), 81 (admin)"],
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

  it("are different for each instance, up to the number of slots", () => {
    fc.assert(
      fc.property(instances, (names) => {
        const slots = bypassSlots(names, registry);
        expect(slots.size).toBe(Math.min(names.length, BYPASS_SLOTS));
        expect(new Set(slots.values()).size).toBe(slots.size);
        for (const slot of slots.values()) expect(slot >= 0 && slot < BYPASS_SLOTS).toBe(true);
      }),
    );
  });

  it("do not change when another instance comes or goes, with at most as many instances as slots", () => {
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
