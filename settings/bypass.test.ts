import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BYPASS_SLOTS, bypassKey, bypassSlots } from "./bypass";

const SECRET = "a-secret-of-more-than-thirty-two-characters";

describe("a bypass' key", () => {
  it("is each instance's own, and another with another secret", () => {
    const keys = [
      bypassKey(SECRET, "acme"),
      bypassKey(SECRET, "beta"),
      bypassKey(`${SECRET}.`, "acme"),
      bypassKey(SECRET, "acme"),
    ].map(({ header }) => header);
    expect(new Set(keys).size).toBe(3);
    expect(keys[0]).toBe(keys[3]);
  });

  it("is what a header, a cookie's name and the controller's annotations can hold", () => {
    const { header, cookie } = bypassKey(SECRET, "acme");
    expect(header).toMatch(/^[0-9a-f]{32}$/);
    expect(cookie).toBe(`maintenance-bypass-${header}`);
    expect(JSON.stringify({ header, cookie })).not.toContain(SECRET);
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
