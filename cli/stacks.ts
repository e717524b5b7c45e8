import { readFileSync } from "node:fs";
import { z } from "zod";
import { problemLine } from "../model/problems";
import { readClock } from "../settings/clock";
import { listInstancesDirectory } from "../settings/instances-directory";
import { stackFileOf, stackName, stacksIn } from "../settings/stack-file";
import { baseOfNames } from "./base-config";
import { isForPeople } from "./errors";
import {
  type BackendStack,
  type BackendStacks,
  type Owner,
  ownerByFiles,
  ownerInBackend,
  type StackNames,
} from "./owner";
import { PROJECT, StackFile } from "./project";
import { runPulumi } from "./pulumi";
import { StackText } from "./stack-text";

/**
 * The stack that owns the instances.
 *
 * @param hints what may be the reason for a name that no instance has, in sentences.
 * @throws {CommandError} when it is not clear.
 */
export async function findOwner(
  instances: readonly string[],
  hints: readonly string[] = [],
  project = PROJECT,
): Promise<Owner> {
  const stacks = await readStackNames(project);
  const byFiles = ownerByFiles(instances, stacks, hints);
  if (byFiles !== undefined) return { stack: byFiles, notes: [] };
  const hostsOf = (stack: string, name: string) => hostsIn(stack, name, project);
  return ownerInBackend(instances, stacks, await readBackend(project), hostsOf);
}

/** The hosts of a stack's instance; none when its configuration can't be used. */
function hostsIn(stack: string, name: string, project: string): readonly string[] {
  try {
    const { instances } = StackFile.open(stack, project).content.settingsToRead(readClock());
    return instances.find((one) => one.name === name)?.hosts ?? [];
  } catch {
    return [];
  }
}

/** The stacks of the folder, each with the names of its instances. Pulumi runs only for a stack that has an environment. */
export function readStackNames(project: string): Promise<readonly StackNames[]> {
  return Promise.all(stacksIn(project).map((stack) => namesOf(stack, project)));
}

async function namesOf(stack: string, project: string): Promise<StackNames> {
  try {
    const text = readFileSync(stackFileOf(project, stack), "utf8");
    const content = new StackText(text, { base: await baseOfNames(project, stack, text) });
    const { names, problems } = content.claimedNames((directory) => listInstancesDirectory(directory, project));
    const unread = problems.length === 0 ? undefined : problems.map(problemLine).join("; ");
    return { stack, names, unread };
  } catch (error) {
    const reason = isForPeople(error) || hasCode(error) ? error.message : String(error);
    return { stack, names: new Set(), unread: beginOf(reason) };
  }
}

/** The first two lines of a reason. For text that is no YAML, the library's next lines quote the file, which may have secrets. */
function beginOf(reason: string): string {
  const lines = reason.split("\n").filter((line) => line !== "");
  return lines.slice(0, 2).join(" ").replace(/:$/, "");
}

/** Whether it is an error of the file system. */
function hasCode(error: unknown): error is Error {
  return error instanceof Error && "code" in error;
}

/** The project's stacks in the backend. */
export async function readBackend(project: string): Promise<BackendStacks> {
  try {
    const { isDone, stdout, output } = await runPulumi(["stack", "ls", "--json"], { cwd: project });
    return isDone ? stacksOf(stdout) : { unknown: output.trim().replace(/^error: /, "") || "`pulumi stack ls` failed" };
  } catch (error) {
    if (!isForPeople(error)) throw error;
    return { unknown: error.message }; // `status` works without Pulumi
  }
}

function stacksOf(printed: string): BackendStacks {
  const stacks = new Map<string, BackendStack>();
  for (const one of summariesSchema.parse(JSON.parse(printed))) {
    // A stack of another organization has that before its name, and the same file as this organization's.
    const name = stackName(one.name);
    const { isSelected, isApplied } = stacks.get(name) ?? { isSelected: false, isApplied: false };
    stacks.set(name, { isSelected: isSelected || one.current, isApplied: isApplied || hasResources(one) });
  }
  return stacks;
}

// pkg/cmd/pulumi/stack/stack_ls.go in pulumi/pulumi, stackSummaryJSON.
const summariesSchema = z.array(
  z.object({
    name: z.string(),
    current: z.boolean(),
    lastUpdate: z.string().optional(),
    updateInProgress: z.boolean().optional(),
    resourceCount: z.number().optional(),
  }),
);

/** A backend in a folder has a `lastUpdate` for a stack that was only made; Pulumi Cloud has no `resourceCount` for it. */
function hasResources({
  resourceCount,
  lastUpdate,
  updateInProgress,
}: z.output<typeof summariesSchema>[number]): boolean {
  return resourceCount === undefined ? lastUpdate !== undefined || updateInProgress === true : resourceCount > 0;
}
