import { markerOf } from "../../components/page-server/marker";
import type { EdgeKind } from "../lab";
import { hostsOf, SAMPLES, type Sample } from "../samples";
import { type Up, UpFailed } from "../stack";
import { type Answer, untilAnswer, visit } from "../traffic/visitor";

// What was seen, in the words in which the steps say what they expect.

/** The page server's marker: `instance=acme; kind=unscheduled; …`. */
export function marker(answer: Answer): ReadonlyMap<string, string> {
  return markerOf(answer.headers);
}

/** Whether it is the page of an instance in maintenance. */
export function isPageOf(instance: string): (answer: Answer) => boolean {
  return (answer) => answer.status === 503 && marker(answer).get("instance") === instance;
}

export async function seePage(asked: Promise<Answer>): Promise<string> {
  const answer = await asked;
  const { status } = answer;
  const page = marker(answer);
  if (page.get("kind") === "not-found") return `${status}, the not-found page`;
  if (page.get("kind") === "50x") return `${status}, the 50x page (${page.get("source")})`;
  if (page.has("instance"))
    return `${status}, the page of ${page.get("instance")} (${page.get("kind")}, ${page.get("source")})`;
  return `${status}, ${answer.body.slice(0, 80)}`;
}

export async function seeInstance(asked: Promise<Answer>): Promise<string> {
  const { status, body } = await asked;
  return `${status} from ${/^this is (\w+):/.exec(body)?.[1] ?? body.slice(0, 80)}`;
}

/** The changes; those of one override, which is made of other objects at each edge, as one. */
export function seeChanges({ changes }: Pick<Up, "changes">): string {
  const isOverride =
    /^(\w+) (?:Ingress|IngressRoute|Middleware|HTTPRoute) (?:\d+\.)?(maintenance-[a-z0-9-]+)(?:\.[a-z-]+)?$/;
  const overrides = changes.flatMap((change) => {
    const [, operation, name] = isOverride.exec(change) ?? [];
    return operation === undefined ? [] : [`${operation} override ${name}`];
  });
  return countedChanges([...changes.filter((change) => !isOverride.test(change)), ...new Set(overrides)]);
}

/**
 * What a row expects, or what was seen, in words that are the same at an edge of this kind. At the Gateway API `disable` parks an override and
 * does not delete it. So that, and to enable it again, are updates; and changes are sorted by their first word.
 */
export function inWordsOf(kind: EdgeKind, text: string): string {
  if (kind !== "gateway-api") return text;
  return text
    .replace(/\b(?:create|delete) override/g, "update override")
    .split("; ")
    .map((part) => part.split(", ").sort().join(", "))
    .join("; ");
}

/** The changes, resource by resource; of objects that are alike, the number. */
export function countedChanges(changes: readonly string[]): string {
  if (changes.length === 0) return "no change";
  const counted = new Map<string, number>();
  for (const change of changes) {
    const what = change.replace(/ (?:pages\/(?:instances|shared)\/|page-server-nginx-).*/, "");
    counted.set(what, (counted.get(what) ?? 0) + 1);
  }
  return [...counted]
    .map(([what, count]) => (count > 1 ? `${what} (${count})` : what))
    .sort()
    .join(", ");
}

/** What a refused run says at the group of `pattern`, and that it changed nothing. */
export async function seeRefusal(up: Promise<Up>, pattern: RegExp): Promise<string> {
  try {
    return `not refused; ${seeChanges(await up)}`;
  } catch (error) {
    if (!(error instanceof UpFailed)) throw error;
    const message = pattern.exec(error.output)?.[1] ?? error.output;
    const trace = /^\s+at .*:\d+:\d+\)?$/m.test(error.output) ? "; with a stack trace" : "";
    return `${message}; ${seeChanges(error)}${trace}`;
  }
}

/** How many hosts the samples have in all. */
export const ALL_HOSTS = SAMPLES.flatMap(hostsOf).length;

export async function everyInstanceAnswers(edge: string): Promise<string> {
  const seen = await Promise.all(
    SAMPLES.flatMap((sample) =>
      hostsOf(sample).map(async (host) => (await seeInstance(visit(edge, host))) === `200 from ${sample}`),
    ),
  );
  return `${seen.filter(Boolean).length} of ${seen.length}: 200 from the instance itself`;
}

export async function everyHostIs(sample: Sample, isWanted: (answer: Answer) => boolean, edge: string): Promise<void> {
  for (const host of hostsOf(sample)) await untilAnswer(() => visit(edge, host), isWanted);
}
