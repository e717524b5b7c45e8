import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Lab } from "../lab/lab";
import { LocalStack, STACK } from "../lab/stack";
import { median } from "./median";
import { memoryOf } from "./processes";
import { ratio, type Section } from "./section";

const PROJECT = join(__dirname, "..");

// Instances in the registry, and how many of them are enabled.
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

/**
 * Programs to compare with: one that makes nothing; one that makes nothing either but uses the providers of this one, a bucket
 * with an object and a ConfigMap; and one that makes as many resources as it is told, each as small as there is.
 */
const TRIVIAL = {
  empty: "export {};\n",
  providers: trivialProgram("1", "0", "1"),
  resources: trivialProgram(
    'config.requireNumber("objects")',
    'config.requireNumber("ingresses")',
    'config.requireNumber("others")',
  ),
} as const;

function trivialProgram(objects: string, ingresses: string, others: string): string {
  return `import { Provider as Store } from "@pulumi/aws/provider.js";
import * as s3 from "@pulumi/aws/s3/index.js";
import { ConfigMap } from "@pulumi/kubernetes/core/v1/configMap.js";
import { Ingress } from "@pulumi/kubernetes/networking/v1/ingress.js";
import { Provider } from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";

const config = new pulumi.Config("maintenance-pages");
const store = {
  provider: new Store("store", {
    region: "us-east-1",
    endpoints: [{ s3: config.require("endpoint") }],
    s3UsePathStyle: true,
    skipCredentialsValidation: true,
    skipRegionValidation: true,
    skipRequestingAccountId: true,
    skipMetadataApiCheck: true,
  }),
};
const cluster = { provider: new Provider("cluster", { context: config.require("context"), enableServerSideApply: true }) };
const own = pulumi.getProject() + "-";
const kind = { contentType: "text/plain", cacheControl: "no-store" };
const { bucket } = new s3.Bucket("trivial", { bucket: own + "trivial" }, store);
for (let index = 0; index < ${objects}; index += 1) {
  new s3.BucketObjectv2("trivial-" + index, { bucket, key: "trivial-" + index, content: "x", ...kind }, store);
}
for (let index = 0; index < ${others}; index += 1) {
  new ConfigMap("trivial-" + index, { metadata: { name: own + index, namespace: "default" }, data: {} }, cluster);
}
const backend = { service: { name: "nobody", port: { number: 80 } } };
for (let index = 0; index < ${ingresses}; index += 1) {
  const name = own + index;
  // For Pulumi not to wait until it has an address, as the overrides' does.
  const annotations = { "pulumi.com/skipAwait": "true" };
  const paths = [{ path: "/", pathType: "Prefix", backend }];
  const spec = { ingressClassName: "nginx", rules: [{ host: name + ".localhost", http: { paths } }] };
  new Ingress(name, { metadata: { name, namespace: "default", annotations }, spec }, cluster);
}
`;
}

/** `preview` and `up` of an enable, against a program with as many trivial resources of which as many are new. */
export async function benchScale(lab: Lab): Promise<Section> {
  const { stack } = lab;
  const folder = mkdtempSync(join(tmpdir(), "bench-pulumi-"));
  const rows: (readonly string[])[] = [];
  try {
    const trivial = await trivialStack(lab, folder, "resources");
    await stack.type(["config", "set", "maintenanceLimit", "1000"]);
    for (const [registered, enabling] of CASES) {
      const names = Array.from({ length: registered }, (_, index) => `many-${index}`);
      await stack.type(["config", "set", "maintenance", "[]"]);
      await stack.type(["config", "set", "instances", JSON.stringify(names)]);
      await stack.up();
      await mirror(stack, trivial);
      await trivial.up();
      const before = await sameNumber(stack, trivial);

      await stack.type(["config", "set", "maintenance", JSON.stringify(names.slice(0, enabling))]);
      await mirror(stack, trivial, enabling);
      const [oursPreview, theirsPreview] = [await measure(stack, "preview"), await measure(trivial, "preview")];
      const [oursUp, theirsUp] = [await measure(stack, "up"), await measure(trivial, "up")];
      const changed = (await sameNumber(stack, trivial)) - before;
      rows.push([
        `${registered.toLocaleString("en")}, ${enabling} of them enabled`,
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
      "Enabling maintenance, against a program that has as many resources, each as small as there is: objects of one byte, ordinary Ingresses of which as many are new, and ConfigMaps for everything else. One run each. Memory is that of the largest process of the `up`. Without the admission webhook. Goal: 1.3 times. Where 100 are enabled at once, what is above it is the state: in a folder or a bucket Pulumi writes all of it, with every page, before and after each resource.",
    head: ["instances", "new resources", "preview", "trivial", "ratio", "up", "trivial", "ratio", "memory, trivial"],
    rows,
  };
}

/** What the program costs before it does anything, against those that do nothing. */
export async function benchStart(lab: Lab): Promise<Section> {
  const folder = mkdtempSync(join(tmpdir(), "bench-pulumi-"));
  const runs = { ours: [] as Run[], resources: [] as Run[], providers: [] as Run[], empty: [] as Run[] };
  try {
    const [resources, providers, empty] = [
      await trivialStack(lab, folder, "resources"),
      await trivialStack(lab, folder, "providers"),
      await trivialStack(lab, folder, "empty"),
    ];
    await mirror(lab.stack, resources);
    await resources.up();
    await sameNumber(lab.stack, resources);
    await providers.up();
    for (let round = 0; round < EMPTY_ROUNDS; round += 1) {
      runs.ours.push(await measure(lab.stack, "preview"));
      runs.resources.push(await measure(resources, "preview"));
      runs.providers.push(await measure(providers, "preview"));
      runs.empty.push(await measure(empty, "preview"));
    }
    await resources.destroy();
    await providers.destroy();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const ours = medianOf(runs.ours);
  const row = (name: string, run: Run) => [
    name,
    `${run.seconds.toFixed(2)} s`,
    ratio(ours.seconds, run.seconds),
    `${run.memory.toFixed(0)} MB`,
    ratio(ours.memory, run.memory),
  ];
  return {
    title: "The program's start",
    about: `A \`pulumi preview\` with nothing to do, and this program's against each of the others; medians of ${EMPTY_ROUNDS} by turns. Memory is that of the largest process. Goal: 1.5 times an empty program, which starts no provider. One resource of each of the two that every stack of this one needs, Kubernetes and the store, takes more than that already, and what as many resources take is in the last row. One of this program's three instances has a template of its own, whose pages are held against the HTML standard in every run.`,
    head: ["", "time", "ours against it", "memory", "ours against it"],
    rows: [
      row("this program", ours),
      row("an empty program", medianOf(runs.empty)),
      row("one resource of each provider", medianOf(runs.providers)),
      row("as many resources, as small as there is", medianOf(runs.resources)),
    ],
  };
}

function compared(ours: Run, theirs: Run): readonly string[] {
  return [`${ours.seconds.toFixed(1)} s`, `${theirs.seconds.toFixed(1)} s`, ratio(ours.seconds, theirs.seconds)];
}

/** A stack of its own for a trivial program, on the same cluster and with the same engine and plugins. */
function trivialStack(lab: Lab, folder: string, program: keyof typeof TRIVIAL): Promise<LocalStack> {
  const project = join(folder, program);
  mkdirSync(project, { recursive: true });
  const described = readFileSync(join(PROJECT, "Pulumi.yaml"), "utf8").replace(/^name: .*$/m, `name: ${program}`);
  writeFileSync(join(project, "Pulumi.yaml"), described);
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "trivial", main: "index.ts" }));
  writeFileSync(join(project, "index.ts"), TRIVIAL[program]);
  for (const name of ["tsconfig.json", "tsconfig.pulumi.json"]) {
    writeFileSync(join(project, name), readFileSync(join(PROJECT, name)));
  }
  symlinkSync(join(PROJECT, "node_modules"), join(project, "node_modules"));
  const { PATH = "", ...environment } = lab.stack.environment;
  return LocalStack.create({
    project,
    stateFolder: join(folder, `${program}-state`),
    path: PATH.split(":"),
    environment,
    configuration: {
      context: lab.cluster.kube.config.getCurrentContext(),
      endpoint: lab.cluster.objectStore.endpoint,
      objects: "0",
      ingresses: "0",
      others: "0",
    },
  });
}

/** What a trivial stack has whatever it is told: itself, two providers and a bucket. */
const ANYWAY = 4;

/** Tells a trivial stack to have as many resources as another, and some Ingresses more. */
async function mirror(stack: LocalStack, trivial: LocalStack, more = 0): Promise<void> {
  const types = await typesOf(stack);
  const objects = types.filter((type) => type.startsWith("aws:s3/bucketObject")).length;
  const ingresses = types.filter((type) => type.endsWith(":Ingress")).length;
  const others = types.length - objects - ingresses - ANYWAY;
  for (const [key, count] of Object.entries({ objects, ingresses: ingresses + more, others })) {
    await trivial.type(["config", "set", `maintenance-pages:${key}`, String(count)]);
  }
}

/**
 * How many resources both stacks have.
 *
 * @throws {Error} when one has more: nothing that is measured of them could be compared.
 */
async function sameNumber(stack: LocalStack, trivial: LocalStack): Promise<number> {
  const [ours, theirs] = [(await typesOf(stack)).length, (await typesOf(trivial)).length];
  if (ours !== theirs) throw new Error(`${ours} resources are to be compared with ${theirs}`);
  return ours;
}

/** The type of each resource of a stack. */
async function typesOf(stack: LocalStack): Promise<readonly string[]> {
  const exported: unknown = JSON.parse(await stack.type(["stack", "export", "--stack", STACK]));
  const { deployment } = exported as { deployment: { resources?: readonly { readonly type: string }[] } };
  return (deployment.resources ?? []).map(({ type }) => type);
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

function medianOf(runs: readonly Run[]): Run {
  return { seconds: median(runs.map(({ seconds }) => seconds)), memory: median(runs.map(({ memory }) => memory)) };
}
