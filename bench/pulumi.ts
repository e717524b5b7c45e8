import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Ground } from "../local/ground";
import { LocalStack, STACK } from "../local/stack";
import { ratio, type Section } from "./section";

const PROJECT = join(__dirname, "..");

// Instances in the registry, and how many of them enter.
const CASES = [
  [1, 1],
  [10, 1],
  [100, 1],
  [100, 100],
  [1000, 1],
  [1000, 100],
] as const;

const EMPTY_ROUNDS = 5;

/** What a run of Pulumi took. */
interface Run {
  readonly seconds: number;
  /** Of the largest of its processes, in MB. */
  readonly memory: number;
}

/** A program that makes nothing, or as many ConfigMaps as it is told. */
const TRIVIAL = {
  empty: "export {};\n",
  ConfigMaps: `import { ConfigMap } from "@pulumi/kubernetes/core/v1/configMap.js";
import { Provider } from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";

const config = new pulumi.Config("maintenance-pages");
const provider = new Provider("cluster", { context: config.require("context"), enableServerSideApply: true });
for (let index = 0; index < config.requireNumber("count"); index += 1) {
  const metadata = { name: \`trivial-\${index}\`, namespace: "default" };
  new ConfigMap(\`trivial-\${index}\`, { metadata, data: { index: String(index) } }, { provider });
}
`,
} as const;

/** `preview` and `up` of an enter, against a program with as many trivial resources of which as many are new. */
export async function benchScale(ground: Ground): Promise<Section> {
  const { stack } = ground;
  const folder = mkdtempSync(join(tmpdir(), "bench-pulumi-"));
  const rows: (readonly string[])[] = [];
  try {
    const trivial = await trivialStack(ground, folder, "ConfigMaps");
    await stack.type(["config", "set", "maintenanceLimit", "1000"]);
    for (const [registered, entering] of CASES) {
      const names = Array.from({ length: registered }, (_, index) => `many-${index}`);
      await stack.type(["config", "set", "maintenance", "[]"]);
      await stack.type(["config", "set", "instances", JSON.stringify(names)]);
      await stack.up();
      const resources = await countOf(stack);
      await trivial.type(["config", "set", "count", String(resources)]);
      await trivial.up();

      await stack.type(["config", "set", "maintenance", JSON.stringify(names.slice(0, entering))]);
      await trivial.type(["config", "set", "count", String(resources + entering)]);
      const [oursPreview, theirsPreview] = [await measure(stack, "preview"), await measure(trivial, "preview")];
      const [oursUp, theirsUp] = [await measure(stack, "up"), await measure(trivial, "up")];
      const changed = (await countOf(stack)) - resources;
      rows.push([
        `${registered.toLocaleString("en")}, ${entering} of them enter${entering === 1 ? "s" : ""}`,
        String(changed),
        ...compared(oursPreview, theirsPreview),
        ...compared(oursUp, theirsUp),
        `${oursUp.memory.toFixed(0)} / ${theirsUp.memory.toFixed(0)} MB`,
      ]);
    }
    await trivial.destroy();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return {
    title: "Pulumi, by the number of instances",
    about:
      "An enter, against a program that makes as many ConfigMaps as this one makes resources, of which as many are new. One run each. Memory is that of the largest process of the `up`. Without the admission webhook. Goal: 1.3 times.",
    head: ["instances", "new resources", "preview", "trivial", "ratio", "up", "trivial", "ratio", "memory, trivial"],
    rows,
  };
}

/** What the program costs before it does anything, against one that does nothing. */
export async function benchStart(ground: Ground): Promise<Section> {
  const folder = mkdtempSync(join(tmpdir(), "bench-pulumi-"));
  const runs = { ours: [] as Run[], empty: [] as Run[] };
  try {
    const empty = await trivialStack(ground, folder, "empty");
    for (let round = 0; round < EMPTY_ROUNDS; round += 1) {
      runs.ours.push(await measure(ground.stack, "preview"));
      runs.empty.push(await measure(empty, "preview"));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const [ours, empty] = [medianOf(runs.ours), medianOf(runs.empty)];
  return {
    title: "The program's start",
    about: `A \`pulumi preview\` with nothing to do, against that of an empty program; medians of ${EMPTY_ROUNDS} by turns. Goal: 1.5 times.`,
    head: ["", "this program", "an empty one", "ratio"],
    rows: [
      ["time", `${ours.seconds.toFixed(2)} s`, `${empty.seconds.toFixed(2)} s`, ratio(ours.seconds, empty.seconds)],
      ["memory", `${ours.memory.toFixed(0)} MB`, `${empty.memory.toFixed(0)} MB`, ratio(ours.memory, empty.memory)],
    ],
  };
}

function compared(ours: Run, theirs: Run): readonly string[] {
  return [`${ours.seconds.toFixed(1)} s`, `${theirs.seconds.toFixed(1)} s`, ratio(ours.seconds, theirs.seconds)];
}

/** A stack of its own for a trivial program, on the same cluster and with the same engine and plugins. */
function trivialStack(ground: Ground, folder: string, program: keyof typeof TRIVIAL): Promise<LocalStack> {
  const project = join(folder, program);
  mkdirSync(project, { recursive: true });
  const described = readFileSync(join(PROJECT, "Pulumi.yaml"), "utf8").replace(/^name: .*$/m, "name: trivial");
  writeFileSync(join(project, "Pulumi.yaml"), described);
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "trivial", main: "index.ts" }));
  writeFileSync(join(project, "index.ts"), TRIVIAL[program]);
  for (const name of ["tsconfig.json", "tsconfig.pulumi.json"]) {
    writeFileSync(join(project, name), readFileSync(join(PROJECT, name)));
  }
  symlinkSync(join(PROJECT, "node_modules"), join(project, "node_modules"));
  const { PATH = "", ...environment } = ground.stack.environment;
  return LocalStack.create({
    project,
    stateFolder: join(folder, `${program}-state`),
    path: PATH.split(":"),
    environment,
    configuration: { context: ground.cluster.config.getCurrentContext(), count: "0" },
  });
}

async function countOf(stack: LocalStack): Promise<number> {
  const exported: unknown = JSON.parse(await stack.type(["stack", "export", "--stack", STACK]));
  const { deployment } = exported as { deployment: { resources?: readonly unknown[] } };
  return deployment.resources?.length ?? 0;
}

/** Runs it, and looks at its processes meanwhile. */
async function measure(stack: LocalStack, command: "preview" | "up"): Promise<Run> {
  const args = command === "up" ? ["up", "--yes", "--skip-preview"] : ["preview"];
  const begin = Date.now();
  const child = stack.start([...args, "--non-interactive", "--color", "never"]);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  let memory = 0;
  const timer = setInterval(() => {
    memory = Math.max(memory, ...(child.pid === undefined ? [] : memoryOf(child.pid)));
  }, 50);
  await once(child, "close");
  clearInterval(timer);
  if (child.exitCode !== 0) throw new Error(output);
  return { seconds: (Date.now() - begin) / 1000, memory };
}

/** The memory of each process in a group, in MB. */
function memoryOf(group: number): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const [, , parentAndGroup = ""] =
          /^(\d+) \(.*\) \S (\d+ \d+)/s.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
        if (Number(parentAndGroup.split(" ")[1]) !== group) return [];
        return [Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024];
      } catch {
        return []; // it has ended
      }
    });
}

function medianOf(runs: readonly Run[]): Run {
  const of = (figure: keyof Run) =>
    runs.map((run) => run[figure]).sort((one, other) => one - other)[Math.floor(runs.length / 2)] ?? Number.NaN;
  return { seconds: of("seconds"), memory: of("memory") };
}
