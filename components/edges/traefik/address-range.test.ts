import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isWithin, plainForm } from "./address-range";

describe("the form that is allowed", () => {
  it.each([
    ["203.0.113.7", "203.0.113.7"],
    ["203.0.113.0/24", "203.0.113.0/24"],
    ["203.0.113.7/24", "203.0.113.0/24"],
    ["203.0.113.7/32", "203.0.113.7/32"],
    ["10.0.0.0/8", "10.0.0.0/8"],
    ["2001:db8::/32", "2001:db8::/32"],
    ["2001:DB8:0:0::7", "2001:db8::7"],
    ["2001:db8::7/48", "2001:db8::/48"],
    ["::ffff:203.0.113.7", "203.0.113.7"],
  ])("of %s is %s", (written, form) => {
    expect(plainForm(written)).toBe(form);
  });

  it.each([
    "",
    "acme.example.org",
    "10.1",
    "010.0.0.1",
    "0x7f.0.0.1",
    "203.0.113.256",
    "203.0.113.0/33",
    "203.0.113.0/",
    "203.0.113.0/-1",
    "203.0.113.0/24/8",
    " 203.0.113.7",
    "203.0.113.7`) || ClientIP(`0.0.0.0/0",
    "fe80::1%eth0",
    "2001:db8::/129",
    "0.0.0.0/0",
    "0.0.0.0/7",
    "::/0",
    "::ffff:0.0.0.0/96",
  ])("does not exist of %j", (written) => {
    expect(plainForm(written)).toBeUndefined();
  });

  it("is its own", () => {
    const length = fc.integer({ min: 8, max: 32 });
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), length, (address, bits) => {
        const form = plainForm(`${address}/${bits}`);
        expect(form === undefined || plainForm(form) === form).toBe(true);
      }),
    );
  });
});

describe("an address is within ranges", () => {
  it.each([
    [["203.0.113.0/24"], "203.0.113.255", true],
    [["203.0.113.0/24"], "203.0.114.0", false],
    [["203.0.113.7"], "203.0.113.7", true],
    [["203.0.113.7"], "203.0.113.8", false],
    [["2001:db8::/32", "10.0.0.0/8"], "10.42.0.7", true],
    [["2001:db8::/32"], "2001:db8:1::7", true],
    [["10.0.0.0/8"], "::ffff:10.0.0.1", true],
    [["10.0.0.0/8"], "fd00::1", false],
    [["10.0.0.0/8"], "no address", false],
    [[], "10.0.0.1", false],
  ])("%j, %s: %s", (ranges, address, expected) => {
    expect(isWithin(ranges, address)).toBe(expected);
  });
});
