import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { KubernetesObject } from "@kubernetes/client-node";
import type { Finding } from "../cli/check/finding";
import { plainOverrideManifest } from "../components/edges/ingress-nginx/manifests";
import { FIRST, webhookObject } from "../lab/edges/ingress-nginx/objects";
import type { Lab } from "../lab/lab";
import { HOST_PATTERNS, ruleFor, SAMPLES } from "../lab/samples";
import { ensureProgram } from "../lab/tools/tools";
import { untilAnswer, visit } from "../lab/traffic/visitor";
import { type Counts, startCountingProxy } from "./counting-proxy";
import { hostOf } from "./many";
import { median } from "./median";
import { type Ran, ran } from "./processes";
import { ratio, type Section } from "./section";

// `maintenance check`, against what one would type without it: a preview of the stack, and a dry run of every override.

const COUNTS = [10, 100, 1000] as const;
const ROUNDS = 3;
const AT_ONCE = 25;

const NAMESPACE = "maintenance-pages";
const PLACEMENT = { edge: "default", namespace: NAMESPACE, ingressClassName: "nginx" } as const;

/** The namespace of all routes, as it has a Service that answers. `check` reads the routes of all namespaces in one list. */
const [SAMPLE] = SAMPLES;

/** A command of the three, with these variables besides those of the stack. */
type Way = (environment?: Readonly<Record<string, string>>) => Promise<Ran>;

interface Ways {
  readonly check: Way;
  readonly preview: Way;
  readonly kubectl: Way;
}

/** One row of the times. */
interface Row {
  readonly name: string;
  readonly check: readonly Ran[];
  readonly preview: readonly Ran[];
  /** None if it was not run. */
  readonly kubectl: readonly Ran[];
}

/** The requests of each command, with this number of instances. */
interface Requests {
  readonly count: number;
  readonly check: Counts;
  readonly preview: Counts;
  readonly kubectl: Counts;
}

/** `check` with 10, 100 and 1,000 instances: its time, its memory, and its requests to the API. */
export async function benchCheck(lab: Lab): Promise<readonly Section[]> {
  const { stack, samples, cluster, edge } = lab;
  const kubectl = await ensureProgram("kubectl", console.error);
  const before = await stack.type(["config", "get", "instances"]);
  const webhook = await webhookOf(lab);
  const folder = mkdtempSync(join(tmpdir(), "bench-check-"));
  const counted = { KUBECONFIG: join(folder, "kubeconfig") };
  const proxy = await startCountingProxy(cluster.kube.config, counted.KUBECONFIG);
  const rows: Row[] = [];
  const requests: Requests[] = [];
  try {
    let made = 0;
    for (const count of COUNTS) {
      const many = count - SAMPLES.length;
      // It renders and tries the whole configuration for each Ingress: with it, it takes too long to make 1,000 of them.
      await samples.delete(webhook);
      for (; made < many; made += AT_ONCE) {
        const indexes = Array.from({ length: Math.min(AT_ONCE, many - made) }, (_, index) => made + index);
        await Promise.all(indexes.map((index) => samples.apply(routeOf(index))));
      }
      made = many;
      const names = [...SAMPLES, ...Array.from({ length: many }, (_, index) => nameOf(index))];
      await stack.type(["config", "set", "instances", JSON.stringify(names)]);
      await stack.up();
      await untilAnswer(
        () => visit(edge, hostOf(many - 1)),
        ({ status }) => status === 200,
        180,
      );

      const ways = waysOn(lab, kubectl.path, folder, names);
      const name = `${count.toLocaleString("en")} instances`;
      const row = { name, check: [] as Ran[], preview: [] as Ran[], kubectl: [] as Ran[] };
      for (let round = 0; round < ROUNDS; round += 1) {
        row.check.push(await ways.check());
        row.preview.push(await succeeded(ways.preview()));
        row.kubectl.push(await succeeded(ways.kubectl()));
      }
      rows.push(row);

      const countOf = async (run: Promise<Ran>) => {
        await run;
        return proxy.take();
      };
      requests.push({
        count,
        check: await countOf(ways.check(counted)),
        preview: await countOf(succeeded(ways.preview(counted))),
        kubectl: await countOf(succeeded(ways.kubectl(counted))),
      });

      await samples.apply(webhook);
      await sleep(WEBHOOK_MILLISECONDS);
      if (count === 100) rows.push(await onceWith(`${name}, with the webhook`, ways));
      if (count === 1000) {
        const [one = ""] = names;
        const waysOfOne = waysOn(lab, kubectl.path, folder, [one], one);
        rows.push(await onceWith("one of 1,000 instances, with the webhook", waysOfOne));
        // Without kubectl, which has no limit: with seconds for each it takes too long.
        rows.push(await onceWith("1,000 instances, with the webhook", { ...ways, kubectl: undefined }));
      }
    }
    await stack.type(["config", "set", "instances", before.trim()]);
    await stack.up();
  } finally {
    proxy.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  return [timesSection(rows), requestsSection(requests)];
}

/** The API server has seen a new webhook after a second at most. */
const WEBHOOK_MILLISECONDS = 2000;

/** The admission webhook of the controller, as it is in the cluster. */
async function webhookOf({ cluster }: Lab): Promise<KubernetesObject> {
  const { metadata: _, ...rest } = await cluster.kube.objects.read(webhookObject(FIRST));
  return { ...rest, ...webhookObject(FIRST) };
}

function nameOf(index: number): string {
  return hostOf(index).replace(/\.localhost$/, "");
}

function hostsOf(name: string): readonly string[] {
  return HOST_PATTERNS.map((pattern) => pattern.replace("{instance}", name));
}

/** The instance's own Ingress: every host, to a server that answers. */
function routeOf(index: number) {
  const name = nameOf(index);
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { name, namespace: SAMPLE },
    spec: { ingressClassName: "nginx", rules: hostsOf(name).map((host) => ruleFor(host, "caddy")) },
  };
}

/**
 * The commands.
 *
 * @param names the instances whose overrides kubectl tries.
 * @param only the instances that `check` is given; without any, it checks all.
 */
function waysOn({ stack }: Lab, kubectl: string, folder: string, names: readonly string[], ...only: string[]): Ways {
  const { project } = stack;
  const on = (environment: Readonly<Record<string, string>> = {}) => ({
    cwd: project,
    env: { ...process.env, ...stack.environment, ...environment },
  });
  const overrides = join(folder, `overrides-of-${names.length}.json`);
  const items = names.map((name) => ({
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    ...plainOverrideManifest({ name, hosts: hostsOf(name), otherHosts: [] }, PLACEMENT),
  }));
  writeFileSync(overrides, JSON.stringify({ apiVersion: "v1", kind: "List", items }));
  const apply = ["apply", "--server-side", "--dry-run=server", "--cache-dir", join(folder, "cache")];
  const check = [join(project, "cli", "maintenance.js"), "check", ...only, "--json"];
  return {
    check: (environment) => checked(ran(process.execPath, check, on(environment))),
    preview: (environment) => ran("pulumi", ["preview", "--non-interactive", "--color", "never"], on(environment)),
    kubectl: (environment) => ran(kubectl, [...apply, "--filename", overrides], on(environment)),
  };
}

/** Prints each finding that is not ok. It may have cost time, and the table only counts it. */
async function checked(run: Promise<Ran>): Promise<Ran> {
  const ended = await run;
  for (const { result, check, text } of findingsIn(ended)) {
    if (result !== "ok") console.error(`${result}: ${check}: ${text}`);
  }
  return ended;
}

/** @throws {Error} with the output, when it has none. The code does not tell: it is another one if something was found. */
function findingsIn({ stdout, output }: Ran): readonly Finding[] {
  if (!stdout.startsWith("[")) throw new Error(output);
  return JSON.parse(stdout) as readonly Finding[];
}

/** @throws {Error} with its output, when it fails. */
async function succeeded(run: Promise<Ran>): Promise<Ran> {
  const ended = await run;
  if (ended.code !== 0) throw new Error(ended.output);
  return ended;
}

async function onceWith(
  name: string,
  { check, preview, kubectl }: Omit<Ways, "kubectl"> & { readonly kubectl: Way | undefined },
): Promise<Row> {
  return {
    name,
    check: [await check()],
    preview: [await succeeded(preview())],
    kubectl: kubectl === undefined ? [] : [await succeeded(kubectl())],
  };
}

function timesSection(rows: readonly Row[]): Section {
  return {
    title: "`check`, by the number of instances",
    about: `\`npx maintenance check\`, against what one would type without it, one after the other: \`pulumi preview\` of the same stack, and \`kubectl apply --server-side --dry-run=server\` of one file with the override of each instance. Those two find what is wrong with the program and with admission; \`check\` does the same, and all its other checks. Each instance has two hosts and an Ingress of its own that is served; none is in maintenance. The edge has an address, so DNS and certificates are not looked at. Three rows are medians of ${ROUNDS} by turns without ingress-nginx's admission webhook. Those with the webhook are one run each: for each dry run it renders and tries the whole configuration. Where one takes longer than half a second, \`check\` does one at a time, and after a minute no other one. Memory is that of the command's own process and of kubectl's. npx itself is left out. Goal: 1.`,
    head: ["", "`check`", "its findings", "`pulumi preview`", "kubectl", "ratio to both", "memory, kubectl's"],
    rows: rows.map(({ name, check, preview, kubectl }) => {
      const [ours, program, admission] = [secondsOf(check), secondsOf(preview), secondsOf(kubectl)];
      const isComplete = kubectl.length > 0;
      return [
        name,
        `${ours.toFixed(1)} s`,
        findingsText(check),
        `${program.toFixed(1)} s`,
        isComplete ? `${admission.toFixed(1)} s` : "not run",
        isComplete ? ratio(ours, program + admission) : "",
        [check, ...(isComplete ? [kubectl] : [])].map(memoryOf).join(" / "),
      ];
    }),
  };
}

function secondsOf(runs: readonly Ran[]): number {
  return median(runs.map(({ seconds }) => seconds));
}

function memoryOf(runs: readonly Ran[]): string {
  return `${median(runs.map(({ memory }) => memory)).toFixed(0)} MB`;
}

/** How many findings of each result the last run has, such as `18 ok`. */
function findingsText(runs: readonly Ran[]): string {
  const results = runs
    .slice(-1)
    .flatMap(findingsIn)
    .map(({ result }) => result);
  return [...new Set(results)]
    .map((result) => `${results.filter((one) => one === result).length} ${result}`)
    .join(", ");
}

function requestsSection(requests: readonly Requests[]): Section {
  return {
    title: "The requests of one `check`",
    about:
      "Requests to the Kubernetes API, counted in one run each by a proxy that only this command uses. Those of `check` include its own preview's. POST is a review of a right of this account, PATCH the dry run of an override. What one more instance adds is the difference to the row above, divided by the number of instances between them.",
    head: ["", "`check`", "GET", "POST", "PATCH", "one more instance", "`pulumi preview`", "kubectl"],
    rows: requests.map(({ count, check, preview, kubectl }, index) => {
      const before = requests[index - 1];
      const more = before === undefined ? undefined : (sumOf(check) - sumOf(before.check)) / (count - before.count);
      return [
        `${count.toLocaleString("en")} instances`,
        ...[sumOf(check), ...["GET", "POST", "PATCH"].map((method) => check.get(method) ?? 0)].map(numberText),
        more === undefined ? "" : `+ ${more.toFixed(2)}`,
        ...[preview, kubectl].map((counts) => numberText(sumOf(counts))),
      ];
    }),
  };
}

function sumOf(counts: Counts): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

function numberText(number: number): string {
  return number.toLocaleString("en");
}
