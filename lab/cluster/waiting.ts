import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../../model/problems";
import { LocalError, lastLines } from "./errors";

export interface WaitOptions {
  /** What is waited for, as a noun phrase: `the API server to be ready`. */
  readonly what: string;
  readonly timeoutSeconds: number;
  /** The log whose end the message shows. */
  readonly logFile?: string;
  /** Called before every attempt. The wait ends at once with what it throws. */
  readonly check?: () => void;
  /** @default 100 */
  readonly everyMilliseconds?: number;
}

/**
 * Calls `attempt` again and again until it returns something other than `undefined`. An attempt that throws counts as "not yet".
 *
 * @throws {LocalError} after the timeout, with the last failure and the end of the log.
 */
export async function waitFor<T>(attempt: () => Promise<T | undefined>, options: WaitOptions): Promise<T> {
  const deadline = Date.now() + options.timeoutSeconds * 1000;
  let failure = "";
  while (Date.now() < deadline) {
    options.check?.();
    try {
      const found = await attempt();
      if (found !== undefined) {
        return found;
      }
    } catch (error) {
      failure = ` The last try said: ${messageOf(error)}.`;
    }
    await sleep(options.everyMilliseconds ?? 100);
  }
  options.check?.();
  const log = options.logFile === undefined ? "" : ` The end of ${options.logFile}:\n${lastLines(options.logFile)}`;
  throw new LocalError(`waited ${options.timeoutSeconds} s in vain for ${options.what}.${failure}${log}`);
}

/** An attempt for `waitFor`: whether an address answers 200. */
export const answersAt = (url: string) => async (): Promise<true | undefined> => {
  const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
  await response.arrayBuffer();
  return response.status === 200 ? true : undefined;
};
