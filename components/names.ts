// https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/
const NAME = "app.kubernetes.io/name";

/**
 * The label with an instance's name. It is not `app.kubernetes.io/instance`: Argo CD takes every object with that label for a part of the
 * Application with this name, and deletes it when the Application's repository does not contain it
 * (https://argo-cd.readthedocs.io/en/stable/user-guide/resource_tracking/).
 */
export const INSTANCE_LABEL = "maintenance-pages/instance";

/** The label that all objects have. */
export const PART_OF = { "app.kubernetes.io/part-of": "maintenance-pages" } as const;

/** The labels of all objects, for `kubectl get … -l app.kubernetes.io/part-of=maintenance-pages`. */
export function labels(name: string): Record<string, string> {
  return {
    ...selector(name),
    ...PART_OF,
    "app.kubernetes.io/managed-by": "pulumi",
  };
}

/** The selector of the pods with `labels(name)`. A Deployment's selector can't change, so it contains only the name. */
export function selector(name: string): Record<string, string> {
  return { [NAME]: name };
}

/**
 * The annotation of all objects. If another writer has changed a field of ours, the next `up` sets our value again. Without this
 * annotation the API server rejects the whole object because of that field, even during an incident.
 */
export const OURS = { "pulumi.com/patchForce": "true" } as const;

/**
 * The annotations of objects that are ready when they are written, and gone when they are deleted: Pulumi does not wait for them.
 * By default the plugin deletes in the foreground (pkg/await/await.go in pulumi/pulumi-kubernetes, Deletion): the object stays until
 * the garbage collector removes it. Pulumi does not wait for that here. So maintenance that is enabled again at once could take over
 * an object that is about to disappear.
 */
export const NOT_AWAITED = {
  "pulumi.com/skipAwait": "true",
  "pulumi.com/deletionPropagationPolicy": "background",
} as const;

/** The logical name of the `DestroyProtection` of all overrides. */
export const PROTECTION_OF_OVERRIDES = "the-setting-protect-of-overrides";
