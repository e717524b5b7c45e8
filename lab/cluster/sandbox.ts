import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { makeCgroup, removeCgroup } from "./cgroups";
import { type CommandOptions, runCommand } from "./commands";
import { LocalError } from "./errors";
import { killEntered, startLogged, Watch } from "./processes";
import {
  commandLineOf,
  isRunning,
  type KnownProcess,
  knownProcess,
  readRunState,
  removeRunState,
  writeRunState,
} from "./run-state";
import { waitFor } from "./waiting";

/** A long-running process of the cluster. */
export interface SandboxProcess {
  readonly logFile: string;
  /** Kills it with its process group, and waits for the end. */
  stop(): Promise<void>;
}

/**
 * Network, mount and process id namespaces of one run, in which all of its cluster lives. Ending the sandbox ends every
 * process in it and with them its mounts, interfaces and addresses: the kernel does the cleaning up, also when this
 * program is killed. A namespace with a name, as `ip netns add` makes it, would outlive both.
 */
export interface Sandbox {
  /** `mp-PID`: seen in the process list, and the cgroup of the pods. */
  readonly name: string;
  /** The folder of the logs, as the host sees it. */
  readonly logs: string;
  /** A folder for all that is worthless after the run, as the host sees it ... */
  readonly state: string;
  /** ... and the same as the processes in the sandbox see it: short, because a unix socket's path has 107 characters. */
  readonly stateInside: string;
  /** Put before a command, this runs it with the sandbox's network; the files stay the host's. */
  readonly enterNetwork: readonly string[];
  /** Starts a process in the sandbox. Its output goes to `logs/NAME.log`, which begins anew. */
  start(name: string, command: readonly string[], env?: Readonly<Record<string, string>>): SandboxProcess;
  /** Runs a command in the sandbox to its end, see `runCommand`. */
  run(command: readonly string[], options?: CommandOptions): Promise<string>;
  /** Takes in a process outside the sandbox: `check` watches it, `stop` ends it, `stopLeftovers` knows it. */
  adopt(name: string, child: ChildProcess, logFile: string): void;
  /** @throws LocalError when the sandbox was stopped, or a process that should run has ended */
  check(): void;
  /** Does work that writes files: `stop` waits for its end before it removes the files. */
  during<T>(work: () => Promise<T>): Promise<T>;
  /** Ends everything and removes it, but the logs. May be called at any time, and again. Does not throw. */
  stop(): Promise<void>;
}

/** Where the processes in a sandbox see its `state`. */
export const stateInside = "/run/mp/cluster"; // sandbox.sh mounts the run folder at /run/mp
let sandboxesOfThisProgram = 0;

/**
 * Makes an empty sandbox. What an earlier run left behind in the same run folder is cleaned up first.
 *
 * @throws LocalError when another run that is still alive uses the run folder
 */
export async function startSandbox(givenRunFolder: string): Promise<Sandbox> {
  const runFolder = resolve(givenRunFolder);
  for (const hidden of ["/etc", "/proc", "/run", "/sys", "/var/lib", "/var/log"]) {
    if (`${runFolder}/`.startsWith(`${hidden}/`)) {
      throw new LocalError(`the run folder ${runFolder} cannot be in ${hidden}, of which the cluster has its own copy`);
    }
  }
  const earlier = readRunState(runFolder);
  if (earlier !== undefined && isRunning(earlier.owner)) {
    throw new LocalError(`the run folder ${runFolder} is in use by the process ${earlier.owner.pid}`);
  }
  await stopLeftovers(runFolder);

  sandboxesOfThisProgram += 1;
  const name = `mp-${process.pid}${sandboxesOfThisProgram === 1 ? "" : `-${sandboxesOfThisProgram}`}`;
  const logs = join(runFolder, "logs");
  await rm(logs, { recursive: true, force: true });
  await mkdir(logs, { recursive: true });
  await mkdir(stateOf(runFolder), { recursive: true });

  const watch = new Watch();
  const known: KnownProcess[] = [];
  const remember = (pid: number | undefined) => {
    const started = pid === undefined ? undefined : knownProcess(pid);
    const owner = knownProcess(process.pid);
    if (started !== undefined && owner !== undefined) {
      known.push(started);
      writeRunState(runFolder, { name, owner, processes: known });
    }
  };
  let stopping: Promise<void> | undefined;
  const works = new Set<Promise<unknown>>();
  const stop = () => {
    stopping ??= endProcesses(name, known)
      .then(() => Promise.allSettled(works)) // soon over: whatever they wait for, `check` now throws
      .then(() => removeRun(runFolder, name));
    return stopping;
  };
  const check = () => {
    if (stopping !== undefined) {
      throw new LocalError("the cluster was stopped");
    }
    watch.check();
  };

  await makeCgroup(name);
  const logFile = join(logs, "sandbox.log");
  const first = startLogged(
    [
      ...["unshare", "--net", "--pid", "--mount", "--fork", "--kill-child", "--propagation", "private"],
      ...["bash", join(__dirname, "sandbox.sh"), runFolder, name],
    ],
    logFile,
    { channel: "stdin" }, // kept open: its end is the sandbox's end, see sandbox.sh
  );
  remember(first.pid);
  watch.add("the sandbox", first, logFile);
  let pid: string;
  try {
    const ready = async () => /^ready (\d+)$/m.exec(readFileSync(logFile, "utf8"))?.[1];
    pid = await waitFor(ready, { what: "the namespaces", timeoutSeconds: 20, logFile, check, everyMilliseconds: 20 });
  } catch (error) {
    await stop();
    throw error;
  }
  remember(Number(pid));

  const enterNetwork = ["nsenter", "--target", pid, "--net", "--"];
  // Not `ip netns exec`, which mounts a new /sys, and so hides the cgroups from kubelet and runc.
  const enter = ["nsenter", "--target", pid, "--net", "--mount", "--pid", "--"];
  return {
    name,
    logs,
    state: stateOf(runFolder),
    stateInside,
    enterNetwork,
    start(processName, command, env = {}) {
      check();
      const processLog = join(logs, `${processName}.log`);
      const child = startLogged([...enter, ...command], processLog, { env });
      const forget = watch.add(processName, child, processLog);
      return {
        logFile: processLog,
        stop: () => {
          forget();
          return killEntered(child);
        },
      };
    },
    run(command, options) {
      check();
      const [program = "", ...args] = [...enter, ...command];
      return runCommand(program, args, options);
    },
    adopt(processName, child, processLog) {
      watch.add(processName, child, processLog);
      remember(child.pid);
    },
    check,
    during(work) {
      check();
      const done = work();
      works.add(done);
      const forget = () => works.delete(done);
      done.then(forget, forget);
      return done;
    },
    stop,
  };
}

/**
 * Cleans up after a run that could not do so itself, as when it was killed with SIGKILL. Does nothing when there was no
 * such run. A process is ended only when its id, its start time and its command line are those that were written down.
 *
 * @throws LocalError when the run is not over: its program still runs
 */
export async function stopLeftovers(runFolder: string): Promise<void> {
  const state = readRunState(runFolder);
  if (state === undefined) {
    return;
  }
  if (isRunning(state.owner)) {
    throw new LocalError(`the cluster in ${runFolder} belongs to the process ${state.owner.pid}, which still runs`);
  }
  await endProcesses(state.name, state.processes);
  await removeRun(runFolder, state.name);
}

const stateOf = (runFolder: string) => join(runFolder, "cluster");

async function endProcesses(name: string, processes: readonly KnownProcess[]): Promise<void> {
  const running = () => processes.filter((known) => isRunning(known));
  for (const known of running()) {
    if (commandLineOf(known.pid).split(" ").includes(name)) {
      try {
        process.kill(known.pid, "SIGKILL");
      } catch {
        // it has just ended by itself
      }
    }
  }
  // The first process of a process id namespace is gone only when all the others are (pid_namespaces(7)).
  for (let attempt = 0; attempt < 200 && running().length > 0; attempt += 1) {
    await sleep(50);
  }
}

async function removeRun(runFolder: string, name: string): Promise<void> {
  await removeCgroup(name);
  await rm(stateOf(runFolder), { recursive: true, force: true }).catch(() => {});
  removeRunState(runFolder);
}
