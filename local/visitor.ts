import { type Agent, request } from "node:http";

/** What a visitor got. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface VisitOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  readonly agent?: Agent;
}

/**
 * The connection was closed before anything was answered, as nginx does at each reload with connections on which it is
 * waiting for a request: kept-alive ones, and (seen 3 times in 32,000 through this cluster's relay, never without it)
 * ones so new that the request was still on its way. It happens whatever Ingress changes.
 */
export class ClosedConnection extends Error {
  override readonly name = "ClosedConnection";

  constructor(
    message: string,
    /** Whether the connection had carried an earlier request; a browser then asks again (RFC 9112 section 9.3.1). */
    readonly keptAlive: boolean,
  ) {
    super(message);
  }
}

const TIMEOUT_MILLISECONDS = 20_000;

/**
 * Asks the edge for a host's path, as a visitor's browser would after a DNS lookup.
 *
 * @param edge the edge's address, such as `http://127.0.0.1:8080`.
 * @throws {ClosedConnection} when the connection was closed before an answer; any other error when it fails otherwise or
 *   no answer comes in 20 s.
 */
export function visit(edge: string, host: string, path = "/", options: VisitOptions = {}): Promise<Answer> {
  const { method = "GET", headers = {}, body, agent } = options;
  const hasLength = body !== undefined && headers["transfer-encoding"] === undefined;
  return new Promise((resolve, reject) => {
    const outgoing = request(
      edge,
      {
        path,
        method,
        ...(agent === undefined ? {} : { agent }),
        headers: { host, ...(hasLength ? { "content-length": body.length } : {}), ...headers },
      },
      (response) => {
        let answered = false;
        const chunks: Buffer[] = [];
        const done = () => {
          if (answered) return;
          answered = true;
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString("utf8"),
          });
        };
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", done);
        response.on("error", reject);
      },
    );
    outgoing.setTimeout(TIMEOUT_MILLISECONDS, () => outgoing.destroy(new Error(`no answer from ${host} in 20 s`)));
    outgoing.on("error", (error: NodeJS.ErrnoException) =>
      // Node says ECONNRESET of a connection that was closed in good order too.
      reject(error.code === "ECONNRESET" ? new ClosedConnection(error.message, outgoing.reusedSocket) : error),
    );
    outgoing.end(body);
  });
}

/**
 * Asks again every 50 ms until the answer is as wanted.
 *
 * @returns how many milliseconds it took.
 * @throws after `seconds`, with what was seen last.
 */
export async function untilAnswer(
  ask: () => Promise<Answer>,
  isWanted: (answer: Answer) => boolean,
  seconds = 30,
): Promise<number> {
  const begin = Date.now();
  for (;;) {
    const seen = await ask().catch((error: unknown) => String(error));
    if (typeof seen !== "string" && isWanted(seen)) return Date.now() - begin;
    if (Date.now() - begin > seconds * 1000) {
      const last = typeof seen === "string" ? seen : `${seen.status} ${seen.body.slice(0, 80)}`;
      throw new Error(`not within ${seconds} s; last seen: ${last}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
