import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { promisify } from "node:util";
import { isMap, isScalar, isSeq, parseDocument } from "yaml";
import { isShown, type MaintenanceEntry } from "../model/maintenance";
import { NAMESPACE, type Settings } from "./read";

/** Who wrote an entry, and when. */
export interface Authorship {
  readonly author: string;
  readonly time: Date;
}

const run = promisify(execFile);

/** Who put an entry into the stack's file, and when: what git says of its line. `undefined` where git does not know. */
export async function authorOf(file: string, line: number | undefined): Promise<Authorship | undefined> {
  if (line === undefined) return undefined;
  const args = ["blame", "--porcelain", "-L", `${line},${line}`, "--", basename(file)];
  try {
    const { stdout } = await run("git", args, { cwd: dirname(file) });
    const author = /^author (.*)$/m.exec(stdout)?.[1];
    const seconds = /^author-time (\d+)$/m.exec(stdout)?.[1];
    // What is not committed yet has no author.
    if (author === undefined || seconds === undefined || /^0{40} /.test(stdout)) return undefined;
    return { author, time: new Date(Number(seconds) * 1000) };
  } catch {
    return undefined;
  }
}

/** The line of an instance's entry in a list of the stack's file, from 1. */
export function lineIn(list: unknown, text: string, instance: string): number | undefined {
  if (!isSeq(list)) return undefined;
  const item = list.items.find((one) => nameOf(one) === instance);
  const offset = isScalar(item) || isMap(item) ? item.range?.[0] : undefined;
  return offset === undefined ? undefined : text.slice(0, offset).split("\n").length;
}

/** The instance of an entry in the `maintenance` list. */
export function nameOf(item: unknown): string | undefined {
  if (isScalar(item)) return String(item.value);
  if (isMap(item)) return String(item.get("instance"));
  return undefined;
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

/**
 * The instances whose maintenance was forgotten, by the stack's file.
 *
 * @param file the path of the stack's file. If it is missing, or no YAML, only the entries with `from` are known.
 * @param hasReceivers whether the stack has receivers of notifications. If not, git is not read, and there are none.
 */
export async function forgottenIn(
  settings: Pick<Settings, "maintenance" | "now" | "forgottenAfter">,
  file: string,
  hasReceivers: boolean,
): Promise<ReadonlySet<string>> {
  const candidates = hasReceivers ? settings.maintenance.filter(isShown) : [];
  const unended = candidates.filter(({ kind, until }) => kind === "unscheduled" && until === undefined);
  if (unended.length === 0) return new Set();
  const lineOf = linesIn(file);
  const found = await Promise.all(
    unended.map(async (entry) => {
      const since = entry.from === undefined ? await authorOf(file, lineOf(entry.instance.name)) : undefined;
      return isForgotten(entry, since, settings) ? [entry.instance.name] : [];
    }),
  );
  return new Set(found.flat());
}

function linesIn(file: string): (instance: string) => number | undefined {
  try {
    const text = readFileSync(file, "utf8");
    const list = parseDocument(text).getIn(["config", `${NAMESPACE}:maintenance`], true);
    return (instance) => lineIn(list, text, instance);
  } catch {
    return () => undefined;
  }
}
