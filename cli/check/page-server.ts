import { z } from "zod";
import { type ClusterApi, failureIn, Unreachable } from "../../components/cluster-api";
import { selector } from "../../components/names";
import { PAGE_SERVER, pageAddress } from "../../components/page-server/contract";
import { MARKER_HEADER, markerOf } from "../../components/page-server/marker";
import { PORTS } from "../../components/page-server/model";
import { listed } from "../../model/problems";
import type { PageServerSettings } from "../../settings/schema";
import { type Finding, orOk } from "./finding";
import type { SelfTestPage } from "./self-test-pages";

const PODS = "page server";
const REACH = "bucket, read by the pods";

const podSchema = z.object({
  metadata: z.object({ name: z.string(), deletionTimestamp: z.string().optional() }),
  spec: z.object({ nodeName: z.string().optional(), nodeSelector: z.record(z.string(), z.string()).optional() }),
  status: z.object({
    phase: z.string().optional(),
    conditions: z.array(z.object({ type: z.string(), status: z.string(), reason: z.string().optional() })).optional(),
    containerStatuses: z
      .array(
        z.object({ state: z.object({ waiting: z.object({ reason: z.string().optional() }).optional() }).optional() }),
      )
      .optional(),
  }),
});

type Pod = z.output<typeof podSchema>;

const SELECTOR = Object.entries(selector(PAGE_SERVER))
  .map(([label, value]) => `${label}=${value}`)
  .join();

const nodeSchema = z.object({
  metadata: z.object({ name: z.string(), labels: z.record(z.string(), z.string()).optional() }),
  spec: z.object({
    unschedulable: z.boolean().optional(),
    taints: z.array(z.object({ effect: z.string() })).optional(),
  }),
  status: z.object({ conditions: z.array(z.object({ type: z.string(), status: z.string() })).optional() }),
});

type Node = z.output<typeof nodeSchema>;

/**
 * Checks the page server's pods: whether enough of them are ready, whether they are on several nodes, and whether each of them reads the
 * bucket. A pod is asked for a page through the cluster's API. A network policy may keep the API from the pods, and the page server's own does so
 * unless a controller uses its node's network (see createNetworkPolicy of the page server; projectcalico/canal#127). Then the edges are
 * asked.
 *
 * A pod that has read a page once keeps it, and shows it while the bucket fails. No request avoids that. So it is certain that a pod can't
 * read the bucket if it shows its own copy, and not certain that it can if it shows the page.
 *
 * @param selfTests requests the pages of the edges' self-tests. It is called only if a pod can't be asked through the API.
 * @throws {Unreachable} when the pods can't be listed.
 */
export async function pageServerFindings(
  api: Pick<ClusterApi, "get" | "list">,
  { namespace, replicas }: Pick<PageServerSettings, "namespace" | "replicas">,
  selfTests: () => Promise<readonly SelfTestPage[]>,
): Promise<readonly Finding[]> {
  const query = new URLSearchParams({ labelSelector: SELECTOR });
  const all = (await api.list(`/api/v1/namespaces/${namespace}/pods?${query}`, podSchema)) ?? [];
  const pods = all.filter(({ metadata, status }) => metadata.deletionTimestamp === undefined && !isEnded(status));
  const ready = pods.filter(isReady);
  const [nodes, asked] = await Promise.all([
    // An account may well have no right to see nodes: docs/kubernetes-roles.yaml does not give it.
    api.list("/api/v1/nodes", nodeSchema).catch(() => []),
    Promise.all(ready.map((pod) => ask(api, namespace, pod))),
  ]);
  const answers = asked.flatMap((answer) => answer ?? []);
  return [
    ...orOk(
      PODS,
      [...readinessFindings(pods, { namespace, replicas }), ...spreadFindings(ready, nodes ?? [], namespace)],
      `every pod of the page server is ready (${ready.length})`,
    ),
    ...(await reachFindings(answers, selfTests)),
  ];
}

/** Whether the page server reads the bucket, by what was found of it; `undefined` if that is not known. */
export function doPodsRead(findings: readonly Finding[]): boolean | undefined {
  const results = findings.filter(({ check }) => check === REACH).map(({ result }) => result);
  if (results.includes("problem")) return false;
  return results.includes("ok") ? true : undefined;
}

/** An evicted pod stays as an object that serves nobody. */
function isEnded({ phase }: Pod["status"]): boolean {
  return phase === "Failed" || phase === "Succeeded";
}

function isReady({ status }: Pick<Pod | Node, "status">): boolean {
  return (status.conditions ?? []).some(({ type, status }) => type === "Ready" && status === "True");
}

function readinessFindings(
  pods: readonly Pod[],
  { namespace, replicas }: Pick<PageServerSettings, "namespace" | "replicas">,
): readonly Finding[] {
  const count = pods.filter(isReady).length;
  if (count >= replicas) return [];
  const others = pods.filter((pod) => !isReady(pod)).map(({ metadata, status }) => `${metadata.name}${whyNot(status)}`);
  const not = others.length === 0 ? "" : `; not ready: ${listed(others, 5)}`;
  const look = `kubectl describe pods --namespace ${namespace} --selector ${SELECTOR}`;
  return [
    count === 0
      ? {
          check: PODS,
          result: "problem",
          text: `no pod of the page server is ready in ${namespace}, and ${replicas} should be${not}`,
          remedy: `Until one is, visitors get no page. See why: ${look}`,
        }
      : {
          check: PODS,
          result: "warning",
          text: `${count} of ${replicas} pods of the page server are ready in ${namespace}${not}`,
          remedy: `See why: ${look}`,
        },
  ];
}

/** Why a pod is not ready, such as ` (ImagePullBackOff)`. */
function whyNot({ containerStatuses = [], conditions = [] }: Pod["status"]): string {
  const waiting = containerStatuses.flatMap(({ state }) => state?.waiting?.reason ?? []);
  const unmet = conditions.filter(({ status }) => status === "False").flatMap(({ reason }) => reason ?? []);
  const [reason] = [...waiting, ...unmet];
  return reason === undefined ? "" : ` (${reason})`;
}

function spreadFindings(ready: readonly Pod[], nodes: readonly Node[], namespace: string): readonly Finding[] {
  const used = [...new Set(ready.map(({ spec }) => spec.nodeName))];
  const [node] = used;
  const [pod] = ready;
  if (used.length !== 1 || ready.length < 2 || node === undefined || pod === undefined) return [];
  const usable = nodes.filter((one) => isUsable(one, pod));
  if (usable.length < 2) return [];
  return [
    {
      check: PODS,
      result: "warning",
      text: `all ${ready.length} pods of the page server are on the node ${node}, of ${usable.length} nodes: without it visitors get no page`,
      remedy: `Delete one, and another node is preferred for the new one: kubectl delete pod ${pod.metadata.name} --namespace ${namespace}`,
    },
  ];
}

/** Whether the page server's pods may run on a node. One with a taint is left out: they may or may not tolerate it. */
function isUsable({ metadata: { labels = {} }, spec, status }: Node, { spec: { nodeSelector = {} } }: Pod): boolean {
  return (
    isReady({ status }) &&
    spec.unschedulable !== true &&
    !(spec.taints ?? []).some(({ effect }) => effect === "NoSchedule" || effect === "NoExecute") &&
    Object.entries(nodeSelector).every(([label, value]) => labels[label] === value)
  );
}

/** What a pod answered, or why it could not be asked. */
interface PodAnswer {
  /** With its node. */
  readonly pod: string;
  /**
   * - `shared`: the page of the bucket;
   * - `copy`: its own copy of it, or a line of text;
   * - `stranger`: something that is not from the page server;
   * - `refused`: the account may not ask it;
   * - `unreached`: the API does not reach it.
   */
  readonly what: "shared" | "copy" | "stranger" | "refused" | "unreached";
  readonly reason: string;
}

/**
 * Asks a pod for the shared page, as plain text: that is the one that visitors request least, so it is seldom in the pod's cache. The port
 * must be a number (pkg/registry/core/pod/strategy.go in kubernetes/kubernetes, ResourceLocation).
 *
 * @returns `undefined` if the pod has gone meanwhile.
 */
async function ask(
  api: Pick<ClusterApi, "get">,
  namespace: string,
  { metadata: { name }, spec: { nodeName } }: Pod,
): Promise<PodAnswer | undefined> {
  const pod = nodeName === undefined ? name : `${name} on ${nodeName}`;
  const page = pageAddress({ instance: "self-test", kind: "unscheduled", revision: undefined });
  try {
    const answer = await api.get(`/api/v1/namespaces/${namespace}/pods/${name}:${PORTS.maintenance}/proxy${page}`, {
      accept: "text/plain",
    });
    const failure = failureIn(answer);
    if (failure?.reason === "NotFound") return undefined;
    if (failure !== undefined) {
      const isRefused = failure.reason === "Forbidden" || failure.reason === "Unauthorized";
      return { pod, what: isRefused ? "refused" : "unreached", reason: failure.message ?? `status ${answer.status}` };
    }
    const what = sourceOf(markerOf(answer.headers).get("source"));
    // Something between the API and the pod, such as a tunnel to the nodes, may answer without a Status.
    const isBetween = what === "stranger" && [502, 503, 504].includes(answer.status);
    return { pod, what: isBetween ? "unreached" : what, reason: `status ${answer.status}` };
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    return { pod, what: "unreached", reason: error.message };
  }
}

/** What the source in a page's marker says; see templates/pages.conf.liquid of the page server. */
function sourceOf(source: string | undefined): "shared" | "copy" | "stranger" {
  if (source === "shared") return "shared";
  return source === "embedded" || source === "none" ? "copy" : "stranger";
}

async function reachFindings(
  answers: readonly PodAnswer[],
  selfTests: () => Promise<readonly SelfTestPage[]>,
): Promise<readonly Finding[]> {
  const podsThat = (what: PodAnswer["what"]) => answers.filter((answer) => answer.what === what);
  const [copies, strangers, refused, unreached] = [
    podsThat("copy"),
    podsThat("stranger"),
    podsThat("refused"),
    podsThat("unreached"),
  ];
  const isAsked = refused.length === 0 && unreached.length === 0;
  const atEdges = isAsked ? [] : edgeFindings(await selfTests());
  const found: readonly Finding[] = [
    ...(copies.length === 0 ? [] : [copyFinding(`these pods show their own copy of the page: ${podsText(copies)}`)]),
    ...strangers.map(({ pod, reason }) => ({
      check: REACH,
      result: "unknown" as const,
      text: `pod ${pod}: its answer is no page of the page server (${reason})`,
      remedy: STRANGER,
    })),
    ...atEdges,
    ...refused.slice(0, 1).map(({ reason }) => ({
      check: REACH,
      result: "unknown" as const,
      text: `this account may not ask the pods: ${reason}`,
      remedy: "Apply docs/kubernetes-roles.yaml again.",
    })),
    ...(unreached.length === 0 || atEdges.length > 0 ? [] : [unreachedFinding(unreached)]),
  ];
  return answers.length === 0
    ? []
    : orOk(REACH, found, `every pod of the page server shows the page of the bucket (${answers.length})`);
}

function copyFinding(what: string): Finding {
  return {
    check: REACH,
    result: "problem",
    text: `${what}. Visitors would get it without the message, the window and the look of their instance`,
    remedy:
      "Is the pages' URL right (pulumi stack output bucketAddress), may anybody read it (the setting bucket.publicPolicy), does the cluster's network let the pods reach it, and is its certificate of a public authority (if not: bucket.certificateAuthority)? See docs/stores.md.",
  };
}

/** What the edges' self-tests say. Nothing if no edge shows one. */
function edgeFindings(pages: readonly SelfTestPage[]): readonly Finding[] {
  const edgesWith = (what: "shared" | "copy") => [
    ...new Set(pages.filter(({ page }) => sourceOf(page.source) === what).map(({ edge }) => edge)),
  ];
  const [copies, shared] = [edgesWith("copy"), edgesWith("shared")];
  if (copies.length > 0) return [copyFinding(`the page server shows its own copy of the page at ${listed(copies)}`)];
  if (shared.length === 0) return [];
  return [
    {
      check: REACH,
      result: "ok",
      text: `the page server shows the page of the bucket at ${listed(shared)}; its pods can't be asked one by one`,
    },
  ];
}

function unreachedFinding(unreached: readonly PodAnswer[]): Finding {
  return {
    check: REACH,
    result: "unknown",
    text: `neither the cluster's API nor an edge reaches the pods: ${listed(
      unreached.map(({ pod, reason }) => `${pod} (${reason})`),
      5,
    )}`,
    remedy:
      "The page server's network policy lets no other requests in than those of the edges. Its answer is seen at an edge as soon as that shows its self-test.",
  };
}

const STRANGER = `It has no header ${MARKER_HEADER}. Does another program run in the page server's namespace, with its labels?`;

function podsText(answers: readonly PodAnswer[]): string {
  return listed(
    answers.map(({ pod }) => pod),
    5,
  );
}
