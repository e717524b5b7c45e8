import type { Edge } from "../../components/edges/edge";
import { type Instance, isBehind } from "../../model/instances";
import { mapSome } from "../at-once";
import type { InspectedEdge } from "../inspection";
import { probeHost, type Seen, seenText, targetsOf } from "../probe";
import { isUnrouted, type SelfTest, seenOf, selfTestsFor } from "../self-test";
import type { Finding } from "./finding";
import { leftFindings, MOST_MILLISECONDS } from "./limit";

/** What the cluster's API tells of the controllers: what keeps overrides from working, and what a person should know. */
export function controllerFindings(inspected: readonly InspectedEdge[]): readonly Finding[] {
  return inspected.flatMap(({ edge: { name: edge }, obstacles, notes }): readonly Finding[] => {
    const check = "controller";
    if (obstacles.length + notes.length === 0)
      return [{ check, edge, result: "ok", text: "nothing keeps overrides from working" }];
    return [
      ...obstacles.map((text): Finding => ({ check, edge, result: "problem", text })),
      ...notes.map((text): Finding => ({ check, edge, result: "warning", text })),
    ];
  });
}

const CHECK = "self-test";

/** Where DNS decides there is a request for each host, and a request's time runs while it waits for its turn at the resolver. */
const AT_ONCE = 16;

/**
 * Requests the self-test of each edge, at its address or at each host where DNS decides. Only the edge itself can tell which controller
 * serves it.
 *
 * @param mark the mark that the stack's pages carry.
 */
export async function selfTestFindings(
  instances: readonly Instance[],
  inspected: readonly InspectedEdge[],
  namespace: string,
  mark: string,
  probe: typeof probeHost = probeHost,
): Promise<readonly Finding[]> {
  const without = inspected
    .filter(
      ({ selfTestSince, skipsSelfTest = false, edge }) =>
        // Where it is not requested, the controller's row says why.
        selfTestSince === undefined && !skipsSelfTest && instances.some((one) => isBehind(one, edge.name)),
    )
    .map(
      ({ edge }): Finding => ({
        check: CHECK,
        edge: edge.name,
        result: "unknown",
        text: "the edge has no self-test in the cluster",
        remedy: "`pulumi up` makes it, unless the controller's row says why there can't be one.",
      }),
    );
  const tests = selfTestsFor(instances, inspected);
  const tested = await mapSome(
    tests,
    AT_ONCE,
    async (test) => findingOf(test, await seenOf(test, namespace, probe), mark),
    MOST_MILLISECONDS,
  );
  const left = tests.slice(tested.length).map(({ target }) => target.instance);
  return [...without, ...counted(tested), ...leftFindings(CHECK, "hosts", left, tests.length)];
}

/** The findings, of those that are ok one for each edge. */
function counted(findings: readonly Finding[]): readonly Finding[] {
  const fine = findings.filter(({ result }) => result === "ok");
  const edges = [...new Set(fine.map(({ edge }) => edge))];
  return [
    ...edges.flatMap((edge) => {
      const [first, ...others] = fine.filter((one) => one.edge === edge);
      if (first === undefined || others.length === 0) return first ?? [];
      return { ...first, instances: undefined, text: `${others.length + 1} hosts show it` };
    }),
    ...findings.filter(({ result }) => result !== "ok"),
  ];
}

function findingOf({ edges, place, target }: SelfTest, seen: readonly Seen[], mark: string): Finding {
  const { address } = target.edge;
  const common = {
    check: CHECK,
    edge: edges.map(({ name }) => name).join(" or "),
    instances: address === undefined ? [target.instance] : undefined,
  };
  const page = seen.find((one) => one.what === "page" && one.instance === "self-test");
  if (page?.what === "page" && page.stack === mark) return { ...common, result: "ok", text: `${place} shows it` };
  if (page !== undefined)
    return {
      ...common,
      result: "problem",
      text: `${place} shows the self-test of another stack`,
      remedy: "Its DNS or its address leads to another cluster: correct that, or edges.*.address.",
    };
  const [first = { what: "nothing", reason: "no request" }] = seen;
  if (seen.every((one) => isUnrouted(one, address)))
    return {
      ...common,
      result: "problem",
      text: `${place} does not show it: visitors would still get the instance during its maintenance`,
      remedy: reasonsOf(edges),
    };
  if (first.what === "nothing")
    return {
      ...common,
      result: "unknown",
      text: `${place} does not answer: ${first.reason}`,
      remedy:
        "Its DNS leads elsewhere or nowhere, or the edge is down, or this computer may not reach it (a firewall, a VPN).",
    };
  return {
    ...common,
    result: "problem",
    text: `${place} answers it with ${seenText(first)}`,
    remedy: `Something else answers there than this edge, or the page server can't be reached from it (its namespace, or a network policy). ${reasonsOf(edges)}`,
  };
}

function reasonsOf(edges: readonly Edge[]): string {
  return [...new Set(edges.map(({ reasons }) => reasons.selfTest))].join(" ");
}

/** A host that no client uses (RFC 6761 section 6.4), and no edge has a route for. */
const NOBODYS_HOST = "nobody.maintenance-check.invalid";

/** Whether each edge shows the not-found page for hosts that nobody owns. */
export async function notFoundFindings(
  instances: readonly Instance[],
  edges: readonly Edge[],
  probe: typeof probeHost = probeHost,
): Promise<readonly Finding[]> {
  return Promise.all(
    edges.map(async (edge): Promise<Finding> => {
      const common = { check: "unknown hosts", edge: edge.name };
      // Where DNS decides, any host of the edge leads to it.
      const [target] = instances.flatMap((instance) => targetsOf(instance, [edge]));
      if (target === undefined) return { ...common, result: "ok", text: "no instance is behind it" };
      const seen = await probe(target.host, edge.address, { host: NOBODYS_HOST });
      if (seen.what === "not-found") return { ...common, result: "ok", text: "they get the not-found page" };
      const isSilent = seen.what === "nothing";
      return {
        ...common,
        result: isSilent ? "unknown" : "warning",
        text: isSilent
          ? `no answer (${seen.reason})`
          : `they get another answer than the not-found page: ${seenText(seen)}`,
        remedy: isSilent
          ? "See the row of the self-test."
          : "Maintenance works. For the page see the document of this kind of edge: docs/ingress-nginx.md, docs/traefik.md or docs/gateway-api.md.",
      };
    }),
  );
}
