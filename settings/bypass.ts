import { createHmac } from "node:crypto";
import { serviceOf } from "./instances";
import type { MaintenanceEntry } from "./maintenance";
import type { Settings } from "./read";

/** The header that lets a request through, with the key as its value. */
export const BYPASS_HEADER = "X-Maintenance-Bypass";

/** What lets a request through to one instance in maintenance. */
export interface BypassKey {
  /** The header's value. */
  readonly header: string;
  /** The cookie's name. Its value is `always`: ingress-nginx compares a canary cookie's value with that word alone. */
  readonly cookie: string;
}

/**
 * An instance's key. Each has its own, so that whoever was given one can't look into another instance; a new secret
 * makes all of them new.
 *
 * @param secret the setting `bypassSecret`.
 *
 * @example
 * bypassKey("…", "acme").header; // 32 hexadecimal digits
 */
export function bypassKey(secret: string, instance: string): BypassKey {
  const header = createHmac("sha256", secret).update(`bypass ${instance}`).digest("hex").slice(0, 32);
  return { header, cookie: `maintenance-bypass-${header}` };
}

/**
 * How many instances can have a bypass at once. Each needs a backend that no other has, and a backend has to be there
 * before it is needed (components/maintenance-overrides.manifests.ts, standbyManifest), so there is a number of them.
 */
export const BYPASS_SLOTS = 16;

/**
 * Gives each of these instances a slot, none to two. It is the instance's place in the registry, so with up to 16 instances
 * none is ever moved by another's coming or going; with more, the next one that is free.
 *
 * @param instances in the order of the `maintenance` list; those beyond the last slot get none.
 *
 * @example
 * bypassSlots(["beta"], ["acme", "beta"]); // Map { "beta" => 1 }
 */
export function bypassSlots(instances: readonly string[], registry: readonly string[]): ReadonlyMap<string, number> {
  const slots = new Map<string, number>();
  const taken = new Set<number>();
  for (const instance of instances.slice(0, BYPASS_SLOTS)) {
    let slot = registry.indexOf(instance) % BYPASS_SLOTS;
    while (taken.has(slot)) slot = (slot + 1) % BYPASS_SLOTS;
    taken.add(slot);
    slots.set(instance, slot);
  }
  return slots;
}

/** How whoever has the key still reaches an entry's instance; `undefined` when nobody does. */
export function bypassOf({ instance, bypassSlot }: MaintenanceEntry, { bypassSecret }: Pick<Settings, "bypassSecret">) {
  if (bypassSlot === undefined || bypassSecret === undefined) return undefined;
  return { key: bypassKey(bypassSecret, instance.name), slot: bypassSlot, service: serviceOf(instance) };
}
