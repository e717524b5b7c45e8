import { expect, it } from "vitest";
import type { ClusterReader } from "../edge";
import { inspect } from "./inspect";
import { overrideManifest } from "./manifests";

const settings = { className: "nginx", namespace: "ingress-nginx", hostNetwork: false };
const ready = { phase: "Running", conditions: [{ type: "Ready", status: "True" }] };
const pod = (name: string, ...args: readonly string[]) => ({
  metadata: { name, namespace: "ingress-nginx" },
  status: ready,
  spec: { containers: [{ image: "controller:v1.11.1", args: ["/nginx-ingress-controller", ...args] }] },
});

const PODS =
  "/api/v1/pods?labelSelector=app.kubernetes.io%2Fname%20in%20(ingress-nginx%2Crke2-ingress-nginx)%2Capp.kubernetes.io%2Fcomponent%3Dcontroller";
const CLASSES = "/apis/networking.k8s.io/v1/ingressclasses";
const INGRESSES = "/apis/networking.k8s.io/v1/ingresses";
const CONFIG = "/api/v1/namespaces/ingress-nginx/configmaps?fieldSelector=metadata.name%3Dcontroller";

/** A cluster with these lists. It refuses every other. */
function clusterOf(lists: Readonly<Record<string, readonly unknown[]>>) {
  const paths: string[] = [];
  const cluster: ClusterReader = {
    async list(path, item) {
      paths.push(path);
      const found = lists[path];
      if (found === undefined) throw new Error(`${path} is forbidden`);
      return found.map((one) => item.parse(one));
    },
  };
  return { cluster, paths };
}

const nginx = { metadata: { name: "nginx" }, spec: { controller: "k8s.io/ingress-nginx" } };

it("reads the options of the controllers that serve the class, each ConfigMap once", async () => {
  const { cluster, paths } = clusterOf({
    [INGRESSES]: [],
    [CLASSES]: [nginx],
    [PODS]: [
      pod("a", "--configmap=ingress-nginx/controller"),
      pod("b", "--configmap=ingress-nginx/controller"),
      pod("other", "--configmap=ingress-nginx/other", "--controller-class=example.com/other", "--watch-namespace=acme"),
    ],
    [CONFIG]: [
      { metadata: { name: "controller", namespace: "ingress-nginx" }, data: { "annotations-risk-level": "Low" } },
    ],
  });
  const { obstacles, notes } = await inspect("default", settings, cluster, "pages", new Map());
  expect(obstacles).toStrictEqual([
    "ConfigMap ingress-nginx/controller has annotations-risk-level: Low, so the controller refuses the overrides: set it to Medium, High or Critical.",
  ]);
  expect(notes).toStrictEqual([]);
  expect(paths).toStrictEqual([INGRESSES, CLASSES, PODS, CONFIG]);
});

it("does not need rights to anything but Ingresses, and says what it could not check", async () => {
  const { obstacles, notes } = await inspect(
    "default",
    settings,
    clusterOf({ [INGRESSES]: [] }).cluster,
    "pages",
    new Map(),
  );
  expect(obstacles).toStrictEqual([]);
  expect(notes).toStrictEqual([`Not checked: ${CLASSES} is forbidden`, `Not checked: ${PODS} is forbidden`]);
  await expect(inspect("default", settings, clusterOf({}).cluster, "pages", new Map())).rejects.toThrow("forbidden");
});

it("tries the override that `enable` would make", async () => {
  const { trialOf } = await inspect("public", settings, clusterOf({ [INGRESSES]: [] }).cluster, "pages", new Map());
  const { metadata, spec } = overrideManifest(
    {
      instance: "acme",
      hosts: ["acme.example.org"],
      kind: "unscheduled",
      revision: undefined,
      hasAssets: false,
      bypass: undefined,
    },
    { edge: "public", namespace: "pages", ingressClassName: "nginx" },
  );
  expect(trialOf({ name: "acme", hosts: ["acme.example.org"], otherHosts: [] })).toStrictEqual([
    { apiVersion: "networking.k8s.io/v1", kind: "Ingress", metadata, spec },
  ]);
});
