import { edgesOf } from "../components/edges";
import type { Edge } from "../components/edges/edge";
import type { Instance } from "../model/instances";
import { isShown, type MaintenanceEntry } from "../model/maintenance";
import type { Settings } from "../settings/read";
import { stackName } from "../settings/stack-file";
import { stackMark } from "../settings/stack-mark";
import { type Probed, probe, type Seen, seenText, type Target, targetsOf, targetText } from "./probe";

/** A host that does not show what it should. */
export interface Unmet extends Probed {
  /** Why that may be. */
  readonly why: string;
}

/** What visitors see of a stack: where its hosts are probed, and the mark that its pages carry. */
export interface View {
  readonly edges: readonly Edge[];
  readonly mark: string;
}

/** The view of a stack. */
export function viewOf(stack: string, settings: Settings): View {
  return { edges: edgesOf(settings.edges), mark: stackMark(stackName(stack), settings) };
}

/** What the hosts of an instance should show. */
export type Goal = "page" | "open";

/** What the hosts should show of an instance with this entry, or without any. */
export function goalOf(entry: MaintenanceEntry | undefined): Goal {
  return entry !== undefined && isShown(entry) ? "page" : "open";
}

/**
 * Whether a host shows what it should: the instance's page, as this stack serves it. An instance that is open may fail,
 * or be gone; it must not show a page of ours.
 */
export function isMet(goal: Goal, instance: string, mark: string, seen: Seen): boolean {
  const isPage = seen.what === "page" && seen.instance === instance && seen.stack === mark;
  return goal === "page" ? isPage : seen.what !== "page" && seen.what !== "nothing";
}

/**
 * Waits until every host of these instances shows what it should, at each of its edges.
 *
 * @param options.headers more headers, such as a bypass' key.
 * @param options.onMet called once for each target that does.
 * @returns those that do not, after as long as their edges may take.
 */
export async function untilMet(
  goal: Goal,
  instances: readonly Instance[],
  { edges, mark }: View,
  options: {
    readonly headers?: Readonly<Record<string, string>>;
    readonly onMet: (target: Target, seen: Seen, seconds: number) => void;
  },
): Promise<readonly Unmet[]> {
  const begin = Date.now();
  const unmet: Unmet[] = [];
  let left = instances.flatMap((instance) => targetsOf(instance, edges));
  while (left.length > 0) {
    const probed = await probe(left, options.headers);
    const seconds = (Date.now() - begin) / 1000;
    const waiting: Target[] = [];
    for (const { seen, ...target } of probed) {
      if (isMet(goal, target.instance, mark, seen)) options.onMet(target, seen, seconds);
      else if (seconds > target.edge.patience) unmet.push({ ...target, seen, why: whyNot(goal, seen, target.edge) });
      else waiting.push(target);
    }
    left = waiting;
    if (left.length > 0) await new Promise((resolve) => setTimeout(resolve, 500));
  }
  return unmet;
}

/** What may be the reason when a host does not show what it should. */
export function whyNot(goal: Goal, seen: Seen, { reasons }: Pick<Edge, "reasons">): string {
  switch (seen.what) {
    case "nothing":
      return "The host's DNS leads elsewhere or nowhere, or the edge is down. Is the machine you sit at allowed to ask it?";
    case "page":
      return goal === "page"
        ? "It is another instance's page, or another cluster's: DNS leads to another edge, or two instances have this host."
        : reasons.leftover;
    case "not-found":
      return reasons.notFound;
    case "failure":
      return reasons.failure;
    case "other":
      return reasons.other;
  }
}

/**
 * The hosts of other instances that a change has taken into maintenance, although they were not named.
 *
 * @param before what they showed before the change.
 */
export async function affectedSince(before: readonly Probed[]): Promise<readonly string[]> {
  const after = await probe(before);
  return after
    .filter(({ seen }, index) => seen.what === "page" && before[index]?.seen.what !== "page")
    .map((probed) => `${targetText(probed)}: ${seenText(probed.seen)}`);
}
