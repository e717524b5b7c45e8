import { nearest, problemText } from "../model/problems";
import { entryOptions } from "./entry-options";
import { inputError } from "./errors";

const COMMANDS = [
  "enable",
  "disable",
  "extend",
  "bypass",
  "preview",
  "list",
  "status",
  "plan",
  "due",
  "elsewhere",
  "rights",
  "completion",
];

const OPTIONS = [
  ...Object.keys(entryOptions),
  "by",
  "yes",
  "json",
  "stack",
  "force",
  "allow-other-changes",
  "watch",
  "ics",
  "rotate",
  "lang",
  "out",
].map((name) => `--${name}`);

/**
 * What yargs says of arguments that it can't use (its locales/en.json), as this project says such things.
 *
 * @param message yargs' own.
 * @param typed the arguments.
 *
 * @example
 * usageText("Unknown argument: messsage", ["enable", "acme", "--messsage", "x"]); // "--messsage\n  found: …\n  nearest:  --message"
 */
export function usageText(message: string, typed: readonly string[]): string {
  const [command = ""] = typed;
  if (!COMMANDS.includes(command) && !command.startsWith("-")) {
    return problemText({
      path: "<command>",
      found: command,
      allowed: COMMANDS.join(", "),
      nearest: nearest(command, COMMANDS),
    });
  }
  const [, option, value = "", choices = ""] = /Argument: (\S+), Given: "?(.*?)"?, Choices: (.+)/.exec(message) ?? [];
  if (option !== undefined) {
    const allowed = choices.split(", ").map((choice) => choice.replaceAll('"', ""));
    return problemText({
      path: `--${option}`,
      found: value,
      allowed: allowed.join(", "),
      nearest: nearest(value, allowed),
    });
  }
  if (message.startsWith("Not enough non-option arguments")) {
    const hint = "the name of an instance; `npx maintenance status` lists them";
    return problemText({ path: "<instance>", found: undefined, allowed: hint });
  }
  const [, valueless] = /^Not enough arguments following: (\S+)/.exec(message) ?? [];
  if (valueless !== undefined) {
    return problemText({
      path: `--${valueless}`,
      found: undefined,
      allowed: 'a value; a text needs quotes: "Back soon"',
    });
  }
  const [, both, other] = /^Arguments (\S+) and (\S+) are mutually exclusive$/.exec(message) ?? [];
  if (both !== undefined) {
    return problemText({ path: `--${both}, --${other}`, found: "both", allowed: "one of them" });
  }
  const [, unknown] = /^Unknown arguments?: ([^,]+)/.exec(message) ?? [];
  if (unknown === undefined) return message;
  const isOption = typed.some((one) => one === `--${unknown}` || one.startsWith(`--${unknown}=`));
  return isOption
    ? problemText({
        path: `--${unknown}`,
        found: OPTIONS.includes(`--${unknown}`) ? "an option of another command" : "an unknown option",
        allowed: `the options that \`npx maintenance ${command} --help\` lists`,
        nearest: OPTIONS.includes(`--${unknown}`) ? undefined : nearest(`--${unknown}`, OPTIONS),
      })
    : problemText({
        path: unknown,
        found: "one argument too many",
        allowed: "fewer arguments here; a text of more than one word needs quotes",
      });
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
