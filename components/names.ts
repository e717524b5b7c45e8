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
 * The annotation of all objects: a field of ours that another writer has changed gets our value again at the next
 * `up`. Without it the API server refuses the whole object for one such field, in the middle of an incident too.
 */
export const OURS = { "pulumi.com/patchForce": "true" } as const;

/**
 * The annotations of what is there as soon as it is written, and gone as soon as it is deleted: Pulumi waits for nothing more. By
 * default the plugin deletes in the foreground (pkg/await/await.go in pulumi/pulumi-kubernetes, Deletion): the object stays until the
 * garbage collector comes by. Pulumi does not wait for that here, so an instance that is put into maintenance again at once could get the object that is
 * about to go.
 */
export const NOT_AWAITED = {
  "pulumi.com/skipAwait": "true",
  "pulumi.com/deletionPropagationPolicy": "background",
} as const;
