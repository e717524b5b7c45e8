import { createHmac } from "node:crypto";

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
 * An instance's key. Each instance has its own, so a key does not open another instance. A new secret
 * makes new keys for all of them.
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
