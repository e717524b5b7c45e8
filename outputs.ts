import type { Page } from "./pages/render";
import type { MaintenanceEntry, State } from "./settings/maintenance";

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

/** The stack's output `pageAddresses`: where each shared page can be looked at as a person sees it, by kind. */
export function pageAddressesOutput(pages: readonly Page[], pagesUrl: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    pages.filter(({ format }) => format === "html").map(({ kind, key }) => [kind, `${pagesUrl}/${key}`]),
  );
}
