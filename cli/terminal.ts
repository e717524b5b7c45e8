import { createInterface } from "node:readline/promises";
import { CommandError, EXIT, INTERRUPTED } from "./errors";

/** How a command talks to a person. */
export interface Terminal {
  /** Prints a line, unless the output is for a program. */
  say(line: string): void;
  /**
   * Says what a person is waiting for, and for how long by now: on a terminal in one line that changes, elsewhere in a line now and then.
   *
   * @param what such as `Previewing the change`.
   */
  during<Result>(what: string, work: Promise<Result>): Promise<Result>;
  /**
   * Asks a question, and waits for yes or no.
   *
   * @throws {CommandError} when there is no terminal to answer on, or the answer is Ctrl-C.
   */
  confirm(question: string): Promise<boolean>;
}

/** Where the output goes: `process.stdout`, or a part of it. */
export interface Screen {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

// Seconds. A log should not be filled with waiting.
const EVERY = { onTerminal: 1, elsewhere: 10 };

/** The terminal of this process. */
export function terminalOf(
  { json, yes }: { readonly json: boolean; readonly yes: boolean },
  screen: Screen = process.stdout,
): Terminal {
  const canChangeLines = screen.isTTY === true && !json;
  let waiting: string | undefined;
  const say = (line: string) => {
    if (json) return;
    // The line that changes is below all others.
    screen.write(waiting === undefined ? `${line}\n` : `${CLEARED}${line}\n${waiting}`);
  };
  const show = (text: string) => {
    if (!canChangeLines) return say(text);
    waiting = text;
    screen.write(`${CLEARED}${text}`);
  };
  return {
    say,
    async during(what, work) {
      const begin = Date.now();
      const seconds = () => Math.round((Date.now() - begin) / 1000);
      show(`${what} …`);
      const timer = setInterval(
        () => show(canChangeLines ? `${what} … ${seconds()} s` : `  … for ${seconds()} s`),
        EVERY[canChangeLines ? "onTerminal" : "elsewhere"] * 1000,
      );
      try {
        return await work;
      } finally {
        clearInterval(timer);
        if (waiting !== undefined) screen.write("\n");
        waiting = undefined;
      }
    },
    async confirm(question) {
      if (yes) return true;
      if (!process.stdin.isTTY)
        throw new CommandError("There is no terminal to confirm on. --yes goes on without asking.");
      const lines = createInterface({ input: process.stdin, output: process.stdout });
      try {
        return /^y(?:es)?$/i.test((await lines.question(`${question} [y/N] `)).trim());
      } catch (error) {
        // On a terminal that asks, Ctrl-C is a key and no signal.
        if (error instanceof Error && error.name === "AbortError")
          throw new CommandError(INTERRUPTED, EXIT.interrupted);
        throw error;
      } finally {
        lines.close();
      }
    },
  };
}

/** To the line's begin, and nothing in it (ECMA-48, EL). */
const CLEARED = "\r\u001b[K";
