import { expect, it } from "vitest";
import { lengthFrom, timeFrom } from "./times";

const NOW = new Date("2026-12-01T20:00:30Z");
const CLOCK = { now: NOW, timeZone: "Europe/Berlin" };

it.each([
  ["2h", "2026-12-01T22:01:00.000Z"],
  ["90m", "2026-12-01T21:31:00.000Z"],
  ["1d 12h", "2026-12-03T08:01:00.000Z"],
  ["1h30m", "2026-12-01T21:31:00.000Z"],
  ["1,5h", "2026-12-01T21:31:00.000Z"],
  ["1.5 hours", "2026-12-01T21:31:00.000Z"],
  ["30d", "2026-12-31T20:01:00.000Z"],
  ["2026-12-01T22:00+01:00", "2026-12-01T21:00:00.000Z"],
  ["2026-12-01T22:00:30Z", "2026-12-01T22:00:30.000Z"],
])("%s is %s", (typed, time) => {
  expect(timeFrom(typed, CLOCK, "--until")).toBe(time);
});

it("refuses an end in the past, and says how long ago", () => {
  expect(() => timeFrom("2026-12-01T19:00Z", CLOCK, "--until")).toThrow(
    /found: +"2026-12-01T19:00Z"\n +allowed: +a time in the future, and that was 1 h ago/,
  );
  expect(timeFrom("2026-12-01T19:00Z", CLOCK, "--from")).toBe("2026-12-01T19:00:00.000Z");
});

it("reads a length of time", () => {
  expect(lengthFrom("1,5h", "--by")).toBe(5_400_000);
  expect(() => lengthFrom("2026-12-01T19:00Z", "--by")).toThrow(/^--by\n {2}found: .*\n {2}allowed: {2}how long/);
});

it("knows now, where something begins", () => {
  expect(timeFrom("now", CLOCK, "--from")).toBe(NOW.toISOString());
});

it.each([
  "",
  "now",
  "2",
  "120",
  "soon",
  "-2h",
  "10s",
  "22:00",
  "2026-12-01",
  "2026-12-01T22:00",
  "2026-13-01T22:00Z",
  "2027-02-30T10:00Z",
  "2027-02-30T10:00",
  "2hx",
  "2h ago",
  "in 2h",
  "1e3h",
  "1,500h",
  "31d",
  "10000d",
  "2 weeks",
  "Infinityh",
  "1..5h",
])("%j is refused", (typed) => {
  expect(() => timeFrom(typed, CLOCK, "--until")).toThrow(/^--until\n {2}found: .*\n {2}allowed: {2}how long/);
});

it("proposes the time in the stack's time zone when the offset is left out", () => {
  expect(() => timeFrom("22:00", CLOCK, "--until")).toThrow(
    /\n {2}nearest: {2}2026-12-01T22:00\+01:00, if it is meant in Europe\/Berlin$/,
  );
});
