import { writeFileSync } from "node:fs";
import { request } from "node:https";
import {
  CoreV1Api,
  KubeConfig,
  type KubernetesObject,
  KubernetesObjectApi,
  PatchStrategy,
} from "@kubernetes/client-node";
import { stringify } from "yaml";

export const CONTEXT = "maintenance-pages-local";

/** How somebody reaches the API server, and as whom. */
export interface Access {
  readonly server: string;
  /** The authority's certificate, PEM. */
  readonly certificateAuthority: string;
  readonly user: string;
  readonly token: string;
}

export function writeKubeconfig(path: string, access: Access): void {
  const kubeconfig = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      {
        name: CONTEXT,
        cluster: {
          server: access.server,
          "certificate-authority-data": Buffer.from(access.certificateAuthority).toString("base64"),
        },
      },
    ],
    users: [{ name: access.user, user: { token: access.token } }],
    contexts: [{ name: CONTEXT, context: { cluster: CONTEXT, user: access.user } }],
    "current-context": CONTEXT,
  };
  writeFileSync(path, stringify(kubeconfig), { mode: 0o600 });
}

/** What the cluster itself needs of its API. */
export interface Kube {
  readonly core: CoreV1Api;
  /** Creates an object or makes it what is given (server-side apply). */
  apply(object: KubernetesObject & Readonly<Record<string, unknown>>): Promise<void>;
  /** Whether the API server says it is ready to serve, its own start-up work included. */
  isReady(): Promise<boolean>;
}

export function connectKube(kubeconfig: string): Kube {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const objects = KubernetesObjectApi.makeApiClient(config);
  return {
    core: config.makeApiClient(CoreV1Api),
    async apply(object) {
      const manager = "maintenance-pages-local";
      await objects.patch(object, undefined, undefined, manager, true, PatchStrategy.ServerSideApply);
    },
    isReady() {
      const { server = "" } = config.getCurrentCluster() ?? {};
      const token = config.getCurrentUser()?.token ?? "";
      const authority = Buffer.from(config.getCurrentCluster()?.caData ?? "", "base64");
      return new Promise((resolve, reject) => {
        const options = { ca: authority, headers: { authorization: `Bearer ${token}` }, agent: false, timeout: 2000 };
        const probe = request(`${server}/readyz`, options, (response) => {
          response.resume();
          resolve(response.statusCode === 200);
        });
        probe.on("timeout", () => probe.destroy(new Error("no answer in 2 s")));
        probe.on("error", reject);
        probe.end();
      });
    },
  };
}

/** The HTTP status of a failed API call; `undefined` for any other failure. */
export function statusOf(error: unknown): number | undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "number" ? code : undefined;
}
