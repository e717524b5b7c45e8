import { execFile } from "node:child_process";
import { basename, dirname } from "node:path";
import { promisify } from "node:util";
import type { MaintenanceEntry } from "../settings/maintenance";
import type { Settings } from "../settings/read";
import { Unasked } from "./cluster";
import { driftOf, knownIngresses } from "./drift";
import { askHosts, type Seen } from "./edge";
import { lineOf } from "./entries";
import type { StackFile } from "./project";
import { edgeOf, goalOf, isMet, whyNot } from "./verify";

/** Where one instance stands: what the configuration says, and what visitors see. */
export interface InstanceStatus {
  readonly name: string;
  /** `open`, or the state of its entry. */
  readonly declared: "open" | MaintenanceEntry["state"];
  readonly kind: MaintenanceEntry["kind"] | undefined;
  readonly from: Date | undefined;
  readonly until: Date | undefined;
  /** Who wrote the entry and when, where git knows; `undefined` when it does not. */
  readonly since: Authorship | undefined;
  readonly hosts: readonly ShownHost[];
  /** What was done by hand to its override, or against it; `undefined` when the cluster's API could not be asked. */
  readonly drift: readonly string[] | undefined;
  /** What somebody should look after; nothing when all is as it should be. */
  readonly attention: readonly Attention[];
}

export interface ShownHost {
  readonly host: string;
  readonly seen: Seen;
  readonly asDeclared: boolean;
  /** What may be the reason when it is not as declared. */
  readonly why: string | undefined;
}

/**
 * - `differs`: a host shows something else than is declared;
 * - `unknown`: a host does not answer, so nobody can tell;
 * - `drifted`: its override is not as it was declared;
 * - `overdue`: the window has ended, and the page is still there;
 * - `forgotten`: an unscheduled maintenance without an end lasts longer than the setting `forgottenAfter`.
 */
export type Attention = "differs" | "drifted" | "unknown" | "overdue" | "forgotten";

export interface Authorship {
  readonly author: string;
  readonly time: Date;
}

/** Where all of them stand, and what could not be known. */
export interface Status {
  readonly instances: readonly InstanceStatus[];
  /** Why the cluster's API could not be asked, when it could not. */
  readonly unasked: string | undefined;
}

/**
 * Asks every host of the registry, and lays it beside what is declared; and the cluster's API for the overrides, where that
 * can be asked. Neither the bucket nor Pulumi is needed for it.
 */
export async function statusOf(settings: Settings, file: StackFile, stack: string): Promise<Status> {
  const { instances, maintenance } = settings;
  const { edge, deployment } = edgeOf(stack, settings);
  const [answers, known] = await Promise.all([
    askHosts(
      instances.flatMap(({ hosts }) => hosts),
      edge,
    ),
    knownIngresses(settings).catch((error: unknown) => {
      if (error instanceof Unasked) return error;
      throw error;
    }),
  ]);
  const statuses = await Promise.all(
    instances.map(async ({ name, hosts }): Promise<InstanceStatus> => {
      const entry = maintenance.find(({ instance }) => instance.name === name);
      const goal = goalOf(entry);
      const since = entry === undefined ? undefined : await authorOf(file, name);
      const shown = hosts.map((host) => {
        const seen: Seen = answers.get(host) ?? { what: "nothing", reason: "it was not asked" };
        const asDeclared = isMet(goal, name, deployment, seen);
        return { host, seen, asDeclared, why: asDeclared ? undefined : whyNot(goal, seen) };
      });
      const drift = known instanceof Unasked ? undefined : driftOf({ name, hosts }, settings, known);
      return {
        name,
        declared: entry?.state ?? "open",
        kind: entry?.kind,
        from: entry?.from,
        until: entry?.until,
        since,
        hosts: shown,
        drift,
        attention: [
          ...(shown.some(({ asDeclared, seen }) => !asDeclared && seen.what !== "nothing")
            ? (["differs"] as const)
            : []),
          ...(drift !== undefined && drift.length > 0 ? (["drifted"] as const) : []),
          ...(shown.some(({ seen }) => seen.what === "nothing") ? (["unknown"] as const) : []),
          ...(entry?.state === "overdue" ? (["overdue"] as const) : []),
          ...(isForgotten(entry, since, settings) ? (["forgotten"] as const) : []),
        ],
      };
    }),
  );
  return { instances: statuses, unasked: known instanceof Unasked ? known.message : undefined };
}

/** Whether an unscheduled maintenance without an end has lasted too long, as far as git knows since when. */
export function isForgotten(
  entry: Pick<MaintenanceEntry, "kind" | "until" | "from"> | undefined,
  since: Authorship | undefined,
  { now, forgottenAfter }: Pick<Settings, "now" | "forgottenAfter">,
): boolean {
  if (entry === undefined || entry.kind !== "unscheduled" || entry.until !== undefined) return false;
  const begin = entry.from ?? since?.time;
  return begin !== undefined && now.getTime() - begin.getTime() > forgottenAfter * 3_600_000;
}

const run = promisify(execFile);

/** Who put the entry into the file, and when: what git says of its line. */
async function authorOf(file: StackFile, instance: string): Promise<Authorship | undefined> {
  const line = lineOf(file.text, instance);
  if (line === undefined) return undefined;
  const args = ["blame", "--porcelain", "-L", `${line},${line}`, "--", basename(file.path)];
  try {
    const { stdout } = await run("git", args, { cwd: dirname(file.path) });
    const author = /^author (.*)$/m.exec(stdout)?.[1];
    const seconds = /^author-time (\d+)$/m.exec(stdout)?.[1];
    // What is not committed yet has no author.
    if (author === undefined || seconds === undefined || /^0{40} /.test(stdout)) return undefined;
    return { author, time: new Date(Number(seconds) * 1000) };
  } catch {
    return undefined;
  }
}
