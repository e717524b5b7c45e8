import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { z } from "zod";
import { CLOCK_VARIABLE } from "../settings/clock";
import { CommandError, EXIT } from "./errors";

/** What the process sends once it listens. */
const readySchema = z.object({ port: z.int() });

/**
 * A process that has the program in memory, and runs it whenever the engine asks: what Pulumi calls a language host. A run of the
 * engine otherwise starts Node and loads the program and its libraries, twice for each change. docs/benchmarks.md has what that takes.
 */
export class LanguageHost {
  private stderr = "";

  private child: ChildProcess;

  private constructor(
    private readonly project: string,
    private readonly environment: NodeJS.ProcessEnv,
  ) {
    this.child = this.started([]);
  }

  /**
   * Starts it, without waiting for it. It ends with this process at the latest.
   *
   * @param project the folder of the program, in which it runs.
   * @param now the time for every run: a window that begins between a preview and its `up` must not slip in.
   * @param environment the program's.
   */
  static start(project: string, now: Date, environment: NodeJS.ProcessEnv = process.env): LanguageHost {
    return new LanguageHost(project, { ...environment, [CLOCK_VARIABLE]: now.toISOString() });
  }

  private started(leftOut: readonly string[]): ChildProcess {
    const child = fork(join(this.project, "cli", "language-host-process.ts"), leftOut, {
      cwd: this.project,
      execArgv: ["--require", require.resolve("sucrase/register/ts")],
      env: this.environment,
      // A group of its own: Ctrl-C is for the engine, which ends the program when it is ready for that.
      detached: true,
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    return child;
  }

  /** Starts it again, so that the program leaves out the folders of these clients: see `ProgramOptions`. */
  leaveOut(clients: readonly string[]): void {
    this.stop();
    this.listening = undefined;
    this.child = this.started(clients);
  }

  /**
   * Where the engine reaches it, for its option `--client`.
   *
   * @throws {CommandError} when it has ended instead.
   */
  readonly address = async (): Promise<string> => {
    this.listening ??= this.untilListening();
    return this.listening;
  };
  private listening: Promise<string> | undefined;

  private async untilListening(): Promise<string> {
    const ended = once(this.child, "close").then(() => {
      throw new CommandError(`The program can't be loaded:\n${this.stderr.trim()}`, EXIT.failed);
    });
    const [message] = await Promise.race([once(this.child, "message"), ended]);
    return `127.0.0.1:${readySchema.parse(message).port}`;
  }

  stop(): void {
    this.child.kill();
  }
}
