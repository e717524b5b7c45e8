import { readdirSync, readFileSync } from "node:fs";
import type { KubernetesObject } from "@kubernetes/client-node";
import { overrideManifests, type Placement } from "../components/edges/traefik/manifests";
import type { Lab } from "../lab/lab";
import { type Answer, untilAnswer, visit } from "../lab/traffic/visitor";
import { hostOf, isPage, kilobytesOf } from "./many";
import { median } from "./median";
import type { Section } from "./section";

const NAMESPACE = "maintenance-pages";
const COUNTS = [0, 100, 1000] as const;
const ROUNDS = 5;
const AT_ONCE = 25;

const PLACEMENT: Placement = {
  edge: "default",
  namespace: NAMESPACE,
  entryPoints: ["web", "websecure"],
  routersWithTls: [],
  ingressClass: undefined,
};

const KINDS = { overrides, "ordinary IngressRoutes": ordinary } as const;

/** What overrides cost Traefik, against as many IngressRoutes of the ordinary kind. */
export async function benchTraefik({ edge, edges, samples, cluster }: Lab): Promise<Section> {
  const [running] = edges;
  const apply = (manifests: readonly KubernetesObject[]) =>
    Promise.all(manifests.map((manifest) => samples.apply(manifest)));
  const rows: (readonly string[])[] = [];
  for (const [kind, manifestsOf] of Object.entries(KINDS)) {
    // Go gives memory back late: each kind begins with a new process.
    await running?.running?.stop();
    await running?.running?.start();
    await untilAnswer(() => visit(edge, "beta.localhost"), isOpen, 60);
    let made = 0;
    for (const count of COUNTS) {
      for (; made < count; made += AT_ONCE) {
        const next = Array.from({ length: AT_ONCE }, (_, index) => manifestsOf(made + index)).flat();
        await apply(next);
      }
      const ask = (index: number) => visit(edge, hostOf(index));
      if (made > 0) await untilAnswer(() => ask(made - 1), isPage, 120);
      const seconds: number[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        const begin = Date.now();
        await apply(manifestsOf(made));
        await untilAnswer(() => ask(made), isPage, 120);
        seconds.push((Date.now() - begin) / 1000);
        for (const manifest of [...manifestsOf(made)].reverse()) await samples.delete(manifest);
        await untilAnswer(
          () => ask(made),
          (answer) => !isPage(answer),
          120,
        );
      }
      rows.push([
        `Traefik with ${count} ${kind}`,
        `${median(seconds).toFixed(1)} s`,
        `${memory()} MB`,
        await healthy(edge),
      ]);
    }
    for (; made > 0; made -= AT_ONCE) {
      const last = Array.from({ length: AT_ONCE }, (_, index) => manifestsOf(made - 1 - index)).flat();
      await Promise.all(last.reverse().map((manifest) => cluster.kube.objects.delete(manifest)));
    }
  }
  return {
    title: "What overrides cost Traefik",
    about: `From one more override until it is served (Traefik loads a changed configuration every 2 s at most), its memory, and how long visitors of a healthy instance wait, beside as many ordinary IngressRoutes: one host, one middleware. Traefik compares each request with one route after the other. Medians of ${ROUNDS}.`,
    head: ["", "one more is served after", "memory", "a healthy instance answers in"],
    rows,
  };
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

function overrides(index: number): readonly KubernetesObject[] {
  const override = { instance: `many-${index}`, hosts: [hostOf(index)], otherHosts: [], kind: "unscheduled" } as const;
  return overrideManifests({ ...override, revision: undefined, hasAssets: false, bypass: undefined }, PLACEMENT).map(
    (manifest) => ({ ...manifest, metadata: { ...manifest.metadata } }),
  );
}

function ordinary(index: number): readonly KubernetesObject[] {
  const [middleware, route] = overrides(index);
  const rule = {
    kind: "Rule",
    match: `Host(\`${hostOf(index)}\`)`,
    middlewares: [{ name: `maintenance-many-${index}` }],
    services: [{ name: "page-server", port: "maintenance" }],
  };
  const own = { ...route, spec: { entryPoints: PLACEMENT.entryPoints, routes: [rule] } };
  return middleware === undefined ? [own] : [middleware, own];
}

/** The memory of Traefik's process, in MB. */
function memory(): string {
  for (const pid of readdirSync("/proc").map(Number)) {
    try {
      const [program = ""] = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      if (!program.endsWith("/traefik")) continue;
      return (kilobytesOf(pid) / 1024).toFixed(0);
    } catch {
      // it has ended, or is no process
    }
  }
  return "unknown";
}
