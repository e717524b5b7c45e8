import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import type { ProgramOptions } from "../program";
import { CLOCK_VARIABLE } from "../settings/clock";
import { CommandError, EXIT } from "./errors";

/**
 * A process that has the program in memory, and runs it whenever the engine asks: what Pulumi calls a language host. A run of the
 * engine otherwise starts Node and loads the program and its libraries, twice for each change. docs/benchmarks.md has what that takes.
 */
export class LanguageHost {
  private running: { readonly child: ChildProcess; readonly address: Promise<string> } | undefined;
  /** Why it has ended by itself, if it has. */
  failure: CommandError | undefined;
  private options: ProgramOptions = {};

  /**
   * @param project the folder of the program, in which it runs.
   * @param now the time for every run: a window that begins between a preview and its `up` must not slip in.
   * @param environment the program's.
   */
  constructor(
    private readonly project: string,
    readonly now: Date,
    private readonly environment: NodeJS.ProcessEnv = process.env,
  ) {}

  /**
   * Starts it, and returns where the engine reaches it, for its option `--client`. It may still be loading the program then: the engine
   * waits. It ends with this process at the latest.
   */
  async address(): Promise<string> {
    this.running ??= this.started();
    return this.running.address;
  }

  /** Starts it again, with these options for the program besides those that it has. */
  startAgain(options: ProgramOptions): void {
    this.stop();
    this.options = { ...this.options, ...options };
    this.running = this.started();
  }

  stop(): void {
    this.running?.child.kill();
    this.running = undefined;
  }

  private started() {
    const child = fork(join(this.project, "cli", "language-host-process.ts"), [JSON.stringify(this.options)], {
      cwd: this.project,
      execArgv: [...NODE_OPTIONS, "--require", join(__dirname, "typescript.js")],
      env: { ...this.environment, [CLOCK_VARIABLE]: this.now.toISOString() },
      // A group of its own: Ctrl-C is for the engine, which ends the program when it is ready for that.
      detached: true,
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    let stderr = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    const fail = (reason: string) => {
      if (this.running?.child === child) this.failure ??= new CommandError(reason, EXIT.failed);
    };
    child.on("exit", (_, signal) => {
      if (signal !== null) fail(KILLED);
    });
    // Its output may come after its end.
    child.on("close", () => fail(`The program can't be loaded:\n${stderr.trim()}`));
    return { child, address: listeningFor(child) };
  }
}

const KILLED =
  "The process that runs the program was killed, by somebody or for want of memory. The same command again may help.";

/** For a process that lives for seconds: garbage is collected less often, for which a tenth of a run went. */
const NODE_OPTIONS = ["--max-semi-space-size=64"];

/** Listens on a port, and hands the listening socket to a process. A connection waits in the system's queue until the process takes it. */
async function listeningFor(child: ChildProcess): Promise<string> {
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  await new Promise((resolve) => child.send("listener", listener, resolve));
  listener.close();
  return `127.0.0.1:${port}`;
}
