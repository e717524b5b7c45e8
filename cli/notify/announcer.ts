import { randomUUID } from "node:crypto";
import { messageOf } from "../../model/problems";
import { maintenanceOutput } from "../../outputs";
import { forgottenIn } from "../../settings/authorship";
import { readClock } from "../../settings/clock";
import type { Settings } from "../../settings/read";
import { stackName } from "../../settings/stack-file";
import { stackMark } from "../../settings/stack-mark";
import type { Outcome, Stage } from "../change";
import type { AppliedEntry } from "../records";
import type { StackText } from "../stack-text";
import { visibleLine } from "../visible";
import { eventsBetween, failureOf, failuresOf, type Happened } from "./events";
import { hasReceivers, receiversOf } from "./receivers";
import { tell } from "./tell";

/** Where a notification comes from. */
export interface Origin {
  readonly stack: string;
  readonly content: StackText;
  readonly settings: Settings;
}

/** Notifies the receivers of a change, after it is done. */
export interface Announcer {
  readonly onStage: (stage: Stage) => void;
  /** What to do after the outcome was printed; `undefined` if nothing was applied, or there are no receivers. */
  afterDone(outcome: Outcome): (() => Promise<void>) | undefined;
  /** What to do after the error was printed; `undefined` if nothing was begun, or there are no receivers. */
  afterFailure(error: unknown): (() => Promise<void>) | undefined;
}

/**
 * Follows a change. The entries that are applied at present are read while the change is previewed, and never waited for.
 *
 * @param named the instances that the change is for.
 * @param file the path of the stack's file.
 * @param readApplied reads what the last `up` applied.
 */
export function announcerOf(
  origin: Origin,
  named: readonly string[],
  file: string,
  readApplied: () => Promise<readonly AppliedEntry[]>,
  announce: typeof announcing = announcing,
): Announcer {
  const { settings } = origin;
  if (!hasReceivers(origin.content, settings)) {
    return { onStage: () => {}, afterDone: () => undefined, afterFailure: () => undefined };
  }
  let read: readonly AppliedEntry[] | undefined;
  let before: readonly AppliedEntry[] | undefined;
  let stage: Stage | undefined;
  readApplied().then(
    (entries) => {
      read = entries;
    },
    () => {}, // reported below, if it matters
  );
  const announceApplied = async (failuresIn: (applied: readonly AppliedEntry[]) => readonly Happened[]) => {
    const applied = maintenanceOutput(settings.maintenance, await forgottenIn(settings, file, true));
    if (before === undefined) console.error(UNKNOWN_BEFORE);
    const events = before === undefined ? [] : eventsBetween(before, applied);
    await announce(origin, [...events, ...failuresIn(applied)], applied);
  };
  return {
    onStage(next) {
      // After this, Pulumi's record has what this run does.
      if (next === "applying") before = read;
      stage = next;
    },
    afterDone(outcome) {
      if (stage !== "applied") return undefined;
      return () => announceApplied((applied) => unseenOf(outcome, before ?? [], applied));
    },
    afterFailure(error) {
      const reason = messageOf(error);
      if (stage === "applied") {
        return () =>
          announceApplied((applied) =>
            named.map((instance) => failureOf(instance, before ?? [], applied, `${UNCHECKED} ${reason}`)),
          );
      }
      if (stage !== "begun") return undefined;
      const wanted = maintenanceOutput(settings.maintenance);
      const failures =
        before === undefined
          ? named.map((instance) => failureOf(instance, [], wanted, reason))
          : failuresOf(before, wanted, reason, named);
      return () => announce(origin, failures, undefined);
    },
  };
}

const UNKNOWN_BEFORE =
  "No receiver is notified of what this change did: Pulumi did not say in time what was applied before it. Only failures are sent, and silences set.";

const UNCHECKED = "the change is applied, but what visitors see was not checked.";

/** The instances of which visitors do not see what they should. A copy of the page is a page. */
function unseenOf(
  { instances, unmet, overruled, affected }: Outcome,
  before: readonly AppliedEntry[],
  after: readonly AppliedEntry[],
): readonly Happened[] {
  return instances.flatMap(({ name, hosts }) => {
    const reasons = [
      ...unmet
        .filter(({ host, isCopy }) => !isCopy && hosts.includes(host))
        .map(({ host, seen, why }) => `${host}: ${seen} (${why})`),
      ...overruled.filter((line) => line.startsWith(`${name}: `)).map((line) => line.slice(name.length + 2)),
      ...affected.map((line) => `a host of another instance shows a page since: ${line}`),
    ];
    return reasons.length === 0 ? [] : [unseen(name, reasons, before, after)];
  });
}

/** That visitors of an instance, or because of it, do not see what they should. */
export function unseen(
  instance: string,
  reasons: readonly string[],
  before: readonly AppliedEntry[],
  after: readonly AppliedEntry[],
): Happened {
  const reason = `the change is applied, but not all visitors see what they should. ${reasons.join("; ")}`;
  return failureOf(instance, before, after, reason);
}

/**
 * Notifies all receivers. It prints a line for each that was not reached, and one for all others.
 *
 * @param applied what is applied now; see `Telling`.
 * @param say prints which receivers were notified. By default nothing does.
 * @param endsOthers see `Telling`.
 */
export async function announcing(
  { stack, content, settings }: Origin,
  events: readonly Happened[],
  applied: readonly AppliedEntry[] | undefined,
  say: (line: string) => void = () => {},
  endsOthers = true,
): Promise<void> {
  if (events.length === 0 && applied === undefined) return;
  try {
    const receivers = await receiversOf(content, settings, stack);
    const notice = { id: randomUUID(), time: readClock(), stack: stackName(stack), events, settings };
    const { sent, failed } = await tell({
      receivers,
      notice,
      applied,
      endsOthers,
      mark: stackMark(notice.stack, settings),
    });
    if (sent.length > 0) say(`Notified: ${sent.join(", ")}.`);
    for (const line of failed) console.error(`Not notified: ${line}.`);
  } catch (error) {
    const reason = messageOf(error);
    console.error(visibleLine(`Not notified: ${reason}`));
  }
}
