import { expect, it } from "vitest";
import { nearestTime } from "./local-time";

const BERLIN = { now: new Date("2026-12-01T10:00:00Z"), timeZone: "Europe/Berlin" };

it.each([
  ["2pm", "2026-12-01T14:00+01:00"],
  ["2:30 PM", "2026-12-01T14:30+01:00"],
  ["12am", "2026-12-02T00:00+01:00"],
  ["12pm", "2026-12-01T12:00+01:00"],
  ["22:00", "2026-12-01T22:00+01:00"],
  ["9:00", "2026-12-02T09:00+01:00"],
  ["tomorrow 22:00", "2026-12-02T22:00+01:00"],
  ["Today 9am", "2026-12-01T09:00+01:00"],
  ["2026-12-01T22:00", "2026-12-01T22:00+01:00"],
  ["2026-12-01 22:00:00", "2026-12-01T22:00+01:00"],
  ["2026-07-01T22:00", "2026-07-01T22:00+02:00"],
])("%s is %s in Berlin", (typed, expected) => {
  expect(nearestTime(typed, BERLIN)).toBe(expected);
});

it.each(["", "2", "22", "soon", "25:00", "22:61", "2026-13-01T22:00", "tomorrow", "2h"])("%j is no time", (typed) => {
  expect(nearestTime(typed, BERLIN)).toBeUndefined();
});

it("knows zones without whole hours, and without an offset", () => {
  expect(nearestTime("14:00", { ...BERLIN, timeZone: "Asia/Kolkata" })).toBe("2026-12-02T14:00+05:30");
  expect(nearestTime("14:00", { ...BERLIN, timeZone: "UTC" })).toBe("2026-12-01T14:00+00:00");
});

it("knows the offset on a day on which the clocks change", () => {
  expect(nearestTime("2026-10-25T01:30", BERLIN)).toBe("2026-10-25T01:30+02:00");
  expect(nearestTime("2026-10-25T04:00", BERLIN)).toBe("2026-10-25T04:00+01:00");
});
