/**
 * How a check ended:
 *
 * - `ok`;
 * - `warning`: maintenance works, and somebody should know something;
 * - `problem`: a maintenance would fail, or visitors would not see its page;
 * - `unknown`: it could not be found out.
 */
export type Result = "ok" | "warning" | "problem" | "unknown";

/** What a check found. */
export interface Finding {
  /** What was checked, in a few words, such as `DNS`. */
  readonly check: string;
  /** The edge's name, if it concerns one edge. */
  readonly edge?: string | undefined;
  /** The names of all instances that it concerns, if it does not concern all. */
  readonly instances?: readonly string[] | undefined;
  readonly result: Result;
  /** What was found, in one sentence, or a few words. */
  readonly text: string;
  /** What to do, in one sentence. Not if it is ok. */
  readonly remedy?: string | undefined;
}

/** Checks one thing. One that throws is reported as `unknown`. */
export type Check = () => Promise<readonly Finding[]>;

/**
 * The findings of a check, or one that it is ok.
 *
 * @param text what is ok, in a few words.
 *
 * @example
 * orOk("DNS", [], "each of 12 hosts has an address"); // [{ check: "DNS", result: "ok", text: "each of 12 hosts has an address" }]
 */
export function orOk(check: string, findings: readonly Finding[], text: string): readonly Finding[] {
  return findings.length > 0 ? findings : [{ check, result: "ok", text }];
}

/**
 * The findings, with one for all instances of which the same is said.
 *
 * @param textOf what is compared. @default the text
 *
 * @example
 * joined([{ check: "routes", instances: ["acme"], … }, { check: "routes", instances: ["beta"], … }]); // [{ …, instances: ["acme", "beta"] }]
 */
export function joined(
  findings: readonly Finding[],
  textOf: (finding: Finding) => string = ({ text }) => text,
): readonly Finding[] {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    const { check, edge, result, remedy } = finding;
    const key = JSON.stringify([check, edge, result, remedy, textOf(finding)]);
    groups.set(key, [...(groups.get(key) ?? []), finding]);
  }
  return [...groups.values()].flatMap((group) => {
    const names = [...new Set(group.flatMap(({ instances = [] }) => instances))];
    const [first] = group;
    if (first === undefined) return [];
    return [names.length < 2 ? first : { ...first, instances: names }];
  });
}
