import { createInterface } from "node:readline/promises";
import { CommandError } from "./errors";

/** How a command talks to a person. */
export interface Terminal {
  /** Prints a line, unless the output is for a program. */
  say(line: string): void;
  /**
   * Asks a question, and waits for yes or no.
   *
   * @throws {CommandError} when there is no terminal to answer on.
   */
  confirm(question: string): Promise<boolean>;
}

/** The terminal of this process. */
export function terminalOf({ json, yes }: { readonly json: boolean; readonly yes: boolean }): Terminal {
  return {
    say(line) {
      if (!json) console.log(line);
    },
    async confirm(question) {
      if (yes) return true;
      if (!process.stdin.isTTY)
        throw new CommandError("There is no terminal to confirm on. --yes goes on without asking.");
      const lines = createInterface({ input: process.stdin, output: process.stdout });
      try {
        return /^y(?:es)?$/i.test((await lines.question(`${question} [y/N] `)).trim());
      } finally {
        lines.close();
      }
    },
  };
}
