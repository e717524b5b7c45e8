import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { LocalError, lastLines } from "./errors";

/** Starts a program whose stdout and stderr go to a log file, which begins anew. Does not throw: see `Watch.check`. */
export function startLogged(
  command: readonly string[],
  logFile: string,
  options: { readonly env?: Readonly<Record<string, string>>; readonly channel?: "stdin" | "ipc" } = {},
): ChildProcess {
  const log = openSync(logFile, "w");
  try {
    const [program = "", ...args] = command;
    const child = spawn(program, args, {
      cwd: "/",
      env: { ...process.env, ...options.env },
      // A process group of its own: Ctrl-C at the terminal is for this program alone, which then ends things in order.
      detached: true,
      stdio: [
        options.channel === "stdin" ? "pipe" : "ignore",
        log,
        log,
        ...(options.channel === "ipc" ? ["ipc" as const] : []),
      ],
    });
    child.on("error", () => {}); // it cannot be started: then it has no process id, which counts as ended
    child.stdin?.on("error", () => {});
    return child;
  } finally {
    closeSync(log);
  }
}

/**
 * Command line flags as Go programs read them.
 *
 * @example
 * flags({ "secure-port": "6443" }) // ["--secure-port=6443"]
 */
export function flags(values: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(values).map(([name, value]) => `--${name}=${value}`);
}

/**
 * Kills what `nsenter` runs with all of its process group (`startLogged` made `nsenter` the leader of one), and waits
 * until none is left.
 */
export async function killEntered(nsenter: ChildProcess): Promise<void> {
  const { pid } = nsenter;
  if (pid === undefined) {
    return;
  }
  const kill = (target: number) => {
    try {
      process.kill(target, "SIGKILL");
      return true;
    } catch {
      return false; // ESRCH: nobody there
    }
  };
  // nsenter itself ends with what it runs. Were it killed first, the machine's process 1 would inherit the rest, and
  // some take seconds to notice that an inherited process has ended, which until then is there as a zombie.
  for (const entered of childrenOf(pid)) {
    kill(entered);
  }
  for (let attempt = 0; attempt < 200; attempt += 1) {
    await sleep(25);
    // As long as anyone is in the group, the kernel does not give its id to another process.
    if (!(attempt < 40 ? isAlive(-pid) : kill(-pid))) {
      return;
    }
  }
}

function isAlive(target: number): boolean {
  try {
    return process.kill(target, 0);
  } catch {
    return false;
  }
}

function childrenOf(pid: number): readonly number[] {
  try {
    const ids = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
    return ids.split(" ").map(Number).filter(Boolean);
  } catch {
    return [];
  }
}

interface Watched {
  readonly name: string;
  readonly child: ChildProcess;
  readonly logFile: string;
}

/** The processes that should be running. */
export class Watch {
  readonly #watched = new Set<Watched>();

  /** Gives back how to stop watching, for when the end of the process is wanted. */
  add(name: string, child: ChildProcess, logFile: string): () => void {
    const entry = { name, child, logFile };
    this.#watched.add(entry);
    return () => this.#watched.delete(entry);
  }

  /** @throws LocalError with the end of its log when a process has ended; of several, the one that was started first */
  check(): void {
    for (const { name, child, logFile } of this.#watched) {
      if (child.pid === undefined) {
        throw new LocalError(`${name} cannot be started: is ${child.spawnfile} installed?`);
      }
      if (child.exitCode !== null || child.signalCode !== null) {
        const how = child.signalCode ?? `exit code ${child.exitCode}`;
        throw new LocalError(`${name} ended unexpectedly (${how}). The end of ${logFile}:\n${lastLines(logFile)}`);
      }
    }
  }
}
