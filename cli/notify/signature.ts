import { createHmac } from "node:crypto";

/** The time of a signature, in seconds since 1970. */
export const TIMESTAMP_HEADER = "Maintenance-Pages-Timestamp";

/** `v1=` and the signature in hexadecimal digits. */
export const SIGNATURE_HEADER = "Maintenance-Pages-Signature";

/**
 * The headers that prove where a body comes from: HMAC-SHA256 over the time, a dot, and the body. With the time a receiver can refuse what
 * somebody has recorded and sends again.
 *
 * @example
 * signatureHeaders("a secret", new Date(0), "{}"); // { "Maintenance-Pages-Timestamp": "0", "Maintenance-Pages-Signature": "v1=…" }
 */
export function signatureHeaders(secret: string, time: Date, body: string): Readonly<Record<string, string>> {
  const timestamp = String(Math.floor(time.getTime() / 1000));
  const signature = createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex");
  return { [TIMESTAMP_HEADER]: timestamp, [SIGNATURE_HEADER]: `v1=${signature}` };
}
