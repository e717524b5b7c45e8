/** The page server's name: of its Service, its Deployment and what belongs to them. */
export const PAGE_SERVER = "page-server";

/**
 * The Service's ports, in their order: as a default backend the controller takes the first
 * (internal/ingress/controller/controller.go, getDefaultUpstream).
 */
export const SERVICE_PORTS = {
  notFound: { name: "not-found", port: 80 },
  maintenance: { name: "maintenance", port: 81 },
} as const;

/** The pods' port for instances that have a bypass. */
export const BYPASS_PORT = "bypass";

/**
 * The Service's port of a bypass' slot. All of them lead to the same port of the pods, but a backend of ingress-nginx is a
 * Service's port, and so each is one of its own.
 */
export function bypassServicePort(slot: number): { readonly name: string; readonly port: number } {
  return { name: `${BYPASS_PORT}-${slot}`, port: 100 + slot };
}

// https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/
const NAME = "app.kubernetes.io/name";

/** The labels of everything that is made, for `kubectl get … -l app.kubernetes.io/part-of=maintenance-pages`. */
export function labels(name: string): Record<string, string> {
  return {
    ...selector(name),
    "app.kubernetes.io/part-of": "maintenance-pages",
    "app.kubernetes.io/managed-by": "pulumi",
  };
}

/** What selects the pods of `labels(name)`. It can't change once a Deployment has it, so it is the name alone. */
export function selector(name: string): Record<string, string> {
  return { [NAME]: name };
}

/**
 * The annotation of everything that is made: where somebody else has written to a field of ours, ours holds again at the next
 * `up`. Without it the API server refuses the whole object for one such field, in the middle of an incident too.
 */
export const OURS = { "pulumi.com/patchForce": "true" } as const;

/**
 * The annotations of what is there as soon as it is written, and gone as soon as it is deleted: Pulumi waits for nothing more. By
 * default the plugin deletes in the foreground (pkg/await/await.go in pulumi/pulumi-kubernetes, Deletion): the object stays until the
 * garbage collector comes by. Nobody waits for that here, so an instance that enters again at once could be given the one that is
 * about to go.
 */
export const NOT_AWAITED = {
  "pulumi.com/skipAwait": "true",
  "pulumi.com/deletionPropagationPolicy": "background",
} as const;
