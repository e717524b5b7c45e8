import type { ArgumentsCamelCase, InferredOptionTypes, Options } from "yargs";
import { OVERRIDE_KINDS } from "../model/maintenance";
import { entryOptions } from "./entry-options";

interface Syntax {
  /** What a person types, as yargs has it: `bypass [instance]`. */
  readonly command: string;
  readonly describe: string;
  readonly positionals?: Readonly<Record<string, Options & { type: "string" }>>;
  readonly options?: Readonly<Record<string, Options>>;
  readonly example?: string;
}

/** The options that every command has. */
export const commonOptions = {
  stack: {
    type: "string",
    describe:
      "The stack, which is a cluster. Default: $PULUMI_STACK, or the stack of the named instances, or the selected one",
  },
  json: { type: "boolean", default: false, describe: "Print the result as JSON" },
} as const satisfies Syntax["options"];

const instances = {
  instances: { type: "string", array: true, demandOption: true, describe: "Names of instances" },
} as const;

const changing = {
  yes: { alias: "y", type: "boolean", default: false, describe: "Don't ask" },
  "allow-other-changes": {
    type: "boolean",
    default: false,
    describe: "Let changes through that have nothing to do with these instances",
  },
} as const;

const ofAllStacks = {
  "all-stacks": {
    type: "boolean",
    default: false,
    describe: "Of every stack with a file in this folder",
  },
} as const;

/** What can be typed: each command with its arguments and options, in the order of the help. */
export const SYNTAX = {
  enable: {
    command: "enable <instances..>",
    describe: "Put instances into maintenance, or change their entries",
    positionals: instances,
    options: { ...changing, ...entryOptions },
    example: '$0 enable acme --until 2h --message "Back soon"',
  },
  disable: {
    command: "disable <instances..>",
    describe: "Take instances out of maintenance",
    positionals: instances,
    options: {
      ...changing,
      force: {
        type: "boolean",
        default: false,
        describe: "Let visitors in, even if the instance itself does not answer",
      },
    },
  },
  bypass: {
    command: "bypass [instance]",
    describe: "Show how to reach an instance in maintenance through its bypass, or make new keys",
    positionals: { instance: { type: "string", describe: "The instance's name" } },
    options: {
      rotate: { type: "boolean", default: false, describe: "Make new keys; the old ones end" },
      yes: changing.yes,
    },
    example: "$0 enable acme --bypass && $0 bypass acme",
  },
  extend: {
    command: "extend <instances..>",
    describe: "Move the expected end of a maintenance",
    positionals: instances,
    options: {
      ...changing,
      until: {
        type: "string",
        conflicts: "by",
        describe: "The new end: 2h from now, or a time with an offset",
      },
      by: { type: "string", describe: "How much later than the present end: 1h" },
    },
    example: "$0 extend acme --by 1h",
  },
  preview: {
    command: "preview <instance>",
    describe: "Show the page that visitors would see, and change nothing",
    positionals: { instance: { type: "string", demandOption: true, describe: "The instance's name" } },
    options: {
      ...entryOptions,
      kind: { choices: OVERRIDE_KINDS, describe: "Which page. Default: the entry's, or unscheduled" },
      lang: { type: "string", describe: "The page's language. Default: the stack's first" },
      out: { type: "string", describe: "The file to write. Default: one in a new folder" },
    },
    example: '$0 preview acme --until 2h --message "Back soon"',
  },
  list: {
    command: "list",
    describe: "Show the entries of the configuration",
    options: {
      ...ofAllStacks,
      ics: { type: "boolean", default: false, describe: "Print the windows as a calendar" },
    },
  },
  status: {
    command: "status",
    describe: "Compare the configuration with what visitors see",
    options: {
      ...ofAllStacks,
      watch: { type: "boolean", default: false, describe: "Check again every 5 seconds, until Ctrl-C" },
    },
  },
  check: {
    command: "check [instances..]",
    describe: "Look for what would go wrong in a maintenance, and change nothing",
    positionals: {
      instances: { type: "string", array: true, describe: "Names of instances. Default: all" },
    },
  },
  plan: { command: "plan", describe: "Show what `pulumi up` would change" },
  due: {
    command: "due",
    describe: "Tell whether a window has begun or ended since the last `pulumi up`",
  },
  elsewhere: {
    command: "elsewhere",
    describe: "Tell whether `pulumi up` would open an instance that was put into maintenance from another checkout",
  },
  notify: {
    command: "notify",
    describe:
      "Notify the receivers of the setting notify of what a `pulumi up` has done, and set silences; for pipelines",
    options: {
      remember: { type: "string", conflicts: "since", describe: "Before the `up`: write to this file what is applied" },
      since: { type: "string", describe: "After the `up`: send what has happened since that file was written" },
    },
  },
  rights: {
    command: "rights",
    describe: "Tell whether this account has the rights in the cluster that `pulumi up` needs",
  },
} as const satisfies Record<string, Syntax>;

/** The name of a command, such as `enable`. */
export type CommandName = keyof typeof SYNTAX;

/** Each command's name, and its syntax. */
export const COMMANDS = Object.entries(SYNTAX) as readonly (readonly [CommandName, Syntax])[];

type Part<Name extends CommandName, Key extends "positionals" | "options"> = (typeof SYNTAX)[Name] extends {
  readonly [Of in Key]: infer Found extends Readonly<Record<string, Options>>;
}
  ? Found
  : Record<never, never>;

/** What a command is given: its arguments and options, as they were typed. */
export type Given<Name extends CommandName> = ArgumentsCamelCase<
  InferredOptionTypes<typeof commonOptions & Part<Name, "positionals"> & Part<Name, "options">>
>;
