import autocannon from "autocannon";

/** What is measured: an address, and what it is asked with. */
export interface Candidate {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What a candidate did, as the median of its rounds. */
export interface Measured {
  readonly requestsPerSecond: number;
  /** The 99th percentile of the time to an answer, in milliseconds. */
  readonly p99: number;
}

const ROUNDS = 9;
const ROUND_SECONDS = 2;
const CONNECTIONS = 16;

/**
 * Asks two candidates by turns, so that whatever else the machine does at the time falls to both.
 *
 * @param status the status that every answer has to have; any other ends the measurement.
 */
export async function compare(
  ours: Candidate,
  alternative: Candidate,
  status: number,
): Promise<{ readonly ours: Measured; readonly alternative: Measured }> {
  const rounds = { ours: [] as Measured[], alternative: [] as Measured[] };
  const candidates = { ours, alternative };
  for (let round = 0; round < ROUNDS; round += 1) {
    // Who comes second finds warmer caches.
    const order = round % 2 === 0 ? (["ours", "alternative"] as const) : (["alternative", "ours"] as const);
    for (const name of order) rounds[name].push(await measure(candidates[name], status));
  }
  return { ours: medianOf(rounds.ours), alternative: medianOf(rounds.alternative) };
}

async function measure({ url, headers }: Candidate, status: number): Promise<Measured> {
  const result = await autocannon({ url, headers, connections: CONNECTIONS, duration: ROUND_SECONDS });
  const answers = result.statusCodeStats?.[`${status}`]?.count ?? 0;
  const others = result.requests.total - answers;
  if (others > 0 || result.errors > 0 || answers === 0) {
    throw new Error(`${url}: ${answers} answers ${status}, ${others} others, ${result.errors} errors`);
  }
  return { requestsPerSecond: result.requests.average, p99: result.latency.p99 };
}

function medianOf(rounds: readonly Measured[]): Measured {
  return { requestsPerSecond: median(rounds, "requestsPerSecond"), p99: median(rounds, "p99") };
}

function median(rounds: readonly Measured[], figure: keyof Measured): number {
  const sorted = rounds.map((round) => round[figure]).sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
