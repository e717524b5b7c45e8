import { hostsOf, type Sample } from "../../lab/samples";
import { isPageOf } from "../../lab/scenario/seen";
import { startLoad } from "../../lab/traffic/load";
import type { Answer } from "../../lab/traffic/visitor";

/** Whether it is the own answer of an instance. */
export const isOpen = (sample: Sample) => (answer: Answer) =>
  answer.status === 200 && answer.body.startsWith(`this is ${sample}:`);

/** Visitors of each host in a second, at each edge. */
const PER_SECOND = 75;

/**
 * Sends visitors to acme at these edges while something is done.
 *
 * @returns what they got that was not right, with its number.
 */
export async function underLoad(
  edges: readonly string[],
  right: readonly ("page" | "own")[],
  work: () => Promise<unknown>,
) {
  const classify = (answer: Answer) => {
    const kind = isPageOf("acme")(answer) ? "page" : isOpen("acme")(answer) ? "own" : undefined;
    return kind !== undefined && right.includes(kind) ? kind : `wrong: ${answer.status} ${answer.body.slice(0, 60)}`;
  };
  const loads = edges.flatMap((edge) => hostsOf("acme").map((host) => startLoad(edge, host, PER_SECOND, classify)));
  await work().finally(() => Promise.all(loads.map((load) => load.stop())));
  const kinds: Record<string, number> = {};
  for (const load of loads) {
    for (const [kind, count] of Object.entries((await load.stop()).kinds)) kinds[kind] = (kinds[kind] ?? 0) + count;
  }
  console.log(`${right.join(" or ")} at ${edges.length} edges: ${JSON.stringify(kinds)}`);
  return Object.entries(kinds).filter(([kind]) => /^(?:wrong|failed)/.test(kind));
}
