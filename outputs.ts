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
