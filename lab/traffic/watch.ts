import { isPageOf, marker } from "../scenario/seen";
import { startLoad } from "./load";
import type { Answer } from "./visitor";

/** Whom the visitors ask: an instance that is in maintenance in most rows, a healthy one, and nobody's host. */
export const HOSTS = { acme: "acme.localhost", beta: "beta.localhost", nobody: "nobody.localhost" } as const;

export type Watched = keyof typeof HOSTS;

/** What an answer may be. */
export type Kind = "own" | "page" | "50x" | "not-found";

/** Which answers are right for each of them. */
export type Right = Readonly<Record<Watched, readonly Kind[]>>;

/** What is right while acme is in maintenance, and beta is not. */
export const RIGHT: Right = { acme: ["page"], beta: ["own"], nobody: ["not-found"] };

/** What the visitors of one host got, over HTTP and over HTTPS together. */
export interface Got {
  readonly answers: number;
  /** Answers that were not right, by what they were. */
  readonly wrong: Readonly<Record<string, number>>;
  /** The longest time between two right answers over HTTP, or over HTTPS, in milliseconds. */
  readonly longestGap: number;
}

export interface Edges {
  readonly plain: string;
  readonly encrypted: string;
}

/** Visitors of each host in a second, half of them over HTTPS. */
export const PER_SECOND = 200;

// A row that takes longer is broken, and its visitors must not stay.
const MAX_SECONDS = 400;

/**
 * Sends the visitors while something is done, and tells what they got.
 *
 * @param perSecond visitors of each host in a second.
 */
export async function underLoad(
  { plain, encrypted }: Edges,
  right: Right,
  work: () => Promise<string>,
  perSecond: number = PER_SECOND,
): Promise<{ readonly seen: string; readonly got: Readonly<Record<Watched, Got>> }> {
  const start = (of: Watched) =>
    [plain, encrypted].map((edge) => {
      const classify = (answer: Answer) => {
        const kind = kindOf(of, answer);
        return kind !== undefined && right[of].includes(kind) ? kind : `wrong: ${kind ?? described(answer)}`;
      };
      return startLoad(edge, HOSTS[of], perSecond / 2, classify, MAX_SECONDS);
    });
  const loads = { acme: start("acme"), beta: start("beta"), nobody: start("nobody") };
  const stop = async (of: Watched): Promise<Got> => {
    const seen = await Promise.all(loads[of].map((load) => load.stop()));
    const wrong: Record<string, number> = {};
    for (const [kind, count] of seen.flatMap(({ kinds }) => Object.entries(kinds))) {
      if (/^(?:wrong|failed)/.test(kind)) wrong[kind] = (wrong[kind] ?? 0) + count;
    }
    return {
      answers: seen.reduce((sum, { answers }) => sum + answers, 0),
      wrong,
      longestGap: Math.max(...seen.map(({ longestGap }) => longestGap)),
    };
  };
  let seen: string;
  try {
    seen = await work();
  } catch (error) {
    await Promise.all([stop("acme"), stop("beta"), stop("nobody")]);
    throw error;
  }
  const [acme, beta, nobody] = await Promise.all([stop("acme"), stop("beta"), stop("nobody")]);
  return { seen, got: { acme, beta, nobody } };
}

function kindOf(of: Watched, answer: Answer): Kind | undefined {
  const kind = marker(answer).get("kind");
  if (answer.status === 200 && answer.body.startsWith(`this is ${of}:`)) return "own";
  if (!isProblem(answer)) return undefined;
  if (of !== "nobody" && isPageOf(of)(answer)) return "page";
  if (answer.status === 404 && kind === "not-found") return "not-found";
  if (answer.status >= 500 && kind === "50x") return "50x";
  return undefined;
}

/** The visitors accept anything, and so get the problem document; whoever else answers has something else to say. */
function isProblem({ headers, body }: Answer): boolean {
  return headers["content-type"] === "application/problem+json" && /^\{"type":"about:blank",.*\}\n$/s.test(body);
}

function described({ status, body }: Answer): string {
  return `${status} ${JSON.stringify(body.slice(0, 40))}`;
}
