import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Lab } from "../lab/lab";
import { isPageOf } from "../lab/scenario/seen";
import { type LocalStack, STACK } from "../lab/stack";
import { type Answer, visit } from "../lab/traffic/visitor";
import { median } from "./median";
import { type Profiled, profiled } from "./processes";
import { ratio, type Section } from "./section";

// The command for an incident, against the two lines that do the same without looking.

const ROUNDS = 5;
/** The controller reloads every 3.3 seconds at most: two changes must not share a reload. */
const BETWEEN_MILLISECONDS = 6000;

/** Seconds from the key press. */
interface Times {
  /** Until it has ended. */
  readonly end: number;
  /** Until the first visitor saw what they should. */
  readonly seen: number;
}

/** One of several ways to do the same. */
type Way = (stack: LocalStack) => ChildProcess;

const BY_COMMAND = {
  enable: maintenance("enable", "acme", "--yes"),
  disable: maintenance("disable", "acme", "--yes"),
} as const;
const BY_HAND = {
  enable: shell(`pulumi config set maintenance '["acme"]' && pulumi up --yes --skip-preview`),
  disable: shell("pulumi config set maintenance '[]' && pulumi up --yes --skip-preview"),
} as const;

function maintenance(...args: readonly string[]): Way {
  return (stack) => started(stack, process.execPath, [join(stack.project, "cli", "maintenance.js"), ...args]);
}

function shell(line: string): Way {
  return (stack) => started(stack, "bash", ["-c", line]);
}

function started(stack: LocalStack, program: string, args: readonly string[]): ChildProcess {
  const env = { ...process.env, ...stack.environment };
  return spawn(program, args, { cwd: stack.project, env, stdio: ["ignore", "ignore", "inherit"] });
}

/** Enabling and disabling maintenance of one of three instances. */
export async function benchCommand({ stack, edge }: Lab): Promise<Section> {
  const isOpen = ({ status }: Answer) => status === 200;
  const see = { enable: isPageOf("acme"), disable: isOpen } as const;
  const times = { ours: { enable: [], disable: [] }, byHand: { enable: [], disable: [] } } as Record<
    "ours" | "byHand",
    Record<"enable" | "disable", Times[]>
  >;
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const what of ["enable", "disable"] as const) {
      times.ours[what].push(await timed(BY_COMMAND[what](stack), edge, "acme", see[what]));
      await sleep(BETWEEN_MILLISECONDS);
    }
    for (const what of ["enable", "disable"] as const) {
      times.byHand[what].push(await timed(BY_HAND[what](stack), edge, "acme", see[what]));
      await sleep(BETWEEN_MILLISECONDS);
    }
  }
  const row = (name: string, what: "enable" | "disable", figure: keyof Times, goal: string) => {
    const of = (all: (typeof times)["ours"]) => median(all[what].map((one) => one[figure]));
    return compared(name, of(times.ours), of(times.byHand), goal);
  };
  return {
    title: "The command, against `pulumi up`",
    about: `\`npx maintenance enable acme --yes\` and \`disable\` with their preview, guard, plan and checks at the edge, against \`pulumi config set maintenance … && pulumi up --yes --skip-preview\`, which checks nothing. Three instances; medians of ${ROUNDS} by turns, from the key press. npx itself, which takes half a second, is left out.`,
    head: ["", "the command", "`pulumi up`", "ratio", "goal"],
    rows: [
      row("enable, until it has ended", "enable", "end", "1.5"),
      row("… until the first visitor sees the page", "enable", "seen", "1.3"),
      row("disable, until it has ended", "disable", "end", "1.5"),
      row("… until the first visitor sees the site", "disable", "seen", "1.3"),
    ],
  };
}

/** A row: what was measured in seconds, its alternative after some words, and the ratio. */
function compared(name: string, ours: number, alternative: number, goal: string, words = ""): readonly string[] {
  return [name, `${ours.toFixed(1)} s`, `${words}${alternative.toFixed(1)} s`, ratio(ours, alternative), goal];
}

/** Where the time of one `enable` goes. */
export async function benchProfile({ stack }: Lab): Promise<Section> {
  return {
    title: "The processes of one `enable`",
    about:
      "Every process that the command starts, from the key press; one that lives for less than 20 ms may be missing. Looking at them every 20 ms makes the run slower than the one above.",
    head: PROFILE_HEAD,
    rows: await profileOf(BY_COMMAND.enable, stack),
  };
}

/** Where it goes when the engine is driven in Pulumi's own way. */
export async function benchAutomationApi({ stack }: Lab): Promise<Section> {
  const script = join(__dirname, "automation-process.ts");
  const typescript = require.resolve("sucrase/register/ts");
  const enable: Way = (on) => started(on, process.execPath, ["--require", typescript, script, on.project, STACK]);
  return {
    title: "The same through Pulumi's Automation API",
    about:
      "How the command began: Pulumi's Automation API sets the configuration, previews and applies it. Nothing is checked, neither before nor after. Each run of the engine starts the program anew.",
    head: PROFILE_HEAD,
    rows: await profileOf(enable, stack),
  };
}

const PROFILE_HEAD = ["process", "from", "until", "processor time"];

async function profileOf(enable: Way, stack: LocalStack): Promise<Section["rows"]> {
  const child = enable(stack);
  const processes = await profiled(child, succeeded(child));
  await succeeded(BY_COMMAND.disable(stack));
  await sleep(BETWEEN_MILLISECONDS);
  const row = ({ name, from, until, cpu }: Profiled) => [
    name,
    `${from.toFixed(1)} s`,
    `${until.toFixed(1)} s`,
    `${cpu.toFixed(1)} s`,
  ];
  return processes.map(row);
}

/** `status`, and `enable`, by the number of instances. */
export async function benchCommandScale({ stack, edge }: Lab): Promise<Section> {
  const rows: (readonly string[])[] = [];
  const before = await stack.type(["config", "get", "instances"]);
  const few = await medianStatus(stack);
  await register(stack, 100);
  const many = await medianStatus(stack);
  rows.push(compared("`status` of 100 instances", many, few, "1.5", "of 3: "));

  const names = await register(stack, 1000, 100);
  const [one, other] = [names.at(-1) ?? "", names.at(-2) ?? ""];
  await sleep(BETWEEN_MILLISECONDS);
  const list = JSON.stringify([...names.slice(0, 100), other]);
  const ours = await timed(maintenance("enable", one, "--yes")(stack), edge, one, isPageOf(one));
  await succeeded(maintenance("disable", one, "--yes", "--force")(stack), 3);
  await sleep(BETWEEN_MILLISECONDS);
  const up = shell(`pulumi config set maintenance '${list}' && pulumi up --yes --skip-preview`);
  const byHand = await timed(up(stack), edge, other, isPageOf(other));
  const row = (name: string, figure: keyof Times, goal: string) =>
    compared(name, ours[figure], byHand[figure], goal, "`pulumi up`: ");
  rows.push(
    row("`enable` of one of 1,000 instances, 100 of them in maintenance, until it has ended", "end", "1.5"),
    row("… until the first visitor sees the page, for which the controller reloads", "seen", "1.3"),
  );
  await stack.type(["config", "set", "maintenance", "[]"]);
  await stack.type(["config", "set", "instances", before.trim()]);
  await stack.up();
  return {
    title: "The command, by the number of instances",
    about:
      "`status` probes every host of every instance; medians of 5. The `enable` is one run. It runs the program twice, for the preview and the `up`, and with that many resources this is most of its time.",
    head: ["", "the command", "against", "ratio", "goal"],
    rows,
  };
}

async function register(stack: LocalStack, count: number, enabled = 0): Promise<readonly string[]> {
  const names = Array.from({ length: count }, (_, index) => `many-${index}`);
  await stack.type(["config", "set", "maintenanceLimit", String(count)]);
  await stack.type(["config", "set", "maintenance", "[]"]);
  await stack.type(["config", "set", "instances", JSON.stringify(names)]);
  await stack.type(["config", "set", "maintenance", JSON.stringify(names.slice(0, enabled))]);
  await stack.up();
  return names;
}

async function medianStatus(stack: LocalStack): Promise<number> {
  const seconds: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const begin = Date.now();
    await ended(maintenance("status")(stack));
    seconds.push((Date.now() - begin) / 1000);
  }
  return median(seconds);
}

async function timed(
  child: ChildProcess,
  edge: string,
  instance: string,
  isSeen: (answer: Answer) => boolean,
): Promise<Times> {
  const begin = Date.now();
  const since = () => (Date.now() - begin) / 1000;
  const seen = (async () => {
    while (!isSeen(await visit(edge, `${instance}.localhost`))) await sleep(20);
    return since();
  })();
  const end = succeeded(child).then(since);
  return { end: await end, seen: await seen };
}

/** @throws {Error} when it ends with another code. */
async function succeeded(child: ChildProcess, ...allowed: readonly number[]): Promise<void> {
  const code = await ended(child);
  if (code !== 0 && !allowed.includes(code ?? -1)) throw new Error(`${child.spawnargs.join(" ")} ended with ${code}`);
}

async function ended(child: ChildProcess): Promise<number | null> {
  const [code] = await once(child, "close");
  return code as number | null;
}
