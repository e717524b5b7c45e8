import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { ControlPlane } from "../../cluster/control-plane";
import { LocalError } from "../../cluster/errors";
import type { Sandbox } from "../../cluster/sandbox";
import { NAMESPACE, OWNED } from "./objects";

/** Contents, by the file's name. */
type Files = Readonly<Record<string, string | Buffer>>;

/** What pods of Envoy Gateway and Envoy would have as volumes: folders in a folder for each of the two. */
export class Volumes {
  constructor(
    private readonly sandbox: Sandbox,
    private readonly controlPlane: ControlPlane,
  ) {}

  async secret(name: string): Promise<Files> {
    const { data = {} } = await this.controlPlane.kube.core.readNamespacedSecret({ name, namespace: NAMESPACE });
    return Object.fromEntries(Object.entries(data).map(([file, text]) => [file, Buffer.from(text, "base64")]));
  }

  async configMap(name: string): Promise<Files> {
    return (await this.controlPlane.kube.core.readNamespacedConfigMap({ name, namespace: NAMESPACE })).data ?? {};
  }

  async write(program: string, volume: string, files: Files): Promise<void> {
    const folder = join(this.sandbox.state, program, volume);
    await mkdir(folder, { recursive: true });
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content, { mode: 0o600 });
  }
}

const deploymentSchema = z.object({
  metadata: z.object({ name: z.string() }),
  spec: z.object({
    template: z.object({
      spec: z.object({ containers: z.array(z.object({ name: z.string(), args: z.array(z.string()).default([]) })) }),
    }),
  }),
});

/** The Deployment of Envoy that Envoy Gateway makes for the Gateway. Nobody runs its pods, as no scheduler has their scheduler's name. */
export class EnvoyDeployment {
  constructor(private readonly controlPlane: ControlPlane) {}

  /** Its name, which its ConfigMap has too, and Envoy's arguments; `undefined` when it has no pod yet. */
  async find(): Promise<{ readonly name: string; readonly args: readonly string[] } | undefined> {
    const [pod] = await this.pods();
    const [deployment] = await this.list("apps/v1", "Deployment");
    if (pod === undefined || deployment === undefined) return undefined;
    const { metadata, spec } = deploymentSchema.parse(deployment);
    const container = spec.template.spec.containers.find(({ name }) => name === "envoy");
    if (container === undefined) throw new LocalError(`the Deployment ${metadata.name} has no container envoy`);
    const variables: Readonly<Record<string, string>> = {
      ENVOY_POD_NAME: pod,
      ENVOY_POD_NAMESPACE: NAMESPACE,
      ENVOY_SERVICE_ZONE: "", // the node is in no zone
    };
    const args = container.args.map((arg) =>
      arg
        .replace(/\$\((\w+)\)/g, (whole, name: string) => variables[name] ?? whole)
        // Envoy Gateway is on the same loopback, and the sandbox has no DNS.
        .replaceAll(`envoy-gateway.${NAMESPACE}.svc.cluster.local.`, "127.0.0.1"),
    );
    return { name: metadata.name, args };
  }

  /** Says whether the pods are ready, as a kubelet would: the Gateway is programmed when one is. */
  async markPods(isReady: boolean): Promise<void> {
    const value = [{ type: "Ready", status: isReady ? "True" : "False" }];
    const body = [{ op: "add", path: "/status/conditions", value }];
    for (const name of await this.pods()) {
      await this.controlPlane.kube.core.patchNamespacedPodStatus({ name, namespace: NAMESPACE, body });
    }
  }

  private async pods(): Promise<readonly string[]> {
    return (await this.list("v1", "Pod")).map(({ metadata }) => metadata?.name ?? "");
  }

  private async list(apiVersion: string, kind: string) {
    const none = undefined;
    const { objects } = this.controlPlane.kube;
    return (await objects.list(apiVersion, kind, NAMESPACE, none, none, none, none, OWNED)).items;
  }
}
