import type { Finding } from "./finding";

/** What a person waits for, and a pipeline: after this time a check of many hosts or overrides begins no other one. */
export const MOST_MILLISECONDS = 60_000;

const TEXTS = {
  hosts: {
    text: "hosts were not looked at: the answers of the others took so long that there was no time",
    remedy: "Name an instance to look at its hosts: npx maintenance check INSTANCE.",
  },
  overrides: {
    text: "overrides were not tried: the cluster takes so long for each that there was no time",
    remedy:
      "Name an instance to try its override: npx maintenance check INSTANCE. `enable` tries those of its own instances.",
  },
} as const;

/**
 * A warning of the hosts or overrides for which there was no time.
 *
 * @param left the instance of each of them, which may have several; without any there is no warning.
 * @param count of all hosts or overrides, with those for which there was time.
 *
 * @example
 * leftFindings("DNS", "hosts", ["acme", "acme", "beta"], 100); // [{ …, instances: ["acme", "beta"], text: "3 of 100 hosts were not looked at: …" }]
 */
export function leftFindings(
  check: string,
  what: keyof typeof TEXTS,
  left: readonly string[],
  count: number,
): readonly Finding[] {
  if (left.length === 0) return [];
  const { text, remedy } = TEXTS[what];
  return [
    {
      check,
      instances: [...new Set(left)],
      // The others have rows of their own, and a policy that refuses one override mostly refuses all. If those are fine, a pipeline should
      // not fail: one that fails every day would soon be read by nobody.
      result: "warning",
      text: `${left.length} of ${count} ${text}`,
      remedy,
    },
  ];
}
