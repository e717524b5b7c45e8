import { expect, it } from "vitest";
import { LONGEST_WALK } from "../../model/bypass";
import { announcedAddress } from "./contract";

const acme = { instance: "acme", kind: "unscheduled", revision: undefined } as const;

it.each([
  [undefined, "/acme/unscheduled/-/"],
  [[], "/acme/unscheduled/-/bypass/"],
  [["a.test"], "/acme/unscheduled/-/bypass/"],
  [["a.test", "b.test"], "/acme/unscheduled/-/bypass/a.test/b.test/a.test/"],
])("the address with the hosts %j is %s", (walk, address) => {
  expect(announcedAddress(acme, walk)).toBe(address);
});

it("is no longer than a header of the Gateway API, and than a word of nginx, with the longest names", () => {
  const host = [..."abcd"].map((letter) => letter.repeat(62)).join(".");
  const walk = Array.from({ length: LONGEST_WALK }, () => `${host}ab`.slice(0, 253));
  const page = { instance: "a".repeat(63), kind: "unscheduled", revision: "0123456789abcdef" } as const;
  expect(announcedAddress(page, walk).length).toBeLessThan(4096);
});
