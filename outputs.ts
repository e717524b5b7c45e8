import { z } from "zod";
import type { MaintenanceEntry, State } from "./model/maintenance";

/** What the stack's output `maintenance` says of one entry. */
export interface MaintenanceOutput {
  readonly instance: string;
  readonly state: State;
  readonly kind: string;
  readonly hosts: readonly string[];
  /** When the page comes or came, as an ISO 8601 time in UTC. */
  readonly from?: string;
  /** When the page is expected to go, as an ISO 8601 time in UTC. */
  readonly until?: string;
}

/**
 * The stack's output `maintenance`: what is in maintenance, with which hosts and until when; entries that are only
 * planned, or over, are there too, with their state.
 */
export function maintenanceOutput(entries: readonly MaintenanceEntry[]): readonly MaintenanceOutput[] {
  return entries.map(({ instance, state, kind, from, until }) => ({
    instance: instance.name,
    state,
    kind,
    hosts: instance.hosts,
    ...(from === undefined ? {} : { from: from.toISOString() }),
    ...(until === undefined ? {} : { until: until.toISOString() }),
  }));
}

/**
 * The stack's output `tutorSettings`: what an instance's Tutor is to know, to show the 50x page (tutor/README.md).
 * `{instance}` stands for the instance's name, as in `hostPatterns`.
 *
 * @param pagesUrl where the pages' objects are read, without a slash at the end.
 * @param languages the languages of the pages, the default language first: the 50x page's.
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

/** Entries for other programs, in the order of the configuration: what `maintenance list --json` prints, and the feed's. */
export const listSchema = z.array(
  z.strictObject({
    instance: z.string(),
    kind: z.enum(["scheduled", "unscheduled", "provisioning"]),
    state: z.enum(["planned", "active", "overdue", "ended"]),
    hosts: z.array(z.string()),
    from: z.iso.datetime().nullable(),
    until: z.iso.datetime().nullable(),
    message: z.record(z.string(), z.string()).nullable(),
  }),
);

/** One of them. */
export type Listed = z.output<typeof listSchema>[number];

/** An entry for other programs. */
export function listedEntry({ instance, kind, state, from, until, message }: MaintenanceEntry): Listed {
  return {
    instance: instance.name,
    kind,
    state,
    hosts: [...instance.hosts],
    from: from?.toISOString() ?? null,
    until: until?.toISOString() ?? null,
    message: message === undefined ? null : { ...message },
  };
}

/** The feed's shape. */
export const feedSchema = z.strictObject({ maintenance: listSchema });

/**
 * The feed `status.json`: what is in maintenance and what is planned, for a status page or a banner.
 *
 * @example
 * feedOf(settings.maintenance); // '{"maintenance":[{"instance":"acme","kind":"scheduled","state":"planned",…}]}'
 */
export function feedOf(entries: readonly MaintenanceEntry[]): string {
  return JSON.stringify({ maintenance: entries.filter(({ state }) => state !== "ended").map(listedEntry) });
}
