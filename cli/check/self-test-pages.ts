import { type Edge, selfTestOf } from "../../components/edges/edge";
import { type Instance, isBehind } from "../../model/instances";
import { probeHost, type Seen } from "../probe";

/** The page of a self-test, as an edge shows it. */
export interface SelfTestPage {
  /** The edge's name. */
  readonly edge: string;
  readonly page: Extract<Seen, { readonly what: "page" }>;
}

/** A Service sends each request to one of its pods. */
const REQUESTS = 4;

/**
 * Requests the page of each edge's self-test a few times, so that more than one pod of the page server answers. Edges without an address are
 * requested by the first host of an instance behind them.
 *
 * @param mark the mark of this stack's pages: another cluster may have a self-test of the same name.
 * @param probe for tests.
 * @returns the pages. Nothing of an edge that does not show its self-test.
 */
export async function selfTestPages(
  instances: readonly Instance[],
  edges: readonly Edge[],
  { namespace, mark }: { readonly namespace: string; readonly mark: string },
  probe: typeof probeHost = probeHost,
): Promise<readonly SelfTestPage[]> {
  const pages = edges.map(async ({ name, address }): Promise<readonly SelfTestPage[]> => {
    const [selfTest = ""] = selfTestOf(name, namespace).hosts;
    const [host] = instances.find((instance) => isBehind(instance, name))?.hosts ?? [];
    if (host === undefined) return [];
    const headers = { host: selfTest, accept: "text/plain" };
    const answers = await Promise.all(Array.from({ length: REQUESTS }, () => probe(host, address, headers)));
    return answers.flatMap((page) => (page.what === "page" && page.stack === mark ? [{ edge: name, page }] : []));
  });
  return (await Promise.all(pages)).flat();
}
