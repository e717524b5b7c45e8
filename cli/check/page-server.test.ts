import { describe, expect, it } from "vitest";
import type { z } from "zod";
import { Unreachable } from "../../components/cluster-api";
import { doPodsRead, pageServerFindings } from "./page-server";
import type { SelfTestPage } from "./self-test-pages";

const condition = (isTrue: boolean) => [{ type: "Ready", status: isTrue ? "True" : "False" }];
const pod = (name: string, nodeName: string, more: object = {}) => ({
  metadata: { name },
  spec: { nodeName, ...more },
  status: { phase: "Running", conditions: condition(true) },
});
const waiting = (name: string, reason: string) => ({
  metadata: { name },
  spec: {},
  status: { phase: "Pending", conditions: condition(false), containerStatuses: [{ state: { waiting: { reason } } }] },
});
const node = (name: string, spec: object = {}, labels: object = {}) => ({
  metadata: { name, labels },
  spec,
  status: { conditions: condition(true) },
});

const page = (source: string) => ({
  status: 503,
  headers: {
    "x-maintenance-page": `instance=self-test; kind=unscheduled; revision=-; stack=1a2b3c4d; source=${source}`,
  },
  text: "",
  json: () => undefined,
});
const refusal = (status: number, reason: string, message: string) => ({
  status,
  headers: {},
  text: "",
  json: () => ({ kind: "Status", reason, message }),
});
type Answer = ReturnType<typeof page> | ReturnType<typeof refusal> | Unreachable;

const atEdge = (edge: string, source: string): SelfTestPage => ({
  edge,
  page: {
    what: "page",
    status: 503,
    instance: "self-test",
    kind: "unscheduled",
    stack: "1a2b3c4d",
    revision: "-",
    source,
  },
});

/**
 * What is found in a cluster.
 *
 * @param cluster.answers what each pod answers, in their order; by default the page of the bucket.
 * @param cluster.nodes by default they can't be read.
 */
async function found(
  pods: readonly object[],
  {
    nodes,
    answers = [],
    selfTests = [],
  }: { nodes?: readonly object[]; answers?: readonly Answer[]; selfTests?: readonly SelfTestPage[] } = {},
) {
  const requested: string[] = [];
  const left = [...answers];
  let areEdgesAsked = false;
  const api = {
    async list<Item>(path: string, item: z.ZodType<Item>) {
      requested.push(path);
      if (path === "/api/v1/nodes" && nodes === undefined) throw new Unreachable("nodes is forbidden");
      return (path === "/api/v1/nodes" ? (nodes ?? []) : pods).map((one) => item.parse(one));
    },
    async get(path: string) {
      requested.push(path);
      const answer = left.shift() ?? page("shared");
      if (answer instanceof Unreachable) throw answer;
      return answer;
    },
  };
  const findings = await pageServerFindings(api, { namespace: "pages", replicas: 2 }, async () => {
    areEdgesAsked = true;
    return selfTests;
  });
  return { findings, requested, areEdgesAsked, texts: findings.map(({ result, text }) => `${result}: ${text}`) };
}

const two = [pod("page-server-a", "node1"), pod("page-server-b", "node2")];
const READY = "ok: every pod of the page server is ready (2)";
const REACHED = "ok: every pod of the page server shows the page of the bucket (2)";

it("asks each pod for a page, and says that it is ok", async () => {
  const { texts, requested, areEdgesAsked } = await found(two);
  expect(texts).toStrictEqual([READY, REACHED]);
  expect(requested).toStrictEqual([
    "/api/v1/namespaces/pages/pods?labelSelector=app.kubernetes.io%2Fname%3Dpage-server",
    "/api/v1/nodes",
    "/api/v1/namespaces/pages/pods/page-server-a:8081/proxy/self-test/unscheduled/-/",
    "/api/v1/namespaces/pages/pods/page-server-b:8081/proxy/self-test/unscheduled/-/",
  ]);
  expect(areEdgesAsked).toBe(false);
});

describe("pods that are not ready", () => {
  it("are named, with the reason", async () => {
    const { texts, findings } = await found([
      pod("page-server-a", "node1"),
      waiting("page-server-b", "ImagePullBackOff"),
    ]);
    expect(texts).toStrictEqual([
      "warning: 1 of 2 pods of the page server are ready in pages; not ready: page-server-b (ImagePullBackOff)",
      "ok: every pod of the page server shows the page of the bucket (1)",
    ]);
    expect(findings[0]?.remedy).toBe(
      "See why: kubectl describe pods --namespace pages --selector app.kubernetes.io/name=page-server",
    );
  });

  it("are a problem if there is no other, and then nobody is asked", async () => {
    const { texts, areEdgesAsked } = await found([waiting("page-server-a", "CrashLoopBackOff")]);
    expect(texts).toStrictEqual([
      "problem: no pod of the page server is ready in pages, and 2 should be; not ready: page-server-a (CrashLoopBackOff)",
    ]);
    expect(areEdgesAsked).toBe(false);
    expect((await found([])).texts).toStrictEqual([
      "problem: no pod of the page server is ready in pages, and 2 should be",
    ]);
  });

  it("do not count if they are ending or evicted", async () => {
    const ending = { ...waiting("page-server-c", ""), metadata: { name: "page-server-c", deletionTimestamp: "now" } };
    const evicted = { ...waiting("page-server-d", ""), status: { phase: "Failed" } };
    expect((await found([...two, ending, evicted])).texts).toStrictEqual([READY, REACHED]);
  });
});

describe("pods on one node", () => {
  const together = [pod("page-server-a", "node1"), pod("page-server-b", "node1")];
  const nodes = [node("node1"), node("node2")];

  it("are named if there are other nodes", async () => {
    const { texts, findings } = await found(together, { nodes });
    expect(texts).toStrictEqual([
      "warning: all 2 pods of the page server are on the node node1, of 2 nodes: without it visitors get no page",
      REACHED,
    ]);
    expect(findings[0]?.remedy).toMatch(/kubectl delete pod page-server-a --namespace pages$/);
  });

  it.each<[string, readonly object[], readonly object[] | undefined]>([
    ["the nodes can't be read", together, undefined],
    ["there is no other", together, [node("node1")]],
    ["the other takes no pods", together, [node("node1"), node("node2", { unschedulable: true })]],
    ["the other has a taint", together, [node("node1"), node("node2", { taints: [{ effect: "NoSchedule" }] })]],
    [
      "the other is not ready",
      together,
      [node("node1"), { ...node("node2"), status: { conditions: condition(false) } }],
    ],
    [
      "the settings choose one node",
      together.map((one) => ({ ...one, spec: { ...one.spec, nodeSelector: { pool: "edge" } } })),
      [node("node1", {}, { pool: "edge" }), node("node2")],
    ],
    ["they are on two", two, nodes],
  ])("are not named if %s", async (_, pods, others) => {
    expect((await found(pods, others === undefined ? {} : { nodes: others })).texts).toStrictEqual([READY, REACHED]);
  });
});

describe("a pod's reach to the bucket", () => {
  it.each(["embedded", "none"])("is missing if it shows its own copy (%s)", async (source) => {
    const { texts, findings } = await found(two, { answers: [page("shared"), page(source)] });
    expect(texts).toStrictEqual([
      READY,
      "problem: these pods show their own copy of the page: page-server-b on node2. Visitors would get it without the message, the window and the look of their instance",
    ]);
    expect(findings[1]?.remedy).toMatch(
      /bucketAddress.*bucket\.publicPolicy.*network.*bucket\.certificateAuthority.*docs\/stores\.md/,
    );
    expect(doPodsRead(findings)).toBe(false);
  });

  it("is not known if the account may not ask, and the roles are the remedy", async () => {
    const forbidden = refusal(403, "Forbidden", 'pods "page-server-a" is forbidden');
    const { texts, findings } = await found(two, { answers: [forbidden, forbidden] });
    expect(texts).toStrictEqual([
      READY,
      'unknown: this account may not ask the pods: pods "page-server-a" is forbidden',
    ]);
    expect(findings[1]?.remedy).toBe("Apply docs/kubernetes-roles.yaml again.");
    expect(doPodsRead(findings)).toBeUndefined();
  });

  it("is not known if the answer is another program's", async () => {
    const { texts } = await found(two, { answers: [{ ...page("shared"), status: 200, headers: {} } as Answer] });
    expect(texts[1]).toBe("unknown: pod page-server-a on node1: its answer is no page of the page server (status 200)");
  });

  it("does not matter of a pod that has gone meanwhile", async () => {
    const { texts } = await found(two, { answers: [refusal(404, "NotFound", 'pods "page-server-a" not found')] });
    expect(texts[1]).toBe("ok: every pod of the page server shows the page of the bucket (1)");
  });

  describe("is seen at the edges if the API does not reach it", () => {
    const answers: readonly Answer[] = [
      refusal(503, "ServiceUnavailable", "error trying to reach service: i/o timeout"),
      new Unreachable("no answer in 5 s"),
    ];

    it("as the page", async () => {
      const selfTests = [atEdge("old", "shared"), atEdge("old", "shared"), atEdge("new", "shared")];
      const { texts, findings } = await found(two, { answers, selfTests });
      expect(texts).toStrictEqual([
        READY,
        "ok: the page server shows the page of the bucket at old, new; its pods can't be asked one by one",
      ]);
      expect(doPodsRead(findings)).toBe(true);
    });

    it("as a copy", async () => {
      const { texts, findings } = await found(two, {
        answers,
        selfTests: [atEdge("old", "shared"), atEdge("old", "embedded")],
      });
      expect(texts[1]).toMatch(/^problem: the page server shows its own copy of the page at old\. Visitors/);
      expect(doPodsRead(findings)).toBe(false);
    });

    it("or not at all", async () => {
      const { texts, findings } = await found(two, { answers });
      expect(texts[1]).toBe(
        "unknown: neither the cluster's API nor an edge reaches the pods: page-server-a on node1 (error trying to reach service: i/o timeout), page-server-b on node2 (no answer in 5 s)",
      );
      expect(doPodsRead(findings)).toBeUndefined();
    });

    it("also where a tunnel answers in the pod's place", async () => {
      const tunnel = { status: 502, headers: {}, json: () => undefined } as Answer;
      const { texts } = await found(two, { answers: [tunnel, tunnel], selfTests: [atEdge("old", "shared")] });
      expect(texts[1]).toMatch(/^ok: .* at old; /);
    });
  });
});
