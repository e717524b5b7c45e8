import { describe, expect, it } from "vitest";
import { bypassKey, LONGEST_WALK, walkOf } from "./bypass";

const SECRET = "a-secret-of-more-than-thirty-two-characters";

describe("the key of a bypass", () => {
  it("differs between instances and between secrets", () => {
    const keys = [
      bypassKey(SECRET, "acme"),
      bypassKey(SECRET, "beta"),
      bypassKey(`${SECRET}.`, "acme"),
      bypassKey(SECRET, "acme"),
    ].map(({ header }) => header);
    expect(new Set(keys).size).toBe(3);
    expect(keys[0]).toBe(keys[3]);
  });

  it("fits into a header, a cookie's name and the controller's annotations", () => {
    const { header, cookie } = bypassKey(SECRET, "acme");
    expect(header).toMatch(/^[0-9a-f]{32}$/);
    expect(cookie).toBe(`maintenance-bypass-${header}`);
    expect(JSON.stringify({ header, cookie })).not.toContain(SECRET);
  });
});

describe("the hosts that a link opens", () => {
  it("are those that a browser can open, and no more than a browser follows", () => {
    const hosts = ["acme.example.org", "*.acme.example.org", "preview.acme.example.org", "apps.acme.example"];
    const assumedHosts = ["preview.acme.example.org"];
    expect(walkOf({ hosts, assumedHosts })).toStrictEqual(["acme.example.org", "apps.acme.example"]);
    const many = Array.from({ length: 40 }, (_, index) => `${index}.example.org`);
    expect(walkOf({ hosts: many })).toStrictEqual(many.slice(0, LONGEST_WALK));
    // One redirect for each host, and one to the site.
    expect(LONGEST_WALK + 1).toBeLessThanOrEqual(20);
  });
});
