import { describe, expect, it } from "vitest";
import { run } from "./commands";
import { EXIT, isForPeople } from "./errors";
import { LanguageHost } from "./language-host";
import { PROJECT } from "./project";

/** What a person sees who types this. */
async function typed(...args: readonly string[]): Promise<string> {
  const error = await run(args, new LanguageHost(PROJECT, new Date()), () => {}).catch((error: unknown) => error);
  expect(isForPeople(error) && error).toHaveProperty("code", EXIT.refused);
  return (error as Error).message;
}

describe("an argument that can't be used gets the four lines of any other problem:", () => {
  it.each<[readonly string[], string]>([
    [["stauts"], '<command>\n  found:    "stauts"\n  allowed:  enable, disable, .*\n  nearest:  status\n'],
    [["--json", "stauts"], '<command>\n  found:    "stauts"\n  allowed:  enable, disable, .*\n  nearest:  status\n'],
    [["frobnicate"], '<command>\n  found:    "frobnicate"\n  allowed:  enable, [^\n]*\n\n'],
    [["--version"], "<command>\n  found:    nothing\n  allowed:  enable, disable, "],
    [["completion", "zsh"], 'completion\n  found:    "zsh"\n  allowed:  nothing more; the script is for the shell in '],
    [
      ["enable", "acme", "--bypass=maybe"],
      '--bypass\n  found:    "maybe"\n  allowed:  --bypass without a value; or --no-bypass',
    ],
    [["disable", "acme", "--yes=nope"], '--yes\n  found:    "nope"\n'],
    [
      ["enable", "acme", "--until", "-1h"],
      '--until\n  found:    "-1h"\n  allowed:  a time in the future, such as 2h; to end it now',
    ],
    [["extend", "acme", "--by", "-1h"], '--by\n  found:    "-1h"\n  allowed:  .*move the end earlier'],
    [["extend", "acme"], "--until, --by\n  found:    nothing\n  allowed:  one of them: "],
    [["enable"], "<instance>\n  found:    nothing\n  allowed:  the name of an instance; "],
    [["preview"], "<instance>\n  found:    nothing\n"],
    [
      ["enable", "acme", "--kind", "schedled"],
      '--kind\n  found:    "schedled"\n  allowed:  scheduled, unscheduled\n  nearest:  scheduled\n',
    ],
    [["enable", "acme", "--messsage", "x"], "--messsage\n  found: .*\n  allowed: .*\n  nearest:  --message\n"],
    [["enable", "acme", "--messsage=x"], "--messsage\n  found: .*\n  allowed: .*\n  nearest:  --message\n"],
    [["enable", "acme", "--message"], "--message\n  found:    nothing\n  allowed:  a value; a text needs quotes"],
    [["enable", "acme", "--until", "2h", "--until", "3h"], "--until\n  found: .*\n  allowed:  one value"],
    [["enable", "acme", "--kind", "--stack", "x"], '--kind\n  found:    "true"\n  allowed:  scheduled, unscheduled\n'],
    [
      ["disable", "acme", "--until", "2h"],
      '--until\n  found:    "an option of another command"\n  allowed:  the options that ',
    ],
    [["bypass", "acme", "beta"], 'beta\n  found:    "one argument too many"\n'],
    [["status", "--all-stacks", "--stack", "x"], '--all-stacks, --stack\n  found:    "both"\n  allowed:  one of them$'],
    [["list", "--all-stacks", "--ics"], '--all-stacks, --ics\n  found:    "both"\n  allowed:  one of them$'],
    [["extend", "acme", "--until", "2h", "--by", "1h"], '--until, --by\n  found:    "both"\n  allowed:  one of them\n'],
  ])("%j", async (args, expected) => {
    expect(await typed(...args)).toMatch(new RegExp(`^${expected}`));
  });
});
