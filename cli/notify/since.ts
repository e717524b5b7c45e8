import { z } from "zod";
import { type AppliedEntry, appliedSchema, type Update } from "../records";
import { eventsBetween, failuresOf, type Happened } from "./events";

// What a pipeline's run of `pulumi up` has done, from what Pulumi had recorded before it and what it has recorded since.

/** What Pulumi has recorded at one time, as `notify --remember` writes it. */
export const recordSchema = z.object({
  maintenance: z.array(appliedSchema),
  update: z.object({ time: z.coerce.date(), commit: z.string().exactOptional(), result: z.string() }).optional(),
});

export type Recorded = z.output<typeof recordSchema>;

export function recordOf(maintenance: readonly AppliedEntry[], update: Update | undefined): Recorded {
  const entries = maintenance.map((entry) => ({ ...entry }));
  if (update === undefined) return { maintenance: entries };
  const { time, commit, result } = update;
  return { maintenance: entries, update: { time, result, ...(commit === undefined ? {} : { commit }) } };
}

/** What a run has done. */
export interface Since {
  readonly events: readonly Happened[];
  /** Whether the run failed after it had begun. One that failed before that has changed nothing. */
  readonly hasFailed: boolean;
  /** The entries whose silences are certain. After a failure those that it was not to change. */
  readonly certain: readonly AppliedEntry[];
}

/**
 * Finds what a run has done. A failure is one event for each instance: the runs after it, every five minutes, fail for the same reason. It is
 * another failure if the commit is another, or if a window has begun or ended since.
 *
 * @param wantedAt the entries as the configuration has them at a time.
 */
export function happenedSince(
  before: Recorded,
  now: Recorded,
  wantedAt: (time: Date) => readonly AppliedEntry[],
): Since {
  const { update } = now;
  const events = eventsBetween(before.maintenance, now.maintenance);
  const isNew = update !== undefined && update.time.getTime() !== before.update?.time.getTime();
  if (!isNew || update.result !== FAILED) return { events, hasFailed: false, certain: now.maintenance };
  // Pulumi records the entries of a run that fails later, too: what happened to those is no failure.
  const failures = failuresOf(now.maintenance, wantedAt(update.time), REASON);
  const earlier =
    before.update?.result === FAILED && before.update.commit === update.commit
      ? failuresOf(before.maintenance, wantedAt(before.update.time), REASON)
      : [];
  const isKnown = ({ instance }: Happened) => earlier.some((one) => one.instance === instance);
  const uncertain = new Set(failures.map(({ instance }) => instance));
  return {
    events: [...events, ...failures.filter((one) => !isKnown(one))],
    hasFailed: true,
    certain: now.maintenance.filter(({ instance }) => !uncertain.has(instance)),
  };
}

// pkg/backend/updates.go in pulumi/pulumi, UpdateResult.
const FAILED = "failed";

const REASON = "`pulumi up` failed after it had begun. The log of the pipeline says why.";
