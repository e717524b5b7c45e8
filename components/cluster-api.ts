import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { type RequestOptions as HttpsOptions, request as httpsRequest } from "node:https";
import { isIP } from "node:net";
import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import type { Cluster, KubeConfig, User } from "@kubernetes/client-node";
import { z } from "zod";
import { messageOf, problemLine, SettingsError } from "../model/problems";
import { identifyCluster } from "../settings/cluster";
import { readKubeconfig } from "../settings/kubeconfig";
import type { Settings } from "../settings/read";
import type { ClusterReader } from "./edges/edge";

const TIMEOUT_MILLISECONDS = 5000;

/** The API server answers 429 while it is busy, and for a type of objects that was created a moment ago. */
const RETRIES = 5;
const RETRY_MILLISECONDS = 1000;

/**
 * The longest time for a dry run. An admission webhook may take 30 seconds, 10 by default, and after 34 seconds the API server itself gives up
 * (k8s.io/apiserver, pkg/endpoints/handlers/rest.go, requestTimeoutUpperBound).
 */
export const TRIAL_MILLISECONDS = 35_000;

/** The cluster's API can't be reached, or does not answer the request. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";
}

export interface ApiAnswer {
  readonly status: number;
  /** By name, in lower case. Of an answer that the API passes on, those of the pod or the Service. */
  readonly headers: IncomingHttpHeaders;
  /** The body. */
  readonly text: string;
  /** The body as JSON, or `undefined` when it is none. */
  readonly json: () => unknown;
}

/** The cluster's API, for reading: nothing is ever changed through it. */
export class ClusterApi implements ClusterReader {
  private constructor(
    private readonly config: KubeConfig,
    private readonly server: URL,
  ) {}

  /**
   * Follows the kubeconfig as the program does, and holds it against the same settings.
   *
   * @throws {Unreachable} when there is no kubeconfig, or it leads to another cluster, or to no URL.
   */
  static async open({ kubernetes }: Pick<Settings, "kubernetes">): Promise<ClusterApi> {
    // To load the client takes half a second, in which this process does nothing else. What was asked for before begins before.
    await setImmediate();
    const { KubeConfig } = await import("@kubernetes/client-node");
    try {
      const texts = readKubeconfig(kubernetes);
      const { cluster, problems } = identifyCluster(kubernetes, texts);
      if (problems.length > 0) throw new SettingsError(problems);
      if (cluster === undefined) throw new Unreachable(NO_KUBECONFIG);
      const [first, ...others] = texts.map((text) => {
        const config = new KubeConfig();
        config.loadFromString(text);
        return config;
      });
      if (first === undefined) throw new Unreachable(NO_KUBECONFIG);
      for (const other of others) first.mergeConfig(other);
      first.setCurrentContext(cluster.context);
      const current = first.getCurrentCluster();
      if (current === null) throw new Unreachable(NO_KUBECONFIG);
      const server = serverOf(current, first.getCurrentUser());
      // Without `skipTLSVerify` the client refuses HTTP, which kubectl does not.
      const skipTLSVerify = current.skipTLSVerify || server.protocol === "http:";
      first.clusters = [{ ...current, server: server.href, skipTLSVerify }];
      return new ClusterApi(first, server);
    } catch (error) {
      if (error instanceof Unreachable) throw error;
      throw new Unreachable(error instanceof SettingsError ? described(error) : String(error));
    }
  }

  /**
   * Requests a path of the API.
   *
   * @throws {Unreachable} when there is no answer, in five seconds at most.
   */
  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<ApiAnswer> {
    return this.send({ method: "GET", path, headers });
  }

  /**
   * Sends a review: an object that is answered and not kept.
   *
   * @throws {Unreachable} when there is no answer, in five seconds at most.
   */
  review(path: string, object: unknown): Promise<ApiAnswer> {
    const headers = { "content-type": "application/json" };
    return this.send({ method: "POST", path, headers, body: JSON.stringify(object) });
  }

  /**
   * Has the API admit or refuse an object as it would if it were written, with all admission policies, and keep nothing
   * (https://kubernetes.io/docs/reference/using-api/api-concepts/#dry-run).
   *
   * @param mostMilliseconds the limit, with the time for retries while the API server is busy.
   * @returns the object as it would be stored, or the refusal.
   * @throws {Unreachable} when there is no answer within the limit.
   */
  dryRun(object: ApiObject, mostMilliseconds: number): Promise<ApiAnswer> {
    const path = `${pathOf(object)}?dryRun=All&force=true&fieldManager=maintenance-pages-check`;
    const headers = { "content-type": "application/apply-patch+yaml" };
    const body = JSON.stringify(object); // JSON is YAML, too
    const end = Date.now() + mostMilliseconds;
    return retried(
      () => this.send({ method: "PATCH", path, headers, body, mostMilliseconds: Math.max(1, end - Date.now()) }),
      end,
    );
  }

  /**
   * Reads the items of a list.
   *
   * @returns `undefined` when the cluster has no objects of this kind.
   * @throws {Unreachable} when there is no answer, in five seconds at most; or it is a refusal, no such list, or not from a Kubernetes API.
   */
  async list<Item>(path: string, item: z.ZodType<Item>): Promise<readonly Item[] | undefined> {
    const answer = await retried(() => this.get(path));
    if (isTypeMissing(answer)) return undefined;
    const failure = failureIn(answer);
    if (failure !== undefined) throw new Unreachable(failure.message ?? `status ${answer.status}`);
    if (answer.status >= 400) throw new Unreachable(strangerText(answer));
    const list = z.object({ items: z.array(item) }).safeParse(answer.json());
    if (!list.success)
      throw new Unreachable(`the answer for ${path} is no list of such objects${oddity(answer.json(), list.error)}`);
    return list.data.items;
  }

  private async send({
    method,
    path,
    headers,
    body,
    mostMilliseconds = TIMEOUT_MILLISECONDS,
  }: ApiRequest): Promise<ApiAnswer> {
    const url = new URL(this.server.href.replace(/\/+$/, "") + path);
    const host = url.hostname.replace(/^\[|\]$/g, "");
    // The certificate is held against the server's name, and not against that in a Host header.
    const options: HttpsOptions = {
      method,
      timeout: mostMilliseconds,
      servername: isIP(host) ? "" : host,
    };
    try {
      // Adds the certificates, or the token that another program gives out.
      await this.config.applyToHTTPSOptions(options);
    } catch (error) {
      throw new Unreachable(messageOf(error));
    }
    options.headers = { ...options.headers, ...headers };
    const request = url.protocol === "https:" ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const sent = request(url, options, (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          text += chunk;
        });
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: () => jsonIn(text) }),
        );
        response.on("error", (error) => reject(new Unreachable(error.message)));
      });
      sent.on("timeout", () => sent.destroy(new Error(`no answer in ${Math.ceil(mostMilliseconds / 1000)} s`)));
      sent.on("error", (error) => reject(new Unreachable(error.message)));
      sent.end(body);
    });
  }
}

/**
 * The URL of a kubeconfig's `server`. As in kubectl it may lack the scheme: `https` if TLS is configured, otherwise `http` (k8s.io/client-go,
 * rest/url_utils.go).
 */
function serverOf({ server, caData, caFile, skipTLSVerify }: Cluster, user: User | null): URL {
  const hasTls = [caData, caFile, user?.certData, user?.certFile].some((one) => one !== undefined) || skipTLSVerify;
  const text = server.includes(":/") ? server : `${hasTls ? "https" : "http"}://${server}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "https:" && url?.protocol !== "http:")
    throw new Unreachable(`the server in the kubeconfig is no URL: ${server}`);
  return url;
}

interface ApiRequest {
  readonly method: "GET" | "POST" | "PATCH";
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** @default five seconds */
  readonly mostMilliseconds?: number;
}

/**
 * Sends a request again while the API server is busy.
 *
 * @param end after this time, in milliseconds since 1970, it is not sent again.
 */
async function retried(send: () => Promise<ApiAnswer>, end = Number.POSITIVE_INFINITY): Promise<ApiAnswer> {
  let answer = await send();
  for (let left = RETRIES; answer.status === 429 && left > 0 && Date.now() + RETRY_MILLISECONDS < end; left -= 1) {
    await sleep(RETRY_MILLISECONDS);
    answer = await send();
  }
  return answer;
}

/** An object in a namespace, as the API takes it. */
export interface ApiObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
}

function pathOf({ apiVersion, kind, metadata: { name, namespace } }: ApiObject): string {
  const group = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const plural = kind.toLowerCase().replace(/s$/, "se");
  return `${group}/namespaces/${namespace}/${plural}s/${name}`;
}

/** Reads the cluster of these settings. It is opened with the first request. */
export function clusterReader(settings: Pick<Settings, "kubernetes">): ClusterReader {
  let api: Promise<ClusterApi> | undefined;
  return {
    async list(path, item) {
      api ??= ClusterApi.open(settings);
      return (await api).list(path, item);
    },
  };
}

const namedSchema = z.object({
  items: z.array(z.object({ metadata: z.object({ name: z.string(), namespace: z.string().optional() }) })),
});

/** The first object of a list that is not as expected, and what of it. */
function oddity(list: unknown, { issues }: z.ZodError): string {
  const [, index, ...field] = issues[0]?.path ?? [];
  const { metadata } = namedSchema.safeParse(list).data?.items[Number(index)] ?? {};
  if (metadata === undefined) return "";
  const name = [metadata.namespace, metadata.name].filter((part) => part !== undefined).join("/");
  return `: ${name}, ${field.join(".")}: ${issues[0]?.message}`;
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const NO_KUBECONFIG = "there is no kubeconfig: neither $KUBECONFIG nor ~/.kube/config is a file";

function described({ problems }: SettingsError): string {
  return problems.map(problemLine).join("; ");
}

/** What the API itself says of a request that it did not pass on, or could not (k8s.io/apimachinery, meta/v1 Status). */
const failureSchema = z.object({
  kind: z.literal("Status"),
  reason: z.string().optional(),
  message: z.string().optional(),
});

/** What the API itself says of a failure, or `undefined` when the answer is not its own. */
export function failureIn({
  status,
  json,
}: Pick<ApiAnswer, "status" | "json">): z.output<typeof failureSchema> | undefined {
  return status < 400 ? undefined : failureSchema.safeParse(json()).data;
}

/**
 * Whether the API says that it has no such type. It mostly says so in plain text (k8s.io/apiserver, pkg/util/notfoundhandler). A 404 with
 * another body is not from a Kubernetes API.
 */
export function isTypeMissing(answer: Pick<ApiAnswer, "status" | "text" | "json">): boolean {
  if (answer.status !== 404) return false;
  return answer.text.trim() === "404 page not found" || failureIn(answer) !== undefined;
}

/** What to say of an answer that a Kubernetes API does not give. */
export function strangerText({ status }: Pick<ApiAnswer, "status">): string {
  return `something answers at the kubeconfig's server that is no Kubernetes API (status ${status})`;
}
