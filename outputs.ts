import { z } from "zod";
import type { MaintenanceEntry, State } from "./model/maintenance";

/** One entry of the stack's output `maintenance`. */
export interface MaintenanceOutput {
  readonly instance: string;
  readonly state: State;
  readonly kind: string;
  readonly hosts: readonly string[];
  /** When the maintenance starts or started, as an ISO 8601 time in UTC. */
  readonly from?: string;
  /** When the maintenance is expected to end, as an ISO 8601 time in UTC. */
  readonly until?: string;
  /** Whether it lasts longer than `forgottenAfter`. Only in a stack with receivers of notifications, so that each is sent once. */
  readonly forgotten?: true;
}

/**
 * The stack's output `maintenance`: every entry with its state, its hosts and its window. Planned and ended entries are
 * included.
 *
 * @param forgotten the instances whose maintenance was forgotten.
 */
export function maintenanceOutput(
  entries: readonly MaintenanceEntry[],
  forgotten: ReadonlySet<string> = new Set(),
): readonly MaintenanceOutput[] {
  return entries.map(({ instance, state, kind, from, until }) => ({
    instance: instance.name,
    state,
    kind,
    hosts: instance.hosts,
    ...(from === undefined ? {} : { from: from.toISOString() }),
    ...(until === undefined ? {} : { until: until.toISOString() }),
    ...(forgotten.has(instance.name) ? { forgotten: true } : {}),
  }));
}

/**
 * The stack's output `tutorSettings`: the settings with which an instance's Tutor shows the 50x page (tutor/README.md).
 * `{instance}` stands for the instance's name, as in `hostPatterns`.
 *
 * @param pagesUrl the URL above the pages' objects, without a slash at the end.
 * @param languages the languages of the pages, the default language first. The 50x page uses that one.
 *
 * @example
 * tutorSettingsOutput("https://pages.example.org/pages", ["en", "fr"]);
 * // { MAINTENANCE_PAGES_URL: "https://pages.example.org/pages", MAINTENANCE_PAGES_INSTANCE: "{instance}", MAINTENANCE_PAGES_LANGUAGE: "en" }
 */
export function tutorSettingsOutput(pagesUrl: string, [language]: readonly string[]) {
  return {
    MAINTENANCE_PAGES_URL: pagesUrl,
    MAINTENANCE_PAGES_INSTANCE: "{instance}",
    MAINTENANCE_PAGES_LANGUAGE: language,
  };
}

/** Entries for other programs, in the order of the configuration. `maintenance list --json` prints them; the feed contains them. */
export const listSchema = z.array(
  z.strictObject({
    instance: z.string(),
    kind: z.enum(["scheduled", "unscheduled", "provisioning"]),
    state: z.enum(["planned", "active", "overdue", "ended"]),
    hosts: z.array(z.string()),
    from: z.iso.datetime().nullable(),
    until: z.iso.datetime().nullable(),
    ends: z.enum(["manually", "automatically"]),
    message: z.record(z.string(), z.string()).nullable(),
  }),
);

/** One entry of that list. */
export type Listed = z.output<typeof listSchema>[number];

/** Converts an entry for other programs. */
export function listedEntry(entry: MaintenanceEntry): Listed {
  const { instance, kind, state, from, until, endsAutomatically, message } = entry;
  return {
    instance: instance.name,
    kind,
    state,
    hosts: [...instance.hosts],
    from: from?.toISOString() ?? null,
    until: until?.toISOString() ?? null,
    ends: endsAutomatically ? "automatically" : "manually",
    message: message === undefined ? null : { ...message },
  };
}

/** The schema of the feed. */
export const feedSchema = z.strictObject({ maintenance: listSchema });

/**
 * The feed `status.json`: current and planned maintenance, for a status page or a banner.
 *
 * @example
 * feedOf(settings.maintenance); // '{"maintenance":[{"instance":"acme","kind":"scheduled","state":"planned",…}]}'
 */
export function feedOf(entries: readonly MaintenanceEntry[]): string {
  return JSON.stringify({ maintenance: entries.filter(({ state }) => state !== "ended").map(listedEntry) });
}
