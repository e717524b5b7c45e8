import { request as askPlain } from "node:http";
import { request as askEncrypted, type RequestOptions as HttpsOptions } from "node:https";
import { isIP } from "node:net";
import { KubeConfig } from "@kubernetes/client-node";
import { z } from "zod";
import { identifyCluster } from "../settings/cluster";
import { readKubeconfig } from "../settings/kubeconfig";
import { SettingsError } from "../settings/problems";
import type { Settings } from "../settings/read";

const TIMEOUT_MILLISECONDS = 5000;

/** Why the cluster's API could not be asked. */
export class Unasked extends Error {
  override readonly name = "Unasked";
}

export interface ApiAnswer {
  readonly status: number;
  /** The body as JSON, or `undefined` when it is none. */
  readonly json: () => unknown;
}

/** The cluster's API, for looking: nothing is ever changed through it. */
export class ClusterApi {
  private constructor(private readonly config: KubeConfig) {}

  /**
   * Follows the kubeconfig as the program does, and holds it against the same settings.
   *
   * @throws {Unasked} when there is no kubeconfig, or it leads to another cluster.
   */
  static open({ kubernetes }: Pick<Settings, "kubernetes">): ClusterApi {
    try {
      const texts = readKubeconfig(kubernetes);
      const { cluster, problems } = identifyCluster(kubernetes, texts);
      if (problems.length > 0) throw new SettingsError(problems);
      if (cluster === undefined) throw new Unasked("there is no kubeconfig here");
      const [first, ...others] = texts.map((text) => {
        const config = new KubeConfig();
        config.loadFromString(text);
        return config;
      });
      if (first === undefined) throw new Unasked("there is no kubeconfig here");
      for (const other of others) first.mergeConfig(other);
      first.setCurrentContext(cluster.context);
      return new ClusterApi(first);
    } catch (error) {
      if (error instanceof Unasked) throw error;
      throw new Unasked(error instanceof SettingsError ? described(error) : String(error));
    }
  }

  /**
   * Asks for a path of the API.
   *
   * @throws {Unasked} when there is no answer, in five seconds at most.
   */
  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<ApiAnswer> {
    return this.ask(path, headers, undefined);
  }

  /**
   * Asks by a review: an object that is answered and not kept.
   *
   * @throws {Unasked} when there is no answer, in five seconds at most.
   */
  review(path: string, object: unknown): Promise<ApiAnswer> {
    return this.ask(path, { "content-type": "application/json" }, JSON.stringify(object));
  }

  private async ask(
    path: string,
    headers: Readonly<Record<string, string>>,
    body: string | undefined,
  ): Promise<ApiAnswer> {
    const server = this.config.getCurrentCluster()?.server ?? "";
    const url = new URL(server.replace(/\/+$/, "") + path);
    // The certificate is held against the server's name, and not against that in a Host header.
    const options: HttpsOptions = {
      method: body === undefined ? "GET" : "POST",
      timeout: TIMEOUT_MILLISECONDS,
      servername: isIP(url.hostname) ? "" : url.hostname,
    };
    try {
      // Adds the certificates, or the token that another program gives out.
      await this.config.applyToHTTPSOptions(options);
    } catch (error) {
      throw new Unasked(error instanceof Error ? error.message : String(error));
    }
    options.headers = { ...options.headers, ...headers };
    const send = url.protocol === "https:" ? askEncrypted : askPlain;
    return new Promise((resolve, reject) => {
      const asked = send(url, options, (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          text += chunk;
        });
        response.on("end", () => resolve({ status: response.statusCode ?? 0, json: () => jsonIn(text) }));
        response.on("error", (error) => reject(new Unasked(error.message)));
      });
      asked.on("timeout", () => asked.destroy(new Error(`no answer in ${TIMEOUT_MILLISECONDS / 1000} s`)));
      asked.on("error", (error) => reject(new Unasked(error.message)));
      asked.end(body);
    });
  }
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function described({ problems }: SettingsError): string {
  return problems.map(({ path, allowed }) => `${path}: ${allowed}`).join("; ");
}

/** What the API itself says of a request that it did not pass on, or could not (k8s.io/apimachinery, meta/v1 Status). */
const failureSchema = z.object({
  kind: z.literal("Status"),
  reason: z.string().optional(),
  message: z.string().optional(),
});

/** What the API itself says of a failure, or `undefined` when the answer is not its own. */
export function failureIn({ status, json }: ApiAnswer): z.output<typeof failureSchema> | undefined {
  return status < 400 ? undefined : failureSchema.safeParse(json()).data;
}
