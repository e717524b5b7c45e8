import type { AppliedEntry } from "../records";

// What happened to the maintenance of instances, from what was applied before a run and after it. Nothing of this has a memory of its own: the
// stack's output has what was applied last, so a run that changes nothing finds nothing, on whatever machine.

/**
 * - `entered`: visitors see the page;
 * - `left`: the instance is open again;
 * - `extended`: the expected end was moved, set or taken away;
 * - `overdue`: the expected end has passed, and the page is still there;
 * - `forgotten`: an unscheduled maintenance without an end lasts longer than the setting `forgottenAfter`;
 * - `failed`: a change failed, or visitors do not see what they should after it.
 */
export const EVENTS = ["entered", "left", "extended", "overdue", "forgotten", "failed"] as const;

export interface Happened {
  readonly event: (typeof EVENTS)[number];
  readonly instance: string;
  /** The entry before the run; `undefined` when there was none. */
  readonly before: AppliedEntry | undefined;
  /** The entry after it; of a failed change, the one that was wanted. */
  readonly after: AppliedEntry | undefined;
  /** Why it failed, for people. */
  readonly reason?: string;
}

/** Whether visitors see the page of a maintenance. An instance that is being set up is not in maintenance. */
export function isInMaintenance(entry: AppliedEntry | undefined): entry is AppliedEntry {
  return (
    entry !== undefined && entry.kind !== "provisioning" && (entry.state === "active" || entry.state === "overdue")
  );
}

/** What happened between two runs, in the order of the configuration; those that have no entry any more are last. */
export function eventsBetween(before: readonly AppliedEntry[], after: readonly AppliedEntry[]): readonly Happened[] {
  const names = new Set([...after, ...before].map(({ instance }) => instance));
  return [...names].flatMap((instance) => {
    const was = before.find((entry) => entry.instance === instance);
    const is = after.find((entry) => entry.instance === instance);
    return eventsOf(was, is).map((event) => ({ event, instance, before: was, after: is }));
  });
}

function eventsOf(was: AppliedEntry | undefined, is: AppliedEntry | undefined): readonly Happened["event"][] {
  if (!isInMaintenance(is)) return isInMaintenance(was) ? ["left"] : [];
  const isNew = !isInMaintenance(was);
  const isMoved = !isNew && timeOf(was.until) !== timeOf(is.until);
  const wasOverdue = !isNew && !isMoved && was.state === "overdue";
  return [
    ...(isNew ? (["entered"] as const) : []),
    ...(is.state === "overdue" ? (wasOverdue ? [] : (["overdue"] as const)) : isMoved ? (["extended"] as const) : []),
    ...(is.forgotten && !(was?.forgotten ?? false) ? (["forgotten"] as const) : []),
  ];
}

function timeOf(time: string | undefined): number | undefined {
  return time === undefined ? undefined : Date.parse(time);
}

/** That a change failed for an instance. */
export function failureOf(
  instance: string,
  before: readonly AppliedEntry[],
  after: readonly AppliedEntry[],
  reason: string,
): Happened {
  const of = (entries: readonly AppliedEntry[]) => entries.find((entry) => entry.instance === instance);
  return { event: "failed", instance, before: of(before), after: of(after), reason };
}

/**
 * The failure of a change, for each instance that it was to change.
 *
 * @param wanted the entries as the change would have left them.
 * @param named instances that the change was for, even if no event shows that: it may have been another message.
 */
export function failuresOf(
  before: readonly AppliedEntry[],
  wanted: readonly AppliedEntry[],
  reason: string,
  named: readonly string[] = [],
): readonly Happened[] {
  const changed = eventsBetween(before, wanted).filter(({ event }) => event !== "overdue" && event !== "forgotten");
  const instances = new Set([...named, ...changed.map(({ instance }) => instance)]);
  return [...instances].map((instance) => failureOf(instance, before, wanted, reason));
}
