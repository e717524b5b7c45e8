import { readdirSync, readFileSync } from "node:fs";
import type { KubernetesObject } from "@kubernetes/client-node";
import type { Lab } from "../lab/lab";
import { type Answer, untilAnswer, visit } from "../lab/traffic/visitor";
import { hostOf, isPage, kilobytesOf } from "./many";
import { median } from "./median";

const COUNTS = [0, 100, 1000] as const;
export const ROUNDS = 5;
const AT_ONCE = 25;

/** One kind of routes, many of which an edge gets. */
export interface ManyRoutes {
  readonly name: string;
  /** The objects of one of them, by its number, in the order in which they are made. */
  manifestsOf(index: number): readonly KubernetesObject[];
  /** The objects of the one that is added to many. @default `manifestsOf` */
  oneMore?(index: number): readonly KubernetesObject[];
}

/**
 * What many routes cost the first edge of a lab: a row for each kind and number.
 *
 * @param programs the file names of the edge's processes, whose memory is measured.
 */
export async function costOfMany(
  { edge, edges, samples, cluster }: Lab,
  name: string,
  kinds: readonly ManyRoutes[],
  programs: readonly string[],
): Promise<readonly (readonly string[])[]> {
  const [first] = edges;
  const apply = (manifests: readonly KubernetesObject[]) =>
    Promise.all(manifests.map((manifest) => samples.apply(manifest)));
  const rows: (readonly string[])[] = [];
  for (const { name: kind, manifestsOf, oneMore = manifestsOf } of kinds) {
    // Memory is given back late: each kind begins with a new process.
    await first?.running?.stop();
    await first?.running?.start();
    await untilAnswer(() => visit(edge, "beta.localhost"), isOpen, 60);
    let made = 0;
    for (const count of COUNTS) {
      for (; made < count; made += AT_ONCE) {
        await apply(Array.from({ length: AT_ONCE }, (_, index) => manifestsOf(made + index)).flat());
      }
      const ask = () => visit(edge, hostOf(made));
      const seconds: number[] = [];
      // The first one waits until the edge has loaded all others, and is not counted.
      for (let round = 0; round <= ROUNDS; round += 1) {
        const begin = Date.now();
        await apply(oneMore(made));
        await untilAnswer(ask, isPage, 120);
        if (round > 0) seconds.push((Date.now() - begin) / 1000);
        for (const manifest of [...oneMore(made)].reverse()) await samples.delete(manifest);
        await untilAnswer(ask, (answer) => !isPage(answer), 120);
      }
      rows.push([
        `${name} with ${count} ${kind}`,
        `${median(seconds).toFixed(1)} s`,
        ...programs.map((program) => `${memoryOf(program)} MB`),
        await healthy(edge),
      ]);
    }
    for (; made > 0; made -= AT_ONCE) {
      const last = Array.from({ length: AT_ONCE }, (_, index) => manifestsOf(made - 1 - index)).flat();
      await Promise.all(last.reverse().map((manifest) => cluster.kube.objects.delete(manifest)));
    }
  }
  return rows;
}

/** The median time of a request to an instance that is open, in milliseconds, as text. */
async function healthy(edge: string): Promise<string> {
  const times: number[] = [];
  for (let index = 0; index < 200; index += 1) {
    const begin = process.hrtime.bigint();
    await visit(edge, "beta.localhost");
    times.push(Number(process.hrtime.bigint() - begin) / 1e6);
  }
  return `${median(times).toFixed(1)} ms`;
}

const isOpen = ({ status }: Answer) => status === 200;

/** The memory of a program's process, in MB. */
function memoryOf(program: string): string {
  for (const pid of readdirSync("/proc").map(Number)) {
    try {
      const [path = ""] = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      if (!path.endsWith(`/${program}`)) continue;
      return (kilobytesOf(pid) / 1024).toFixed(0);
    } catch {
      // it has ended, or is no process
    }
  }
  return "unknown";
}
