import { SettingsError } from "../model/problems";

/** The environment variable that sets the clock, for tests and for the rehearsal of a window: an ISO 8601 time. */
export const CLOCK_VARIABLE = "MAINTENANCE_PAGES_NOW";

/**
 * The time of this run. `index.ts` calls this once per run. Everything that depends on time uses this one reading, so
 * that a preview and the pages agree.
 *
 * @throws {SettingsError} when the variable is set, but not to a time.
 */
export function readClock(environment: Readonly<Record<string, string | undefined>> = process.env): Date {
  const set = environment[CLOCK_VARIABLE];
  if (set === undefined || set === "") return new Date();
  const now = new Date(set);
  // JavaScript takes 5 for the month of May.
  if (!/^\d{4}-\d\d-\d\dT.+(?:Z|[+-]\d\d:\d\d)$/.test(set) || Number.isNaN(now.getTime())) {
    throw new SettingsError([
      { path: `$${CLOCK_VARIABLE}`, found: set, allowed: "an ISO 8601 time, such as 2026-12-01T21:00:00Z" },
    ]);
  }
  return now;
}
