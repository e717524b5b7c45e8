import { join } from "node:path";
import { readClock } from "../settings/clock";
import { CommandError, EXIT, isForPeople } from "./errors";
import { LanguageHost } from "./language-host";
import type { Later } from "./later";
import type { CommandName } from "./syntax";
import { visibleLines } from "./visible";

/** The commands that run the program. `bypass` does too, but only for new keys. */
const RUNS_PROGRAM: ReadonlySet<string | undefined> = new Set<CommandName>([
  "enable",
  "disable",
  "extend",
  "plan",
  "check",
]);

/** Runs the command, and returns the code to exit with. */
export async function main(args: readonly string[]): Promise<number> {
  const later: (() => Promise<void>)[] = [];
  const code = await result(args, (task) => later.push(task));
  for (const task of later) await task();
  return code;
}

async function result(args: readonly string[], later: Later): Promise<number> {
  let host: LanguageHost | undefined;
  try {
    host = new LanguageHost(join(__dirname, ".."), readClock());
    // First of all: to load the program takes longer than everything that comes before the engine asks for it.
    if (RUNS_PROGRAM.has(args[0])) await host.address();
    const { run } = require("./commands") as typeof import("./commands");
    return await run(args, host, later);
  } catch (error) {
    return report(error);
  } finally {
    host?.stop();
  }
}

/** Prints what went wrong. */
function report(error: unknown): number {
  if (!isForPeople(error)) {
    console.error(error);
    return EXIT.failed;
  }
  console.error(visibleLines(error.message));
  return error instanceof CommandError ? error.code : EXIT.refused;
}
