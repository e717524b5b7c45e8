import { BYPASS_SLOTS, bypassSlots } from "./bypass";
import { type Instance, type Registry, unknownInstance } from "./instances";
import { listed, nearest, type Problem } from "./problems";
import type { ConfiguredEntry, OVERRIDE_KINDS } from "./schema";

/** Why an instance shows a page. */
export type Kind = (typeof OVERRIDE_KINDS)[number];

/**
 * Where an entry stands at the time of the run:
 * - `planned`: its `from` lies ahead; the instance is open;
 * - `active`: the page is shown;
 * - `overdue`: its `until` has passed; the page is shown, and somebody should look;
 * - `closed`: its `until` has passed and it closes automatically; the instance is open.
 */
export type State = "planned" | "active" | "overdue" | "closed";

/** One line of the `maintenance` list, understood. */
export interface MaintenanceEntry {
  readonly instance: Instance;
  readonly kind: Kind;
  readonly from: Date | undefined;
  readonly until: Date | undefined;
  /** The operator's words by language, in the order in which they were written; the first stands in for the others. */
  readonly message: Readonly<Record<string, string>> | undefined;
  readonly closesAutomatically: boolean;
  /** Its place among those that whoever has the key still reaches; see settings/bypass.ts. */
  readonly bypassSlot?: number | undefined;
  readonly state: State;
}

/** What the entries are made from. */
export interface MaintenanceConfig {
  /** The list as written; `undefined` stands for an entry that was refused already. */
  readonly maintenance: readonly (ConfiguredEntry | undefined)[];
  readonly maintenanceLimit?: number | undefined;
  /** Instances that are being set up. They have no visitors yet, so the limit does not count them. */
  readonly provisioning?: readonly string[] | undefined;
  /** The languages of the pages; a message that is one text is in the first. */
  readonly languages: readonly string[];
  /** What the keys of bypasses are made from. */
  readonly bypassSecret?: string | undefined;
}

/** An entry of which nothing more is said: it is shown from now on, until somebody takes it out. */
export function plainEntry(instance: Instance, kind: Kind): MaintenanceEntry {
  return {
    instance,
    kind,
    from: undefined,
    until: undefined,
    message: undefined,
    closesAutomatically: false,
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

/**
 * Understands the `maintenance` list at the time `now` and reports everything that is wrong with it.
 *
 * @example
 * maintenance({ maintenance: ["acme"] }, registry, new Date()).entries[0]?.state; // "active"
 */
export function maintenance(
  config: MaintenanceConfig,
  registry: Registry,
  now: Date,
): { readonly entries: readonly MaintenanceEntry[]; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const entries = new Map<string, MaintenanceEntry>();
  const bypassed: string[] = [];
  config.maintenance.forEach((configured, index) => {
    if (configured === undefined) return;
    const path = `maintenance[${index}]`;
    const written = inFull(configured);
    const instance = registry.get(written.instance);
    if (instance === undefined) {
      const at = typeof configured === "string" ? path : `${path}.instance`;
      problems.push(unknownInstance(at, written.instance, registry));
      return;
    }
    if (entries.has(instance.name)) {
      problems.push({ path, found: instance.name, allowed: "each instance once" });
      return;
    }
    const from = written.from === undefined ? undefined : new Date(written.from);
    const until = written.until === undefined ? undefined : new Date(written.until);
    if (from !== undefined && until !== undefined && until <= from) {
      problems.push({ path: `${path}.until`, found: written.until, allowed: `a time after from, ${written.from}` });
    }
    for (const language of typeof written.message === "object" ? Object.keys(written.message) : []) {
      if (config.languages.includes(language)) continue;
      problems.push({
        path: `${path}.message.${language}`,
        found: language,
        allowed: `the languages of this stack: ${listed(config.languages)}`,
        nearest: nearest(language, config.languages),
      });
    }
    const closesAutomatically = written.closes === "automatically";
    if (closesAutomatically && until === undefined) {
      problems.push({ path: `${path}.closes`, found: written.closes, allowed: "automatically only with an until" });
    }
    if (written.bypass) bypassed.push(instance.name);
    if (written.bypass && config.bypassSecret === undefined) {
      const allowed = "true only with the setting bypassSecret; `maintenance bypass --rotate` makes one";
      problems.push({ path: `${path}.bypass`, found: true, allowed });
    }
    entries.set(instance.name, {
      instance,
      kind: written.kind,
      from,
      until,
      message: messageOf(written.message, config.languages),
      closesAutomatically,
      state: stateAt(now, from, until, closesAutomatically),
    });
  });
  const slots = bypassSlots(bypassed, [...registry.keys()]);
  for (const [name, bypassSlot] of slots) {
    const entry = entries.get(name);
    if (entry !== undefined) entries.set(name, { ...entry, bypassSlot });
  }
  if (bypassed.length > slots.size) {
    const allowed = `${BYPASS_SLOTS} entries with a bypass at once`;
    problems.push({ path: "maintenance", found: `${bypassed.length} with a bypass`, allowed });
  }
  problems.push(...limitProblems([...entries.values()], registry, config.maintenanceLimit));
  config.provisioning?.forEach((name, index) => {
    const path = `provisioning[${index}]`;
    const instance = registry.get(name);
    if (instance === undefined) {
      problems.push(unknownInstance(path, name, registry));
    } else if (entries.has(name)) {
      problems.push({ path, found: name, allowed: "each instance once, in provisioning or in maintenance" });
    } else {
      entries.set(name, plainEntry(instance, "provisioning"));
    }
  });
  return { entries: [...entries.values()], problems };
}

function inFull(entry: ConfiguredEntry): Exclude<ConfiguredEntry, string> {
  return typeof entry === "string" ? { instance: entry, kind: "unscheduled", closes: "manually" } : entry;
}

function messageOf(
  written: Exclude<ConfiguredEntry, string>["message"],
  languages: readonly string[],
): MaintenanceEntry["message"] {
  const byLanguage = typeof written === "object" ? written : { [languages[0] ?? ""]: written ?? "" };
  const said = Object.entries(byLanguage).flatMap(([language, text]) =>
    text.trim() === "" ? [] : [[language, text.trim()]],
  );
  return said.length === 0 ? undefined : Object.fromEntries(said);
}

function stateAt(now: Date, from: Date | undefined, until: Date | undefined, closesAutomatically: boolean): State {
  if (from !== undefined && now < from) return "planned";
  if (until === undefined || now < until) return "active";
  return closesAutomatically ? "closed" : "overdue";
}

/**
 * The guard against a whole cluster in maintenance by accident. It looks ahead: a list that would pass the limit once
 * its windows open is refused when it is written, not at night when nobody watches.
 */
function limitProblems(
  entries: readonly MaintenanceEntry[],
  registry: Registry,
  configured: number | undefined,
): readonly Problem[] {
  const limit = configured ?? (registry.size >= 4 ? Math.floor(registry.size / 2) : registry.size);
  const atOnce = mostAtOnce(entries.filter((entry) => entry.state !== "closed"));
  if (atOnce.length <= limit) return [];
  const rule = configured === undefined ? "half of the registry" : "maintenanceLimit";
  return [
    {
      path: "maintenance",
      found: `${atOnce.length} of ${registry.size} instances at once: ${listed(atOnce)}`,
      allowed: `${limit} at once (${rule}); to allow more on purpose, set maintenanceLimit to ${atOnce.length}`,
    },
  ];
}

/** The names of the largest set of entries that are in maintenance at the same time, now or later. */
export function mostAtOnce(
  entries: readonly Pick<MaintenanceEntry, "instance" | "from" | "until" | "closesAutomatically">[],
): readonly string[] {
  const begin = (entry: (typeof entries)[number]) => entry.from?.getTime() ?? Number.NEGATIVE_INFINITY;
  const end = (entry: (typeof entries)[number]) =>
    entry.closesAutomatically && entry.until !== undefined ? entry.until.getTime() : Number.POSITIVE_INFINITY;
  // The count only rises where a window begins, so those moments are the only ones to look at.
  return entries
    .map((at) => entries.filter((entry) => begin(entry) <= begin(at) && begin(at) < end(entry)))
    .reduce<typeof entries>((most, set) => (set.length > most.length ? set : most), [])
    .map((entry) => entry.instance.name);
}
