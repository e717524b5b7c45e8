import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { KubernetesObject } from "@kubernetes/client-node";
import { parseAllDocuments } from "yaml";
import { z } from "zod";

export const NAMESPACE = "traefik";

type ManifestObject = KubernetesObject & Readonly<Record<string, unknown>>;

/** The folder of the Traefik module with what its documentation gives people to install. */
const REFERENCE = join("docs", "content", "reference", "dynamic-configuration");

const objectSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
});

function objectsIn(module: string, file: string): readonly ManifestObject[] {
  const text = readFileSync(join(module, REFERENCE, file), "utf8");
  return parseAllDocuments(text).map((document) => objectSchema.parse(document.toJS()));
}

/** The file with Traefik's own types of objects. */
export function typesFile(module: string): string {
  return join(module, REFERENCE, "kubernetes-crd-definition-v1.yml");
}

/**
 * What Traefik's chart would install beside its Deployment, as far as Traefik needs it.
 *
 * @param args the arguments of each pod, by its name.
 */
export function traefikObjects(
  module: string,
  user: string,
  args: ReadonlyMap<string, readonly string[]>,
): readonly ManifestObject[] {
  const rbac = "rbac.authorization.k8s.io";
  const roles = ["kubernetes-crd-rbac.yml", "kubernetes-ingress-nginx-rbac.yml"].flatMap((file) =>
    objectsIn(module, file)
      .filter(({ kind }) => kind === "ClusterRole")
      .map((role) => ({ ...role, metadata: { name: `traefik-${file.replace(".yml", "")}` } })),
  );
  const bindings = roles.map(({ metadata: { name } }) => ({
    apiVersion: `${rbac}/v1`,
    kind: "ClusterRoleBinding",
    metadata: { name },
    roleRef: { apiGroup: rbac, kind: "ClusterRole", name },
    subjects: [{ apiGroup: rbac, kind: "User", name: user }],
  }));
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } },
    ...roles,
    ...bindings,
    ingressClass("traefik", "traefik.io/ingress-controller"),
    // Stand-ins: Traefik is a process beside the cluster, so these Pods only show its arguments, and no scheduler has that name.
    ...[...args].map(([name, each]) => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, namespace: NAMESPACE, labels: { "app.kubernetes.io/name": "traefik" } },
      spec: {
        schedulerName: "nobody",
        automountServiceAccountToken: false,
        containers: [{ name: "traefik", image: "maintenance-pages.local/none:1", args: [...each] }],
      },
    })),
  ];
}

/** The class whose Ingresses Traefik reads as ingress-nginx would. */
export const NGINX_CLASS = "nginx";

/** An IngressClass. */
export function ingressClass(name: string, controller: string): ManifestObject {
  return { apiVersion: "networking.k8s.io/v1", kind: "IngressClass", metadata: { name }, spec: { controller } };
}
