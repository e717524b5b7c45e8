import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BYPASS_HEADER, bypassKey } from "../settings/bypass";
import type { Instance } from "../settings/instances";
import { isShown, type MaintenanceEntry } from "../settings/maintenance";
import { listed } from "../settings/problems";
import type { Settings } from "../settings/read";
import { askHosts, inWords } from "./edge";
import { Engine } from "./engine";
import { CommandError, EXIT } from "./errors";
import { describeChanges, sorted } from "./guard";
import { type Asked, askedText, askInstance } from "./instance";
import type { StackFile } from "./project";
import { secretIn } from "./secret";
import type { Terminal } from "./terminal";
import { inZone, spanOf } from "./times";
import { drawnIn, type Edge, edgeOf, type Goal, goalOf, type Unseen, untilSeen } from "./verify";

/** A change of what is in maintenance, from the configuration to what visitors see. */
export interface Wanted {
  readonly project: string;
  readonly stack: string;
  readonly file: StackFile;
  readonly now: Date;
  readonly instances: readonly string[];
  /** The stack's file as it shall be. */
  readonly text: string;
  /** Lets changes through that have nothing to do with these instances. */
  readonly allowOtherChanges: boolean;
  /** Whether an instance is asked itself before visitors are let in, and stays closed when it does not answer. */
  readonly looksFirst: boolean;
}

/** What came of it, as `--json` shows it. */
export interface Outcome {
  readonly stack: string;
  readonly instances: readonly {
    readonly name: string;
    /** What visitors shall see from now on. */
    readonly goal: Goal;
    /** What the list says of it. */
    readonly state: MaintenanceEntry["state"] | "open";
    readonly hosts: readonly string[];
    readonly until: string | null;
  }[];
  /** What the engine changed. */
  readonly changes: readonly string[];
  /** Hosts that do not show what they should, with the reason that is likely. */
  readonly unseen: readonly { readonly host: string; readonly seen: string; readonly why: string }[];
  /** What the instances said for themselves before visitors were let in. */
  readonly asked: readonly Asked[];
  /** Hosts of other instances that are shown a page since. */
  readonly drawnIn: readonly string[];
}

/**
 * Changes what is in maintenance: writes the configuration, previews, asks, applies, and looks whether visitors see it.
 * Until it is applied, whatever goes wrong puts the configuration back.
 *
 * @throws {CommandError} when it is refused, fails, or is interrupted.
 */
export async function change(wanted: Wanted, terminal: Terminal): Promise<Outcome> {
  const { project, stack, file, now, instances, text } = wanted;
  const settings = file.settings(now, text);
  const goals = goalsOf(instances, settings);
  const shown = file.settings(now).maintenance.filter(isShown);
  const opened = wanted.looksFirst ? openedOf(goals, shown) : [];
  const others = hostsToWatch(settings, instances);
  const interrupted = onInterrupt();
  const scratch = mkdtempSync(join(tmpdir(), "maintenance-"));
  const plan = join(scratch, "plan.json");
  const begun: string[] = [];
  try {
    file.write(text);
    const engine = new Engine(project, stack, now);
    terminal.say("Looking at what would change …");
    const [changes, before, asked] = await Promise.all([
      engine.preview({ signal: interrupted.signal, plan }),
      askHosts(others, settings.edge),
      askThemselves(opened, settings, () => secretIn(file.text, stack)),
    ]);
    interrupted.throwIfAborted();
    const { own, others: foreign } = sorted(changes, instances);
    if (foreign.length > 0 && !wanted.allowOtherChanges) throw foreignChanges(foreign, instances);

    for (const line of summary(goals, shown, settings, now)) terminal.say(line);
    if (asked.length > 0) {
      for (const line of ["\nAsked behind the page, before visitors are let in:", ...askedText(asked)])
        terminal.say(line);
      const silent = asked.filter(({ answers }) => answers === false);
      if (silent.length > 0) throw notReady(silent);
    }
    // What is only planned changes no resource yet, but the stack has to know of it: `due` asks what was applied last.
    if (changes.length > 0 || text !== file.text) {
      const lines = describeChanges([...own, ...foreign]);
      terminal.say(lines.length > 0 ? "\nFor that the engine is going to:" : "\nNo resource changes for that now.");
      for (const line of lines) terminal.say(`  ${line}`);
      terminal.say("");
      if (!(await terminal.confirm("Go on?"))) throw new CommandError("Nothing was changed.", EXIT.refused);
      interrupted.throwIfAborted();
      await engine.up({
        signal: interrupted.signal,
        plan,
        onChange: (one) => {
          const line = describeChanges([one]).join();
          if (!begun.includes(line)) terminal.say(`  … ${line}`);
          begun.push(line);
        },
      });
      interrupted.throwIfAborted();
    }
    file.keep();
    const edge = edgeOf(stack, settings);
    const seen = [
      ...(await look(goals, edge, terminal)),
      ...(await lookThrough(goals, edge, () => secretIn(text, stack), terminal)),
    ];
    const wronged = await drawnIn(before, settings.edge);
    return {
      stack,
      instances: goals.map(({ instance, goal, entry }) => ({
        name: instance.name,
        goal,
        state: entry?.state ?? "open",
        hosts: instance.hosts,
        until: entry?.until?.toISOString() ?? null,
      })),
      changes: describeChanges(changes),
      asked,
      unseen: seen.map(({ host, seen, why }) => ({ host, seen: inWords(seen), why })),
      drawnIn: wronged,
    };
  } catch (error) {
    throw putBack(error, file, begun, interrupted.happened());
  } finally {
    interrupted.stop();
    rmSync(scratch, { recursive: true, force: true });
  }
}

interface InstanceGoal {
  readonly instance: Instance;
  readonly goal: Goal;
  readonly entry: MaintenanceEntry | undefined;
}

function goalsOf(names: readonly string[], { instances, maintenance }: Settings): readonly InstanceGoal[] {
  // A name that nobody has was refused before.
  return names.flatMap((name) => {
    const instance = instances.find((one) => one.name === name);
    if (instance === undefined) return [];
    const entry = maintenance.find((one) => one.instance.name === name);
    return [{ instance, goal: goalOf(entry), entry }];
  });
}

// Enough to notice a mistake that draws in a whole cluster; a registry may have thousands.
const MOST_WATCHED = 100;

function hostsToWatch({ instances }: Settings, named: readonly string[]): readonly string[] {
  const hosts = instances.filter(({ name }) => !named.includes(name)).flatMap((instance) => instance.hosts);
  const step = Math.max(1, Math.ceil(hosts.length / MOST_WATCHED));
  return hosts.filter((_, index) => index % step === 0);
}

function summary(
  goals: readonly InstanceGoal[],
  shown: readonly MaintenanceEntry[],
  { timeZone }: Settings,
  now: Date,
): readonly string[] {
  return goals.flatMap(({ instance, goal, entry }) => {
    const isOpen = !shown.some((one) => one.instance.name === instance.name);
    const page = goal === "page" ? `shows the ${entry?.kind} page` : isOpen ? "stays open" : "opens to visitors";
    const planned = entry?.state === "planned" ? `, and closes at ${inZone(entry.from, timeZone)}` : "";
    const until =
      entry?.until === undefined || entry.state === "closed" ? "" : `, until ${inZone(entry.until, timeZone)}`;
    const span =
      entry?.until === undefined || goal === "open" ? "" : ` (${spanOf(entry.until.getTime() - now.getTime())})`;
    return ["", `${instance.name} ${page}${planned}${until}${span}:`, ...instance.hosts.map((host) => `  ${host}`)];
  });
}

/** Of those that shall be open the entries by which they show a page now. */
function openedOf(goals: readonly InstanceGoal[], shown: readonly MaintenanceEntry[]): readonly MaintenanceEntry[] {
  return goals.flatMap(({ instance, goal }) =>
    goal === "open" ? shown.filter((entry) => entry.instance.name === instance.name) : [],
  );
}

async function askThemselves(
  entries: readonly MaintenanceEntry[],
  settings: Settings,
  readSecret: () => Promise<string>,
): Promise<readonly Asked[]> {
  const needsKey = entries.some(({ bypassSlot }) => bypassSlot !== undefined);
  const secret = needsKey ? await readSecret() : "";
  const asked = await Promise.all(
    entries.map(({ instance, bypassSlot }) =>
      askInstance(instance, settings, bypassSlot === undefined ? undefined : bypassKey(secret, instance.name)),
    ),
  );
  return asked.flat();
}

function notReady(silent: readonly Asked[]): CommandError {
  const names = [...new Set(silent.map(({ instance }) => instance))];
  return new CommandError(
    [
      `Nothing was changed: ${listed(names)} would be open and not answer.`,
      ...silent.map(({ host, heard }) => `  ${host}: ${heard}`),
      "Wait until it does, or open it all the same: --force.",
    ].join("\n"),
  );
}

function foreignChanges(changes: Parameters<typeof describeChanges>[0], instances: readonly string[]): CommandError {
  return new CommandError(
    [
      `Nothing was changed: this run would change more than ${listed(instances)}.`,
      ...describeChanges(changes).map((line) => `  ${line}`),
      "These are waiting since the last `pulumi up`. Apply them first with `pulumi up`, or let them through: --allow-other-changes.",
    ].join("\n"),
  );
}

async function look(goals: readonly InstanceGoal[], edge: Edge, terminal: Terminal): Promise<readonly Unseen[]> {
  terminal.say("\nLooking at what visitors see …");
  const unseen: Unseen[] = [];
  for (const goal of ["page", "open"] as const) {
    const instances = goals.filter((one) => one.goal === goal).map(({ instance }) => instance);
    unseen.push(
      ...(await untilSeen(goal, instances, edge, (host, seen, seconds) =>
        terminal.say(`  ${host}: ${inWords(seen)} (after ${seconds.toFixed(1)} s)`),
      )),
    );
  }
  return told(unseen, terminal);
}

/** Whether those with a bypass can be reached by it. */
async function lookThrough(
  goals: readonly InstanceGoal[],
  edge: Edge,
  readSecret: () => Promise<string>,
  terminal: Terminal,
): Promise<readonly Unseen[]> {
  const reached = goals.filter(({ goal, entry }) => goal === "page" && entry?.bypassSlot !== undefined);
  if (reached.length === 0) return [];
  terminal.say("\nLooking through the bypass …");
  const secret = await readSecret();
  const unseen: Unseen[] = [];
  for (const { instance } of reached) {
    const headers = { [BYPASS_HEADER]: bypassKey(secret, instance.name).header };
    const unreached = await untilSeen("open", [instance], { ...edge, headers }, (host, seen, seconds) =>
      terminal.say(`  ${host}: ${inWords(seen)} (after ${seconds.toFixed(1)} s)`),
    );
    unseen.push(...unreached.map((one) => ({ ...one, why: NO_BYPASS })));
  }
  return told(unseen, terminal);
}

const NO_BYPASS =
  "With its key the host still shows that: the controller has not taken the bypass up, or refuses canaries.";

function told(unseen: readonly Unseen[], terminal: Terminal): readonly Unseen[] {
  for (const { host, seen, why } of unseen) terminal.say(`  ${host}: ${inWords(seen)}\n    ${why}`);
  return unseen;
}

/** Puts the configuration back, and says what a person has to know. */
function putBack(error: unknown, file: StackFile, begun: readonly string[], isInterrupted: boolean): unknown {
  if (!file.isChanged) return error;
  try {
    file.restore();
  } catch (other) {
    return other;
  }
  const isForPeople = error instanceof CommandError || isInterrupted;
  if (!isForPeople) return error;
  const reason = isInterrupted ? "It was interrupted." : error instanceof Error ? error.message : String(error);
  const left =
    begun.length === 0
      ? []
      : [
          `The engine had begun to ${[...new Set(begun)].join(", ")}: \`pulumi up\` makes the cluster what ${file.name} says.`,
        ];
  const code = isInterrupted ? EXIT.interrupted : error instanceof CommandError ? error.code : EXIT.failed;
  return new CommandError([reason, `${file.name} is as it was before.`, ...left].join("\n"), code);
}

function onInterrupt() {
  const controller = new AbortController();
  // From a terminal the engine, which is in the same process group, has had its own signal; a second one would make it
  // drop what it is doing.
  const forward = !process.stdin.isTTY;
  let isInterrupted = false;
  const heard = () => {
    isInterrupted = true;
    if (forward) controller.abort();
  };
  process.on("SIGINT", heard);
  process.on("SIGTERM", heard);
  return {
    signal: controller.signal,
    happened: () => isInterrupted,
    throwIfAborted() {
      if (isInterrupted) throw new CommandError("It was interrupted.", EXIT.interrupted);
    },
    stop() {
      process.off("SIGINT", heard);
      process.off("SIGTERM", heard);
    },
  };
}
