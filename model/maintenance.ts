import type { Instance } from "./instances";

/** Why an instance is in maintenance: announced in advance, or not. */
export const KINDS = ["scheduled", "unscheduled"] as const;

/** Every kind of page that an override can show. `provisioning` comes from a separate list. */
export const OVERRIDE_KINDS = [...KINDS, "provisioning"] as const;

/** How a maintenance ends: a person ends it, or it ends by itself at `until`. */
export const ENDS = ["manually", "automatically"] as const;

/** Why an instance shows a page. */
export type Kind = (typeof OVERRIDE_KINDS)[number];

/**
 * The state of an entry at the time of the run:
 * - `planned`: its `from` is in the future; the instance is open;
 * - `active`: the page is shown;
 * - `overdue`: its `until` has passed; the page is still shown, and a person should check;
 * - `ended`: its `until` has passed and it ends automatically; the instance is open.
 */
export type State = "planned" | "active" | "overdue" | "ended";

/** One entry of `maintenance` or `provisioning`, parsed and checked. */
export interface MaintenanceEntry {
  readonly instance: Instance;
  readonly kind: Kind;
  readonly from: Date | undefined;
  readonly until: Date | undefined;
  /** The operator's message by language, in the configured order; see `wordsIn`. */
  readonly message: Readonly<Record<string, string>> | undefined;
  readonly endsAutomatically: boolean;
  /** Whether a person with the key can still reach the instance. */
  readonly bypass: boolean;
  readonly state: State;
}

/** An entry without window and message: its page is shown from now on, until a person ends the maintenance. */
export function plainEntry(instance: Instance, kind: Kind): MaintenanceEntry {
  return {
    instance,
    kind,
    from: undefined,
    until: undefined,
    message: undefined,
    endsAutomatically: false,
    bypass: false,
    state: "active",
  };
}

/** The operator's message in the first of these languages that has one. */
export function wordsIn(
  message: MaintenanceEntry["message"],
  languages: readonly string[],
): { readonly language: string; readonly text: string } | undefined {
  for (const language of languages) {
    const text = message?.[language];
    if (text !== undefined) return { language, text };
  }
  return undefined;
}

/** Whether visitors see the page. */
export function isShown(entry: MaintenanceEntry): boolean {
  return entry.state === "active" || entry.state === "overdue";
}

/** Whether an entry's page says more than the shared page: a window or a message. */
export function saysMore({ from, until, message }: Pick<MaintenanceEntry, "from" | "until" | "message">): boolean {
  return from !== undefined || until !== undefined || message !== undefined;
}
