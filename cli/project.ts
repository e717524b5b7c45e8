import { execFile } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { listed, nearest } from "../settings/problems";
import { readSettings, type Settings } from "../settings/read";
import { configIn, encryptedIn, stackFileOf, stacksIn } from "../settings/stack-file";
import { CommandError, EXIT } from "./errors";

/** The project's folder: the one that this command is in. */
export const PROJECT = join(__dirname, "..");

const run = promisify(execFile);

/**
 * The stack to work on: the one that was named, or that of $PULUMI_STACK, or the one that is selected.
 *
 * @throws {CommandError} when there is none, or it has no configuration here.
 */
export async function findStack(named: string | undefined, project = PROJECT): Promise<string> {
  const stacks = stacksIn(project);
  const stack = named ?? process.env.PULUMI_STACK ?? (await selectedStack(project));
  if (stack === undefined) {
    throw new CommandError(
      `Which stack? Name it with --stack, or select it: pulumi stack select. Here are: ${listed(stacks)}.`,
    );
  }
  if (!existsSync(stackFileOf(project, stack))) {
    const close = nearest(stack, stacks);
    throw new CommandError(
      `--stack\n  found:    ${JSON.stringify(stack)}\n  allowed:  a stack with a configuration here: ${listed(stacks)}${close === undefined ? "" : `\n  nearest:  ${close}`}`,
    );
  }
  return stack;
}

async function selectedStack(project: string): Promise<string | undefined> {
  try {
    const { stdout } = await run("pulumi", ["stack", "--show-name", "--non-interactive"], { cwd: project });
    return stdout.trim() || undefined;
  } catch {
    return undefined;
  }
}

/** A stack's configuration file, and the settings in it. */
export class StackFile {
  private written: string | undefined;

  private constructor(
    readonly path: string,
    /** The file as it was found. */
    readonly text: string,
  ) {}

  static open(stack: string, project = PROJECT): StackFile {
    const path = stackFileOf(project, stack);
    return new StackFile(path, readFileSync(path, "utf8"));
  }

  get name(): string {
    return basename(this.path);
  }

  /**
   * The settings in a version of the file. The kubeconfig is not looked at: the engine does that at each run.
   *
   * @throws {SettingsError} with everything that is wrong.
   */
  settings(now: Date, text = this.text): Settings {
    const encrypted = encryptedIn(text);
    return readSettings(
      configIn(text),
      now,
      () => [],
      undefined,
      (key) => encrypted.has(key),
    );
  }

  write(text: string): void {
    writeFileSync(this.path, text);
    this.written = text;
  }

  /** Whether it is written and not kept yet. */
  get isChanged(): boolean {
    return this.written !== undefined;
  }

  /** What is written stays. */
  keep(): void {
    this.written = undefined;
  }

  /**
   * Puts the file back as it was found.
   *
   * @throws {CommandError} when somebody else has changed it meanwhile: it is left as it is then.
   */
  restore(): void {
    if (this.written === undefined) return;
    if (readFileSync(this.path, "utf8") !== this.written) {
      throw new CommandError(
        `${this.name} was changed by somebody else meanwhile, and so is left as it is: look at its maintenance list.`,
        EXIT.failed,
      );
    }
    writeFileSync(this.path, this.text);
    this.written = undefined;
  }
}
