import { execFile } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { listed, nearest } from "../model/problems";
import { stackFileOf, stacksIn } from "../settings/stack-file";
import { baseConfig } from "./base-config";
import { CommandError, EXIT, inputError } from "./errors";
import { instanceSources } from "./instance-sources";
import { refuseMissing } from "./pulumi";
import { StackText } from "./stack-text";

/** The project's folder: the one that this command is in. */
export const PROJECT = join(__dirname, "..");

const run = promisify(execFile);

/** The stack that a person named, by the option or by $PULUMI_STACK. An empty variable counts as unset, as in Pulumi. */
export function namedStack(option: string | undefined): string | undefined {
  return option ?? (process.env.PULUMI_STACK || undefined);
}

/**
 * The stack to work on: the one that was named, or that of $PULUMI_STACK, or the one that is selected.
 *
 * @param named the option --stack.
 * @throws {CommandError} when there is none, or it has no configuration here.
 */
export async function findStack(named: string | undefined, project = PROJECT): Promise<string> {
  const stacks = stacksIn(project);
  if (stacks.length === 0) {
    throw new CommandError(
      "This folder has no file of a stack, such as Pulumi.mycluster.yaml: `git pull`, if your team has one already. docs/guide.md says how to make a stack.",
    );
  }
  const stack = namedStack(named) ?? (await selectedStack(project));
  if (stack === undefined) {
    throw new CommandError(
      `No stack is named, and none is selected. Name one with --stack, or select one: \`pulumi stack select\`. Stacks with a file in this folder: ${listed(stacks)}.`,
    );
  }
  if (!existsSync(stackFileOf(project, stack))) {
    throw inputError({
      path: originOf(named),
      found: stack,
      allowed: `a stack with a file in this folder: ${listed(stacks)}`,
      nearest: nearest(stack, stacks),
    });
  }
  return stack;
}

/** Where the name of the stack is from, for people. */
function originOf(option: string | undefined): string {
  if (option !== undefined) return "--stack";
  return namedStack(undefined) === undefined ? "the selected stack" : "$PULUMI_STACK";
}

async function selectedStack(project: string): Promise<string | undefined> {
  try {
    const { stdout } = await run("pulumi", ["stack", "--show-name", "--non-interactive"], { cwd: project });
    return stdout.trim() || undefined;
  } catch (error) {
    refuseMissing(error);
    return undefined;
  }
}

/** A stack's configuration file. */
export class StackFile {
  private written: string | undefined;

  private constructor(
    readonly path: string,
    /** The file as it was found. */
    readonly content: StackText,
  ) {}

  static open(stack: string, project = PROJECT): StackFile {
    const path = stackFileOf(project, stack);
    const text = readFileSync(path, "utf8");
    const surroundings = { base: baseConfig(project, stack, text), ...instanceSources(project, stack) };
    return new StackFile(path, new StackText(text, surroundings));
  }

  get name(): string {
    return basename(this.path);
  }

  /** @throws {CommandError} when another process has changed it since it was found. Two changes at once would lose one. */
  write({ text }: StackText): void {
    if (readFileSync(this.path, "utf8") !== (this.written ?? this.content.text)) {
      throw new CommandError(
        `Nothing was changed: ${this.name} was changed meanwhile, by another command or an editor. The same command again starts from that.`,
      );
    }
    writeFileSync(this.path, text);
    this.written = text;
  }

  /** Whether it is written and not kept yet. */
  get isChanged(): boolean {
    return this.written !== undefined;
  }

  /** The written text stays. */
  keep(): void {
    this.written = undefined;
  }

  /**
   * Puts the file back as it was found.
   *
   * @throws {CommandError} when another process has changed it meanwhile; its change stays then.
   */
  restore(): void {
    if (this.written === undefined) return;
    if (readFileSync(this.path, "utf8") !== this.written) {
      throw new CommandError(
        `${this.name} was changed meanwhile by another program. So it was not put back, and may still have this command's change: look at its list maintenance.`,
        EXIT.failed,
      );
    }
    writeFileSync(this.path, this.content.text);
    this.written = undefined;
  }
}
