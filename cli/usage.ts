import { nearest, type Problem, problemText } from "../model/problems";
import { CommandError, inputError } from "./errors";
import { COMMANDS, commonOptions } from "./syntax";

/** What yargs says when there is no command. */
export const NO_COMMAND = "no command";

const NAMES = [...COMMANDS.map(([name]) => name), "completion"];

const OPTIONS = new Map(
  [commonOptions, ...COMMANDS.map(([, { options = {} }]) => options)].flatMap((options) =>
    Object.entries(options).map(([name, option]) => [`--${name}`, option]),
  ),
);

/**
 * Refuses, before yargs reads them, arguments that it would read as something else: `--bypass=maybe` as no bypass, the `-1h` of
 * `--until -1h` as the options `-1` and `-h`, and `completion zsh` as `completion`.
 *
 * @throws {CommandError} with the first of them.
 */
export function refuseMisread(typed: readonly string[]): void {
  const [command, shell] = typed;
  if (command === "completion" && shell !== undefined) {
    const allowed = "nothing more; the script is for the shell in $SHELL: SHELL=/bin/zsh npx maintenance completion";
    throw inputError({ path: "completion", found: shell, allowed });
  }
  for (const [index, argument] of typed.entries()) {
    const [option = "", value] = argument.split(/=(.*)/s);
    if (value !== undefined && OPTIONS.get(option)?.type === "boolean" && !["true", "false"].includes(value)) {
      const otherwise = option === "--bypass" ? "--no-bypass, which takes it away" : `no ${option}`;
      throw inputError({ path: option, found: value, allowed: `${option} without a value; or ${otherwise}` });
    }
    const before = typed[index - 1] ?? "";
    if (/^-\d/.test(argument) && OPTIONS.has(before)) {
      const allowed = NEGATIVE_ALLOWED[before] ?? "a value that does not begin with -";
      throw inputError({ path: before, found: argument, allowed });
    }
  }
}

/** What to type instead of a length of time with a minus. */
const NEGATIVE_ALLOWED: Readonly<Record<string, string>> = {
  "--from": "now, or a time in the future, such as 2h",
  "--until": "a time in the future, such as 2h; to end it now: npx maintenance disable",
  "--by": "how much later, such as 1h; to move the end earlier, count from now: --until 30m",
};

/**
 * The error for arguments that yargs can't use.
 *
 * @param message what yargs says of them: a text of its locales/en.json, or `NO_COMMAND`.
 * @param typed the arguments.
 *
 * @example
 * throw usageError("Unknown argument: messsage", ["enable", "acme", "--messsage", "x"]); // "--messsage\n  found: …\n  nearest:  --message"
 */
export function usageError(message: string, typed: readonly string[]): CommandError {
  const problem = problemOf(message, typed);
  const hint = "`npx maintenance --help` and `npx maintenance <command> --help` list what there is.";
  return new CommandError([problem === undefined ? message : problemText(problem), hint].join("\n\n"));
}

function problemOf(message: string, typed: readonly string[]): Problem | undefined {
  const command = typed.find((argument, index) => !argument.startsWith("-") && typed[index - 1] !== "--stack");
  if (message === NO_COMMAND || command === undefined || !NAMES.includes(command)) {
    const meant = command === undefined ? undefined : misspelled(command, NAMES);
    return { path: "<command>", found: command, allowed: NAMES.join(", "), nearest: meant };
  }
  const [, option, value = "", choices = ""] = /Argument: (\S+), Given: "?(.*?)"?, Choices: (.+)/.exec(message) ?? [];
  if (option !== undefined) {
    const allowed = choices.split(", ").map((choice) => choice.replaceAll('"', ""));
    return { path: `--${option}`, found: value, allowed: allowed.join(", "), nearest: nearest(value, allowed) };
  }
  if (message.startsWith("Not enough non-option arguments")) {
    const allowed = "the name of an instance; `npx maintenance status` lists them";
    return { path: "<instance>", found: undefined, allowed };
  }
  const [, valueless] = /^Not enough arguments following: (\S+)/.exec(message) ?? [];
  if (valueless !== undefined) {
    return { path: `--${valueless}`, found: undefined, allowed: 'a value; a text needs quotes: "Back soon"' };
  }
  const [, one, other] = /^Arguments (\S+) and (\S+) are mutually exclusive$/.exec(message) ?? [];
  if (one !== undefined) return { path: `--${one}, --${other}`, found: "both", allowed: "one of them" };
  const [, unknown] = /^Unknown (?:argument|command)s?: ([^,]+)/.exec(message) ?? [];
  return unknown === undefined ? undefined : unknownProblem(unknown, command, typed);
}

function unknownProblem(unknown: string, command: string, typed: readonly string[]): Problem {
  const option = `--${unknown}`;
  if (typed.some((argument) => argument === option || argument.startsWith(`${option}=`))) {
    const ofAnother = OPTIONS.has(option);
    return {
      path: option,
      found: ofAnother ? "an option of another command" : "an unknown option",
      allowed: `the options that \`npx maintenance ${command} --help\` lists`,
      nearest: ofAnother ? undefined : misspelled(option, OPTIONS.keys()),
    };
  }
  const allowed = "fewer arguments here; a text of more than one word needs quotes";
  return { path: unknown, found: "one argument too many", allowed };
}

/** The name that was meant, if it is near enough to be a misspelling. */
function misspelled(typed: string, names: Iterable<string>): string | undefined {
  return nearest(typed, names, Math.ceil(typed.length / 3));
}

/** Options that may be given more than once, and the arguments without a name. */
const REPEATABLE: readonly string[] = ["_", "$0", "instances", "message"];

/**
 * Lets yargs check that no other option was given twice: it would make a list of the values.
 *
 * @throws {CommandError} when one was.
 */
export function refuseRepeated(given: Readonly<Record<string, unknown>>): true {
  const repeated = Object.keys(given).find((name) => Array.isArray(given[name]) && !REPEATABLE.includes(name));
  if (repeated === undefined) return true;
  throw inputError({ path: `--${repeated}`, found: given[repeated], allowed: "one value" });
}
