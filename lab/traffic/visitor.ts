import { type Agent, request as askPlain } from "node:http";
import { request as askEncrypted } from "node:https";

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

/** What a browser asks with when a person opens a page. */
export const BROWSER = { accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8" } as const;

/**
 * A kept-alive connection was closed just as it was used again, as nginx does with idle ones at each reload, whatever
 * Ingress changes. Nothing was answered; a browser asks again on a new connection (RFC 9112 section 9.3.1) and its
 * visitor never notices. A new connection that is closed unanswered is a failure and not this.
 */
export class ClosedConnection extends Error {
  override readonly name = "ClosedConnection";
}

const TIMEOUT_MILLISECONDS = 20_000;

/**
 * Asks the edge for a host's path, as a visitor's browser would after a DNS lookup.
 *
 * @param edge the edge's address, such as `http://127.0.0.1:8080`; with HTTPS any certificate will do.
 * @throws {ClosedConnection} when a kept-alive connection of the agent's was closed; any other error when the connection
 *   fails or no answer comes in 20 s.
 */
export function visit(edge: string, host: string, path = "/", options: VisitOptions = {}): Promise<Answer> {
  const { method = "GET", headers = {}, body, agent } = options;
  const hasLength = body !== undefined && headers["transfer-encoding"] === undefined;
  const request = edge.startsWith("https:") ? askEncrypted : askPlain;
  return new Promise((resolve, reject) => {
    const outgoing = request(
      edge,
      {
        // The controller has only its own for a host without one.
        rejectUnauthorized: false,
        servername: host,
        path,
        method,
        // Without an agent of the caller's a connection of its own: Node's global agent keeps them alive.
        agent: agent ?? false,
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
    outgoing.on("error", (error) => reject(outgoing.reusedSocket ? new ClosedConnection(error.message) : error));
    outgoing.end(body);
  });
}

// While nginx reloads, its old and its new workers accept connections side by side for a moment.
const IN_A_ROW = 8;

/**
 * Asks again every 50 ms until the answer is as wanted, several times in a row.
 *
 * @returns after how many milliseconds the first of those came.
 * @throws after `seconds`, with what was seen last.
 */
export async function untilAnswer(
  ask: () => Promise<Answer>,
  isWanted: (answer: Answer) => boolean,
  seconds = 30,
): Promise<number> {
  const begin = Date.now();
  let first = 0;
  let inARow = 0;
  for (;;) {
    const seen = await ask().catch((error: unknown) => String(error));
    inARow = typeof seen !== "string" && isWanted(seen) ? inARow + 1 : 0;
    if (inARow === 1) first = Date.now() - begin;
    if (inARow === IN_A_ROW) return first;
    if (Date.now() - begin > seconds * 1000) {
      const last = typeof seen === "string" ? seen : `${seen.status} ${seen.body.slice(0, 80)}`;
      throw new Error(`not within ${seconds} s; last seen: ${last}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
