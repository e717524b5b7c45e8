import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";

/** One process that a command has started, directly or not. */
export interface Profiled {
  /** The program, with the words that tell it from others. */
  readonly name: string;
  /** Seconds from the command's start. */
  readonly from: number;
  readonly until: number;
  /** Seconds of processor time, its own. */
  readonly cpu: number;
}

const EVERY_MILLISECONDS = 20;
/** sysconf(_SC_CLK_TCK) on Linux. */
const TICKS_PER_SECOND = 100;

/**
 * Looks at the processes of a command until it ends. One that lives for less than 20 ms may be missed.
 *
 * @returns in the order of their start.
 */
export async function profiled(child: ChildProcess, ended: Promise<unknown>): Promise<readonly Profiled[]> {
  const begin = Date.now();
  const found = new Map<number, Profiled>();
  const look = () => {
    const now = (Date.now() - begin) / 1000;
    const all = processes();
    const ours = new Set(child.pid === undefined ? [] : [child.pid]);
    // A parent may come after its child in the list.
    for (let size = 0; size !== ours.size; ) {
      size = ours.size;
      for (const { pid, parent } of all) if (ours.has(parent)) ours.add(pid);
    }
    for (const { pid, cpu } of all.filter((one) => ours.has(one.pid))) {
      const before = found.get(pid);
      found.set(pid, { name: nameOf(pid) || (before?.name ?? ""), from: before?.from ?? now, until: now, cpu });
    }
  };
  const timer = setInterval(look, EVERY_MILLISECONDS);
  try {
    await ended;
  } finally {
    clearInterval(timer);
  }
  return [...found.values()].filter(({ name }) => name !== "");
}

/** The memory of each process in a group at its highest so far, in MB. */
export function memoryOf(group: number): readonly number[] {
  return processes()
    .filter((one) => one.group === group)
    .map(({ pid }) => peakOf(pid));
}

/** The memory of a process at its highest so far, in MB; 0 when it has ended. */
function peakOf(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(read(String(pid), "status"))?.[1] ?? 0) / 1024;
}

/** A command that has ended. */
export interface Ran {
  readonly seconds: number;
  /** Its own process at its highest, in MB, without those that it has started. */
  readonly memory: number;
  readonly code: number | null;
  readonly stdout: string;
  readonly output: string;
}

const PEAK_EVERY_MILLISECONDS = 50;

/** Runs a command to its end. */
export async function ran(
  program: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<Ran> {
  const begin = Date.now();
  const child = spawn(program, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(child, "close");
  let [stdout, stderr, memory] = ["", "", 0];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const timer = setInterval(() => {
    memory = Math.max(memory, child.pid === undefined ? 0 : peakOf(child.pid));
  }, PEAK_EVERY_MILLISECONDS);
  try {
    await ended;
  } finally {
    clearInterval(timer);
  }
  return { seconds: (Date.now() - begin) / 1000, memory, code: child.exitCode, stdout, output: stdout + stderr };
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly cpu: number;
}

/** Of /proc/PID/stat, fields 4, 5, 14 and 15 (proc_pid_stat(5)). */
function processes(): readonly Process[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const fields = read(name, "stat").split(") ").at(-1)?.split(" ") ?? [];
      if (fields.length < 13) return [];
      const cpu = (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
      return [{ pid: Number(name), parent: Number(fields[1]), group: Number(fields[2]), cpu }];
    });
}

/** Such as `pulumi preview`, or `node language-host-process.ts`: no paths, and no options. */
function nameOf(pid: number): string {
  const words = read(String(pid), "cmdline")
    .split("\0")
    .filter((word) => word !== "" && !word.startsWith("-") && !word.includes("://") && !word.includes("="))
    .map((word) => word.split("/").at(-1) ?? "");
  return words.slice(0, 3).join(" ");
}

function read(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return ""; // it has ended
  }
}
