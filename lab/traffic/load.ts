import { Agent } from "node:http";
import { Agent as EncryptedAgent } from "node:https";
import { type Answer, ClosedConnection, visit } from "./visitor";

/** What a steady stream of visitors saw on one host. */
export interface Seen {
  readonly answers: number;
  /** Answers by what they were: the names that `classify` gave, and `failed: …` for broken connections. */
  readonly kinds: Readonly<Record<string, number>>;
  /** Visitors whose kept-alive connection was closed under them, and who asked again on a new one as a browser does. */
  readonly reconnects: number;
  /** The longest time between two good answers, in milliseconds. */
  readonly longestGap: number;
}

/** A steady stream of visitors that is running. */
export interface Load {
  /** Ends it, waits for the last answers and tells what was seen. */
  stop(): Promise<Seen>;
}

/**
 * Sends visitors to one host at a steady rate, whether or not earlier ones were answered.
 *
 * @param edge the edge's address, with HTTP or HTTPS.
 * @param perSecond visitors each second.
 * @param classify a name for an answer, beginning with `wrong` for one that should not be.
 * @param maxSeconds after how many seconds it ends by itself.
 */
export function startLoad(
  edge: string,
  host: string,
  perSecond: number,
  classify: (answer: Answer) => string,
  maxSeconds = 120,
): Load {
  // As many connections as are needed: a request that waited for one would not be known to be on a kept-alive one.
  const agent = new (edge.startsWith("https:") ? EncryptedAgent : Agent)({ keepAlive: true, maxFreeSockets: 64 });
  const kinds: Record<string, number> = {};
  const open = new Set<Promise<void>>();
  let lastGood = Date.now();
  let longestGap = 0;
  let reconnects = 0;
  let sent = 0;
  const begin = Date.now();

  const count = (kind: string) => {
    kinds[kind] = (kinds[kind] ?? 0) + 1;
    if (kind.startsWith("wrong") || kind.startsWith("failed")) return;
    longestGap = Math.max(longestGap, Date.now() - lastGood);
    lastGood = Date.now();
  };
  const timer = setInterval(() => {
    if (Date.now() - begin > maxSeconds * 1000) return clearInterval(timer);
    // As many as are due by now: a late timer must not lower the rate.
    const due = Math.floor(((Date.now() - begin) / 1000) * perSecond);
    for (; sent < due; sent += 1) {
      const path = `/load/${sent}`;
      const asked = visit(edge, host, path, { agent })
        .catch((error: unknown) => {
          if (!(error instanceof ClosedConnection)) throw error;
          reconnects += 1;
          return visit(edge, host, path);
        })
        .then((answer) => count(classify(answer)))
        .catch((error: unknown) => count(`failed: ${error instanceof Error ? error.message : String(error)}`))
        .finally(() => open.delete(asked));
      open.add(asked);
    }
  }, 5);

  return {
    async stop() {
      clearInterval(timer);
      await Promise.all(open);
      agent.destroy();
      return { answers: Object.values(kinds).reduce((sum, number) => sum + number, 0), kinds, reconnects, longestGap };
    },
  };
}
