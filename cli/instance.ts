import { BYPASS_HEADER, type BypassKey } from "../settings/bypass";
import { type Instance, serviceOf } from "../settings/instances";
import type { Settings } from "../settings/read";
import { type ApiAnswer, ClusterApi, failureIn, Unasked } from "./cluster";
import { askHosts, inWords, nameToAsk, type Seen } from "./edge";

/** What an instance itself says for one of its hosts, whatever visitors see. */
export interface Asked {
  readonly instance: string;
  readonly host: string;
  /** Whether it answers; `undefined` when it could not be asked. */
  readonly answers: boolean | undefined;
  /** What was heard, or why nothing was. */
  readonly heard: string;
}

/**
 * Asks an instance itself: its Service, through the cluster's API; where that can't be, through its bypass, if it has one.
 * An answer below 500 counts, so an instance that redirects, or has nothing at `/`, answers.
 */
export async function askInstance(
  instance: Instance,
  settings: Pick<Settings, "edge" | "kubernetes">,
  key: BypassKey | undefined,
): Promise<readonly Asked[]> {
  const { name, hosts } = instance;
  const asked = await throughApi(instance, settings);
  if (key === undefined || asked.some(({ answers }) => answers !== undefined)) return asked;
  const seen = await askHosts(hosts, settings.edge, { [BYPASS_HEADER]: key.header });
  return [...seen].map(([host, one]) => ({ instance: name, host, ...throughBypass(one) }));
}

// A bypass to an instance without pods shows the page, and so does one that the controller has not taken up.
function throughBypass(seen: Seen): Pick<Asked, "answers" | "heard"> {
  if (seen.what === "failure") return { answers: false, heard: inWords(seen) };
  if (seen.what === "other") return { answers: seen.status < 500, heard: String(seen.status) };
  return { answers: undefined, heard: inWords(seen) };
}

async function throughApi(instance: Instance, settings: Pick<Settings, "kubernetes">): Promise<readonly Asked[]> {
  const { name, namespace, port } = serviceOf(instance);
  const path = `/api/v1/namespaces/${namespace}/services/${name}:${port}/proxy/`;
  // The API passes the host's name on. An application that insists on HTTPS is told that it was that.
  const headers = { accept: "text/html", "x-forwarded-proto": "https" };
  try {
    const api = ClusterApi.open(settings);
    return await Promise.all(
      instance.hosts.map(async (host) => {
        const answer = await api.get(path, { ...headers, host: nameToAsk(host) });
        return { instance: instance.name, host, ...understood(answer) };
      }),
    );
  } catch (error) {
    if (!(error instanceof Unasked)) throw error;
    return instance.hosts.map((host) => ({
      instance: instance.name,
      host,
      answers: undefined,
      heard: error.message,
    }));
  }
}

/** What the API's answer says of the instance. */
export function understood(answer: ApiAnswer): Pick<Asked, "answers" | "heard"> {
  const failure = failureIn(answer);
  if (failure === undefined) return { answers: answer.status < 500, heard: String(answer.status) };
  const isRefused = ["NotFound", "Forbidden", "Unauthorized"].includes(failure.reason ?? "");
  return { answers: isRefused ? undefined : false, heard: failure.message ?? String(answer.status) };
}

/** What was heard, for a person. */
export function askedText(asked: readonly Asked[]): readonly string[] {
  return asked.map(({ host, answers, heard }) =>
    answers === undefined ? `  ${host}: could not be asked (${heard})` : `  ${host}: ${heard}`,
  );
}
