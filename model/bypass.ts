import { createHmac } from "node:crypto";
import type { Instance } from "./instances";

/** The header that lets a request through, with the key as its value. */
export const BYPASS_HEADER = "X-Maintenance-Bypass";

/** The header's value with which a request gets the page even from an address that is let in without a key. */
export const NO_BYPASS = "none";

/** The key that lets a request through to one instance in maintenance. */
export interface BypassKey {
  /** The header's value. */
  readonly header: string;
  /** The cookie's name. Its value is `always`: with any other value ingress-nginx does not use the canary. */
  readonly cookie: string;
}

/**
 * The key of an instance. Each instance has its own, so a key does not open another instance. A new secret changes all
 * keys.
 *
 * @param secret the setting `bypassSecret`.
 *
 * @example
 * bypassKey("…", "acme").header; // 32 hexadecimal digits
 */
export function bypassKey(secret: string, instance: string): BypassKey {
  const header = createHmac("sha256", secret).update(`bypass ${instance}`).digest("hex").slice(0, 32);
  return keyWith(header);
}

/**
 * Whether a header's value has the form of a key. A route for another value is no bypass: one for `NO_BYPASS` would get the requests by which the
 * command finds out what visitors see, and no visitor.
 */
export function isKeyValue(value: string | undefined): value is string {
  return value !== undefined && /^[0-9a-f]{32}$/.test(value);
}

/** The key with this value of the header. */
export function keyWith(header: string): BypassKey {
  return { header, cookie: `${COOKIE_PREFIX}${header}` };
}

/** What the names of all bypass cookies begin with. The key follows. */
export const COOKIE_PREFIX = "maintenance-bypass-";

/** How long a link's cookie lasts, in seconds. */
export const LINK_SECONDS = 12 * 60 * 60;

/**
 * The most hosts of a walk. A browser follows 20 redirects (https://fetch.spec.whatwg.org/#http-redirect-fetch), and each host is one. The
 * hosts are in a header of at most 4,096 characters (maxLength of HTTPHeader.value in the Gateway API), and a host may have 253.
 */
export const LONGEST_WALK = 14;

/** The hosts that a browser can request: a wildcard is none. */
export function openableHosts(hosts: readonly string[]): readonly string[] {
  return hosts.filter((host) => !host.startsWith("*."));
}

/**
 * The hosts that a link opens, one after the other. A host that may not exist would end the walk.
 *
 * @example
 * walkOf({ hosts: ["acme.example.org", "studio.acme.example.org", "*.acme.example.org"] }); // the first two
 */
export function walkOf({ hosts, assumedHosts = [] }: Pick<Instance, "hosts" | "assumedHosts">): readonly string[] {
  return openableHosts(hosts)
    .filter((host) => !assumedHosts.includes(host))
    .slice(0, LONGEST_WALK);
}
