import { distance } from "fastest-levenshtein";

/** One problem in the configuration, as the person who wrote it sees it. */
export interface Problem {
  /** Where: the configuration path as `pulumi config set --path` takes it, such as `maintenance[0].until`; or a file. */
  readonly path: string;
  /** The value found there, or `undefined` when there is none. */
  readonly found: unknown;
  /** What is allowed there. */
  readonly allowed: string;
  /** The valid value nearest to the found one, if there is any. */
  readonly nearest?: string | undefined;
}

/**
 * Something that a person wrote can't be used. The message is for people and lists every problem at once. Code that catches it shows
 * only `message`.
 */
export abstract class ProblemsError extends Error {
  constructor(
    what: string,
    readonly problems: readonly Problem[],
  ) {
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    super(
      [`${what} ${count}. Nothing was changed.`, ...problems.map((one) => indented(problemText(one)))].join("\n\n"),
    );
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
 * A page can't be rendered, because a file in a client's folder is broken. A problem's path is the path of the file, with
 * line and column if they are known.
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

/** What was thrown, as a text: anything can be thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A problem in one line, for a table. */
export function problemLine({ path, found, allowed }: Problem): string {
  return visible(`${path} is ${show(found)}; allowed: ${allowed}`);
}

/** A problem in three or four lines. */
export function problemText({ path, found, allowed, nearest }: Problem): string {
  const lines = [path, `  found:    ${show(found)}`, `  allowed:  ${allowed}`];
  if (nearest !== undefined) lines.push(`  nearest:  ${nearest}`);
  return lines.map(visible).join("\n");
}

function indented(text: string): string {
  return text.replace(/^/gm, "  ");
}

/**
 * Escapes the invisible characters of a line: control characters, characters that change the direction of text, halves of
 * surrogate pairs. A path contains names that people wrote, and `allowed` contains words of a kubeconfig.
 */
export function visible(line: string): string {
  return line.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (character) =>
    Array.from({ length: character.length }, (_, index) => character.charCodeAt(index))
      .map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`)
      .join(""),
  );
}

// Long enough for any name or time, short enough that a pasted file doesn't hide the other problems.
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
 * The candidate with the smallest edit distance to `found`; of several, the first. `undefined` without candidates.
 *
 * @param most the largest distance that still counts.
 * @example
 * nearest("acm", ["beta", "acme"]); // "acme"
 */
export function nearest(
  found: string,
  candidates: Iterable<string>,
  most = Number.POSITIVE_INFINITY,
): string | undefined {
  let best: string | undefined;
  let least = most + 1;
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
 * Names as part of a sentence: a short list in full, a long list cut off, with the count.
 *
 * @example
 * listed(["acme", "beta"]); // "acme, beta"
 */
export function listed(names: readonly string[], most = 8): string {
  if (names.length === 0) return "(none)";
  const shown = names.slice(0, most).join(", ");
  return names.length > most ? `${shown}, … (${names.length} in all)` : shown;
}
