import { z } from "zod";
import { listSchema, type MaintenanceOutput } from "../outputs";
import type { HostsByName } from "../settings/known-instances";
import { refusalOf } from "./engine";
import { readPulumi, runPulumi } from "./pulumi";

// What Pulumi has recorded of a stack: read without running the program.

/** An entry as the last `up` applied it. */
export type AppliedEntry = Pick<MaintenanceOutput, "instance" | "state" | "from" | "until" | "forgotten"> & {
  readonly kind?: string;
};

/**
 * What the last `up` applied: the stack's output `maintenance`.
 *
 * @throws {CommandError} when there is no such stack.
 */
export async function appliedEntries(project: string, stack: string): Promise<readonly AppliedEntry[]> {
  return entriesIn(await printed(["output", "--json"], project, stack));
}

/** The hosts in that output, by instance; none where Pulumi does not tell. */
export function hostsOfLastUp(project: string, stack: string): HostsByName {
  try {
    const entries = entriesIn(readPulumi(["stack", "output", "--json", "--stack", stack], project));
    return new Map(entries.map(({ instance, hosts }) => [instance, hosts]));
  } catch {
    return new Map();
  }
}

function entriesIn(outputs: string) {
  return outputsSchema.parse(JSON.parse(outputs)).maintenance;
}

/** An applied entry. `exactOptional`: what is not there stays out. */
export const appliedSchema = z.object({
  instance: z.string(),
  state: listSchema.element.shape.state,
  kind: z.string().exactOptional(),
  from: z.string().exactOptional(),
  until: z.string().exactOptional(),
  forgotten: z.literal(true).exactOptional(),
});

const outputsSchema = z.object({
  maintenance: z.array(appliedSchema.extend({ hosts: listSchema.element.shape.hosts })).default([]),
});

/** An earlier run that changed the stack. */
export interface Update {
  readonly time: Date;
  /** The commit of the checkout, if it was one. */
  readonly commit: string | undefined;
  readonly author: string | undefined;
  /** Whether the checkout had no other changes than those of its commit. */
  readonly isCommitted: boolean;
  /** How it ended: `succeeded`, `failed` or `in-progress`. */
  readonly result: string;
}

/**
 * Where the last change came from, as far as Pulumi recorded it.
 *
 * @throws {CommandError} when there is no such stack.
 */
export async function lastUpdate(project: string, stack: string): Promise<Update | undefined> {
  const [last] = await history(project, stack, 1);
  return last && updateOf(last);
}

// Before an `up`, a pipeline refreshes, in one or two runs.
const ENOUGH_RUNS = 10;

/**
 * The last `up`. Other runs, such as a refresh, don't count.
 *
 * @throws {CommandError} when there is no such stack.
 */
export async function lastUp(project: string, stack: string): Promise<Update | undefined> {
  const last = (await history(project, stack, ENOUGH_RUNS)).find(({ kind }) => kind === "update");
  return last && updateOf(last);
}

type Run = z.output<typeof historySchema>[number];

function updateOf({ startTime, environment, result }: Run): Update {
  const { "git.head": commit, "git.dirty": dirty, "git.author": author } = environment ?? {};
  return { time: new Date(startTime), commit, author, isCommitted: dirty !== "true", result };
}

/** The last runs, the newest first. */
async function history(project: string, stack: string, most: number): Promise<readonly Run[]> {
  const text = await printed(["history", "--json", "--page-size", String(most)], project, stack);
  return historySchema.parse(JSON.parse(text.trim() || "[]"));
}

// pkg/backend/display/json.go and pkg/backend/metadata.go in pulumi/pulumi.
const historySchema = z.array(
  z.object({
    kind: z.string().default(""),
    startTime: z.string(),
    environment: z.record(z.string(), z.string()).nullish(),
    result: z.string().default(""),
  }),
);

async function printed(args: readonly string[], project: string, stack: string): Promise<string> {
  const { isDone, stdout, output } = await runPulumi(["stack", ...args, "--stack", stack], { cwd: project });
  if (!isDone) throw refusalOf(output, stack);
  return stdout;
}
