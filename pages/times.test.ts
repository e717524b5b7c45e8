import { expect, it } from "vitest";
import { durationInWords, timeInWords } from "./times";

const TIME = new Date("2026-12-01T20:00:00Z");

it.each([
  ["UTC", /^Tuesday,? 1 December 2026 at 20:00 UTC$/],
  ["Europe/Berlin", /^Tuesday,? 1 December 2026 at 21:00 (?:CET|GMT\+1) \(20:00\u00a0UTC\)$/],
  ["Asia/Tokyo", /^Wednesday,? 2 December 2026 at 05:00 (?:JST|GMT\+9) \(Tuesday 20:00\u00a0UTC\)$/],
])("writes a time in %s", (timeZone, words) => {
  expect(timeInWords(TIME, timeZone)).toMatch(words);
});

it.each([
  [20_000, "1 minute"],
  [7_200_000, "2 hours"],
  [9_000_000, "2 hours, 30 minutes"],
  [90_000_000, "1 day, 1 hour"],
])("writes %d ms", (milliseconds, words) => {
  expect(durationInWords(milliseconds)).toBe(words);
});
