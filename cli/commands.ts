import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import yargs from "yargs";
import { edgesOf } from "../components/edges";
import { bypassKey } from "../model/bypass";
import { isBehind } from "../model/instances";
import { isShown, type MaintenanceEntry, plainEntry } from "../model/maintenance";
import { listed, messageOf, nearest, problemText } from "../model/problems";
import { listedEntry } from "../outputs";
import { forgottenIn } from "../settings/authorship";
import { readClock } from "../settings/clock";
import { withKnownHosts } from "../settings/maintenance";
import type { Settings } from "../settings/read";
import { stackName } from "../settings/stack-file";
import { printAll, type WithWarnings, warn } from "./all-stacks";
import { bypassText, bypassUse } from "./bypass";
import { calendarOf } from "./calendar";
import { change, type Outcome, visitors } from "./change";
import { findingsOf } from "./check/check";
import { checkText } from "./check/report";
import { remedyFor } from "./drift";
import { containsCommit, elsewhereText, enabledElsewhere, isUncommitted } from "./elsewhere";
import { Engine } from "./engine";
import { type EntryChange, entryChange } from "./entry-options";
import { entryPage } from "./entry-page";
import { CommandError, EXIT, inputError, isForPeople } from "./errors";
import { describeChanges } from "./guard";
import { inspect } from "./inspection";
import { interruptible } from "./interruption";
import type { LanguageHost } from "./language-host";
import type { Later } from "./later";
import { announcerOf, announcing } from "./notify/announcer";
import { notifySince, rememberIn } from "./notify/pipeline";
import { hasReceivers } from "./notify/receivers";
import { readOutdated } from "./outdated";
import { elsewhereNotes } from "./owner";
import { findStack, namedStack, PROJECT, StackFile } from "./project";
import { appliedEntries, lastUpdate } from "./records";
import { listText, statusText, statusValue } from "./report";
import { missingRights, rightsFor, rightsText } from "./rights";
import { secretIn, withNewSecret } from "./secret";
import type { StackText } from "./stack-text";
import { findOwner, readStackNames } from "./stacks";
import { type Status, statusOf } from "./status";
import { COMMANDS, type CommandName, commonOptions, type Given } from "./syntax";
import { terminalOf } from "./terminal";
import { inZone, lengthFrom, spanOf, timeFrom } from "./times";
import { NO_COMMAND, refuseMisread, refuseRepeated, usageError } from "./usage";
import { visibleLine } from "./visible";

type Common = Pick<Given<"list">, "stack" | "json">;
type Changing = Pick<Given<"disable">, "instances" | "yes" | "json" | "stack" | "allowOtherChanges">;

const RUN: {
  readonly [Name in CommandName]: (given: Given<Name>, host: LanguageHost, later: Later) => Promise<number>;
} = {
  enable,
  disable,
  bypass,
  extend,
  preview,
  list,
  check,
  status: (given) => (given.watch ? watch(given) : status(given)),
  plan,
  due,
  elsewhere,
  notify,
  rights,
};

/**
 * Runs what was typed, and returns the code to exit with.
 *
 * @param host runs the program, for the commands that need that.
 * @param later gets what is done after the result was printed.
 * @throws {CommandError} when it can't be done.
 */
export async function run(args: readonly string[], host: LanguageHost, later: Later): Promise<number> {
  let code: number = EXIT.done;
  const completes = args.some((argument) => argument.startsWith("--get-yargs-completions"));
  const parser = yargs(args.length === 0 ? ["--help"] : [...args])
    .scriptName("maintenance")
    .usage("$0 <command>\n\nPuts web instances into maintenance, takes them out of it, and checks what visitors see.")
    .options(commonOptions);
  for (const [name, { command, describe, positionals = {}, options = {}, example }] of COMMANDS) {
    parser.command(
      command,
      describe,
      (parsed) => {
        for (const [positional, said] of Object.entries(positionals)) parsed.positional(positional, said);
        if (example !== undefined) parsed.example(example, "");
        return parsed.options(options);
      },
      async (given) => {
        // Yargs has read it by this command's syntax. A command is never run by the tab key.
        if (!completes) code = await RUN[name](given as never, host, later);
      },
    );
  }
  parser
    .completion("completion", "Print a script for completion in a shell", async (current, given) =>
      names(current, given),
    )
    .check(refuseRepeated)
    .demandCommand(1, NO_COMMAND)
    .strict()
    .help()
    .alias("h", "help")
    .version(false)
    .wrap(Math.min(110, process.stdout.columns ?? 110))
    .exitProcess(false)
    .fail((message, error) => {
      if (error && error.name !== "YError") throw error;
      if (completes) return; // the words so far are no whole command, and the shell shows what is printed
      throw usageError(message ?? error.message, args);
    });
  refuseMisread(args);
  await parser.parseAsync();
  return code;
}

async function enable(given: Given<"enable">, host: LanguageHost, later: Later): Promise<number> {
  const { now } = host;
  return apply(given, host, later, async (content, stack) => {
    const settings = content.settings(now);
    await mustBeKnown(given.instances, settings, stack, hintsOf(given));
    refuseProvisioned(given.instances, settings, stack);
    const change = entryChange(given, settings);
    refuseNoMessage(change, given.instances, settings);
    const before = change.bypass === true && !content.hasSecret ? await withNewSecret(content, stack) : content;
    const after = before.enable(given.instances, change);
    if (Object.keys(change).length === 0) refuseUnshown(after.settings(now), given.instances);
    return after;
  });
}

/** Shows the page of an entry, with the changes that `enable` would make to it. */
async function preview(given: Given<"preview">): Promise<number> {
  const now = readClock();
  const name = given.instance;
  const stack = await stackOf([name], given, hintsOf(given));
  const { content } = StackFile.open(stack);
  const settings = content.settings(now);
  await mustBeKnown([name], settings, stack, hintsOf(given));
  const entry = previewedEntry(given, content, settings);
  const language = languageOf(given.lang, settings);
  const { html, text } = entryPage(entry, language, settings);
  const file = resolve(given.out ?? join(mkdtempSync(join(tmpdir(), "maintenance-")), `${name}.${language}.html`));
  writePage(file, html, given.out);
  if (given.json) console.log(JSON.stringify({ instance: name, kind: entry.kind, language, file, text }, null, 2));
  else console.log(`${text}\nThe ${entry.kind} page of ${name}, as a browser shows it: ${file}`);
  return EXIT.done;
}

function previewedEntry(given: Given<"preview">, content: StackText, settings: Settings): MaintenanceEntry {
  const { instance: name, kind, ...typed } = given;
  const instance = settings.instances.find((one) => one.name === name);
  if (kind === "provisioning" && instance !== undefined) return plainEntry(instance, kind);
  const change = entryChange({ ...typed, kind: kind === "provisioning" ? undefined : kind }, settings);
  const { maintenance } = content.enable([name], change).settings(settings.now);
  const entry = maintenance.find((one) => one.instance.name === name);
  if (entry === undefined) throw new Error(`no entry of ${name}`);
  return entry;
}

function writePage(file: string, html: string, typed: string | undefined): void {
  try {
    writeFileSync(file, html);
  } catch {
    throw inputError({
      path: "--out",
      found: typed ?? file,
      allowed: "a file that can be written, in a folder that exists",
    });
  }
}

function languageOf(typed: string | undefined, { languages }: Settings): string {
  if (typed === undefined) return languages[0] ?? "en";
  if (languages.includes(typed)) return typed;
  throw inputError({
    path: "--lang",
    found: typed,
    allowed: `a language of the stack: ${listed(languages, 40)}`,
    // `zh` is zh-Hans, and no misspelled `en`.
    nearest: languages.find((language) => language.startsWith(`${typed}-`)) ?? nearest(typed, languages),
  });
}

/** An entry that is not there has no message to take away, and `enable` would make one. */
function refuseNoMessage(change: EntryChange, instances: readonly string[], { maintenance }: Settings): void {
  if (!("message" in change) || change.message !== undefined) return;
  const missing = instances.filter((name) => !maintenance.some(({ instance }) => instance.name === name));
  if (missing.length === 0) return;
  const allowed = `words: ${listed(missing)} is not in maintenance, so there is no message to take away`;
  throw inputError({ path: "--message", found: "", allowed });
}

/** @throws {CommandError} when one of them is in the list `provisioning`, which this command does not change. */
function refuseProvisioned(names: readonly string[], { maintenance }: Settings, stack: string): void {
  const provisioned = maintenance.filter(({ kind }) => kind === "provisioning").map(({ instance }) => instance.name);
  const found = names.filter((name) => provisioned.includes(name));
  if (found.length === 0) return;
  const rest = JSON.stringify(provisioned.filter((name) => !found.includes(name)));
  throw new CommandError(
    [
      `Nothing was changed: ${listed(found)} is in the list provisioning, and shows that page.`,
      `To open it: pulumi config set provisioning '${rest}' --stack ${stack} && pulumi up --stack ${stack}. After that it can be put into maintenance.`,
    ].join("\n"),
  );
}

/** A name alone means now. It would change nothing for an instance whose window is later, or has ended. */
function refuseUnshown({ maintenance, timeZone }: Settings, instances: readonly string[]): void {
  const lines = maintenance
    .filter(({ instance }) => instances.includes(instance.name))
    .flatMap(({ instance: { name }, state, from, until }) => {
      if (state === "planned") return [`${name} is planned for ${inZone(from, timeZone)}: --from now starts it now.`];
      if (state === "ended")
        return [`${name}'s window ended at ${inZone(until, timeZone)}: --until 2h starts another.`];
      return [];
    });
  if (lines.length > 0) throw new CommandError(["Nothing was changed.", "", ...lines].join("\n"));
}

async function disable(given: Given<"disable">, host: LanguageHost, later: Later): Promise<number> {
  const edit = async (content: StackText, stack: string) => {
    await mustBeIn(given.instances, content.settingsToRead(host.now), stack);
    return content.disable(given.instances);
  };
  return apply(given, host, later, edit, !given.force);
}

/** Shows how an instance's key is used, or makes new keys. */
async function bypass(given: Given<"bypass">, host: LanguageHost, later: Later): Promise<number> {
  const { instance, rotate } = given;
  const stack = await stackOf(instance === undefined ? [] : [instance], given);
  const { content } = StackFile.open(stack);
  const settings = content.settingsToRead(host.now);
  const bypassed = settings.maintenance.flatMap((entry) => (entry.bypass ? [entry.instance.name] : []));
  if (instance !== undefined) await mustBeKnown([instance], settings, stack);
  const isBypassed = instance !== undefined && bypassed.includes(instance);
  if (!isBypassed && !rotate) {
    const withOne = bypassed.length === 0 ? "none has one now" : listed(bypassed);
    const remedy = `\`npx maintenance enable ${instance ?? "NAME"} --bypass\` gives it one`;
    throw inputError({
      path: "<instance>",
      found: instance,
      allowed: `an instance that has a bypass: ${withOne}; ${remedy}; --rotate makes new keys for all instances of the stack`,
    });
  }
  if (!rotate && !content.hasSecret) {
    const allowed = `a secret, which \`npx maintenance bypass ${instance} --rotate\` makes`;
    throw inputError({ path: "bypassSecret", found: undefined, allowed });
  }
  const changing = { ...given, instances: bypassed, allowOtherChanges: false };
  const rotated = rotate ? await changed(changing, stack, host, later, () => withNewSecret(content, stack)) : undefined;
  if (isBypassed) await showBypass(instance, given, StackFile.open(stack).content, stack);
  else if (given.json) console.log(JSON.stringify(rotated, null, 2));
  return rotated === undefined ? EXIT.done : codeOf(rotated);
}

async function showBypass(name: string, { json }: Common, content: StackText, stack: string): Promise<void> {
  const { instances, edges } = content.settingsToRead(readClock());
  const instance = instances.find((one) => one.name === name);
  if (instance === undefined) return;
  const own = edgesOf(edges).filter((edge) => isBehind(instance, edge.name));
  const use = bypassUse(instance, bypassKey(await secretIn(content, stack), name), own);
  console.log(json ? JSON.stringify(use, null, 2) : bypassText(use));
}

async function extend(given: Given<"extend">, host: LanguageHost, later: Later): Promise<number> {
  const { instances, until, by } = given;
  const { now } = host;
  if (until === undefined && by === undefined) {
    const allowed = "one of them: --until 2h is the new end, counted from now; --by 1h moves the present end";
    throw inputError({ path: "--until, --by", found: undefined, allowed });
  }
  const move = { typed: by, length: by === undefined ? 0 : lengthFrom(by, "--by") };
  return apply(given, host, later, async (content, stack) => {
    const settings = content.settingsToRead(now);
    await mustBeIn(instances, settings, stack);
    const { maintenance } = settings;
    const end = until === undefined ? undefined : timeFrom(until, settings, "--until");
    return instances.reduce((text, name) => {
      const present = maintenance.find(({ instance }) => instance.name === name)?.until;
      return text.enable([name], { until: end ?? laterEnd(name, present, move, now) });
    }, content);
  });
}

interface Move {
  readonly typed: string | undefined;
  readonly length: number;
}

/** @throws {CommandError} when there is no present end, or the later one is in the past. */
function laterEnd(name: string, present: Date | undefined, { typed, length }: Move, now: Date): string {
  if (present === undefined) {
    throw new CommandError(`Nothing was changed: ${name} has no expected end. --until 2h gives it one.`);
  }
  const end = new Date(present.getTime() + length);
  if (end > now) return end.toISOString();
  const ago = spanOf(now.getTime() - present.getTime());
  throw inputError({
    path: "--by",
    found: typed,
    allowed: `a length that ends in the future: the present end of ${name} was ${ago} ago; --until 1h counts from now`,
  });
}

/** @throws {CommandError} when one of them is not in the list, and so can't be changed or taken out. */
async function mustBeIn(instances: readonly string[], settings: Settings, stack: string): Promise<void> {
  const { maintenance } = settings;
  await mustBeKnown(instances, settings, stack);
  refuseProvisioned(instances, settings, stack);
  const names = maintenance.filter(({ kind }) => kind !== "provisioning").map(({ instance }) => instance.name);
  const missing = instances.find((instance) => !names.includes(instance));
  if (missing === undefined) return;
  throw new CommandError(
    [
      `Nothing was changed: ${missing} is not in maintenance. In maintenance: ${names.join(", ") || "(none)"}.`,
      ...(await remedyText(missing, settings, stack)),
    ].join("\n"),
  );
}

/** What to do about an override that is in the cluster, and not in the configuration. */
async function remedyText(name: string, settings: Settings, stack: string): Promise<readonly string[]> {
  const inspection = await inspect(edgesOf(settings.edges), settings).catch(() => undefined);
  const instance = settings.instances.find((one) => one.name === name);
  if (inspection === undefined || instance === undefined) return [];
  return remedyFor(name, inspection.driftsOf(instance, false), settings.pageServer.namespace, stack);
}

/** @throws {CommandError} when one of the names is no instance's. The list's own message would name a place in the list instead. */
async function mustBeKnown(
  names: readonly string[],
  { instances, unreadable }: Settings,
  stack: string,
  hints: readonly string[] = [],
): Promise<void> {
  const known = instances.map(({ name }) => name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  const allowed = `the name of an instance: ${listed(known)}`;
  const problems = unknown.map((name) => {
    const reason = unreadable.get(name);
    return problemText(
      reason === undefined
        ? // To propose any instance would be dangerous: `all` is nobody's misspelling.
          { path: "<instances>", found: name, allowed, nearest: nearest(name, known, Math.floor(name.length / 2)) }
        : { path: "<instances>", found: name, allowed: withKnownHosts(name, reason) },
    );
  });
  const others = (await readStackNames(PROJECT)).filter((one) => one.stack !== stackName(stack));
  throw new CommandError(
    ["Nothing was changed.", ...problems, ...elsewhereNotes(unknown, others), ...hints].join("\n\n"),
  );
}

/** What may be the reason for a name that no instance has. */
function hintsOf({ message }: { readonly message?: unknown }): readonly string[] {
  return message === undefined ? [] : ['A message of more than one word needs quotes: --message "Back soon"'];
}

/**
 * The stack to work on with these instances: the named one, or else the one that owns them, or without instances the selected one. This prints
 * which one it is, unless it was named.
 *
 * @throws {CommandError} when it is not clear.
 */
async function stackOf(
  instances: readonly string[],
  { stack, json }: Common,
  hints: readonly string[] = [],
): Promise<string> {
  if (namedStack(stack) !== undefined) return findStack(stack);
  const say = (line: string) => (json ? console.error : console.log)(visibleLine(line));
  if (instances.length === 0) {
    const selected = await findStack(undefined);
    say(`Stack ${selected}: it is selected.`);
    return selected;
  }
  const names = [...new Set(instances)];
  const owner = await findOwner(names, hints);
  for (const line of [`Stack ${owner.stack}: it owns ${listed(names)}.`, ...owner.notes]) say(line);
  return owner.stack;
}

type Edit = (content: StackText, stack: string) => StackText | Promise<StackText>;

async function apply(
  given: Changing & { readonly message?: unknown },
  host: LanguageHost,
  later: Later,
  edit: Edit,
  checksInstance = false,
): Promise<number> {
  const stack = await stackOf(given.instances, given, hintsOf(given));
  const outcome = await changed(given, stack, host, later, edit, checksInstance);
  if (given.json) console.log(JSON.stringify(outcome, null, 2));
  return codeOf(outcome);
}

async function changed(
  given: Changing,
  stack: string,
  host: LanguageHost,
  later: Later,
  edit: Edit,
  checksInstance = false,
): Promise<Outcome> {
  const { now } = host;
  const file = StackFile.open(stack);
  const { warnings } = file.content.settingsToRead(now); // with a problem in the file there is no list to change
  const { instances, allowOtherChanges } = given;
  const content = await edit(file.content, stack);
  const terminal = terminalOf(given);
  for (const warning of warnings) terminal.say(`Warning: ${warning}`);
  const announcer = announcerOf(
    { stack, content, settings: content.settings(now) },
    instances,
    file.path,
    () => appliedEntries(PROJECT, stack),
    (origin, events, applied) => announcing(origin, events, applied, terminal.say),
  );
  const announceLater = (task: (() => Promise<void>) | undefined) => {
    if (task !== undefined) later(task);
  };
  const outcome = await interruptible((interruption) =>
    change(
      { stack, file, now, instances, content, allowOtherChanges, checksInstance },
      {
        engine: new Engine(PROJECT, stack, host),
        visitors,
        terminal,
        interruption,
        readSecret: (text) => secretIn(text, stack),
        onStage: announcer.onStage,
      },
    ),
  ).catch((error: unknown) => {
    announceLater(announcer.afterFailure(error));
    throw error;
  });
  announceLater(announcer.afterDone(outcome));
  for (const line of conclusion(outcome)) terminal.say(line);
  if (await isUncommitted(PROJECT, file.name)) {
    terminal.say(`Commit ${file.name}: a pipeline that applies another checkout would undo this.`);
  }
  return outcome;
}

function codeOf({ unmet, affected, overruled }: Outcome): number {
  const hasOthers = affected.length + overruled.length > 0;
  if (unmet.length === 0 && !hasOthers) return EXIT.done;
  return !hasOthers && unmet.every(({ isCopy }) => isCopy) ? EXIT.copy : EXIT.unseen;
}

function conclusion({ stack, unmet, affected, overruled, instances }: Outcome): readonly string[] {
  if (overruled.length > 0) {
    return [
      "",
      "The change is applied, but some visitors still get the instance:",
      ...overruled.map((line) => `  ${line}`),
    ];
  }
  if (affected.length > 0) {
    return ["", "Since this change, hosts of OTHER instances show a page:", ...affected.map((line) => `  ${line}`)];
  }
  if (unmet.length > 0 && unmet.every(({ isCopy }) => isCopy)) {
    return [
      "",
      "The change is applied, and visitors see a maintenance page. But it is a copy, because the page server can't read the bucket.",
    ];
  }
  if (unmet.length > 0) {
    return [
      "",
      `The change is applied, but not every host shows it. \`npx maintenance status --stack ${stack}\` checks again.`,
    ];
  }
  const planned = instances.filter(({ state }) => state === "planned");
  return [
    "",
    instances.length === 0 ? "Done." : `Done: ${instances.map(concluded).join(", ")}.`,
    ...(planned.length === 0 ? [] : [WHO_BEGINS]),
    ...instances.flatMap(({ name, bypass }) => (bypass ? [`How to get in: npx maintenance bypass ${name}`] : [])),
  ];
}

const WHO_BEGINS =
  "A window begins with the first `pulumi up` after its time, and ends in the same way if it ends automatically: in a pipeline that is ci/due.sh, every five minutes; otherwise a person must run it.";

function concluded({ name, goal, state }: Outcome["instances"][number]): string {
  return `${name} ${goal === "page" ? "shows the page" : state === "planned" ? "is planned, and open until then" : "is open"}`;
}

async function list(given: Given<"list">): Promise<number> {
  const { stack, json, ics, allStacks } = given;
  if (allStacks) return listAll(given);
  const now = readClock();
  const { content } = StackFile.open(await findStack(stack));
  const settings = content.settingsToRead(now);
  const { maintenance, timeZone, links, languages } = settings;
  if (ics) process.stdout.write(calendarOf(maintenance, links, languages, now));
  else console.log(json ? JSON.stringify(maintenance.map(listedEntry), null, 2) : listText(maintenance, timeZone));
  warn(warningsOf(content, settings));
  return EXIT.done;
}

function listAll({ stack, json, ics }: Given<"list">): Promise<number> {
  refuseBoth("--all-stacks", { "--stack": stack !== undefined, "--ics": ics });
  const now = readClock();
  return printAll<Declared>(PROJECT, {
    json,
    withUnapplied: true, // the files are what it shows
    async read(name) {
      const { content } = StackFile.open(name);
      const settings = content.settingsToRead(now);
      return { value: { settings, warnings: warningsOf(content, settings) }, code: EXIT.done };
    },
    textOf: ({ settings: { maintenance, timeZone } }) => listText(maintenance, timeZone),
    jsonOf: (value) => ({ entries: value?.settings.maintenance.map(listedEntry) ?? [] }),
  });
}

/** What is wrong with the configuration and does not stop a command that only reads. */
function warningsOf(content: StackText, { faults, now }: Settings): readonly string[] {
  try {
    content.settings(now);
    return faults;
  } catch (error) {
    if (!isForPeople(error)) throw error;
    return [...faults, `\`pulumi up\` is refused until this is repaired. ${error.message}`];
  }
}

/** What the file of a stack declares. */
interface Declared extends WithWarnings {
  readonly settings: Settings;
}

/** @throws {CommandError} when an option was given together with one of the others. */
function refuseBoth(option: string, others: Readonly<Record<string, boolean>>): void {
  const [other] = Object.entries(others).flatMap(([name, isGiven]) => (isGiven ? [name] : []));
  if (other !== undefined) throw inputError({ path: `${option}, ${other}`, found: "both", allowed: "one of them" });
}

async function watch(given: Given<"status">): Promise<never> {
  for (;;) {
    if (!given.json) console.clear();
    await status(given);
    await new Promise((resolve) => setTimeout(resolve, 5000));
  }
}

async function status({ stack, json, allStacks }: Given<"status">): Promise<number> {
  if (allStacks) return statusOfAll({ stack, json });
  const now = readClock();
  const { value, code } = await statusIn(await findStack(stack), now);
  console.log(json ? JSON.stringify(instancesValue(value, now), null, 2) : textOfStatus(value, now));
  warn(value.warnings);
  return code;
}

function statusOfAll({ stack, json }: Common): Promise<number> {
  refuseBoth("--all-stacks", { "--stack": stack !== undefined });
  const now = readClock();
  return printAll<Seen>(PROJECT, {
    json,
    withUnapplied: false, // its hosts show nothing of ours
    read: (name) => statusIn(name, now),
    textOf: (value) => textOfStatus(value, now),
    jsonOf: (value) => ({ instances: value === undefined ? [] : instancesValue(value, now) }),
  });
}

interface Seen extends Declared {
  readonly statuses: Status;
}

async function statusIn(name: string, now: Date): Promise<{ readonly value: Seen; readonly code: number }> {
  const file = StackFile.open(name);
  const settings = file.content.settingsToRead(now);
  const statuses = await statusOf(settings, file, name, () => appliedEntries(PROJECT, name));
  return {
    value: { settings, statuses, warnings: warningsOf(file.content, settings) },
    code: statuses.instances.some(({ attention }) => attention.length > 0) ? EXIT.attention : EXIT.done,
  };
}

function textOfStatus({ statuses, settings }: Seen, now: Date): string {
  return statusText(statuses, settings.timeZone, now);
}

function instancesValue({ statuses }: Seen, now: Date) {
  return statuses.instances.map((one) => statusValue(one, now));
}

async function check({ instances = [], stack, json }: Given<"check">, host: LanguageHost): Promise<number> {
  const name = await stackOf(instances, { stack, json });
  const { content } = StackFile.open(name);
  const settings = content.settingsToRead(host.now);
  await mustBeKnown(instances, settings, name);
  const terminal = terminalOf({ json, yes: true });
  const checking = findingsOf({ stack: name, content, settings, instances, engine: new Engine(PROJECT, name, host) });
  const findings = await terminal.during("Checking", checking);
  console.log(json ? JSON.stringify(findings, null, 2) : checkText(findings, process.stdout.columns));
  return findings.every(({ result }) => result === "ok" || result === "warning") ? EXIT.done : EXIT.attention;
}

async function plan({ stack, json }: Common, host: LanguageHost): Promise<number> {
  const changes = describeChanges(await new Engine(PROJECT, await findStack(stack), host).preview({}));
  if (json) console.log(JSON.stringify(changes, null, 2));
  else console.log(changes.length === 0 ? "Nothing would change." : changes.join("\n"));
  return EXIT.done;
}

async function due({ stack, json }: Common): Promise<number> {
  const now = readClock();
  const name = await findStack(stack);
  const file = StackFile.open(name);
  const settings = file.content.settings(now);
  const { maintenance } = settings;
  const [entries, outdated, forgotten] = await Promise.all([
    appliedEntries(PROJECT, name),
    readOutdated(settings),
    forgottenIn(settings, file.path, hasReceivers(file.content, settings)),
  ]);
  const applied = new Map(entries.map((entry) => [entry.instance, entry.state]));
  const recorded = new Set(entries.flatMap((entry) => (entry.forgotten ? [entry.instance] : [])));
  const changed = maintenance.flatMap((entry) => {
    const { instance, state } = entry;
    // An entry that was never applied is due when its page should be there by now.
    const was = applied.get(instance.name) ?? (isShown(entry) ? "not applied" : state);
    const texts = was === state ? (outdated.get(instance.name) ?? []) : [];
    // The next `up` records it. So the receivers of `notify` get it once.
    const isForgotten = was === state && forgotten.has(instance.name) && !recorded.has(instance.name);
    if (was === state && texts.length === 0 && !isForgotten) return [];
    const is = isForgotten ? ("forgotten" as const) : state;
    return [{ instance: instance.name, was, is, ...(texts.length > 0 ? { outdated: texts } : {}) }];
  });
  const lines = changed.flatMap(({ instance, was, is, outdated: texts = [`${was} → ${is}`] }) =>
    texts.map((text) => visibleLine(`${instance}: ${text}`)),
  );
  if (json) console.log(JSON.stringify(changed, null, 2));
  else console.log(lines.join("\n") || "Nothing is due.");
  return changed.length > 0 ? EXIT.due : EXIT.done;
}

async function elsewhere({ stack, json }: Common): Promise<number> {
  const now = readClock();
  const name = await findStack(stack);
  const { maintenance, timeZone } = StackFile.open(name).content.settings(now);
  const [applied, update] = await Promise.all([appliedEntries(PROJECT, name), lastUpdate(PROJECT, name)]);
  const configured = maintenance.map(({ instance }) => instance.name);
  const found = await enabledElsewhere(applied, configured, update, (commit) => containsCommit(PROJECT, commit));
  if (json) console.log(JSON.stringify(found, null, 2));
  else if (found.length > 0) console.log(elsewhereText(found, update, timeZone));
  else console.log("No instance was put into maintenance from another checkout.");
  return found.length > 0 ? EXIT.refused : EXIT.done;
}

/** Notifies of what the `up` of a pipeline has done. The exit code does not depend on the receivers: they must not decide how a pipeline ends. */
async function notify({ stack, json, remember, since }: Given<"notify">): Promise<number> {
  const now = readClock();
  const name = await findStack(stack);
  const file = StackFile.open(name);
  const origin = { stack: name, content: file.content, settings: file.content.settingsToRead(now) };
  if (remember !== undefined) {
    await rememberIn(remember, origin);
  } else {
    const happened = await notifySince(since, origin, file, json ? console.error : console.log);
    if (json) console.log(JSON.stringify(happened, null, 2));
  }
  return EXIT.done;
}

async function rights({ stack, json }: Common): Promise<number> {
  const settings = StackFile.open(await findStack(stack)).content.settings(readClock());
  const wanted = rightsFor(settings);
  const missing = await missingRights(settings, wanted).catch((error: unknown) => {
    const reason = messageOf(error);
    throw new CommandError(`The cluster's API does not say what this account may do: ${reason}.`, EXIT.failed);
  });
  const lines = rightsText(missing);
  if (json) console.log(JSON.stringify(lines, null, 2));
  else if (lines.length === 0)
    console.log(`This account has every right of docs/kubernetes-roles.yaml (${wanted.length}).`);
  else {
    const text = ["This account may not, in the cluster:", ...lines.map((line) => `  ${line}`)];
    console.log([...text, "docs/kubernetes-roles.yaml has an account that may."].join("\n"));
  }
  return lines.length === 0 ? EXIT.done : EXIT.refused;
}

/** The names of instances that complete the current word: of the named stack, or of all. */
async function names(current: string, given: unknown): Promise<string[]> {
  try {
    const typed = typeof given === "object" && given !== null ? Reflect.get(given, "stack") : undefined;
    const named = namedStack(typeof typed === "string" ? typed : undefined);
    const stacks = (await readStackNames(PROJECT)).filter(
      ({ stack }) => named === undefined || stack === stackName(named),
    );
    const found = new Set(stacks.flatMap((one) => [...one.names]));
    return [...found].filter((name) => name.startsWith(current));
  } catch {
    return [];
  }
}
