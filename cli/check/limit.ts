import type { Target } from "../probe";
import type { Finding } from "./finding";

/** What a person waits for, and a pipeline: after this time a check of many hosts begins no other one. */
export const MOST_MILLISECONDS = 60_000;

/**
 * A warning of the hosts for which there was no time.
 *
 * @param left the last ones; without any there is no warning.
 * @param count of all hosts.
 */
export function leftFindings(check: string, left: readonly Target[], count: number): readonly Finding[] {
  if (left.length === 0) return [];
  return [
    {
      check,
      instances: [...new Set(left.map(({ instance }) => instance))],
      // The hosts before them have rows of their own. If those are fine, a pipeline should not fail.
      result: "warning",
      text: `${left.length} of ${count} hosts were not looked at: the answers of the others took so long that there was no time`,
      remedy: "Name an instance to look at its hosts: npx maintenance check INSTANCE.",
    },
  ];
}
