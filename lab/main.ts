import Table from "cli-table3";
import { EDGE_KINDS } from "../components/edges/settings";
import { LocalError } from "./cluster/errors";
import { whenInterrupted } from "./interrupted";
import { at, type EdgeKind, type Lab, startLab } from "./lab";
import { readOptions } from "./options";
import { describeFigures, type Figures } from "./scenario/figures";
import { scenario } from "./scenario/scenario";
import { inWordsOf } from "./scenario/seen";
import { type Step, whyNotHere } from "./scenario/step";
import { UpFailed } from "./stack";

const USAGE = `npm run local               a cluster on this machine with three instances and the program deployed; Ctrl-C removes it
npm run local -- --check    the same without a person: walks an instance into maintenance and back, prints a table
           --only TEXT …           only the rows whose step has TEXT
           --edge KINDS            ingress-nginx (the default), traefik, gateway-api, or several: ingress-nginx,traefik
      KUBECONFIG=… npm run local [-- --context NAME]    on a cluster of your own (kind, k3d); NAME when it is not here
           --chart PATH            the ingress-nginx chart, for a cluster that can't reach its repository
           --values FILE           Helm values for it, such as where its images are
           --upgrade-chart PATH    another version of the chart, which --check then upgrades to`;

async function main(): Promise<number> {
  const { check, only, edge, help, context, ...controller } = readOptions(
    {
      check: { type: "boolean", default: false },
      only: { type: "string", multiple: true, default: [""] },
      edge: { type: "string", default: "ingress-nginx" },
      help: { type: "boolean", default: false },
      context: { type: "string" },
      chart: { type: "string" },
      values: { type: "string" },
      "upgrade-chart": { type: "string" },
    },
    USAGE,
  );
  if (help) {
    console.log(USAGE);
    return 0;
  }
  const steps = scenario.filter(({ step }) => only.some((text) => step.includes(text)));
  if (steps.length === 0) {
    throw new LocalError(
      `no row's step has ${only.map((text) => `"${text}"`).join(" or ")}:\n${scenario.map(({ step }) => `  ${step}`).join("\n")}`,
    );
  }
  const interrupted = whenInterrupted();
  const lab = await startLab({
    report,
    signal: interrupted,
    edges: edgesIn(edge),
    ...(context === undefined ? {} : { context }),
    controller: { chart: controller.chart, values: controller.values, upgradeChart: controller["upgrade-chart"] },
  });
  try {
    return check ? await runCheck(lab, steps, interrupted) : await stayOpen(lab, interrupted);
  } finally {
    report("removing everything");
    await lab.stop();
  }
}

/** @throws {LocalError} when it is no list of kinds. */
function edgesIn(text: string): readonly EdgeKind[] {
  return text.split(",").map((name) => {
    const kind = EDGE_KINDS.find((one) => one === name.trim());
    if (kind === undefined)
      throw new LocalError(`--edge is "${text}"; allowed: ${EDGE_KINDS.join(", ")}, with commas between them`);
    return kind;
  });
}

const begin = Date.now();

function report(line: string): void {
  console.log(`${((Date.now() - begin) / 1000).toFixed(1).padStart(6)} s  ${line}`);
}

function stayOpen({ port, edges, environmentFile, seconds }: Lab, signal: AbortSignal): Promise<number> {
  console.log(`
Ready after ${seconds.start.toFixed(1)} s. Open in a browser on this machine:

  http://acme.localhost:${port}/      an instance
  http://beta.localhost:${port}/      another one
  http://gamma.localhost:${port}/     one whose pages have a look of their own
  http://nobody.localhost:${port}/    a host that nobody owns
${edges.length > 1 ? `\nThe edges: ${edges.map((one) => `${one.kind} at port ${one.port}`).join(", ")}\n` : ""}
In another terminal, in this folder:

  source ${environmentFile}

  npx maintenance check                                      look for what would go wrong in a maintenance
  npx maintenance enable acme                                enable maintenance, and check what visitors see
  pulumi config set maintenance '["acme"]' && pulumi up      the same without the checks
  pulumi config set maintenance '[]' && pulumi up            disable it

Ctrl-C ends and removes all of it.
`);
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(0)));
}

async function runCheck(lab: Lab, steps: readonly Step[], signal: AbortSignal): Promise<number> {
  const walks: Walk[] = [];
  for (const edge of lab.edges) {
    // Each walk begins with nothing in maintenance, and the last row of one destroys the stack.
    if (walks.length > 0) {
      report("pulumi up, with the configuration of the start");
      await lab.reset();
    }
    walks.push(await walk({ ...lab, ...at(edge) }, steps, signal));
  }
  for (const one of walks) {
    console.log(`\n${one.lab.here.kind}\n${one.table.toString()}\n`);
    console.log(describeFigures(one.lab, one.figures));
  }
  const sum = (count: (one: Walk) => number) => walks.reduce((total, one) => total + count(one), 0);
  const [passed, wrong, skipped] = [sum((one) => one.passed), sum((one) => one.wrong), sum((one) => one.skipped)];
  console.log(`\n${passed} passed, ${wrong} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
  return wrong === 0 ? 0 : 1;
}

/** What was seen at one edge. */
interface Walk {
  readonly lab: Lab;
  readonly table: Table.Table;
  readonly figures: Figures;
  readonly passed: number;
  readonly wrong: number;
  readonly skipped: number;
}

/** Walks these rows at the edge that the lab is at. */
async function walk(lab: Lab, steps: readonly Step[], signal: AbortSignal): Promise<Walk> {
  const figures: Figures = {};
  const table = new Table({
    head: ["", "step", "expected", "seen"],
    colWidths: [4, 44, 54, 54],
    wordWrap: true,
    style: { head: [], border: [] },
  });
  const counts = { passed: 0, wrong: 0, skipped: 0 };
  for (const row of steps) {
    if (signal.aborted) throw new LocalError("interrupted");
    const { expected } = row;
    const step = lab.edges.length > 1 ? `${lab.here.kind}: ${row.step}` : row.step;
    const why = whyNotHere(row, lab);
    if (why !== undefined) {
      counts.skipped += 1;
      report(`skip  ${step}`);
      table.push(["-", row.step, expected, `skipped: ${why}`]);
      continue;
    }
    const seen = await row
      .see(lab, figures)
      .catch((error: unknown) => `error: ${error instanceof Error ? error.message : error}`);
    const { kind } = lab.here;
    const holds = inWordsOf(kind, seen) === inWordsOf(kind, expected);
    counts[holds ? "passed" : "wrong"] += 1;
    report(`${holds ? "ok   " : "WRONG"} ${step}`);
    // Whole here, and shortened in the table, which would wrap what Pulumi prints for minutes.
    if (!holds) report(`      ${seen}`);
    table.push([holds ? "ok" : "NO", row.step, expected, holds ? "as expected" : seen.slice(0, 500)]);
  }
  return { lab, table, figures, ...counts };
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    // What is thrown on purpose is for people; anything else is a fault of this program, and its trace helps.
    console.error(error instanceof LocalError || error instanceof UpFailed ? `\n${error.message}` : error);
    process.exit(1);
  },
);
