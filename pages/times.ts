import { localeOf } from "../model/languages";

/**
 * A time for visitors: in the stack's time zone, and in UTC for visitors in other zones.
 *
 * @example
 * timeInWords(new Date("2026-12-01T20:00:00Z"), "Europe/Berlin"); // "Tuesday 1 December 2026 at 21:00 CET (20:00 UTC)"
 */
export function timeInWords(time: Date, timeZone: string, language = "en"): string {
  const locale = localeOf(language);
  const full = new Intl.DateTimeFormat(locale, {
    weekday: "long",
    day: "numeric",
    month: "long",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    timeZone,
    timeZoneName: "short",
  }).format(time);
  if (isUtc(time, timeZone)) return full;
  const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: "UTC" } as const;
  // The day is added only if it differs from the day in the stack's zone.
  const day = (zone: string) => new Intl.DateTimeFormat("en-CA", { timeZone: zone }).format(time);
  const date = day(timeZone) === day("UTC") ? {} : ({ weekday: "long" } as const);
  return `${full} (${new Intl.DateTimeFormat(locale, { ...date, ...clock }).format(time)}\u00a0UTC)`;
}

function isUtc(time: Date, timeZone: string): boolean {
  const offset = new Intl.DateTimeFormat("en", { timeZone, timeZoneName: "longOffset" })
    .formatToParts(time)
    .find(({ type }) => type === "timeZoneName")?.value;
  return timeZone === "UTC" || (offset === "GMT" && /^(?:Etc\/|UTC|UCT|GMT|Zulu)/.test(timeZone));
}

/**
 * A duration in days, hours and minutes, rounded to the minute.
 *
 * @param milliseconds greater than 0.
 *
 * @example
 * durationInWords(9_000_000); // "2 hours, 30 minutes"
 */
export function durationInWords(milliseconds: number, language = "en"): string {
  const locale = localeOf(language);
  const minutes = Math.max(1, Math.round(milliseconds / 60_000));
  const parts = [
    ["day", Math.floor(minutes / 1440)],
    ["hour", Math.floor((minutes % 1440) / 60)],
    ["minute", minutes % 60],
  ] as const;
  const words = parts
    .filter(([, count]) => count > 0)
    .map(([unit, count]) => new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "long" }).format(count));
  return new Intl.ListFormat(locale, { type: "unit", style: "long" }).format(words);
}
