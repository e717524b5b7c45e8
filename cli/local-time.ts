import type { Settings } from "../settings/read";

/** What decides which time a person means. */
export type Clock = Pick<Settings, "now" | "timeZone">;

/**
 * The time that a person means who leaves out the offset, or the day: in the stack's time zone, and in the future if there is no day. It
 * is only proposed, and never taken over: the person may have thought of another time zone.
 *
 * @returns an ISO 8601 time with its offset, to the minute; `undefined` when it is not a time at all.
 *
 * @example
 * nearestTime("2pm", { now: new Date("2026-12-01T10:00:00Z"), timeZone: "Europe/Berlin" }); // "2026-12-01T14:00+01:00"
 */
export function nearestTime(typed: string, { now, timeZone }: Clock): string | undefined {
  const [, date, hours = "", minutes = "00", half] =
    /^(?:(\d{4}-\d\d-\d\d|today|tomorrow)[T ])?(\d{1,2})(?::(\d\d))?(?::\d\d)?\s*(am|pm)?$/i.exec(typed.trim()) ?? [];
  // A bare number may be anything.
  if (hours === "" || (half === undefined && !typed.includes(":"))) return undefined;
  const hour = half === undefined ? Number(hours) : (Number(hours) % 12) + (half.toLowerCase() === "pm" ? 12 : 0);
  const clock = `${String(hour).padStart(2, "0")}:${minutes}`;
  const today = localDay(now, timeZone);
  const tomorrow = new Date(Date.parse(`${today}T00:00Z`) + DAY).toISOString().slice(0, 10);
  const named = (date ?? "today").toLowerCase();
  const day = named === "today" ? today : named === "tomorrow" ? tomorrow : named;
  if (!isDay(day)) return undefined;
  const time = withOffset(`${day}T${clock}`, timeZone);
  if (time === undefined || date !== undefined || new Date(time) > now) return time;
  return withOffset(`${tomorrow}T${clock}`, timeZone);
}

/** Whether the calendar has the day: JavaScript takes 30 February for 2 March. */
export function isDay(day: string): boolean {
  const time = new Date(`${day}T00:00Z`);
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(day);
}

const DAY = 86_400_000;

/** Such as `2026-12-01`. */
function localDay(time: Date, timeZone: string): string {
  return new Intl.DateTimeFormat("en-CA", { timeZone, dateStyle: "short" }).format(time);
}

/** A local time with the offset that its zone has then; `undefined` when there is no such time of day. */
function withOffset(local: string, timeZone: string): string | undefined {
  const asUtc = Date.parse(`${local}Z`);
  if (Number.isNaN(asUtc)) return undefined;
  const first = offsetAt(new Date(asUtc), timeZone);
  // The first offset is that of some hours earlier or later: the clocks may have changed in between.
  const offset = offsetAt(new Date(`${local}${first}`), timeZone);
  return `${local}${offset}`;
}

/** Such as `+01:00`. */
function offsetAt(time: Date, timeZone: string): string {
  const parts = new Intl.DateTimeFormat("en", { timeZone, timeZoneName: "longOffset" }).formatToParts(time);
  const name = parts.find(({ type }) => type === "timeZoneName")?.value ?? "";
  return name.replace("GMT", "") || "+00:00";
}
