import { createHmac } from "node:crypto";

/** The header that lets a request through, with the key as its value. */
export const BYPASS_HEADER = "X-Maintenance-Bypass";

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

/** The key with this value of the header. */
export function keyWith(header: string): BypassKey {
  return { header, cookie: `maintenance-bypass-${header}` };
}
