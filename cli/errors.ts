import { PagesError, type Problem, problemText, SettingsError } from "../model/problems";

/** What the command ends with; the numbers are documented in docs/command.md. */
export const EXIT = {
  /** Done, and seen at the edge. */
  done: 0,
  /** It failed; the configuration is as it was. */
  failed: 1,
  /** Refused before anything was done. */
  refused: 2,
  /** Done, but not every host shows what it should. */
  unseen: 3,
  /** `due`: an `up` would change something because of time. */
  due: 4,
  /** `status`: something needs somebody. */
  attention: 5,
  /** Done, and shown, but not the page itself: the page server shows a copy, because it can't read the bucket. */
  copy: 6,
  /** Ctrl-C. */
  interrupted: 130,
} as const;

/** What a command says that was ended by Ctrl-C. */
export const INTERRUPTED = "It was interrupted.";

/** Something that a person has to know or mend; shown without a stack trace. */
export class CommandError extends Error {
  override readonly name = "CommandError";

  constructor(
    message: string,
    readonly code: number = EXIT.refused,
  ) {
    super(message);
  }
}

/** Whether an error's message is for people, and its stack trace for nobody. */
export function isForPeople(error: unknown): error is CommandError | SettingsError | PagesError {
  return error instanceof CommandError || error instanceof SettingsError || error instanceof PagesError;
}

/**
 * The error for an argument or an option that can't be used.
 *
 * @param problem its path is the option, such as `--until`.
 */
export function inputError(problem: Problem): CommandError {
  return new CommandError(problemText(problem));
}
