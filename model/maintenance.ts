import type { Instance } from "./instances";

/** Why an instance is in maintenance: announced beforehand, or not. */
export const KINDS = ["scheduled", "unscheduled"] as const;

/** Every kind that an override can show; `provisioning` comes from a list of its own. */
export const OVERRIDE_KINDS = [...KINDS, "provisioning"] as const;

/** How a maintenance ends: by a person, or by itself at its end. */
export const ENDS = ["manually", "automatically"] as const;

/** Why an instance shows a page. */
export type Kind = (typeof OVERRIDE_KINDS)[number];

/**
 * Where an entry stands at the time of the run:
 * - `planned`: its `from` lies ahead; the instance is open;
 * - `active`: the page is shown;
 * - `overdue`: its `until` has passed; the page is still shown, and a person should check;
 * - `ended`: its `until` has passed and it ends automatically; the instance is open.
 */
export type State = "planned" | "active" | "overdue" | "ended";

/** One line of the `maintenance` list, understood. */
export interface MaintenanceEntry {
  readonly instance: Instance;
  readonly kind: Kind;
  readonly from: Date | undefined;
  readonly until: Date | undefined;
  /** The operator's words by language, in the order in which they were written; the first stands in for the others. */
  readonly message: Readonly<Record<string, string>> | undefined;
  readonly endsAutomatically: boolean;
  /** Whether a person who has the key still reaches the instance. */
  readonly bypass: boolean;
  readonly state: State;
}

/** An entry without window and message: its page is shown from now on, until a person ends it. */
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

/** The operator's words in the first of these languages that they were given in. */
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
