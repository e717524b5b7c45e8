import { createInterface } from "node:readline/promises";
import { CommandError } from "./errors";

/** Where a command speaks to a person, and listens. */
export interface Terminal {
  /** Shows a line; not where the result is for a program. */
  say(line: string): void;
  /**
   * Asks for a yes.
   *
   * @throws {CommandError} when nobody can answer.
   */
  confirm(question: string): Promise<boolean>;
}

/** The terminal of this process. */
export function terminal({ json, yes }: { readonly json: boolean; readonly yes: boolean }): Terminal {
  return {
    say(line) {
      if (!json) console.log(line);
    },
    async confirm(question) {
      if (yes) return true;
      if (!process.stdin.isTTY) throw new CommandError("Nobody can be asked here: --yes goes on without asking.");
      const lines = createInterface({ input: process.stdin, output: process.stdout });
      try {
        return /^y(?:es)?$/i.test((await lines.question(`${question} [y/N] `)).trim());
      } finally {
        lines.close();
      }
    },
  };
}
