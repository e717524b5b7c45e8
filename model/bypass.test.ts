import { describe, expect, it } from "vitest";
import { bypassKey } from "./bypass";

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
