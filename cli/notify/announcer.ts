import { randomUUID } from "node:crypto";
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
import { eventsBetween, failuresOf, type Happened } from "./events";
import { hasReceivers, receiversOf } from "./receivers";
import { tell } from "./tell";

/** Where a notification comes from. */
export interface Origin {
  readonly stack: string;
  readonly content: StackText;
  readonly settings: Settings;
}

/** Tells what a change has done, when it is done. */
export interface Announcer {
  readonly onStage: (stage: Stage) => void;
  /** What to do after the outcome was printed; `undefined` if nothing was applied, or nobody is to be notified. */
  afterDone(outcome: Outcome): (() => Promise<void>) | undefined;
  /** What to do after the error was printed; `undefined` if nothing was begun. */
  afterFailure(error: unknown): (() => Promise<void>) | undefined;
}

/**
 * Follows a change. What is applied at present is read while the change is previewed, and never waited for.
 *
 * @param file the path of the stack's file.
 * @param readApplied reads what the last `up` applied.
 */
export function announcerOf(
  origin: Origin,
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
    () => {}, // told below, if it matters
  );
  const entriesOf = async () => maintenanceOutput(settings.maintenance, await forgottenIn(settings, file, true));
  return {
    onStage(next) {
      // From now on Pulumi would tell what this run does.
      if (next === "applying") before = read;
      stage = next;
    },
    afterDone(outcome) {
      if (stage !== "applied") return undefined;
      return async () => {
        const applied = await entriesOf();
        if (before === undefined) console.error(UNKNOWN_BEFORE);
        const events = before === undefined ? [] : eventsBetween(before, applied);
        await announce(origin, [...events, ...unseenOf(outcome, before ?? [], applied)], applied);
      };
    },
    afterFailure(error) {
      if (stage !== "begun") return undefined;
      return async () => {
        const reason = error instanceof Error ? error.message : String(error);
        await announce(origin, failuresOf(before ?? [], await entriesOf(), reason), undefined);
      };
    },
  };
}

const UNKNOWN_BEFORE =
  "Nobody was notified of this change: Pulumi did not tell in time what was applied before. Silences are set all the same.";

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
        .map(({ host, seen }) => `${host}: ${seen}`),
      ...overruled.filter((line) => line.startsWith(`${name}: `)).map((line) => line.slice(name.length + 2)),
      ...affected.map((line) => `a host of another instance shows a page since: ${line}`),
    ];
    return reasons.length === 0 ? [] : [unseen(name, reasons, before, after)];
  });
}

/** That visitors of an instance do not see what they should. */
export function unseen(
  instance: string,
  reasons: readonly string[],
  before: readonly AppliedEntry[],
  after: readonly AppliedEntry[],
): Happened {
  return {
    event: "failed",
    instance,
    before: before.find((entry) => entry.instance === instance),
    after: after.find((entry) => entry.instance === instance),
    reason: `the change is applied, but visitors do not see it. ${reasons.join("; ")}`,
  };
}

/**
 * Notifies all receivers, and says how that went: in a line for each that was not reached, and in one for all others.
 *
 * @param applied what is applied now; see `Telling`.
 * @param say prints who was notified. By default nobody hears of it.
 */
export async function announcing(
  { stack, content, settings }: Origin,
  events: readonly Happened[],
  applied: readonly AppliedEntry[] | undefined,
  say: (line: string) => void = () => {},
): Promise<void> {
  if (events.length === 0 && applied === undefined) return;
  try {
    const receivers = await receiversOf(content, settings, stack);
    const word = { id: randomUUID(), time: readClock(), stack: stackName(stack), events, settings };
    const { sent, failed } = await tell({ receivers, word, applied, mark: stackMark(word.stack, settings) });
    if (sent.length > 0) say(`Notified: ${sent.join(", ")}.`);
    for (const line of failed) console.error(`Not notified: ${line}.`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    console.error(visibleLine(`Nobody was notified: ${reason}`));
  }
}
