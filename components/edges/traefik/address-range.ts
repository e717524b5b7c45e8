import ipaddr from "ipaddr.js";
import { z } from "zod";

/** The widest range, by the kind of address: a wider one is most likely a mistake, and lets in a large part of the internet. */
const WIDEST = { ipv4: 8, ipv6: 16 } as const;

const ALLOWED =
  `an address, or a range of addresses by its first one and a length, such as 203.0.113.0/24 or 2001:db8::/48; the length is ${WIDEST.ipv4} ` +
  `or more, and ${WIDEST.ipv6} or more for IPv6`;

/**
 * An address or a range (RFC 4632 section 3.1, RFC 4291 section 2.3), as Traefik's matcher ClientIP takes it. Only the form that a person
 * can't misread is allowed: 203.0.113.7/24 may be meant for one address or for 256.
 */
export const addressRange = () =>
  z.string({ error: ALLOWED }).superRefine((written, context) => {
    const nearest = plainForm(written);
    if (nearest !== written) context.addIssue({ code: "custom", message: ALLOWED, params: { nearest } });
  });

/**
 * A range in the form that is allowed, or `undefined` if it is none or too wide.
 *
 * @example
 * plainForm("203.0.113.7/24"); // "203.0.113.0/24"
 * plainForm("2001:DB8:0:0::7"); // "2001:db8::7"
 */
export function plainForm(written: string): string | undefined {
  // The library also reads forms such as 10.1 and 0x7f.1, and a zone, which no address of a visitor has.
  const [, address = "", , length] = /^([^/]*)(\/(\d{1,3}))?$/.exec(written) ?? [];
  const isAddress = ipaddr.IPv4.isValidFourPartDecimal(address) || ipaddr.IPv6.isValid(address);
  if (!isAddress || address.includes("%")) return undefined;
  const parsed = ipaddr.process(address);
  if (length === undefined) return parsed.toString();
  const bits = Number(length);
  if (bits < WIDEST[parsed.kind()] || bits > parsed.toByteArray().length * 8) return undefined;
  const own = parsed.kind() === "ipv4" ? ipaddr.IPv4 : ipaddr.IPv6;
  return `${own.networkAddressFromCIDR(`${parsed.toString()}/${bits}`).toString()}/${bits}`;
}

/**
 * Whether an address is in one of the ranges.
 *
 * @example
 * isWithin(["10.0.0.0/8"], "10.42.0.7"); // true
 */
export function isWithin(ranges: readonly string[], address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const one = ipaddr.process(address);
  return ranges.some((range) => {
    const [first, length] = range.includes("/") ? ipaddr.parseCIDR(range) : [ipaddr.parse(range), undefined];
    return first.kind() === one.kind() && one.match(first, length ?? first.toByteArray().length * 8);
  });
}
