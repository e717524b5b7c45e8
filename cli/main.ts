import yargs, { type Argv } from "yargs";
import { listedEntry } from "../outputs";
import { bypassKey } from "../settings/bypass";
import { readClock } from "../settings/clock";
import { isShown } from "../settings/maintenance";
import { listed, PagesError, SettingsError } from "../settings/problems";
import type { Settings } from "../settings/read";
import { bypassText, bypassUse } from "./bypass";
import { calendarOf } from "./calendar";
import type { Outcome } from "./change";
import { Engine } from "./engine";
import { enter, hasSecret, leave, type Said } from "./entries";
import { CommandError, EXIT } from "./errors";
import { describeChanges } from "./guard";
import { findStack, PROJECT, StackFile } from "./project";
import { listText, statusText, statusValue } from "./report";
import { secretIn, withNewSecret } from "./secret";
import { terminal } from "./terminal";
import { inZone, timeFrom } from "./times";

// Kubernetes's client takes most of a second to load, so only the commands that use it do that.
const lazily = {
  change: () => (require("./change") as typeof import("./change")).change,
  rights: () => require("./rights") as typeof import("./rights"),
  statusOf: () => (require("./status") as typeof import("./status")).statusOf,
};

interface Common {
  readonly stack: string | undefined;
  readonly json: boolean;
}

interface Changing extends Common {
  readonly instances: readonly string[];
  readonly yes: boolean;
  readonly allowOtherChanges: boolean;
}

/** Runs the command, and returns the code to exit with. */
export async function main(args: readonly string[]): Promise<number> {
  let code: number = EXIT.done;
  const result = (run: () => Promise<number>) => async () => {
    code = await run();
  };
  const parser = yargs(args.length === 0 ? ["--help"] : [...args])
    .scriptName("maintenance")
    .usage("$0 <command>\n\nPuts web instances into maintenance and takes them out, and looks at what visitors see.")
    .option("stack", {
      type: "string",
      describe: "The stack, which is a cluster. Default: $PULUMI_STACK, or the selected one",
    })
    .option("json", { type: "boolean", default: false, describe: "Print the result as JSON" })
    .command(
      "enable <instances..>",
      "Put instances into maintenance, or change what is said of those that are",
      (command) =>
        changing(command)
          .option("kind", {
            choices: ["scheduled", "unscheduled"] as const,
            describe: "Which page is shown. Default: unscheduled",
          })
          .option("from", {
            type: "string",
            describe: "When it begins: now, 30m, 2h, or a time with an offset. Default: now, or as it was",
          })
          .option("until", { type: "string", describe: "When it is expected to end: 2h, or a time with an offset" })
          .option("message", {
            type: "string",
            array: true,
            nargs: 1,
            describe: 'Your words to visitors; in more languages: --message "en: Back soon" --message "fr: …"',
          })
          .option("closes", {
            choices: ["manually", "automatically"] as const,
            describe: "Whether it ends by itself. Default: manually",
          })
          .option("bypass", {
            type: "boolean",
            describe: "Let through whoever has its key (`$0 bypass`); --no-bypass ends that",
          })
          .example('$0 enable acme --until 2h --message "Back soon"', ""),
      (given) => result(() => enable(given))(),
    )
    .command(
      "disable <instances..>",
      "Take instances out of maintenance",
      (command) =>
        changing(command).option("force", {
          type: "boolean",
          default: false,
          describe: "Let visitors in without asking the instance first",
        }),
      (given) => result(() => disable(given))(),
    )
    .command(
      "bypass [instance]",
      "How to reach an instance in maintenance that has a bypass, or new keys for all",
      (command) =>
        command
          .positional("instance", { type: "string", describe: "The instance's name" })
          .option("rotate", { type: "boolean", default: false, describe: "Make new keys; the old ones end" })
          .option("yes", { alias: "y", type: "boolean", default: false, describe: "Don't ask" })
          .example("$0 enable acme --bypass && $0 bypass acme", ""),
      (given) => result(() => bypass(given))(),
    )
    .command(
      "extend <instances..>",
      "Move the expected end of a maintenance",
      (command) =>
        changing(command)
          .option("until", {
            type: "string",
            demandOption: true,
            describe: "The new end: 2h from now, or a time with an offset",
          })
          .example("$0 extend acme --until 1h", ""),
      (given) => result(() => extend(given))(),
    )
    .command(
      "list",
      "What the configuration says",
      (command) =>
        command.option("ics", { type: "boolean", default: false, describe: "Print the windows as a calendar" }),
      (given) => result(() => list(given))(),
    )
    .command(
      "status",
      "What the configuration says beside what visitors see",
      (command) =>
        command.option("watch", {
          type: "boolean",
          default: false,
          describe: "Look again every 5 seconds, until Ctrl-C",
        }),
      (given) => result(() => (given.watch ? watch(given) : status(given)))(),
    )
    .command(
      "plan",
      "What `pulumi up` would change",
      (command) => command,
      (given) => result(() => plan(given))(),
    )
    .command(
      "due",
      "Whether `pulumi up` would change something because of time",
      (command) => command,
      (given) => result(() => due(given))(),
    )
    .command(
      "rights",
      "Whether this account may do in the cluster what `pulumi up` does",
      (command) => command,
      (given) => result(() => rights(given))(),
    )
    .completion("completion", "Print a script for completion in a shell", async (current, given) =>
      names(current, given),
    )
    .demandCommand(1, "Which command?")
    .recommendCommands()
    .strict()
    .help()
    .version(false)
    .wrap(Math.min(110, process.stdout.columns ?? 110))
    .exitProcess(false)
    .fail((message, error) => {
      if (error) throw error;
      throw new CommandError(
        `${message}\n\n\`maintenance --help\` and \`maintenance <command> --help\` say what there is.`,
      );
    });
  try {
    await parser.parseAsync();
    return code;
  } catch (error) {
    return tell(error);
  }
}

function changing<T>(command: Argv<T>) {
  return command
    .positional("instances", { type: "string", array: true, demandOption: true, describe: "Names of instances" })
    .option("yes", { alias: "y", type: "boolean", default: false, describe: "Don't ask" })
    .option("allow-other-changes", {
      type: "boolean",
      default: false,
      describe: "Let changes through that have nothing to do with these instances",
    });
}

async function enable(
  given: Changing & {
    readonly kind: string | undefined;
    readonly from: string | undefined;
    readonly until: string | undefined;
    readonly message: readonly string[] | undefined;
    readonly closes: string | undefined;
    readonly bypass: boolean | undefined;
  },
): Promise<number> {
  const now = readClock();
  const said: Said = {
    ...(given.kind === undefined ? {} : { kind: given.kind }),
    ...(given.from === undefined ? {} : { from: timeFrom(given.from, now, "--from") }),
    ...(given.until === undefined ? {} : { until: timeFrom(given.until, now, "--until") }),
    ...(given.message === undefined ? {} : { message: messageFrom(given.message) }),
    ...(given.closes === undefined ? {} : { closes: given.closes }),
    ...(given.bypass === undefined ? {} : { bypass: given.bypass }),
  };
  return apply(given, now, async (file, stack) => {
    const needsSecret = given.bypass === true && !hasSecret(file.text);
    const text = enter(needsSecret ? await withNewSecret(file.text, stack) : file.text, given.instances, said);
    if (Object.keys(said).length === 0) refuseUnshown(file.settings(now, text), given.instances);
    return text;
  });
}

/** A name alone means now. For an instance whose window is later, or over, nothing would come of it. */
function refuseUnshown({ maintenance, timeZone }: Settings, instances: readonly string[]): void {
  const lines = maintenance
    .filter(({ instance }) => instances.includes(instance.name))
    .flatMap(({ instance: { name }, state, from, until }) => {
      if (state === "planned") return [`${name} is planned for ${inZone(from, timeZone)}: --from now closes it now.`];
      if (state === "closed")
        return [`${name}'s window ended at ${inZone(until, timeZone)}: --until 2h begins another.`];
      return [];
    });
  if (lines.length > 0) throw new CommandError(["Nothing was changed.", "", ...lines].join("\n"));
}

/** One text, or one for each language. */
function messageFrom(texts: readonly string[]): string | Readonly<Record<string, string>> {
  const [first = ""] = texts;
  const inLanguage = texts.map((text) => /^([a-z]{2,3}(?:-[A-Za-z]+)?):\s+(.*)$/s.exec(text));
  if (texts.length === 1 && inLanguage[0] === null) return first;
  return Object.fromEntries(
    inLanguage.map((match, index) => {
      if (match !== null) return [match[1] ?? "", match[2] ?? ""];
      throw new CommandError(
        `--message\n  found:    ${JSON.stringify(texts[index])}\n  allowed:  one text; or several, each with its language, such as "en: Back soon"`,
      );
    }),
  );
}

async function disable(given: Changing & { readonly force: boolean }): Promise<number> {
  const edit = (file: StackFile) => {
    mustBeIn(given.instances, file);
    return leave(file.text, given.instances);
  };
  return apply(given, readClock(), edit, !given.force);
}

/** How an instance's key is used, or new keys. */
async function bypass(
  given: Common & { readonly instance: string | undefined; readonly rotate: boolean; readonly yes: boolean },
): Promise<number> {
  const { instance, rotate } = given;
  const now = readClock();
  const stack = await findStack(given.stack);
  const file = StackFile.open(stack);
  const { maintenance } = file.settings(now);
  const bypassed = maintenance.flatMap((entry) => (entry.bypassSlot === undefined ? [] : [entry.instance.name]));
  if (instance === undefined && !rotate) {
    throw new CommandError(`Whose? With a bypass are: ${listed(bypassed)}. New keys for all: --rotate.`);
  }
  if (instance !== undefined && !bypassed.includes(instance)) {
    throw new CommandError(
      `${instance} has no bypass. With one are: ${listed(bypassed)}. \`maintenance enable ${instance} --bypass\` gives it one.`,
    );
  }
  const changing = { ...given, instances: bypassed, allowOtherChanges: false };
  const rotated = rotate ? await changed(changing, now, () => withNewSecret(file.text, stack)) : undefined;
  if (instance !== undefined) await showBypass(instance, given, StackFile.open(stack), stack);
  else if (given.json) console.log(JSON.stringify(rotated, null, 2));
  return rotated === undefined ? EXIT.done : codeOf(rotated);
}

async function showBypass(name: string, { json }: Common, file: StackFile, stack: string): Promise<void> {
  const { instances, edge } = file.settings(readClock());
  const instance = instances.find((one) => one.name === name);
  if (instance === undefined) return;
  const use = bypassUse(instance, bypassKey(await secretIn(file.text, stack), name), edge);
  console.log(json ? JSON.stringify(use, null, 2) : bypassText(use));
}

async function extend(given: Changing & { readonly until: string }): Promise<number> {
  const now = readClock();
  const until = timeFrom(given.until, now, "--until");
  return apply(given, now, (file) => {
    mustBeIn(given.instances, file);
    return enter(file.text, given.instances, { until });
  });
}

/** @throws {CommandError} when one of them is not in the list, and so can't be changed or taken out. */
function mustBeIn(instances: readonly string[], file: StackFile): void {
  const { maintenance } = file.settings(readClock());
  const names = maintenance.filter(({ kind }) => kind !== "provisioning").map(({ instance }) => instance.name);
  const missing = instances.find((instance) => !names.includes(instance));
  if (missing === undefined) return;
  throw new CommandError(
    `Nothing was changed: ${missing} is not in the list. In it are: ${names.join(", ") || "(none)"}.`,
  );
}

type Edit = (file: StackFile, stack: string) => string | Promise<string>;

async function apply(given: Changing, now: Date, edit: Edit, looksFirst = false): Promise<number> {
  const outcome = await changed(given, now, edit, looksFirst);
  if (given.json) console.log(JSON.stringify(outcome, null, 2));
  return codeOf(outcome);
}

async function changed(given: Changing, now: Date, edit: Edit, looksFirst = false): Promise<Outcome> {
  const stack = await findStack(given.stack);
  const file = StackFile.open(stack);
  const speak = terminal(given);
  const { instances, allowOtherChanges } = given;
  const text = await edit(file, stack);
  const outcome = await lazily.change()(
    { project: PROJECT, stack, file, now, instances, text, allowOtherChanges, looksFirst },
    speak,
  );
  for (const line of conclusion(outcome)) speak.say(line);
  return outcome;
}

function codeOf({ unseen, drawnIn }: Outcome): number {
  return unseen.length > 0 || drawnIn.length > 0 ? EXIT.unseen : EXIT.done;
}

function conclusion({ unseen, drawnIn, instances }: Outcome): readonly string[] {
  if (drawnIn.length > 0) {
    return ["", "Hosts of OTHER instances are shown a page since:", ...drawnIn.map((line) => `  ${line}`)];
  }
  if (unseen.length > 0) return ["", "It is applied, but not every host shows it. `maintenance status` looks again."];
  return ["", `Done: ${instances.map(concluded).join(", ")}.`];
}

function concluded({ name, goal, state }: Outcome["instances"][number]): string {
  return `${name} ${goal === "page" ? "shows the page" : state === "planned" ? "is planned, and open until then" : "is open"}`;
}

async function list({ stack, json, ics }: Common & { readonly ics: boolean }): Promise<number> {
  const now = readClock();
  const { maintenance, timeZone, links, languages } = StackFile.open(await findStack(stack)).settings(now);
  if (ics) process.stdout.write(calendarOf(maintenance, links, languages, now));
  else console.log(json ? JSON.stringify(maintenance.map(listedEntry), null, 2) : listText(maintenance, timeZone));
  return EXIT.done;
}

async function watch(given: Common): Promise<never> {
  for (;;) {
    if (!given.json) console.clear();
    await status(given);
    await new Promise((resolve) => setTimeout(resolve, 5000));
  }
}

async function status({ stack, json }: Common): Promise<number> {
  const now = readClock();
  const name = await findStack(stack);
  const file = StackFile.open(name);
  const settings = file.settings(now);
  const statuses = await lazily.statusOf()(settings, file, name);
  console.log(
    json
      ? JSON.stringify(
          statuses.instances.map((one) => statusValue(one, now)),
          null,
          2,
        )
      : statusText(statuses, settings.timeZone, now),
  );
  return statuses.instances.some(({ attention }) => attention.length > 0) ? EXIT.attention : EXIT.done;
}

async function plan({ stack, json }: Common): Promise<number> {
  const engine = new Engine(PROJECT, await findStack(stack), readClock());
  const changes = describeChanges(await engine.preview({}));
  if (json) console.log(JSON.stringify(changes, null, 2));
  else console.log(changes.length === 0 ? "Nothing would change." : changes.join("\n"));
  return EXIT.done;
}

async function due({ stack, json }: Common): Promise<number> {
  const now = readClock();
  const name = await findStack(stack);
  const { maintenance } = StackFile.open(name).settings(now);
  const engine = new Engine(PROJECT, name, now);
  const applied = new Map((await engine.applied()).map((entry) => [entry.instance, entry.state]));
  const changed = maintenance.flatMap((entry) => {
    const { instance, state } = entry;
    // An entry that was never applied is due when its page should be there by now.
    const was = applied.get(instance.name) ?? (isShown(entry) ? "not applied" : state);
    return was === state ? [] : [{ instance: instance.name, was, is: state }];
  });
  if (json) console.log(JSON.stringify(changed, null, 2));
  else
    console.log(changed.map(({ instance, was, is }) => `${instance}: ${was} → ${is}`).join("\n") || "Nothing is due.");
  return changed.length > 0 ? EXIT.due : EXIT.done;
}

async function rights({ stack, json }: Common): Promise<number> {
  const { missingRights, rightsFor, rightsText } = lazily.rights();
  const settings = StackFile.open(await findStack(stack)).settings(readClock());
  const wanted = rightsFor(settings);
  const missing = await missingRights(settings, wanted).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError(`The cluster's API can't be asked what this account may do: ${reason}.`, EXIT.failed);
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

/** What can be completed after what is typed: the names of the stack's instances. */
async function names(current: string, given: unknown): Promise<string[]> {
  try {
    const stack = typeof given === "object" && given !== null ? Reflect.get(given, "stack") : undefined;
    const { instances } = StackFile.open(await findStack(typeof stack === "string" ? stack : undefined)).settings(
      readClock(),
    );
    return instances.map(({ name }) => name).filter((name) => name.startsWith(current));
  } catch {
    return [];
  }
}

/** Tells a person what went wrong. */
function tell(error: unknown): number {
  const isForPeople = error instanceof CommandError || error instanceof SettingsError || error instanceof PagesError;
  console.error(isForPeople ? error.message : error);
  return error instanceof CommandError ? error.code : isForPeople ? EXIT.refused : EXIT.failed;
}
