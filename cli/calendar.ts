import { createEvents, type DateTime } from "ics";
import type { Links } from "../model/links";
import { type MaintenanceEntry, wordsIn } from "../model/maintenance";

/**
 * The windows as a calendar (RFC 5545), for programs that show calendars. An entry without a begin and an end is no
 * window.
 *
 * @param languages the message is in the first of them that it was given in.
 */
export function calendarOf(
  entries: readonly MaintenanceEntry[],
  links: Links,
  languages: readonly string[],
  now: Date,
): string {
  const { value, error } = createEvents(
    entries.flatMap(({ instance, kind, from, until, message }) => {
      if (from === undefined || until === undefined) return [];
      const words = wordsIn(message, languages);
      return [
        {
          uid: `${instance.name}-${from.getTime()}@maintenance-pages`,
          timestamp: now.getTime(),
          title: `${instance.title ?? instance.name}: ${kind} maintenance`,
          start: utc(from),
          startInputType: "utc" as const,
          end: utc(until),
          endInputType: "utc" as const,
          ...(words === undefined ? {} : { description: words.text }),
          ...(links.status === undefined ? {} : { url: links.status }),
        },
      ];
    }),
  );
  if (error) throw error;
  return value ?? "";
}

function utc(time: Date): DateTime {
  return [time.getUTCFullYear(), time.getUTCMonth() + 1, time.getUTCDate(), time.getUTCHours(), time.getUTCMinutes()];
}
