import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const Process = z.strictObject({
  pid: z.int().positive(),
  /** Clock ticks from boot to the start of the process: field 22 of /proc/PID/stat, see proc_pid_stat(5). */
  startTime: z.string(),
});

const RunState = z.strictObject({
  /** The name of this run: of its cgroup, and in its process's command lines. */
  name: z.string().regex(/^mp-\d+(-\d+)?$/),
  /** The program that started the cluster. */
  owner: Process,
  /** What it started outside the sandbox, and the sandbox's first process, with which all others in it end. */
  processes: z.array(Process),
});

/** What a run has to remember so that a later one can clean up after it. */
export type RunState = Readonly<z.infer<typeof RunState>>;

/** A process that cannot be mistaken for a later one with the same id. */
export type KnownProcess = Readonly<z.infer<typeof Process>>;

const stateFile = (runFolder: string) => join(runFolder, "state.json");

/** Writes `state.json` in the run folder, whole or not at all. */
export function writeRunState(runFolder: string, state: RunState): void {
  const unfinished = `${stateFile(runFolder)}.unfinished`;
  writeFileSync(unfinished, `${JSON.stringify(state, null, 2)}\n`);
  renameSync(unfinished, stateFile(runFolder));
}

/** What an earlier run wrote down; `undefined` when there is nothing, or nothing that can be trusted. */
export function readRunState(runFolder: string): RunState | undefined {
  try {
    return RunState.parse(JSON.parse(readFileSync(stateFile(runFolder), "utf8")));
  } catch {
    return undefined;
  }
}

/**
 * When a process began, which together with its id tells it from every other: ids are used again, and a command line
 * alone could belong to somebody else's run. `undefined` when there is no such process, or only its zombie.
 */
function startTimeOf(pid: number): string | undefined {
  try {
    // The second field is the name in parentheses and may hold spaces; field 3 is the state, field 22 the start time.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** A running process as it is written down; `undefined` when it has ended already. */
export function knownProcess(pid: number): KnownProcess | undefined {
  const startTime = startTimeOf(pid);
  return startTime === undefined ? undefined : { pid, startTime };
}

/** Whether this very process still runs. */
export function isRunning(process: KnownProcess): boolean {
  return startTimeOf(process.pid) === process.startTime;
}

/** Forgets a run. */
export function removeRunState(runFolder: string): void {
  rmSync(stateFile(runFolder), { force: true });
}

/** The command line of a process, its arguments separated by spaces; empty when there is none. */
export function commandLineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trimEnd();
  } catch {
    return "";
  }
}
