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

const MANAGER = "maintenance-pages-local";

/** The API of one Kubernetes cluster. */
export class Kube {
  readonly core: CoreV1Api;
  readonly objects: KubernetesObjectApi;

  constructor(readonly config: KubeConfig) {
    this.core = config.makeApiClient(CoreV1Api);
    this.objects = KubernetesObjectApi.makeApiClient(config);
  }

  static ofFile(kubeconfig: string): Kube {
    const config = new KubeConfig();
    config.loadFromFile(kubeconfig);
    return new Kube(config);
  }

  /** Creates an object or changes it (server-side apply). Errors carry what the API server or an admission webhook said. */
  async apply(object: KubernetesObject): Promise<void> {
    await this.objects.patch(object, undefined, undefined, MANAGER, true, PatchStrategy.ServerSideApply);
  }

  /** The same, but the cluster keeps nothing (https://kubernetes.io/docs/reference/using-api/api-concepts/#dry-run). */
  async tryApply(object: KubernetesObject): Promise<void> {
    await this.objects.patch(object, undefined, "All", MANAGER, true, PatchStrategy.ServerSideApply);
  }

  /** Sets the given fields of an object, and leaves the others (https://www.rfc-editor.org/rfc/rfc7386). */
  async merge(fields: KubernetesObject): Promise<void> {
    const none = undefined;
    await this.objects.patch(fields, none, none, none, none, PatchStrategy.MergePatch);
  }

  /** Whether the API server says it is ready to serve, its own start-up work included. */
  isReady(): Promise<boolean> {
    const { server = "", caData = "" } = this.config.getCurrentCluster() ?? {};
    const headers = { authorization: `Bearer ${this.config.getCurrentUser()?.token ?? ""}` };
    const options = { ca: Buffer.from(caData, "base64"), headers, agent: false, timeout: 2000 };
    return new Promise((resolve, reject) => {
      const probe = request(`${server}/readyz`, options, (response) => {
        response.resume();
        resolve(response.statusCode === 200);
      });
      probe.on("timeout", () => probe.destroy(new Error("no answer in 2 s")));
      probe.on("error", reject);
      probe.end();
    });
  }
}

/** The HTTP status of a failed API call; `undefined` for any other failure. */
export function statusOf(error: unknown): number | undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "number" ? code : undefined;
}
