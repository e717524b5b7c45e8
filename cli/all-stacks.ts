import { stackFileNameOf, stacksIn } from "../settings/stack-file";
import { backendText } from "./engine";
import { CommandError, EXIT, inputError, isForPeople } from "./errors";
import type { BackendStacks } from "./owner";
import { readBackend } from "./stacks";
import { visibleLine, visibleLines } from "./visible";

/** What a command found in one of all stacks. */
export interface StackResult<Value> {
  readonly stack: string;
  /** Whether the stack is applied in this backend; `undefined` when Pulumi does not tell. */
  readonly isApplied: boolean | undefined;
  /** What was found; `undefined` when it failed, or was not looked for. */
  readonly value: Value | undefined;
  /** Why it failed. */
  readonly error: string | undefined;
  readonly code: number;
}

/** A result with what is wrong beside it, in sentences. */
export interface WithWarnings {
  readonly warnings: readonly string[];
}

/** Prints what is wrong beside a result. */
export function warn(warnings: readonly string[]): void {
  for (const warning of warnings) console.error(`\nWarning: ${warning}`);
}

/** How each stack is read and printed. */
export interface Printing<Value extends WithWarnings> {
  readonly json: boolean;
  /** Whether stacks that are not applied are read, too. */
  readonly withUnapplied: boolean;
  readonly read: (stack: string) => Promise<{ readonly value: Value; readonly code: number }>;
  readonly textOf: (value: Value) => string;
  readonly jsonOf: (value: Value | undefined) => Readonly<Record<string, unknown>>;
}

/** Reads and prints every stack, each below a heading, and returns the worst code. */
export async function printAll<Value extends WithWarnings>(
  project: string,
  { json, withUnapplied, read, textOf, jsonOf }: Printing<Value>,
): Promise<number> {
  const backend = await readBackend(project);
  const codes: number[] = [];
  const values: unknown[] = [];
  if ("unknown" in backend) {
    console.error(visibleLine(`Warning: Pulumi does not say which of these stacks exist: ${backend.unknown}`));
  }
  for (const stack of stacksWithoutFile(project, backend)) {
    console.error(
      visibleLine(
        `Warning: the stack ${stack} is not shown: the backend has it, and this folder has no ${stackFileNameOf(stack)}.`,
      ),
    );
  }
  for await (const result of ofEachStack(project, backend, read, withUnapplied)) {
    const { stack, isApplied, value, error, code } = result;
    codes.push(code);
    values.push({ stack, applied: isApplied ?? null, ...jsonOf(value), error: error ?? null });
    if (!json) {
      const gap = codes.length === 1 ? [] : [""];
      const shown = value === undefined ? [] : [textOf(value)];
      const failed = error === undefined ? [] : [visibleLines(error.trim())];
      console.log([...gap, visibleLine(headingOf(result, backend)), ...shown, ...failed].join("\n"));
    }
    warn((value?.warnings ?? []).map((warning) => `stack ${stack}: ${warning}`));
  }
  if (json) console.log(JSON.stringify(values, null, 2));
  return worstOf(codes);
}

/** The applied stacks without a file in the folder. Their instances are not known. */
export function stacksWithoutFile(project: string, backend: BackendStacks): readonly string[] {
  if ("unknown" in backend) return [];
  const here = stacksIn(project);
  return [...backend].flatMap(([stack, { isApplied }]) => (isApplied && !here.includes(stack) ? [stack] : []));
}

/**
 * Works on all stacks with a file in the folder, at once. The failure of one stops no other.
 *
 * @param work returns what it found, and the code to exit with.
 * @param withUnapplied whether it works on stacks that are not applied, too.
 * @returns the results in the order of the names, each as soon as it and those before it are there.
 * @throws {CommandError} when there is no stack.
 */
export async function* ofEachStack<Value>(
  project: string,
  backend: BackendStacks,
  work: (stack: string) => Promise<{ readonly value: Value; readonly code: number }>,
  withUnapplied: boolean,
): AsyncGenerator<StackResult<Value>, void> {
  const stacks = stacksIn(project);
  if (stacks.length === 0) {
    const allowed = "a folder with one or more files such as Pulumi.mycluster.yaml";
    throw inputError({ path: "--all-stacks", found: undefined, allowed });
  }
  if (!withUnapplied && stacks.every((stack) => isApplied(stack, backend) === false)) {
    throw new CommandError(
      `No stack of this folder is applied in the backend ${backendText()}. \`pulumi stack ls\` lists its stacks; \`pulumi login\` changes the backend.`,
    );
  }
  const results = stacks.map((stack) => resultOf(stack, isApplied(stack, backend), work, withUnapplied));
  for (const result of results) yield await result;
}

async function resultOf<Value>(
  stack: string,
  isApplied: boolean | undefined,
  work: (stack: string) => Promise<{ readonly value: Value; readonly code: number }>,
  withUnapplied: boolean,
): Promise<StackResult<Value>> {
  const nothing = { stack, isApplied, value: undefined, error: undefined, code: EXIT.done };
  if (isApplied === false && !withUnapplied) return nothing;
  try {
    return { ...nothing, ...(await work(stack)) };
  } catch (error) {
    if (isForPeople(error)) {
      return { ...nothing, error: error.message, code: error instanceof CommandError ? error.code : EXIT.refused };
    }
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { ...nothing, error: text, code: EXIT.failed };
  }
}

function isApplied(stack: string, backend: BackendStacks): boolean | undefined {
  return "unknown" in backend ? undefined : (backend.get(stack)?.isApplied ?? false);
}

/** The heading of a stack's part of the output. */
export function headingOf({ stack, isApplied, error }: StackResult<unknown>, backend: BackendStacks): string {
  if (isApplied === false) {
    const exists = !("unknown" in backend) && backend.has(stack);
    const why = exists
      ? "it has no resources"
      : `the backend ${backendText()} has no such stack, only ${stackFileNameOf(stack)} is here`;
    return `Stack ${stack}: not applied (${why}).`;
  }
  return error === undefined ? `Stack ${stack}` : `Stack ${stack}: FAILED`;
}

// Unknown is worse than "needs attention".
const WORST_FIRST: readonly number[] = [EXIT.failed, EXIT.refused, EXIT.attention, EXIT.done];

/** The worst of the codes to exit with. */
export function worstOf(codes: readonly number[]): number {
  return WORST_FIRST.find((code) => codes.includes(code)) ?? codes[0] ?? EXIT.done;
}
