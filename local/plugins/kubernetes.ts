import { KubeConfig, type KubernetesObject, KubernetesObjectApi, PatchStrategy } from "@kubernetes/client-node";
import { version } from "@pulumi/kubernetes/package.json";
import { at, type Properties, type ResourceKind, serve, text } from "./provider-server";

// A stand-in for pulumi-resource-kubernetes, for machines that can't have the official plugin: raw manifests by
// server-side apply, and waiting for Deployments. No Helm, no auto-naming; a refresh sees what changed of the inputs' fields.

const MANAGER = "pulumi-stand-in";
const ROLLOUT_SECONDS = 180;
const DELETION_SECONDS = 120;

let client: KubernetesObjectApi | undefined;

function api(): KubernetesObjectApi {
  if (client === undefined) throw new Error("the provider is not configured");
  return client;
}

function configure(configuration: Properties): void {
  const { kubeconfig, context } = configuration;
  const config = new KubeConfig();
  if (typeof kubeconfig === "string" && kubeconfig !== "") {
    if (kubeconfig.includes("\n")) config.loadFromString(kubeconfig);
    else config.loadFromFile(kubeconfig);
  } else config.loadFromDefault();
  if (typeof context === "string") config.setCurrentContext(context);
  client = KubernetesObjectApi.makeApiClient(config);
}

const manifestKind: Omit<ResourceKind, "read"> = {
  replaceOn: ["apiVersion", "kind", "metadata.name", "metadata.namespace"],
  check: (inputs) =>
    typeof at(inputs, "metadata.name") === "string"
      ? undefined
      : "the stand-in gives no names: metadata.name is missing",
  async create(inputs) {
    const manifest = asManifest(inputs);
    if ((await find(manifest)) !== undefined) throw new Error(`${describe(inputs)} already exists`);
    const outputs = await apply(manifest);
    const namespace = at(inputs, "metadata.namespace");
    const name = text(inputs, "metadata.name");
    return { id: typeof namespace === "string" ? `${namespace}/${name}` : name, outputs };
  },
  update: (_, inputs) => apply(asManifest(inputs)),
  inputsOf: (outputs, inputs) => asFarAs(inputs, outputs) as Properties,
  async delete(_, outputs) {
    const manifest = asManifest(outputs);
    try {
      await api().delete(manifest);
    } catch (error) {
      if (isNotFound(error)) return;
      throw new Error(`${describe(outputs)}: ${reason(error)}`);
    }
    await until(
      DELETION_SECONDS,
      `${describe(outputs)} is still there`,
      async () => (await find(manifest)) === undefined,
    );
  },
};

/** Of what there is now the fields that an input has: the API server adds others. */
function asFarAs(input: unknown, now: unknown): unknown {
  if (Array.isArray(input) && Array.isArray(now) && input.length === now.length) {
    return input.map((item, index) => asFarAs(item, now[index]));
  }
  if (typeof input !== "object" || input === null || typeof now !== "object" || now === null) return now;
  if (Array.isArray(input) || Array.isArray(now)) return now;
  return Object.fromEntries(Object.entries(input).map(([key, value]) => [key, asFarAs(value, Reflect.get(now, key))]));
}

async function apply(manifest: KubernetesObject): Promise<Properties> {
  try {
    await api().patch(forClient(manifest), undefined, undefined, MANAGER, true, PatchStrategy.ServerSideApply);
  } catch (error) {
    throw new Error(`${describe(manifest)}: ${reason(error)}`);
  }
  const awaited = at(manifest, "metadata.annotations") as Readonly<Record<string, string>> | undefined;
  if (manifest.kind === "Deployment" && awaited?.["pulumi.com/skipAwait"] !== "true") {
    await until(ROLLOUT_SECONDS, `${describe(manifest)} is not rolled out`, async () =>
      isRolledOut(await find(manifest)),
    );
  }
  return { ...manifest };
}

// The client library has other names for what JavaScript reserves, and leaves out silently what it does not know.
function forClient(manifest: KubernetesObject): KubernetesObject {
  return manifest.kind === "NetworkPolicy" ? renamed(manifest, "from", "_from") : manifest;
}

function renamed<Value>(value: Value, key: string, to: string): Value {
  const text = JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner) && key in inner
      ? Object.fromEntries(Object.entries(inner).map(([name, one]) => [name === key ? to : name, one]))
      : inner,
  );
  return JSON.parse(text) as Value;
}

function isRolledOut(deployment: unknown): boolean {
  const replicas = at(deployment, "spec.replicas");
  return (
    at(deployment, "status.observedGeneration") === at(deployment, "metadata.generation") &&
    at(deployment, "status.updatedReplicas") === replicas &&
    at(deployment, "status.availableReplicas") === replicas &&
    at(deployment, "status.replicas") === replicas
  );
}

async function find(manifest: KubernetesObject): Promise<KubernetesObject | undefined> {
  const { apiVersion, kind, metadata } = manifest;
  const { name = "", namespace } = metadata ?? {};
  try {
    const found = await api().read({
      ...(apiVersion === undefined ? {} : { apiVersion }),
      ...(kind === undefined ? {} : { kind }),
      metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
    } as Parameters<KubernetesObjectApi["read"]>[0]);
    return renamed(found, "_from", "from");
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw new Error(`${describe(manifest)}: ${reason(error)}`);
  }
}

async function until(seconds: number, otherwise: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`${otherwise} after ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** The object that a type token, such as `kubernetes:core/v1:Service`, and an id, such as `acme/caddy`, name. */
function named(type: string, id: string): KubernetesObject {
  const [, apiVersion = "", kind = ""] = type.split(":");
  const [name = "", namespace] = id.split("/").reverse();
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
  return { apiVersion: apiVersion.replace(/^core\//, ""), kind, metadata };
}

function asManifest(properties: Properties): KubernetesObject {
  return Object.fromEntries(Object.entries(properties).filter(([key]) => !key.startsWith("__"))) as KubernetesObject;
}

function describe(manifest: unknown): string {
  const namespace = at(manifest, "metadata.namespace");
  const name = at(manifest, "metadata.name");
  return `${at(manifest, "kind")} ${namespace === undefined ? name : `${namespace}/${name}`}`;
}

function isNotFound(error: unknown): boolean {
  return at(error, "code") === 404;
}

/** What the API server said, which it puts into a Status object. */
function reason(error: unknown): string {
  const body = at(error, "body");
  if (typeof body === "string") {
    try {
      const message = at(JSON.parse(body), "message");
      if (typeof message === "string") return message;
    } catch {
      return body;
    }
  }
  return error instanceof Error ? error.message : String(error);
}

serve({
  name: "kubernetes",
  version,
  configure,
  kind: (type) =>
    type.startsWith("kubernetes:helm.sh/")
      ? undefined
      : { ...manifestKind, read: async (id) => (await find(named(type, id))) as Properties | undefined },
});
