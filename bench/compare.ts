import { runCommand } from "../lab/cluster/commands";
import { visit } from "../lab/traffic/visitor";
import { median } from "./median";

/** What is measured: an address, what it is asked with, and the status that every answer has to have. */
export interface Candidate {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly status: number;
}

/** What a candidate did, as the median of its rounds. */
export interface Measured {
  readonly requestsPerSecond: number;
  /** The 99th percentile of the time to an answer, in milliseconds. */
  readonly p99: number;
}

const ROUNDS = 7;
const ROUND_SECONDS = 2;
const CONNECTIONS = 32;

/**
 * Asks candidates by turns with wrk, so that whatever else the machine does at the time falls to all of them.
 *
 * @returns what each did, in the order in which they were given.
 * @throws when an answer has another status, or none.
 */
export async function compare(...candidates: readonly Candidate[]): Promise<readonly Measured[]> {
  const rounds = candidates.map(() => [] as Measured[]);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (let turn = 0; turn < candidates.length; turn += 1) {
      // Another is the first in each round: who comes later finds warmer caches.
      const index = (turn + round) % candidates.length;
      const candidate = candidates[index];
      if (candidate !== undefined) rounds[index]?.push(await measure(candidate));
    }
  }
  return rounds.map(medianOf);
}

async function measure({ url, headers, status }: Candidate): Promise<Measured> {
  const { origin, host, pathname } = new URL(url);
  const answer = await visit(origin, headers.Host ?? host, pathname, { headers });
  if (answer.status !== status) throw new Error(`${url}: ${answer.status} instead of ${status}`);
  const output = await runCommand("wrk", [
    ...["--threads", "1", "--connections", String(CONNECTIONS), "--duration", `${ROUND_SECONDS}s`, "--latency"],
    ...Object.entries(headers).flatMap(([name, value]) => ["--header", `${name}: ${value}`]),
    url,
  ]);
  const figure = (pattern: RegExp) => Number(pattern.exec(output)?.[1] ?? 0);
  const all = figure(/(\d+) requests in/);
  const failures = figure(/Non-2xx or 3xx responses: (\d+)/);
  if (all === 0 || /Socket errors/.test(output) || failures !== (status < 400 ? 0 : all)) throw new Error(output);
  const [, p99 = "", unit = ""] = /99%\s+([\d.]+)(us|ms|s)/.exec(output) ?? [];
  return {
    requestsPerSecond: figure(/Requests\/sec: +([\d.]+)/),
    p99: Number(p99) * (MILLISECONDS[unit] ?? Number.NaN),
  };
}

const MILLISECONDS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000 };

function medianOf(rounds: readonly Measured[]): Measured {
  return {
    requestsPerSecond: median(rounds.map(({ requestsPerSecond }) => requestsPerSecond)),
    p99: median(rounds.map(({ p99 }) => p99)),
  };
}
