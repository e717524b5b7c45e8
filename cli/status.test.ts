import { expect, it } from "vitest";
import { isForgotten } from "./status";

const settings = { now: new Date("2026-12-02T20:00:00Z"), forgottenAfter: 24 };
const entry = { kind: "unscheduled", from: undefined, until: undefined } as const;
const by = (time: string) => ({ author: "Kim", time: new Date(time) });

it.each([
  [true, entry, by("2026-12-01T19:00:00Z")],
  [false, entry, by("2026-12-01T21:00:00Z")],
  // Not committed yet: the time is not known.
  [false, entry, undefined],
  [true, { ...entry, from: new Date("2026-12-01T19:00:00Z") }, undefined],
  // With an end it is not forgotten; after that it is overdue.
  [false, { ...entry, until: new Date("2026-12-03T20:00:00Z") }, by("2026-12-01T19:00:00Z")],
  [false, { ...entry, kind: "scheduled" as const }, by("2026-12-01T19:00:00Z")],
  [false, undefined, undefined],
])("%s: %o since %o is forgotten", (expected, one, since) => {
  expect(isForgotten(one, since, settings)).toBe(expected);
});
