import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { backOff } from "exponential-backoff";

// One request to a receiver. Node's own client follows no redirect, keeps no connection and unpacks nothing.

/** How long a receiver may take. */
export interface Limits {
  /** For one attempt. */
  readonly attemptMilliseconds: number;
  readonly attempts: number;
  /** The pause before the second attempt. It grows. */
  readonly pauseMilliseconds: number;
  /** For all requests to one receiver together. */
  readonly receiverMilliseconds: number;
  /** How much of an answer is read. */
  readonly mostBytes: number;
}

export const LIMITS: Limits = {
  attemptMilliseconds: 3000,
  attempts: 3,
  pauseMilliseconds: 250,
  receiverMilliseconds: 10_000,
  // Some thousand silences.
  mostBytes: 4 * 1024 * 1024,
};

export interface Outgoing {
  readonly method: "GET" | "POST" | "DELETE";
  readonly url: string;
  /** Made for each attempt: a signature has a time. */
  readonly headers: () => Readonly<Record<string, string>>;
  readonly body?: string;
  /** Whether the answer's body is needed. If not, the status is enough, and nothing else is waited for. */
  readonly needsBody?: boolean;
  /** The end of the time for this receiver. */
  readonly deadline: AbortSignal;
}

/** Why a receiver was not reached, in a few words of ours: nothing of the answer is quoted. */
export class NotSent extends Error {
  constructor(
    message: string,
    /** The status of the answer, if there was one. */
    readonly status: number | undefined,
    /** Whether another attempt is useless. */
    readonly isFinal: boolean,
  ) {
    super(message);
  }
}

/**
 * Sends a request, and tries again twice when nothing answers or the receiver fails.
 *
 * @returns the answer's body, if it is needed.
 * @throws {NotSent} when no attempt was answered with a status from 200 to 299.
 */
export async function send(outgoing: Outgoing, limits: Limits = LIMITS): Promise<string> {
  let attempts = 0;
  try {
    return await backOff(
      () => {
        attempts += 1;
        return attempt(outgoing, limits);
      },
      {
        numOfAttempts: limits.attempts,
        startingDelay: limits.pauseMilliseconds,
        timeMultiple: 3,
        retry: (error: unknown) => error instanceof NotSent && !error.isFinal && !outgoing.deadline.aborted,
      },
    );
  } catch (error) {
    if (!(error instanceof NotSent) || attempts < 2) throw error;
    throw new NotSent(`${error.message}, after ${attempts} attempts`, error.status, error.isFinal);
  }
}

function attempt(outgoing: Outgoing, limits: Limits): Promise<string> {
  const { method, url, headers, body = "", needsBody = false, deadline } = outgoing;
  const timeout = AbortSignal.timeout(limits.attemptMilliseconds);
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => reject(asNotSent(error, timeout, deadline, limits));
    try {
      const start = new URL(url).protocol === "https:" ? httpsRequest : httpRequest;
      const request = start(
        url,
        {
          method,
          agent: false,
          headers: { ...headers(), "content-length": String(Buffer.byteLength(body)) },
          signal: AbortSignal.any([timeout, deadline]),
        },
        (response) => {
          const status = response.statusCode ?? 0;
          const refusal = refusalOf(status);
          if (refusal !== undefined || !needsBody) {
            // A listener, because an answer that is cut off afterwards is an error without one.
            response.on("error", () => {});
            response.destroy();
            if (refusal === undefined) resolve("");
            else reject(refusal);
            return;
          }
          const chunks: Buffer[] = [];
          let bytes = 0;
          response.on("data", (chunk: Buffer) => {
            bytes += chunk.length;
            chunks.push(chunk);
            if (bytes <= limits.mostBytes) return;
            reject(new NotSent(`an answer of more than ${limits.mostBytes} bytes`, status, true));
            response.destroy();
          });
          response.on("error", fail);
          response.on("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
        },
      );
      // Also after it is settled: a connection that breaks then is nobody's business.
      request.on("error", fail);
      request.end(body);
    } catch (error) {
      fail(error);
    }
  });
}

/** The statuses with which another attempt may succeed: too early, too many requests, a timeout, or a failure of the receiver's. */
const TEMPORARY: ReadonlySet<number> = new Set([408, 425, 429]);

function refusalOf(status: number): NotSent | undefined {
  if (status >= 200 && status < 300) return undefined;
  if (status >= 300 && status < 400)
    return new NotSent(`status ${status}, a redirect, which is not followed`, status, true);
  return new NotSent(`status ${status}`, status, status < 500 && !TEMPORARY.has(status));
}

function asNotSent(error: unknown, timeout: AbortSignal, deadline: AbortSignal, limits: Limits): NotSent {
  if (deadline.aborted) {
    return new NotSent(`not done in ${limits.receiverMilliseconds / 1000} s`, undefined, true);
  }
  if (timeout.aborted) {
    return new NotSent(`no answer in ${limits.attemptMilliseconds / 1000} s`, undefined, false);
  }
  // Node's codes are words of its own. A message may have texts of the receiver in it, such as the names in its certificate.
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return new NotSent(REASONS[code] ?? `no answer${code === "" ? "" : ` (${code})`}`, undefined, false);
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused (ECONNREFUSED)",
  ECONNRESET: "connection reset (ECONNRESET)",
  ENOTFOUND: "no such host (ENOTFOUND)",
  EAI_AGAIN: "its host name could not be resolved (EAI_AGAIN)",
  ERR_INVALID_CHAR: "a header with a character that is not allowed (ERR_INVALID_CHAR)",
};
