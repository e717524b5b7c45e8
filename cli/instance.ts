import { type ApiAnswer, ClusterApi, failureIn, Unreachable } from "../components/cluster-api";
import { edgesOf } from "../components/edges";
import { BYPASS_HEADER, type BypassKey } from "../model/bypass";
import { type Instance, serviceOf } from "../model/instances";
import type { Settings } from "../settings/read";
import { probe, probedName, type Seen, seenText, targetsOf } from "./probe";
import { visibleLine } from "./visible";

/** What an instance itself answers for one of its hosts, whatever visitors see. */
export interface InstanceAnswer {
  readonly instance: string;
  readonly host: string;
  /** Whether it answers; `undefined` when it can't be reached. */
  readonly answers: boolean | undefined;
  /** The answer's status, or why there is none. */
  readonly result: string;
}

/**
 * Requests an instance itself: its Service, through the cluster's API; where that can't be reached, through its bypass, if it has one.
 * A status below 500 counts as an answer, so an instance that redirects, or has nothing at `/`, answers.
 */
export async function requestInstance(
  instance: Instance,
  settings: Pick<Settings, "edges" | "kubernetes">,
  key: BypassKey | undefined,
): Promise<readonly InstanceAnswer[]> {
  const answers = await throughApi(instance, settings);
  if (key === undefined || answers.some(({ answers }) => answers !== undefined)) return answers;
  const probed = await probe(targetsOf(instance, edgesOf(settings.edges)), { [BYPASS_HEADER]: key.header });
  return probed.map(({ host, seen }) => ({ instance: instance.name, host, ...throughBypass(seen) }));
}

// A bypass to an instance without pods shows the page, and so does one that the controller has not loaded.
function throughBypass(seen: Seen): Pick<InstanceAnswer, "answers" | "result"> {
  if (seen.what === "failure") return { answers: false, result: seenText(seen) };
  if (seen.what === "other") return { answers: seen.status < 500, result: String(seen.status) };
  return { answers: undefined, result: seenText(seen) };
}

async function throughApi(
  instance: Instance,
  settings: Pick<Settings, "kubernetes">,
): Promise<readonly InstanceAnswer[]> {
  const { name, namespace, port } = serviceOf(instance);
  const path = `/api/v1/namespaces/${namespace}/services/${name}:${port}/proxy/`;
  // The API passes the host's name on. An application that insists on HTTPS gets the header that says so.
  const headers = { accept: "text/html", "x-forwarded-proto": "https" };
  try {
    const api = await ClusterApi.open(settings);
    return await Promise.all(
      instance.hosts.map(async (host) => {
        const answer = await api.get(path, { ...headers, host: probedName(host) });
        return { instance: instance.name, host, ...understood(answer) };
      }),
    );
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    const result = error.message;
    return instance.hosts.map((host) => ({ instance: instance.name, host, answers: undefined, result }));
  }
}

/** What the API's answer says of the instance. */
export function understood(answer: Pick<ApiAnswer, "status" | "json">): Pick<InstanceAnswer, "answers" | "result"> {
  const failure = failureIn(answer);
  if (failure === undefined) return { answers: answer.status < 500, result: String(answer.status) };
  const isRefused = ["NotFound", "Forbidden", "Unauthorized"].includes(failure.reason ?? "");
  return { answers: isRefused ? undefined : false, result: failure.message ?? String(answer.status) };
}

/** An answer in a person's words. */
export function instanceAnswerText({ host, answers, result }: InstanceAnswer): string {
  return visibleLine(answers === undefined ? `${host}: can't be reached (${result})` : `${host}: ${result}`);
}
