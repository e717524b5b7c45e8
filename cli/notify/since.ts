import { z } from "zod";
import { type AppliedEntry, appliedSchema, type Update } from "../records";
import { eventsBetween, failuresOf, type Happened } from "./events";

// What a pipeline's run of `pulumi up` has done, from what Pulumi had recorded before it and what it has recorded since.

/** What Pulumi has recorded at one time, as `notify --remember` writes it. */
export const recordSchema = z.object({
  maintenance: z.array(appliedSchema),
  update: z.object({ time: z.coerce.date(), result: z.string() }).optional(),
});

export type Recorded = z.output<typeof recordSchema>;

export function recordOf(maintenance: readonly AppliedEntry[], update: Update | undefined): Recorded {
  return {
    maintenance: maintenance.map((entry) => ({ ...entry })),
    ...(update === undefined ? {} : { update: { time: update.time, result: update.result } }),
  };
}

/**
 * What to tell of a run.
 *
 * @param wanted the entries as the configuration has them now.
 * @returns `hasFailed`: whether the run failed after it had begun. One that failed before that has changed nothing. A failure is told once: the runs
 *   after it, every five minutes, fail for the same reason.
 */
export function happenedSince(
  before: Recorded,
  now: Recorded,
  wanted: readonly AppliedEntry[],
): { readonly events: readonly Happened[]; readonly hasFailed: boolean } {
  const { update } = now;
  const isNew = update !== undefined && update.time.getTime() !== before.update?.time.getTime();
  if (!isNew || update.result !== FAILED) {
    return { events: eventsBetween(before.maintenance, now.maintenance), hasFailed: false };
  }
  const wasFailed = before.update?.result === FAILED;
  return { events: wasFailed ? [] : failuresOf(before.maintenance, wanted, REASON), hasFailed: true };
}

// pkg/backend/updates.go in pulumi/pulumi, UpdateResult.
const FAILED = "failed";

const REASON = "`pulumi up` failed after it had begun. The log of the pipeline says why.";
