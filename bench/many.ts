import { readFileSync } from "node:fs";
import { marker } from "../lab/scenario/seen";
import type { Answer } from "../lab/traffic/visitor";

// What the benchmarks with many overrides share.

/** The host of one of many instances. */
export function hostOf(index: number): string {
  return `many-${index}.localhost`;
}

/** Whether it is the page of an instance in maintenance. */
export function isPage(answer: Answer): boolean {
  return answer.status === 503 && marker(answer).has("instance");
}

/**
 * The memory of a process, in kB. What processes share counts once.
 *
 * @throws if the process has ended.
 */
export function kilobytesOf(pid: number): number {
  return Number(/^Pss: +(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1] ?? 0);
}
