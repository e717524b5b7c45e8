import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EXIT } from "../../cli/errors";
import { PROJECT } from "../../cli/project";
import { tryCommand } from "../../lab/cluster/commands";
import { SECOND } from "../../lab/edges/ingress-nginx/objects";
import { type Lab, startLab } from "../../lab/lab";
import { hostsOf, ingressOf, type Sample } from "../../lab/samples";
import { isPageOf, marker } from "../../lab/scenario/seen";
import { startLoad } from "../../lab/traffic/load";
import { type Answer, untilAnswer, visit } from "../../lab/traffic/visitor";

// Two real ingress-nginx controllers with two classes on one cluster: acme is behind the first, beta behind the second, and gamma behind
// both.

let lab: Lab;
let second: string;

const isOpen = (sample: Sample) => (answer: Answer) =>
  answer.status === 200 && answer.body.startsWith(`this is ${sample}:`);

beforeAll(async () => {
  lab = await startLab({ report: (line) => console.log(line) });
  const { stack, samples, cluster } = lab;
  for (const [setting, value] of [
    ["edges.second.kind", "ingress-nginx"],
    ["edges.second.className", SECOND.className],
    ["edges.second.namespace", SECOND.namespace],
  ] as const) {
    await stack.type(["config", "set", "--path", setting, value]);
  }
  const instances = { acme: { edges: ["default"] }, beta: { edges: ["second"] }, gamma: {} };
  await stack.type(["config", "set", "instances", JSON.stringify(instances)]);
  await stack.up();
  const edge = await cluster.embedded?.startEdge(await stack.helmValues("second"), SECOND);
  second = edge?.url ?? "";
  await stack.type(["config", "set", "--path", "edges.second.address", second]);
  await samples.deleteIngress("beta");
  for (const sample of ["beta", "gamma"] as const) {
    await samples.apply(ingressOf(sample, SECOND.className));
    for (const host of hostsOf(sample)) await untilAnswer(() => visit(second, host), isOpen(sample), 60);
  }
  for (const host of hostsOf("beta")) await untilAnswer(() => visit(lab.edge, host), isNotFound, 60);
});
afterAll(() => lab?.stop());

const isNotFound = (answer: Answer) => answer.status === 404 && marker(answer).get("kind") === "not-found";

/** Where each instance's visitors come in. */
const ways = (): readonly (readonly [Sample, string])[] => [
  ["acme", lab.edge],
  ["gamma", lab.edge],
  ["beta", second],
  ["gamma", second],
];

const COMMAND = join(PROJECT, "cli", "maintenance.js");

async function type(...args: readonly string[]) {
  const env = { ...process.env, ...lab.stack.environment };
  return tryCommand(process.execPath, [COMMAND, ...args], { cwd: PROJECT, env, timeoutSeconds: 240 });
}

const PER_SECOND = 50;

/** Runs the command while visitors come in at every edge, each of whom has to get the page or the instance itself. */
async function underLoad(...args: readonly string[]) {
  const classify = (sample: Sample) => (answer: Answer) =>
    isPageOf(sample)(answer)
      ? "page"
      : isOpen(sample)(answer)
        ? "own"
        : `wrong: ${answer.status} ${answer.body.slice(0, 60)}`;
  const loads = [
    ...ways().map(([sample, edge]) => startLoad(edge, hostsOf(sample)[0] ?? "", PER_SECOND, classify(sample))),
    ...[lab.edge, second].map((edge) =>
      startLoad(edge, "nobody.localhost", PER_SECOND, (answer) =>
        isNotFound(answer) ? "not-found" : `wrong: ${answer.status}`,
      ),
    ),
  ];
  const result = await type(...args).finally(() => Promise.all(loads.map((load) => load.stop())));
  const seen = await Promise.all(loads.map((load) => load.stop()));
  const kinds = seen.flatMap((one) => Object.entries(one.kinds));
  const wrong = kinds.filter(([kind]) => /^(?:wrong|failed)/.test(kind));
  console.log(
    `${args.join(" ")}: ${seen.reduce((sum, { answers }) => sum + answers, 0)} answers, ${wrong.length} kinds of wrong ones`,
  );
  return { ...result, wrong };
}

describe("two edges of the kind ingress-nginx, with two classes", () => {
  it("enable takes each instance over at each of its edges, and nothing else: 0 wrong", async () => {
    const { code, output, wrong } = await underLoad("enable", "acme", "beta", "gamma", "--yes");
    expect(code, output).toBe(EXIT.done);
    expect(wrong).toStrictEqual([]);
    expect(output).toMatch(/^ {2}acme\.localhost: 503, the unscheduled page of acme/m);
    expect(output).toMatch(/^ {2}beta\.localhost at second: 503, the unscheduled page of beta/m);
    expect(output).toMatch(/^ {2}gamma\.localhost: 503, the unscheduled page of gamma/m);
    expect(output).toMatch(/^ {2}gamma\.localhost at second: 503, the unscheduled page of gamma/m);
    expect(output).not.toMatch(/acme\.localhost at second|beta\.localhost: /);
    for (const [sample, edge] of ways()) {
      for (const host of hostsOf(sample)) expect(isPageOf(sample)(await visit(edge, host, "/a/b?c")), host).toBe(true);
    }
    for (const host of hostsOf("beta")) expect(isNotFound(await visit(lab.edge, host))).toBe(true);
  });

  it("status finds a deleted override at the edge where it is missing", async () => {
    expect((await type("status")).code).toBe(EXIT.done);
    const override = {
      apiVersion: "networking.k8s.io/v1",
      kind: "Ingress",
      metadata: { name: "maintenance-gamma.second", namespace: "maintenance-pages" },
    };
    await lab.samples.delete(override);
    await untilAnswer(() => visit(second, "gamma.localhost"), isOpen("gamma"), 60);
    const { code, output } = await type("status");
    expect(code).toBe(EXIT.attention);
    expect(output).toMatch(/^DIFFERS, DRIFTED +gamma .*gamma\.localhost at second: 200/m);
    expect(output).toContain("at second: its override is not there");
    expect(output).not.toContain("at default: ");
    await lab.stack.script("up.sh");
    for (const host of hostsOf("gamma")) await untilAnswer(() => visit(second, host), isPageOf("gamma"), 60);
  });

  it("disable lets visitors in at each of them: 0 wrong", async () => {
    const { code, output, wrong } = await underLoad("disable", "acme", "beta", "gamma", "--yes");
    expect(code, output).toBe(EXIT.done);
    expect(wrong).toStrictEqual([]);
    for (const [sample, edge] of ways()) {
      for (const host of hostsOf(sample)) expect(isOpen(sample)(await visit(edge, host)), host).toBe(true);
    }
  });

  it("an edge that another edge's class has is refused", async () => {
    await lab.stack.type(["config", "set", "--path", "edges.third.kind", "ingress-nginx"]);
    await lab.stack.type(["config", "set", "--path", "edges.third.className", SECOND.className]);
    const { code, output } = await type("plan");
    expect(code).toBe(EXIT.refused);
    expect(output).toMatch(
      /edges\.third\.className\n {4}found: {4}"second"\n {4}allowed: {2}a class that no other edge has: edges\.second has this one/,
    );
    await lab.stack.type(["config", "rm", "--path", "edges.third"]);
  });
});
