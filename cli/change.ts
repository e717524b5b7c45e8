import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { edgesOf } from "../components/edges";
import { PROTECTION_OF_OVERRIDES } from "../components/names";
import { BYPASS_HEADER, bypassKey } from "../model/bypass";
import { type Instance, isBehind } from "../model/instances";
import { isShown, type MaintenanceEntry } from "../model/maintenance";
import { listed, messageOf, problemText } from "../model/problems";
import type { Settings } from "../settings/read";
import { OF_TRIALS } from "./admission";
import { mapGently } from "./at-once";
import { brokenClients } from "./broken-clients";
import { remedyFor } from "./drift";
import type { Engine } from "./engine";
import { CommandError, EXIT, INTERRUPTED } from "./errors";
import { type Change, describeChanges, isPartOf, partition } from "./guard";
import { type DriftsOf, hazardsText, type Inspection, inspect, notesText, obstaclesText } from "./inspection";
import { type InstanceAnswer, instanceAnswerText, requestInstance } from "./instance";
import type { Interruption } from "./interruption";
import { outdatedTexts } from "./outdated";
import { type Probed, probe, seenText, type Target, targetsOf, targetText } from "./probe";
import type { StackFile } from "./project";
import { expectedRevisions } from "./revisions";
import { type FailedEdge, failedEdges, failureText } from "./self-test";
import type { StackText } from "./stack-text";
import type { Terminal } from "./terminal";
import { inZone, spanOf } from "./times";
import { affectedSince, type Goal, goalOf, type Unmet, untilMet, type View, viewOf } from "./verify";
import { visibleLine } from "./visible";

/** A change of what is in maintenance, from the configuration to what visitors see. */
export interface Wanted {
  readonly stack: string;
  readonly file: StackFile;
  readonly now: Date;
  readonly instances: readonly string[];
  /** The stack's file after the change. */
  readonly content: StackText;
  /** Lets changes through that have nothing to do with these instances. */
  readonly allowOtherChanges: boolean;
  /** Whether an instance itself has to answer before visitors are let in. If it does not, it stays in maintenance. */
  readonly checksInstance: boolean;
}

/** What a change works with. */
export interface Tools {
  readonly engine: Pick<Engine, "preview" | "up" | "give">;
  readonly visitors: Visitors;
  readonly terminal: Terminal;
  readonly interruption: Interruption;
  /** Decrypts the `bypassSecret` of a stack's file. */
  readonly readSecret: (content: StackText) => Promise<string>;
  /** Called at the beginning of each stage. A change that is refused has none. */
  readonly onStage?: (stage: Stage) => void;
}

/** How far a change is: Pulumi is about to apply it; it has begun to change something; all is applied. */
export type Stage = "applying" | "begun" | "applied";

/** How a change finds out what visitors see. */
export interface Visitors {
  readonly probe: typeof probe;
  readonly untilMet: typeof untilMet;
  readonly affectedSince: typeof affectedSince;
  readonly requestInstance: typeof requestInstance;
  readonly inspect: typeof inspect;
  readonly failedEdges: typeof failedEdges;
}

/** Real visitors' requests, and what the cluster's API says. */
export const visitors: Visitors = { probe, untilMet, affectedSince, requestInstance, inspect, failedEdges };

/** The result, as `--json` shows it. */
export interface Outcome {
  readonly stack: string;
  readonly instances: readonly {
    readonly name: string;
    /** What visitors should see from now on. */
    readonly goal: Goal;
    /** The state of its entry. */
    readonly state: MaintenanceEntry["state"] | "open";
    readonly hosts: readonly string[];
    readonly until: string | null;
    readonly bypass: boolean;
  }[];
  /** What the engine changed. */
  readonly changes: readonly string[];
  /** Hosts that do not show what they should, with the likely reason. */
  readonly unmet: readonly {
    readonly host: string;
    readonly edge: string;
    readonly seen: string;
    readonly why: string;
    /** Whether it shows a page of the right instance, but without its message: a copy. */
    readonly isCopy: boolean;
  }[];
  /** What the instances themselves answered before visitors were let in. */
  readonly answers: readonly InstanceAnswer[];
  /** Hosts of other instances that show a page since. */
  readonly affected: readonly string[];
  /** What comes before the overrides of these instances, and what to do, in sentences: paths or places where visitors get the instance. */
  readonly overruled: readonly string[];
}

/**
 * Changes what is in maintenance: writes the configuration, previews, asks, applies, and probes whether visitors see it.
 * A failure before the change is applied puts the configuration back.
 *
 * @throws {CommandError} when it is refused, fails, or is interrupted.
 */
export async function change(wanted: Wanted, tools: Tools): Promise<Outcome> {
  const { stack, file, now, instances, content } = wanted;
  const { engine, visitors, terminal, interruption, onStage = () => {} } = tools;
  const settings = content.settings(now);
  if (settings.kept.size > 0) engine.give({ kept: Object.fromEntries(settings.kept) });
  const edges = edgesOf(settings.edges);
  const shown = file.content.settingsToRead(now).maintenance.filter(isShown);
  const scratch = mkdtempSync(join(tmpdir(), "maintenance-"));
  const plan = join(scratch, "plan.json");
  const begun: string[] = [];
  try {
    file.write(content);
    // An API that does not answer stops no maintenance.
    let unread = "";
    const inspecting = visitors.inspect(edges, settings).catch((error: unknown) => {
      unread = messageOf(error);
      return undefined;
    });
    const entered = goalsOf(instances, settings).filter(({ goal }) => goal === "page");
    const preparation = Promise.all([
      previewed(wanted, settings, plan, edges, tools).catch(async (error: unknown) => {
        const inspection = await inspecting;
        throw obstacleIn(inspection, entered, [], await refusalsOf(entered, inspection)) ?? error;
      }),
      visitors.probe(othersToProbe(settings, instances, edges)),
      wanted.checksInstance
        ? answersOf(openedOf(goalsOf(instances, settings), shown), settings, file.content, tools)
        : [],
      inspecting,
      inspecting.then((inspection) => failuresOf(entered, inspection, settings, visitors)),
      inspecting.then((inspection) => refusalsOf(entered, inspection)),
    ]);
    const [{ changes, due, targets, leftOut }, present, answers, inspection, failed, refusals] = await terminal.during(
      "Previewing the change",
      preparation,
    );
    interruption.throwIfInterrupted();
    const obstacle = obstacleIn(inspection, entered, failed, refusals);
    if (obstacle !== undefined) throw obstacle;
    const outdated = inspection === undefined ? [] : outdatedAmong(changes, settings, instances, edges, inspection);
    const concerned = [...new Set([...instances, ...due, ...outdated])];
    const { own, others } = partition(changes, concerned, edges);
    if (others.length > 0 && !wanted.allowOtherChanges) throw otherChanges(others, instances, stack);
    const before = present.filter(({ instance }) => !concerned.includes(instance));
    const view = viewOf(stack, settings, expectedRevisions(settings, concerned, leftOut));
    const goals = goalsOf(concerned, settings);
    if (inspection !== undefined) {
      for (const line of entered.length > 0 ? notesText(inspection.edges) : []) terminal.say(line);
      for (const line of hazardNotes(entered, shown, inspection)) terminal.say(line);
      for (const line of driftNotes(goals, shown, inspection.driftsOf, changes, wanted, edges, settings))
        terminal.say(line);
    } else if (entered.length > 0) {
      terminal.say(
        visibleLine(`Not checked whether overrides work at the edges: the cluster's API can't be read (${unread}).`),
      );
    }
    for (const name of due) terminal.say(`The window of ${name} is due: this run applies that, too.`);
    for (const name of outdated) terminal.say(`The routes of ${name} have changed: this run takes them over, too.`);

    for (const line of summary(goals, shown, settings, now)) terminal.say(line);
    if (answers.length > 0) {
      terminal.say("\nThe instance itself, before visitors are let in:");
      for (const answer of answers) terminal.say(`  ${instanceAnswerText(answer)}`);
      const silent = answers.filter(({ answers }) => answers === false);
      if (silent.length > 0) throw notReady(silent);
    }
    // A planned window changes no resource yet, but the stack has to know it: `due` compares with what was applied last.
    if (changes.length > 0 || content.text !== file.content.text) {
      const lines = describeChanges([...own, ...others]);
      terminal.say(lines.length > 0 ? "\nPulumi will:" : "\nNo resource changes now.");
      for (const line of lines) terminal.say(`  ${line}`);
      terminal.say("");
      if (!(await terminal.confirm("Apply this change?"))) throw new CommandError("Nothing was changed.", EXIT.refused);
      interruption.throwIfInterrupted();
      onStage("applying");
      const up = engine.up({
        signal: interruption.signal,
        plan,
        targets,
        onChange: (one) => {
          const line = describeChanges([one]).join();
          if (begun.length === 0) onStage("begun");
          if (!begun.includes(line)) terminal.say(`  … ${line}`);
          begun.push(line);
        },
      });
      await terminal.during("Applying the change", up);
      interruption.throwIfInterrupted();
      onStage("applied");
    }
    file.keep();
    const unmet = [...(await verify(goals, view, tools)), ...(await verifyBypasses(goals, view, content, tools))];
    const affected = await visitors.affectedSince(before);
    const overruled = inspection === undefined ? [] : await overruledNow(goals, edges, settings, stack, visitors);
    return {
      stack,
      instances: goals.map(({ instance, goal, entry }) => ({
        name: instance.name,
        goal,
        state: entry?.state ?? "open",
        hosts: instance.hosts,
        until: entry?.until?.toISOString() ?? null,
        bypass: goal === "page" && entry?.bypass === true,
      })),
      changes: describeChanges(changes),
      answers,
      unmet: unmet.map(({ host, edge, seen, why, isCopy }) => ({
        host,
        edge: edge.name,
        seen: seenText(seen),
        why,
        isCopy,
      })),
      affected,
      overruled,
    };
  } catch (error) {
    throw restored(error, stack, file, begun, interruption.happened());
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

interface Previewed {
  readonly changes: readonly Change[];
  /** Other instances whose window is due; see `dueIn`. */
  readonly due: readonly string[];
  /** What the `up` is restricted to; empty when it is not. */
  readonly targets: readonly string[];
  /** The clients whose folder is left out. */
  readonly leftOut: readonly string[];
}

/**
 * Previews the change. What is broken of one instance must not stop another's maintenance. When the folder of a client is broken, that
 * folder is left out. When that, or an instance's own file, would change more than these instances, the run is restricted to them: all other
 * pages stay as they are stored.
 */
async function previewed(
  { stack, instances, allowOtherChanges }: Wanted,
  settings: Settings,
  plan: string,
  edges: View["edges"],
  { engine, terminal, interruption }: Tools,
): Promise<Previewed> {
  const { signal } = interruption;
  let leftOut: readonly string[] = [];
  const changes = await engine.preview({ signal, plan }).catch((error: unknown) => {
    leftOut =
      error instanceof CommandError && !interruption.happened() ? tellBroken(settings, instances, terminal) : [];
    if (leftOut.length === 0) throw error;
    engine.give({ leftOut });
    return engine.preview({ signal, plan });
  });
  const isFaulty = settings.faults.length > 0 && !allowOtherChanges;
  const due = dueIn(changes, settings, instances, edges);
  const { own, others } = partition(changes, [...instances, ...due], edges);
  if (others.length === 0 || !(isFaulty || leftOut.length > 0)) return { changes, due, targets: [], leftOut };
  // What depends on all overrides can't be changed without them.
  const overrides = others.filter(
    (one) => one.operation === "create" && settings.instances.some(({ name }) => isPartOf(one, name, edges)),
  );
  if (overrides.length > 0) throw otherChanges(overrides, instances, stack);
  if (leftOut.length === 0)
    terminal.say(`This run changes nothing but ${listed([...instances, ...due])}. All other changes stay pending.`);
  const targets = [...ALWAYS_TARGETED, ...own.map(({ urn }) => urn)];
  return { changes: await engine.preview({ signal, plan, targets }), due, targets, leftOut };
}

/** Tells which clients' folders are broken, and returns their names. */
function tellBroken(settings: Settings, instances: readonly string[], terminal: Terminal): readonly string[] {
  const broken = brokenClients(settings);
  for (const [client, problems] of broken) {
    const isShownNow = settings.maintenance.some((entry) => isShown(entry) && entry.instance.name === client);
    const effect =
      instances.includes(client) && isShownNow
        ? `${client} shows the shared look until it is repaired.`
        : "Its pages stay as they are stored, and nobody else is affected.";
    terminal.say(`Warning: the folder pages/clients/${client} is broken. ${effect}`);
    for (const problem of problems) terminal.say(problemText(problem));
  }
  return [...broken.keys()];
}

/**
 * What a restricted run changes besides the overrides: the stack itself, which has the outputs, and what depends on the overrides. Pulumi
 * deletes nothing on which a resource depends that the run may not change.
 */
const ALWAYS_TARGETED = [
  "urn:pulumi:*::*::pulumi:pulumi:Stack::*",
  `urn:pulumi:*::*::maintenance-pages:index:DestroyProtection::${PROTECTION_OF_OVERRIDES}`,
];

interface InstanceGoal {
  readonly instance: Instance;
  readonly goal: Goal;
  readonly entry: MaintenanceEntry | undefined;
}

function goalsOf(names: readonly string[], { instances, maintenance }: Settings): readonly InstanceGoal[] {
  // A name that no instance has was refused before.
  return names.flatMap((name) => {
    const instance = instances.find((one) => one.name === name);
    if (instance === undefined) return [];
    const entry = maintenance.find((one) => one.instance.name === name);
    return [{ instance, goal: goalOf(entry), entry }];
  });
}

async function failuresOf(
  entered: readonly InstanceGoal[],
  inspection: Inspection | undefined,
  { pageServer }: Settings,
  visitors: Visitors,
) {
  if (inspection === undefined || entered.length === 0) return [];
  return visitors.failedEdges(
    entered.map(({ instance }) => instance),
    inspection.edges,
    pageServer.namespace,
  );
}

/** After this time an incident begins no other trial, and none takes longer. */
const MOST_MILLISECONDS = 5000;

/**
 * What the cluster's API would refuse of the overrides, in sentences. One that does not answer stops no maintenance, and where each takes long, not
 * all are tried.
 */
async function refusalsOf(
  entered: readonly InstanceGoal[],
  inspection: Inspection | undefined,
): Promise<readonly string[]> {
  if (inspection === undefined) return [];
  const refusals = await mapGently(
    entered,
    { ...OF_TRIALS, mostMilliseconds: MOST_MILLISECONDS },
    async ({ instance }) =>
      (await inspection.verdictsOn(instance, MOST_MILLISECONDS).catch(() => []))
        .filter(({ result }) => result === "problem")
        .map(({ edge, text, remedy }) => visibleLine(`${instance.name} at ${edge}: ${text} → ${remedy}`)),
  );
  return refusals.flat();
}

/** What the maintenance of these instances runs into, a line each. Of an override that is there already, `status` tells. */
function hazardNotes(
  entered: readonly InstanceGoal[],
  shown: readonly MaintenanceEntry[],
  { hazardsOf }: Inspection,
): readonly string[] {
  return entered
    .filter(({ instance }) => !shown.some((entry) => entry.instance.name === instance.name))
    .flatMap(({ instance }) => hazardsText(instance.name, hazardsOf(instance)));
}

/** Why the instances that enter maintenance would stay open at an edge, as an error; `undefined` if nothing is known to prevent it. */
function obstacleIn(
  inspection: Inspection | undefined,
  entered: readonly InstanceGoal[],
  failed: readonly FailedEdge[] = [],
  refusals: readonly string[] = [],
): CommandError | undefined {
  const concerned = (inspection?.edges ?? []).filter(({ edge }) =>
    entered.some(({ instance }) => isBehind(instance, edge.name)),
  );
  const lines = [...obstaclesText(concerned), ...failureText(failed), ...refusals];
  return lines.length === 0 ? undefined : new CommandError(["Nothing was changed.", ...lines].join("\n"));
}

// Enough to notice a mistake that takes a whole cluster into maintenance; a registry may have thousands of hosts.
const MOST_PROBED = 100;

function othersToProbe({ instances }: Settings, named: readonly string[], edges: View["edges"]): readonly Target[] {
  const targets = instances.filter(({ name }) => !named.includes(name)).flatMap((one) => targetsOf(one, edges));
  const step = Math.max(1, Math.ceil(targets.length / MOST_PROBED));
  return targets.filter((_, index) => index % step === 0);
}

/** Other instances whose window has begun or ended since the last `up`: any run applies that. */
function dueIn(
  changes: readonly Change[],
  { maintenance }: Settings,
  named: readonly string[],
  edges: View["edges"],
): readonly string[] {
  return maintenance
    .filter(({ from, endsAutomatically }) => from !== undefined || endsAutomatically)
    .map(({ instance }) => instance.name)
    .filter((name) => !named.includes(name) && changes.some((change) => isPartOf(change, name, edges)));
}

/**
 * What comes before the overrides of these instances, now that they are there. A request for each host does not tell that of one path, or of
 * another Gateway. An API that does not answer stops no maintenance.
 */
async function overruledNow(
  goals: readonly InstanceGoal[],
  edges: View["edges"],
  settings: Settings,
  stack: string,
  visitors: Visitors,
): Promise<readonly string[]> {
  const entered = goals.filter(({ goal }) => goal === "page").map(({ instance }) => instance);
  if (entered.length === 0) return [];
  const inspection = await visitors.inspect(edges, settings).catch(() => undefined);
  return entered.flatMap((instance) => {
    const drifts = (inspection?.driftsOf(instance, true) ?? []).filter(
      ({ what }) => what === "overruled" || what === "outdated",
    );
    const texts = drifts.map(({ text }) => visibleLine(`${instance.name}: ${text}`));
    return [...texts, ...remedyFor(instance.name, drifts, settings.pageServer.namespace, stack)];
  });
}

/** Other instances in maintenance whose own routes have changed since the last `up`: any run takes them over. */
function outdatedAmong(
  changes: readonly Change[],
  { maintenance }: Settings,
  named: readonly string[],
  edges: View["edges"],
  { driftsOf }: Inspection,
): readonly string[] {
  return maintenance
    .filter(isShown)
    .map(({ instance }) => instance)
    .filter(
      (instance) =>
        !named.includes(instance.name) &&
        changes.some((change) => change.operation === "update" && isPartOf(change, instance.name, edges)) &&
        outdatedTexts(driftsOf, instance).length > 0,
    )
    .map(({ name }) => name);
}

/**
 * What a person has to know about overrides that are not as Pulumi made them.
 *
 * @throws {CommandError} when one was deleted by hand, and this run would not make it again.
 */
function driftNotes(
  goals: readonly InstanceGoal[],
  shown: readonly MaintenanceEntry[],
  driftsOf: DriftsOf,
  changes: readonly Change[],
  { stack }: Wanted,
  edges: View["edges"],
  settings: Settings,
): readonly string[] {
  return goals
    .filter(({ goal }) => goal === "page")
    .flatMap(({ instance }) => {
      const wasShown = shown.some((entry) => entry.instance.name === instance.name);
      const drifts = driftsOf(instance, wasShown);
      const isChanged = changes.some((change) => isPartOf(change, instance.name, edges));
      if (!isChanged && drifts.some(({ what }) => what === "missing")) {
        throw new CommandError(
          ["Nothing was changed.", "", ...remedyFor(instance.name, drifts, settings.pageServer.namespace, stack)].join(
            "\n",
          ),
        );
      }
      return drifts.some(({ what }) => what === "leftover")
        ? [
            `The override of ${instance.name} is there already, made by hand or from another checkout. Pulumi takes it over.`,
          ]
        : [];
    });
}

function summary(
  goals: readonly InstanceGoal[],
  shown: readonly MaintenanceEntry[],
  settings: Settings,
  now: Date,
): readonly string[] {
  const { instances, maintenance, timeZone } = settings;
  const isEvery = instances.length > 1 && maintenance.filter(isShown).length === instances.length;
  const every =
    isEvery && goals.some(({ goal }) => goal === "page") ? ["", "This is EVERY instance of the stack."] : [];
  const lines = goals.flatMap(({ instance, goal, entry }) => {
    const isOpen = !shown.some((one) => one.instance.name === instance.name);
    const opens = isOpen
      ? entry === undefined
        ? "stays open, and its planned window is cancelled"
        : "stays open"
      : "opens to visitors";
    const page = goal === "page" ? `${isOpen ? "shows" : "still shows"} the ${entry?.kind} page` : opens;
    const bypass = entry?.bypass && goal === "page" ? ", with a bypass" : "";
    const planned = entry?.state === "planned" ? `, and maintenance starts at ${inZone(entry.from, timeZone)}` : "";
    const until =
      entry?.until === undefined || entry.state === "ended" ? "" : `, until ${inZone(entry.until, timeZone)}`;
    const span =
      entry?.until === undefined || goal === "open" ? "" : ` (${spanOf(entry.until.getTime() - now.getTime())})`;
    const ends = entry?.endsAutomatically && until !== "" ? ", and ends automatically" : "";
    const present = shown.find((one) => one.instance.name === instance.name)?.until;
    return [
      "",
      `${instance.name} ${page}${planned}${until}${span}${ends}${movedText(present, entry?.until, timeZone)}${bypass}:`,
      ...instance.hosts.map((host) => `  ${host}`),
      ...Object.entries(entry?.message ?? {}).map(([language, text]) => `  ${language}: ${text}`),
    ];
  });
  return [...lines, ...every];
}

/** How an expected end was moved. */
function movedText(before: Date | undefined, after: Date | undefined, timeZone: string): string {
  if (before === undefined || after === undefined || before.getTime() === after.getTime()) return "";
  const moved = after.getTime() - before.getTime();
  return `, was ${inZone(before, timeZone)} (${spanOf(moved)} ${moved < 0 ? "EARLIER" : "later"})`;
}

/** The entries that show a page now, of the instances that will be open. */
function openedOf(goals: readonly InstanceGoal[], shown: readonly MaintenanceEntry[]): readonly MaintenanceEntry[] {
  return goals.flatMap(({ instance, goal }) =>
    goal === "open" ? shown.filter((entry) => entry.instance.name === instance.name) : [],
  );
}

async function answersOf(
  entries: readonly MaintenanceEntry[],
  settings: Settings,
  content: StackText,
  { visitors, readSecret }: Tools,
): Promise<readonly InstanceAnswer[]> {
  const secret = entries.some(({ bypass }) => bypass) ? await readSecret(content) : "";
  const answers = await Promise.all(
    entries.map(({ instance, bypass }) =>
      visitors.requestInstance(instance, settings, bypass ? bypassKey(secret, instance.name) : undefined),
    ),
  );
  return answers.flat();
}

function notReady(silent: readonly InstanceAnswer[]): CommandError {
  const names = [...new Set(silent.map(({ instance }) => instance))];
  return new CommandError(
    [
      `Nothing was changed: ${listed(names)} does not answer yet, and visitors would see that.`,
      ...silent.map((answer) => `  ${instanceAnswerText(answer)}`),
      "Wait until it answers, or let visitors in without that: --force.",
    ].join("\n"),
  );
}

function otherChanges(changes: readonly Change[], instances: readonly string[], stack: string): CommandError {
  return new CommandError(
    [
      `Nothing was changed: this run would change more than ${listed(instances)}.`,
      ...describeChanges(changes).map((line) => `  ${line}`),
      `These changes are pending since the last \`pulumi up\`. Apply them first: \`pulumi up --stack ${stack}\`. Or allow them: --allow-other-changes.`,
    ].join("\n"),
  );
}

/** Waits until each host shows what it should. */
async function verify(
  goals: readonly InstanceGoal[],
  view: View,
  { visitors, terminal }: Tools,
): Promise<readonly Unmet[]> {
  const unmet: Unmet[] = [];
  terminal.say("");
  for (const goal of ["page", "open"] as const) {
    const instances = goals.filter((one) => one.goal === goal).map(({ instance }) => instance);
    if (instances.length === 0) continue;
    const checks = visitors.untilMet(goal, instances, view, { onMet: reportTo(terminal) });
    unmet.push(...(await terminal.during("Checking what visitors see", checks)));
  }
  return reported(unmet, terminal);
}

/** Waits until a request with an instance's key reaches the instance. */
async function verifyBypasses(
  goals: readonly InstanceGoal[],
  view: View,
  content: StackText,
  { visitors, terminal, readSecret }: Tools,
): Promise<readonly Unmet[]> {
  const bypassed = goals.filter(({ goal, entry }) => goal === "page" && entry?.bypass === true);
  if (bypassed.length === 0) return [];
  terminal.say("");
  const secret = await readSecret(content);
  const unmet: Unmet[] = [];
  for (const { instance } of bypassed) {
    const headers = { [BYPASS_HEADER]: bypassKey(secret, instance.name).header };
    const checks = visitors.untilMet("open", [instance], view, { headers, onMet: reportTo(terminal) });
    const unreached = await terminal.during(`Checking the bypass of ${instance.name}`, checks);
    unmet.push(...unreached.map((one) => ({ ...one, why: NO_BYPASS })));
  }
  return reported(unmet, terminal);
}

const NO_BYPASS =
  "A request with the key still gets that: the controller has not loaded the bypass, or (ingress-nginx) refuses canary Ingresses.";

function reportTo(terminal: Terminal) {
  return (target: Target, seen: Probed["seen"], seconds: number) =>
    terminal.say(`  ${targetText(target)}: ${seenText(seen, true)} (after ${seconds.toFixed(1)} s)`);
}

function reported(unmet: readonly Unmet[], terminal: Terminal): readonly Unmet[] {
  for (const one of unmet) terminal.say(`  ${targetText(one)}: ${seenText(one.seen)}\n    ${one.why}`);
  return unmet;
}

/** Puts the configuration back, and returns the error with what a person has to know. */
function restored(
  error: unknown,
  stack: string,
  file: StackFile,
  begun: readonly string[],
  isInterrupted: boolean,
): unknown {
  if (!file.isChanged) return error;
  const reason = isInterrupted ? INTERRUPTED : messageOf(error);
  try {
    file.restore();
  } catch (other) {
    // Both: why the change failed is what the person has to mend first.
    return other instanceof CommandError ? new CommandError([reason, other.message].join("\n"), other.code) : other;
  }
  const isForPeople = error instanceof CommandError || isInterrupted;
  if (!isForPeople) return error;
  const left =
    begun.length === 0
      ? []
      : [
          `Pulumi had begun to ${[...new Set(begun)].join(", ")}. \`pulumi up --stack ${stack}\` makes the cluster agree with ${file.name} again.`,
        ];
  const code = isInterrupted ? EXIT.interrupted : error instanceof CommandError ? error.code : EXIT.failed;
  return new CommandError([reason, `${file.name} is as it was before.`, ...left].join("\n"), code);
}
