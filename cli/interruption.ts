import { CommandError, EXIT, INTERRUPTED } from "./errors";

/** Whether a person, or the system, has asked this process to stop. */
export interface Interruption {
  /** Aborts the engine's run, where that does not get the signal itself. */
  readonly signal: AbortSignal;
  happened(): boolean;
  /** @throws {CommandError} when it has happened. */
  throwIfInterrupted(): void;
}

/** Runs something while SIGINT and SIGTERM are noted, and do not end this process. */
export async function interruptible<Result>(work: (interruption: Interruption) => Promise<Result>): Promise<Result> {
  const controller = new AbortController();
  // On a terminal the engine is in the same process group and has had the signal already. A second one would make it stop at once.
  const forward = !process.stdin.isTTY;
  let isInterrupted = false;
  const note = () => {
    isInterrupted = true;
    if (forward) controller.abort();
  };
  process.on("SIGINT", note);
  process.on("SIGTERM", note);
  try {
    return await work({
      signal: controller.signal,
      happened: () => isInterrupted,
      throwIfInterrupted() {
        if (isInterrupted) throw new CommandError(INTERRUPTED, EXIT.interrupted);
      },
    });
  } finally {
    process.off("SIGINT", note);
    process.off("SIGTERM", note);
  }
}
