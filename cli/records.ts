import { z } from "zod";
import { listSchema, type MaintenanceOutput } from "../outputs";
import type { HostsByName } from "../settings/known-instances";
import { refusalOf } from "./engine";
import { readPulumi, runPulumi } from "./pulumi";

// What Pulumi has recorded of a stack: read without running the program.

/**
 * What the last `up` applied: the stack's output `maintenance`.
 *
 * @throws {CommandError} when there is no such stack.
 */
export async function appliedEntries(
  project: string,
  stack: string,
): Promise<readonly Pick<MaintenanceOutput, "instance" | "state">[]> {
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

const outputsSchema = z.object({
  maintenance: z
    .array(
      z.object({ instance: z.string(), state: listSchema.element.shape.state, hosts: listSchema.element.shape.hosts }),
    )
    .default([]),
});

/** An earlier run that changed the stack. */
export interface Update {
  readonly time: Date;
  /** The commit of the checkout, if it was one. */
  readonly commit: string | undefined;
  readonly author: string | undefined;
  /** Whether the checkout had no other changes than those of its commit. */
  readonly isCommitted: boolean;
}

/**
 * Where the last change came from, as far as Pulumi recorded it.
 *
 * @throws {CommandError} when there is no such stack.
 */
export async function lastUpdate(project: string, stack: string): Promise<Update | undefined> {
  const text = await printed(["history", "--json", "--page-size", "1"], project, stack);
  const [last] = historySchema.parse(JSON.parse(text.trim() || "[]"));
  if (last === undefined) return undefined;
  const { "git.head": commit, "git.dirty": dirty, "git.author": author } = last.environment ?? {};
  return { time: new Date(last.startTime), commit, author, isCommitted: dirty !== "true" };
}

// pkg/backend/display/json.go and pkg/backend/metadata.go in pulumi/pulumi.
const historySchema = z.array(
  z.object({ startTime: z.string(), environment: z.record(z.string(), z.string()).nullish() }),
);

async function printed(args: readonly string[], project: string, stack: string): Promise<string> {
  const { isDone, stdout, output } = await runPulumi(["stack", ...args, "--stack", stack], { cwd: project });
  if (!isDone) throw refusalOf(output, stack);
  return stdout;
}
