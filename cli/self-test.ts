import { setTimeout as sleep } from "node:timers/promises";
import { type Edge, selfTestOf } from "../components/edges/edge";
import { type Instance, isBehind } from "../model/instances";
import type { InspectedEdge } from "./inspection";
import { probeHost, type Seen, type Target, targetsOf } from "./probe";

/** An edge at which overrides would not be used: the site would stay open. */
export interface FailedEdge {
  /** The edges that may be meant: more than one if DNS decides. */
  readonly edges: readonly Edge[];
  /** Where it was requested: its address, or a host of an instance. */
  readonly place: string;
}

/**
 * Requests the self-tests of these instances' edges. Only the edge itself can tell which controller serves it, and an answer of an
 * override's kind proves that it understands overrides.
 *
 * @param inspected only edges whose self-test is in the cluster can fail.
 * @param options.patience how long an edge may take to show its self-test, in seconds. @default as long as for an override, while the self-test
 *   is new
 * @returns the edges that say that they have no such route. One that does not answer, or answers anything else, is not among them.
 */
export async function failedEdges(
  instances: readonly Instance[],
  inspected: readonly InspectedEdge[],
  namespace: string,
  options: { readonly probe?: typeof probeHost; readonly patience?: number } = {},
): Promise<readonly FailedEdge[]> {
  const since = new Map(inspected.map(({ edge, selfTestSince }) => [edge, selfTestSince]));
  const tested = await Promise.all(
    selfTestsFor(instances, inspected).map(async ({ target, ...one }) => {
      const patience = options.patience ?? Math.max(...one.edges.map((edge) => patienceFor(edge, since.get(edge))));
      const isFailed = await staysUnrouted({ target, ...one }, namespace, patience, options.probe ?? probeHost);
      return isFailed ? [one] : [];
    }),
  );
  return tested.flat();
}

/** A place at which an edge shows its self-test, and the host by which it is requested there. */
export interface SelfTest extends FailedEdge {
  readonly target: Target;
}

/** Where the self-tests of these instances' edges are requested: at each address, and at each host where DNS decides. */
export function selfTestsFor(instances: readonly Instance[], inspected: readonly InspectedEdge[]): readonly SelfTest[] {
  const edges = inspected.filter(({ selfTestSince }) => selfTestSince !== undefined).map(({ edge }) => edge);
  const tests = new Map<string, SelfTest>();
  for (const instance of instances) {
    for (const target of targetsOf(instance, edges)) {
      const { address } = target.edge;
      const candidates = edges.filter((edge) => edge.address === address && isBehind(instance, edge.name));
      const place = address ?? target.host;
      tests.set([place, ...candidates.map(({ name }) => name)].join(" "), { edges: candidates, place, target });
    }
  }
  return [...tests.values()];
}

const BETWEEN_MILLISECONDS = 500;

/** A controller that has just started answers 404 until it has loaded all routes. */
const START_SECONDS = 5;

function patienceFor({ patience }: Edge, since: Date | undefined): number {
  const age = since === undefined ? 0 : (Date.now() - since.getTime()) / 1000;
  return age > patience ? START_SECONDS : patience;
}

async function staysUnrouted(
  test: SelfTest,
  namespace: string,
  patience: number,
  probe: typeof probeHost,
): Promise<boolean> {
  const end = Date.now() + patience * 1000;
  for (;;) {
    const seen = await seenOf(test, namespace, probe);
    if (!seen.every((one) => isUnrouted(one, test.target.edge.address))) return false;
    if (Date.now() >= end) return true;
    await sleep(BETWEEN_MILLISECONDS);
  }
}

/** What the place answers for the self-test of each of its edges. */
export function seenOf(
  { edges, target: { host, edge } }: SelfTest,
  namespace: string,
  probe: typeof probeHost = probeHost,
): Promise<readonly Seen[]> {
  // The name of the host stays in the TLS handshake: a load balancer may choose the edge by it.
  return Promise.all(edges.map((one) => probe(host, edge.address, { host: selfTestHost(one, namespace) })));
}

function selfTestHost({ name }: Edge, namespace: string): string {
  return selfTestOf(name, namespace).hosts[0] ?? "";
}

/**
 * Whether an edge says that no route has the host. At an address that the setting names, every 404 says so. Behind DNS there may be
 * something else before the edge that knows only hosts of its own, so there the answer must be the edge's own.
 */
export function isUnrouted(seen: Seen, address: string | undefined): boolean {
  if (seen.what === "not-found") return true;
  return seen.what === "other" && seen.status === 404 && (address !== undefined || seen.isTraefiks === true);
}

/** What is wrong with these edges, and what to do, in sentences. */
export function failureText(failed: readonly FailedEdge[]): readonly string[] {
  return failed.flatMap(({ edges, place }) => [
    `FAILS OPEN at ${edges.map(({ name }) => name).join(" or ")} (${place}): visitors would still get the instance during its maintenance.`,
    ...new Set(edges.map(({ reasons }) => `  ${reasons.selfTest}`)),
  ]);
}
