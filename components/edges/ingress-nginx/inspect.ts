import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { ClusterReader, DriftOf, Inspection, Reasons, ResourceName } from "../edge";
import { NAMES, OVERRIDE_PATH } from "./manifests";
import type { IngressNginxSettings } from "./settings";

/** The controller reloads its nginx at most every 3.3 s (its sync rate limit is 0.3 per second), and a reload takes time. */
export const PATIENCE = 30;

export const REASONS: Reasons = {
  notFound:
    "No Ingress has this host: the controller has not reloaded yet, or it does not watch the override's class or namespace.",
  failure:
    "The controller has not reloaded yet; or it replaces the page, although the override's annotation `custom-http-errors` forbids that: " +
    "a snippet in its configuration, or another proxy in front of it, may do so.",
  other:
    "The controller has not reloaded yet, or its reload failed (see its log); or DNS leads to another edge; " +
    "or the override was changed by hand: `pulumi up --refresh` repairs it.",
  leftover:
    "The override is still there: the controller has not reloaded yet; or somebody enabled it from another checkout (git pull, and look " +
    "again, before you remove anything); or the override was made by hand.",
  overruled: "Shorten the path of that Ingress, or delete it.",
  selfTest:
    "The controller at this edge does not understand the overrides of the kind ingress-nginx: it does not show the edge's self-test. Often it is " +
    "Traefik, which reads Ingresses of ingress-nginx, but not their regular expressions. Add an edge of the kind traefik (docs/traefik.md).",
};

const INGRESS = "kubernetes:networking.k8s.io/v1:Ingress";
const SERVICE = "kubernetes:core/v1:Service";

/** The command that deletes an instance's override. */
export function deletionOf(edge: string, instance: string, namespace: string): string {
  return `kubectl delete ingress ${NAMES.override(instance, edge)} --namespace ${namespace}`;
}

/** Whether a resource is part of an instance's maintenance: of its override or its bypass. */
export function isPartOf(edge: string, instance: string, { type, name }: ResourceName): boolean {
  const isBypass = name === NAMES.bypass(instance, edge);
  return (type === INGRESS && (isBypass || name === NAMES.override(instance, edge))) || (type === SERVICE && isBypass);
}

// The part of an Ingress that routes requests (https://kubernetes.io/docs/reference/kubernetes-api/service-resources/ingress-v1/).
const ingressSchema = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string(),
    creationTimestamp: z.coerce.date().optional(),
    annotations: z.record(z.string(), z.string()).optional(),
  }),
  spec: z.object({
    ingressClassName: z.string().optional(),
    rules: z
      .array(
        z.object({
          host: z.string().optional(),
          http: z.object({ paths: z.array(z.object({ path: z.string().optional() })) }).optional(),
        }),
      )
      .optional(),
  }),
});

/** The part of an Ingress that is used here. */
export type KnownIngress = z.output<typeof ingressSchema>;

/**
 * Reads every Ingress of the cluster. They do not tell which controller reads them: only the edge itself does, by its self-test.
 *
 * @param namespace the overrides' namespace.
 */
export async function inspect(
  edge: string,
  settings: Pick<IngressNginxSettings, "className">,
  cluster: ClusterReader,
  namespace: string,
): Promise<Inspection> {
  const ingresses = (await cluster.list("/apis/networking.k8s.io/v1/ingresses", ingressSchema)) ?? [];
  const selfTest = ingresses.find(
    ({ metadata }) => metadata.namespace === namespace && metadata.name === NAMES.selfTest(edge),
  );
  return {
    driftOf: driftIn(ingresses, edge, settings, namespace),
    selfTestSince: selfTest?.metadata.creationTimestamp,
    obstacles: [],
    notes: [],
  };
}

const PREFIX = "nginx.ingress.kubernetes.io";

/** Compares these Ingresses with the declared override. A request for `/` is not enough: another path may lead elsewhere. */
export function driftIn(
  ingresses: readonly KnownIngress[],
  edge: string,
  { className }: Pick<IngressNginxSettings, "className">,
  namespace: string,
): DriftOf {
  return ({ name, hosts }, isShown) => {
    const own = ingresses.find(
      ({ metadata }) => metadata.namespace === namespace && metadata.name === NAMES.override(name, edge),
    );
    if (!isShown) return own === undefined ? [] : [{ what: "leftover", text: "its override is still there" }];
    if (own === undefined) return [{ what: "missing", text: "its override is not there" }];
    const changed = [
      ...(own.spec.ingressClassName === className ? [] : ["ingressClassName"]),
      ...(own.metadata.annotations?.[`${PREFIX}/use-regex`] === "true" ? [] : ["use-regex"]),
      ...hosts
        .filter((host) => !isDeepStrictEqual(pathsFor(host, own), [OVERRIDE_PATH]))
        .map((host) => `the path of ${host}`),
    ];
    const rivals = ingresses.filter((other) => other !== own && !isCanary(other) && isOfClass(other, className));
    return [
      ...changed.map((field) => ({ what: "changed" as const, text: `${field} of its override was changed` })),
      ...hosts.flatMap((host) =>
        rivals
          .filter((other) => pathsFor(host, other).some((path) => path.length >= OVERRIDE_PATH.length))
          .map(({ metadata }) => ({
            what: "overruled" as const,
            text: `Ingress ${metadata.namespace}/${metadata.name} comes first for a path of ${host}`,
          })),
      ),
    ];
  };
}

// An Ingress without a class may belong to any controller.
function isOfClass({ spec }: KnownIngress, className: string): boolean {
  return spec.ingressClassName === undefined || spec.ingressClassName === className;
}

function isCanary({ metadata }: KnownIngress): boolean {
  return metadata.annotations?.[`${PREFIX}/canary`] === "true";
}

function pathsFor(host: string, { spec }: KnownIngress): readonly string[] {
  return (spec.rules ?? [])
    .filter((rule) => rule.host === host)
    .flatMap((rule) => rule.http?.paths.map(({ path }) => path ?? "/") ?? []);
}
