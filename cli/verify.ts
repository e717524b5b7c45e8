import { edgesOf } from "../components/edges";
import type { Edge } from "../components/edges/edge";
import type { Instance } from "../model/instances";
import { isShown, type MaintenanceEntry } from "../model/maintenance";
import type { Settings } from "../settings/read";
import { stackName } from "../settings/stack-file";
import { stackMark } from "../settings/stack-mark";
import { type ExpectedPage, expectedPages } from "./expected";
import { isAbsent, type Probed, probe, type Seen, seenText, type Target, targetsOf, targetText } from "./probe";

/** A host that does not show what it should. */
export interface Unmet extends Probed {
  /** Why that may be. */
  readonly why: string;
  /** Whether it shows a page of the right instance, but not the page itself: a copy without its message. */
  readonly isCopy: boolean;
}

/** What visitors see of a stack: where its hosts are probed, and what they should show. */
export interface View {
  readonly edges: readonly Edge[];
  /** The mark that the stack's pages carry. */
  readonly mark: string;
  /** The pages of the instances in maintenance, by name. */
  readonly pages: ReadonlyMap<string, ExpectedPage>;
}

/** The view of a stack. */
export function viewOf(stack: string, settings: Settings, pages = expectedPages(settings)): View {
  return { edges: edgesOf(settings.edges), mark: stackMark(stackName(stack), settings), pages };
}

/** What the hosts of an instance should show. */
export type Goal = "page" | "open";

/** What the hosts should show of an instance with this entry, or without any. */
export function goalOf(entry: MaintenanceEntry | undefined): Goal {
  return entry !== undefined && isShown(entry) ? "page" : "open";
}

/**
 * Whether a host shows what it should: the instance's page, as this stack made it. An instance that is open may fail,
 * or be gone; it must not show a page of ours.
 */
export function isMet(goal: Goal, instance: string, view: View, seen: Seen): boolean {
  if (goal === "open") return seen.what !== "page" && seen.what !== "nothing";
  return isOwnPage(instance, view, seen) && isThePage(view.pages.get(instance), seen);
}

type Page = Extract<Seen, { readonly what: "page" }>;

/** Whether it is a page of this stack for this instance, any page. */
function isOwnPage(instance: string, { mark }: View, seen: Seen): seen is Page {
  return seen.what === "page" && seen.instance === instance && seen.stack === mark;
}

function isThePage(expected: ExpectedPage | undefined, { kind, revision, source }: Page): boolean {
  if (expected === undefined) return true;
  return (
    kind === expected.kind &&
    source === expected.source &&
    (expected.revision === undefined || revision === expected.revision)
  );
}

/** Whether the page server shows another page in the place of the right one, because it can't read that one. */
function isCopyOf(expected: ExpectedPage | undefined, { kind, source }: Page): boolean {
  return expected !== undefined && kind === expected.kind && source !== expected.source;
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
  view: View,
  options: {
    readonly headers?: Readonly<Record<string, string>>;
    readonly onMet: (target: Target, seen: Seen, seconds: number) => void;
  },
): Promise<readonly Unmet[]> {
  const begin = Date.now();
  const unmet: Unmet[] = [];
  let left = instances.flatMap((instance) => targetsOf(instance, view.edges));
  while (left.length > 0) {
    const probed = await probe(left, options.headers);
    const seconds = (Date.now() - begin) / 1000;
    const waiting: Target[] = [];
    for (const { seen, ...target } of probed) {
      if (isAbsent({ seen, ...target })) continue;
      if (isMet(goal, target.instance, view, seen)) options.onMet(target, seen, seconds);
      else if (seconds > target.edge.patience)
        unmet.push({ ...target, seen, ...whyNot(goal, { ...target, seen }, view) });
      else waiting.push(target);
    }
    left = waiting;
    if (left.length > 0) await new Promise((resolve) => setTimeout(resolve, BETWEEN_MILLISECONDS));
  }
  return unmet;
}

// Short beside a run of the engine, and long beside a request.
const BETWEEN_MILLISECONDS = 100;

/** What may be the reason when a host does not show what it should. */
export function whyNot(goal: Goal, { instance, edge, seen }: Probed, view: View): Pick<Unmet, "why" | "isCopy"> {
  if (goal === "page" && isOwnPage(instance, view, seen)) {
    const isCopy = isCopyOf(view.pages.get(instance), seen);
    return { why: isCopy ? (COPY[seen.source] ?? COPY.none) : EARLIER, isCopy };
  }
  return { why: reasonFor(goal, seen, edge), isCopy: false };
}

const NOT_READABLE =
  "the page server can't read the page in the bucket. Is the pages' URL (bucketAddress in the stack's outputs) right, may anybody read it, and " +
  "does the cluster's network let the page server reach it?";

const COPY = {
  shared: `Visitors get the page of all instances, without the message, the window and the look of this one: ${NOT_READABLE}`,
  embedded: `Visitors get the page server's own copy of the page of all instances, without a message and a window: ${NOT_READABLE}`,
  none: `Visitors get a line of text and no page: ${NOT_READABLE}`,
} as Readonly<Record<string, string>> & { readonly none: string };

const EARLIER = "It is an earlier page of this instance: the controller has not reloaded yet.";

function reasonFor(goal: Goal, seen: Seen, { reasons }: Pick<Edge, "reasons">): string {
  switch (seen.what) {
    case "nothing":
      return "The host's DNS leads elsewhere or nowhere, or the edge is down, or this computer may not reach it (a firewall, a VPN).";
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
