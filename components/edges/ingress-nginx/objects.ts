import { z } from "zod";
import { PART_OF } from "../../names";
import { ANNOTATION_PREFIX } from "./options";

// The parts of objects that are used here.
// Ingress: https://kubernetes.io/docs/reference/kubernetes-api/service-resources/ingress-v1/

const named = z.object({ name: z.string(), namespace: z.string() });

export const ingressSchema = z.object({
  metadata: named.extend({
    creationTimestamp: z.coerce.date().optional(),
    labels: z.record(z.string(), z.string()).optional(),
    annotations: z.record(z.string(), z.string()).optional(),
  }),
  spec: z.object({
    ingressClassName: z.string().optional(),
    rules: z
      .array(
        z.object({
          host: z.string().optional(),
          http: z
            .object({
              paths: z.array(
                z.object({
                  path: z.string().optional(),
                  pathType: z.string().optional(),
                  backend: z
                    .object({
                      service: z
                        .object({
                          name: z.string().optional(),
                          port: z.object({ name: z.string().optional() }).optional(),
                        })
                        .optional(),
                    })
                    .optional(),
                }),
              ),
            })
            .optional(),
        }),
      )
      .optional(),
  }),
});

export type KnownIngress = z.output<typeof ingressSchema>;

export const ingressClassSchema = z.object({
  metadata: z.object({ name: z.string() }),
  spec: z.object({ controller: z.string().optional() }),
});

export type IngressClass = z.output<typeof ingressClassSchema>;

/** What ingress-nginx's names begin with: its own, those that releases with several classes have, and those of AKS. */
const CONTROLLER_NAMES: readonly string[] = ["k8s.io/", "webapprouting.kubernetes.azure.com/nginx"];

/** Whether a class's `spec.controller` is a name that an ingress-nginx has. It may have any other, too. */
export function isIngressNginx(controller = ""): boolean {
  return CONTROLLER_NAMES.some((name) => controller.startsWith(name));
}

export const configMapSchema = z.object({
  metadata: named,
  data: z.record(z.string(), z.string()).optional(),
});

/** A path of an Ingress. */
export interface KnownPath {
  readonly host: string;
  readonly path: string;
  /** Whether its type is Exact. The controller takes every other type for Prefix (internal/k8s/main.go, SetDefaultNGINXPathType). */
  readonly isExact: boolean;
  /** The name of its Service. */
  readonly service: string | undefined;
  /** The name of its Service's port. */
  readonly port: string | undefined;
}

/** The paths of an Ingress. Rules without a host are left out: they are for the hosts of nobody. */
export function pathsOf({ spec }: Pick<KnownIngress, "spec">): readonly KnownPath[] {
  return (spec.rules ?? []).flatMap(({ host, http }) =>
    host === undefined
      ? []
      : (http?.paths ?? []).map(({ path = "/", pathType, backend }) => ({
          host,
          path,
          isExact: pathType === "Exact",
          service: backend?.service?.name,
          port: backend?.service?.port?.name,
        })),
  );
}

/** The hosts of an Ingress's rules, each once. */
export function hostsOf({ spec }: Pick<KnownIngress, "spec">): readonly string[] {
  return [...new Set((spec.rules ?? []).flatMap(({ host }) => host ?? []))];
}

/**
 * An annotation of ingress-nginx.
 *
 * @param name without its prefix, such as `app-root`.
 */
export function annotationOf({ metadata }: KnownIngress, name: string): string | undefined {
  return metadata.annotations?.[`${ANNOTATION_PREFIX}/${name}`];
}

/** Whether Go takes a text for true (https://pkg.go.dev/strconv#ParseBool). */
export function isTrue(text: string | undefined): boolean {
  return /^(?:1|t|true)$/i.test(text ?? "");
}

export function isCanary(ingress: KnownIngress): boolean {
  return isTrue(annotationOf(ingress, "canary"));
}

/** Whether an Ingress is one of the program's own in the page server's namespace: an override, the standby or the self-test. */
export function isOurs({ metadata }: KnownIngress, namespace: string): boolean {
  return metadata.namespace === namespace && hasOurLabel(metadata);
}

/** Whether an object has the label of the program's objects. Anybody can set it. */
export function hasOurLabel({ labels = {} }: Pick<KnownIngress["metadata"], "labels">): boolean {
  return Object.entries(PART_OF).every(([label, value]) => labels[label] === value);
}

/**
 * An Ingress, as texts name it.
 *
 * @example
 * placeOf(ingress); // "Ingress acme/web"
 */
export function placeOf({ metadata: { namespace, name } }: KnownIngress): string {
  return `Ingress ${namespace}/${name}`;
}
