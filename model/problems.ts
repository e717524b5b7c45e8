import { RunError } from "@pulumi/pulumi/errors";
import { distance } from "fastest-levenshtein";

/** One thing that is wrong with the configuration, in the words of the person who wrote it. */
export interface Problem {
  /** Where: the configuration path as `pulumi config set --path` takes it, such as `maintenance[0].until`; or a file. */
  readonly path: string;
  /** What stands there, or `undefined` when nothing does. */
  readonly found: unknown;
  /** What may stand there. */
  readonly allowed: string;
  /** The valid value nearest to what was found, when there is one. */
  readonly nearest?: string | undefined;
}

/**
 * What a person wrote can't be used. The message lists every problem at once and is meant for people: as a `RunError`
 * Pulumi shows it without a stack trace. Other code that catches it shows `message` alone.
 */
abstract class ProblemsError extends RunError {
  constructor(
    what: string,
    readonly problems: readonly Problem[],
  ) {
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    super([`${what} ${count}. Nothing was changed.`, ...problems.map(describe)].join("\n\n"));
  }
}

/**
 * The configuration can't be used.
 *
 * @example
 * throw new SettingsError([{ path: "maintenance[0]", found: "acm", allowed: "an instance: acme, beta", nearest: "acme" }]);
 */
export class SettingsError extends ProblemsError {
  override readonly name = "SettingsError";

  constructor(problems: readonly Problem[]) {
    super("The configuration has", problems);
  }
}

/**
 * A page can't be made: what a client's folder holds is broken. A problem's path is the file's, with line and column
 * where they are known.
 *
 * @example
 * throw new PagesError([{ path: "pages/clients/acme/page.html.liquid:3:5", found: "…", allowed: "…" }]);
 */
export class PagesError extends ProblemsError {
  override readonly name = "PagesError";

  constructor(problems: readonly Problem[]) {
    super("The pages have", problems);
  }
}

function describe({ path, found, allowed, nearest }: Problem): string {
  const lines = [`  ${path}`, `    found:    ${show(found)}`, `    allowed:  ${allowed}`];
  if (nearest !== undefined) lines.push(`    nearest:  ${nearest}`);
  return lines.map(visible).join("\n");
}

/**
 * A line with invisible characters escaped: control characters, those that change the direction of text, half characters. A path
 * contains names that people wrote, and `allowed` contains words of a kubeconfig.
 */
function visible(line: string): string {
  return line.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (character) =>
    Array.from({ length: character.length }, (_, index) => character.charCodeAt(index))
      .map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`)
      .join(""),
  );
}

// Long enough for any name or time, short enough that a pasted file doesn't bury the other problems.
const LONGEST_FOUND = 120;

function show(found: unknown): string {
  if (found === undefined) return "nothing";
  const text = JSON.stringify(found) ?? String(found);
  return text.length > LONGEST_FOUND ? `${text.slice(0, LONGEST_FOUND)}… (${text.length} characters)` : text;
}

/** A path as `pulumi config set --path` takes it. */
export function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`;
    const name = String(key);
    if (!/^[\w-]+$/.test(name)) return `${text}[${JSON.stringify(name)}]`;
    return text === "" ? name : `${text}.${name}`;
  }, "");
}

/**
 * The candidate with the smallest edit distance to `found`; of equals the first. `undefined` without candidates.
 *
 * @example
 * nearest("acm", ["beta", "acme"]); // "acme"
 */
export function nearest(found: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const edits = distance(found, candidate);
    if (edits < least) {
      best = candidate;
      least = edits;
    }
  }
  return best;
}

/**
 * Names as a sentence part: all of a short list, the first of a long one with the count.
 *
 * @example
 * listed(["acme", "beta"]); // "acme, beta"
 */
export function listed(names: readonly string[], most = 8): string {
  if (names.length === 0) return "(none)";
  const shown = names.slice(0, most).join(", ");
  return names.length > most ? `${shown}, … (${names.length} in all)` : shown;
}
