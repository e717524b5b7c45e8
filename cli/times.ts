import parseDuration from "parse-duration";
import { inputError } from "./errors";
import { type Clock, isDay, nearestTime } from "./local-time";

/**
 * A time as a person types it in a hurry: how long from now (`2h`, `90m`, `1d 12h`), an ISO 8601 time with an offset,
 * or `now` for `--from`.
 *
 * @param option for the message, such as `--until`.
 * @returns an ISO 8601 time in UTC; to the minute when it was a length.
 * @throws {CommandError} when it is neither.
 *
 * @example
 * timeFrom("2h", { now: new Date("2026-12-01T20:00:00Z"), timeZone: "UTC" }, "--until"); // "2026-12-01T22:00:00.000Z"
 */
export function timeFrom(typed: string, clock: Clock, option: string): string {
  const { now } = clock;
  if (typed === "now" && option === "--from") return now.toISOString();
  const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)$/.test(typed) && isDay(typed.slice(0, 10));
  const time = isTime ? new Date(typed).getTime() : laterThan(now, typed);
  if (time === undefined || Number.isNaN(time)) {
    const meant = nearestTime(typed, clock);
    throw inputError({
      path: option,
      found: typed,
      allowed: `${option === "--from" ? "now; " : ""}${LENGTHS}; or a time with an offset, such as 2026-12-01T22:00+01:00`,
      nearest: meant === undefined ? undefined : `${meant}, if it is meant in ${clock.timeZone}`,
    });
  }
  if (option === "--until" && time <= now.getTime()) {
    throw inputError({
      path: option,
      found: typed,
      allowed: `a time in the future, and that was ${spanOf(now.getTime() - time)} ago; to end it now: npx maintenance disable`,
    });
  }
  return new Date(time).toISOString();
}

/**
 * A length of time as a person types it, such as `90m`, `2h` or `1d 12h`, in milliseconds.
 *
 * @param option for the message, such as `--by`.
 * @throws {CommandError} when it is none.
 */
export function lengthFrom(typed: string, option: string): number {
  const milliseconds = lengthOf(typed);
  if (milliseconds !== undefined) return milliseconds;
  throw inputError({ path: option, found: typed, allowed: LENGTHS });
}

const MINUTE = 60_000;

/** The longest length that is not a mistake. For a later time a person types the time itself. */
const LONGEST_DAYS = 30;

const LENGTHS = `how long, such as 90m, 2h or "1d 12h" (${LONGEST_DAYS} days at most)`;

// The library takes a bare number for milliseconds, ignores words that it does not know, and reads 1,5h as 15 hours.
const LENGTH = /^(?:\d+(?:[.,]\d{1,2})?\s*(?:d|days?|h|hours?|m|min|minutes?)\s*)+$/i;

function lengthOf(typed: string): number | undefined {
  const milliseconds = LENGTH.test(typed) ? parseDuration(typed.replaceAll(",", ".")) : null;
  if (milliseconds === null || milliseconds === undefined || milliseconds < MINUTE) return undefined;
  return milliseconds > LONGEST_DAYS * 1440 * MINUTE ? undefined : milliseconds;
}

function laterThan(now: Date, typed: string): number | undefined {
  const milliseconds = lengthOf(typed);
  return milliseconds === undefined ? undefined : Math.ceil((now.getTime() + milliseconds) / MINUTE) * MINUTE;
}

/** A time as an operator reads it. */
export function inZone(time: Date | undefined, timeZone: string): string {
  if (time === undefined) return "";
  const options = { dateStyle: "medium", timeStyle: "short", timeZone, hourCycle: "h23" } as const;
  return `${new Intl.DateTimeFormat("en-GB", options).format(time)} ${timeZone}`;
}

/** A length of time as an operator reads it. */
export function spanOf(milliseconds: number): string {
  const minutes = Math.floor(Math.abs(milliseconds) / 60_000);
  const parts = [
    [Math.floor(minutes / 1440), "d"],
    [Math.floor((minutes % 1440) / 60), "h"],
    [minutes % 60, "min"],
  ] as const;
  const text = parts
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(" ");
  return text === "" ? "0 min" : text;
}
