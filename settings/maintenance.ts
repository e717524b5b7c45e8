import { bypassProblems, type EdgeSettings, nameProblems } from "../components/edges/settings";
import { isShown, type MaintenanceEntry, plainEntry, type State } from "../model/maintenance";
import { listed, nearest, type Problem } from "../model/problems";
import { type Registry, unknownInstance } from "./instances";
import type { ConfiguredEntry } from "./schema";

/** The configuration of the entries. */
export interface MaintenanceConfig {
  /** The configured list; `undefined` stands for an entry that was already rejected. */
  readonly maintenance: readonly (ConfiguredEntry | undefined)[];
  readonly maintenanceLimit?: number | undefined;
  /** Instances that are being set up. They have no visitors yet, so the limit does not count them. */
  readonly provisioning?: readonly string[] | undefined;
  /** The languages of the pages. A message with a single text is in the first one. */
  readonly languages: readonly string[];
  /** The secret from which the keys of bypasses are derived. */
  readonly bypassSecret?: string | undefined;
  /** The instances of the directory whose hosts are not known, by name, and why. */
  readonly unreadable?: ReadonlyMap<string, string> | undefined;
  /** The edges by name; `undefined` when they were already rejected. */
  readonly edges?: Readonly<Record<string, EdgeSettings>> | undefined;
}

/**
 * Reads the `maintenance` list for the time `now` and reports all its problems.
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
  config.maintenance.forEach((configured, index) => {
    if (configured === undefined) return;
    const path = `maintenance[${index}]`;
    const written = asObject(configured);
    const instance = registry.get(written.instance);
    if (instance === undefined) {
      const at = typeof configured === "string" ? path : `${path}.instance`;
      problems.push(unusableInstance(at, written.instance, registry, config.unreadable));
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
    const endsAutomatically = written.ends === "automatically";
    if (endsAutomatically && until === undefined) {
      problems.push({
        path: `${path}.ends`,
        found: written.ends,
        allowed: "manually; automatically only with an until",
      });
    }
    if (written.bypass && config.bypassSecret === undefined) {
      const allowed = `true only with the setting bypassSecret, which \`npx maintenance bypass ${instance.name} --rotate\` makes`;
      problems.push({ path: `${path}.bypass`, found: true, allowed });
    }
    entries.set(instance.name, {
      instance,
      kind: written.kind,
      from,
      until,
      message: messageOf(written.message, config.languages),
      endsAutomatically,
      bypass: written.bypass === true,
      state: stateAt(now, from, until, endsAutomatically),
    });
  });
  const bypassed = [...entries.values()].filter(({ bypass }) => bypass).map(({ instance }) => instance);
  problems.push(...bypassProblems(config.edges ?? {}, bypassed));
  problems.push(...limitProblems([...entries.values()], registry, config.maintenanceLimit));
  config.provisioning?.forEach((name, index) => {
    const path = `provisioning[${index}]`;
    const instance = registry.get(name);
    if (instance === undefined) {
      problems.push(unusableInstance(path, name, registry, config.unreadable));
    } else if (entries.has(name)) {
      problems.push({ path, found: name, allowed: "each instance once, in provisioning or in maintenance" });
    } else {
      entries.set(name, plainEntry(instance, "provisioning"));
    }
  });
  const overridden = [...entries.values()].map(({ instance }) => instance);
  problems.push(...nameProblems(config.edges ?? {}, overridden));
  return { entries: [...entries.values()], problems };
}

/** What is allowed in the place of an instance whose file can't be used. */
export function withKnownHosts(name: string, reason: string): string {
  return `an instance whose hosts are known. ${reason}. Repair that file, or set instances.${name}.hosts`;
}

/** The problem of a name that no usable instance has. */
function unusableInstance(
  path: string,
  found: string,
  registry: Registry,
  unreadable: ReadonlyMap<string, string> | undefined,
): Problem {
  const reason = unreadable?.get(found);
  return reason === undefined
    ? unknownInstance(path, found, registry)
    : { path, found, allowed: withKnownHosts(found, reason) };
}

function asObject(entry: ConfiguredEntry): Exclude<ConfiguredEntry, string> {
  return typeof entry === "string" ? { instance: entry, kind: "unscheduled", ends: "manually" } : entry;
}

function messageOf(
  written: Exclude<ConfiguredEntry, string>["message"],
  languages: readonly string[],
): MaintenanceEntry["message"] {
  const byLanguage = typeof written === "object" ? written : { [languages[0] ?? ""]: written ?? "" };
  const texts = Object.entries(byLanguage).flatMap(([language, text]) =>
    text.trim() === "" ? [] : [[language, text.trim()]],
  );
  return texts.length === 0 ? undefined : Object.fromEntries(texts);
}

function stateAt(now: Date, from: Date | undefined, until: Date | undefined, endsAutomatically: boolean): State {
  if (from !== undefined && now < from) return "planned";
  if (until === undefined || now < until) return "active";
  return endsAutomatically ? "ended" : "overdue";
}

/**
 * The limit prevents that a whole cluster is in maintenance by accident. It includes the future: windows that would exceed the
 * limit when they start are rejected when they are written, not at night when no person is there. But an incident of today is not
 * rejected because of a window of tomorrow: an instance that is in maintenance now, without an expected end, counts only now.
 */
function limitProblems(
  entries: readonly MaintenanceEntry[],
  registry: Registry,
  configured: number | undefined,
): readonly Problem[] {
  const limit = configured ?? (registry.size >= 4 ? Math.floor(registry.size / 2) : registry.size);
  const now = entries.filter(isShown).map(({ instance }) => instance.name);
  const later = mostAtOnce(entries.flatMap(inTheFuture));
  const atOnce = now.length >= later.length ? now : later;
  if (atOnce.length <= limit) return [];
  const rule = configured === undefined ? "half of the registry" : "maintenanceLimit";
  return [
    {
      path: "maintenance",
      found: `${atOnce.length} of ${registry.size} instances at once: ${listed(atOnce)}`,
      allowed: `${limit} at once (${rule}); to end some: npx maintenance disable NAME; to allow more on purpose: pulumi config set maintenanceLimit ${atOnce.length}`,
    },
  ];
}

/** An entry as the windows of the future see it. One that is shown now is over then, at its expected end if it has one. */
function inTheFuture(entry: MaintenanceEntry): readonly MaintenanceEntry[] {
  if (entry.state === "planned") return [entry];
  return entry.state === "active" && entry.until !== undefined ? [{ ...entry, endsAutomatically: true }] : [];
}

/** The names of the largest set of entries that are in maintenance at the same time, now or later. */
export function mostAtOnce(
  entries: readonly Pick<MaintenanceEntry, "instance" | "from" | "until" | "endsAutomatically">[],
): readonly string[] {
  const begin = (entry: (typeof entries)[number]) => entry.from?.getTime() ?? Number.NEGATIVE_INFINITY;
  const end = (entry: (typeof entries)[number]) =>
    entry.endsAutomatically && entry.until !== undefined ? entry.until.getTime() : Number.POSITIVE_INFINITY;
  // The count rises only when a window starts, so only these moments are checked.
  return entries
    .map((at) => entries.filter((entry) => begin(entry) <= begin(at) && begin(at) < end(entry)))
    .reduce<typeof entries>((most, set) => (set.length > most.length ? set : most), [])
    .map((entry) => entry.instance.name);
}
