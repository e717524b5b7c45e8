import { expect, it } from "vitest";
import { readClock } from "./clock";

it("reads the time from the variable", () => {
  expect(readClock({ MAINTENANCE_PAGES_NOW: "2026-12-01T12:00:00Z" })).toStrictEqual(new Date("2026-12-01T12:00:00Z"));
});

it("otherwise uses the clock of the machine", () => {
  const before = Date.now();
  const read = readClock({}).getTime();
  expect(read).toBeGreaterThanOrEqual(before);
  expect(read).toBeLessThanOrEqual(Date.now());
});

it.each(["soon", "5", "2026-12-01", "2026-12-01T12:00", "2026-12-01T25:00Z"])("rejects %s", (value) => {
  expect(() => readClock({ MAINTENANCE_PAGES_NOW: value })).toThrow(
    new RegExp(`MAINTENANCE_PAGES_NOW\\n +found: +${JSON.stringify(value)}\\n`),
  );
});
