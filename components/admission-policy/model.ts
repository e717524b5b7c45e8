import type { Reservation } from "../edges/reservation";
import { labels, OURS } from "../names";

/** The manifests of a ValidatingAdmissionPolicy and of its binding, which have the same name. */
export type PolicyManifests = ReturnType<typeof manifestsOf>;

/**
 * The policies with which the cluster refuses objects of others that would reach into the overrides: one for each reservation.
 *
 * @param reservations those of all edges. Edges of one kind have the same ones.
 * @param namespace the page server's namespace.
 *
 * @example
 * policyManifests(edge.reservationsOf("pages"), "pages").map(({ policy }) => policy.metadata.name); // ["reserved-ingress-hosts.pages", …]
 */
export function policyManifests(reservations: readonly Reservation[], namespace: string): readonly PolicyManifests[] {
  const different = new Map(reservations.map((reservation) => [reservation.name, reservation]));
  return [...different.values()].map((reservation) => manifestsOf(reservation, namespace));
}

function manifestsOf(reservation: Reservation, namespace: string) {
  const { name } = reservation;
  const metadata = {
    // These objects have no namespace. A cluster may have two page servers.
    name: `reserved-${name}.${namespace}`,
    labels: labels("maintenance-admission"),
    annotations: { ...OURS },
  };
  return {
    name,
    policy: { metadata, spec: specOf(reservation, namespace) },
    binding: { metadata, spec: { policyName: metadata.name, validationActions: ["Deny"] } },
  };
}

/**
 * - A policy that fails must not stop the deployments of others: the cluster then admits the object (`Ignore`).
 * - The objects of this stack are not refused. Its overrides are in the page server's namespace, where nobody else has rights. Its bypasses
 *   are in the instances' namespaces, and the account of `pulumi up` makes them. It is known by its right to create such objects in the page
 *   server's namespace. So no account has to be named, and a person with rights for the whole cluster is not refused either.
 * - An object from before the policy can still get a new label or lose a finalizer. Any other change of it is checked. So the owner of a
 *   namespace can't turn the bypass in it into something else.
 */
function specOf({ group, version, resource, expression, ...words }: Reservation, namespace: string) {
  const right = `authorizer.group("${group}").resource("${resource}").namespace("${namespace}").check("create")`;
  return {
    failurePolicy: "Ignore",
    matchConstraints: {
      namespaceSelector: {
        // The cluster sets this label itself.
        matchExpressions: [{ key: "kubernetes.io/metadata.name", operator: "NotIn", values: [namespace] }],
      },
      resourceRules: [
        { apiGroups: [group], apiVersions: [version], resources: [resource], operations: ["CREATE", "UPDATE"] },
      ],
    },
    variables: [
      { name: "annotations", expression: "object.metadata.?annotations.orValue({})" },
      { name: "annotationsBefore", expression: "oldObject.metadata.?annotations.orValue({})" },
      { name: "isUnchanged", expression: IS_UNCHANGED },
      { name: "isOurs", expression: `${right}.allowed()` },
    ],
    validations: [
      {
        expression: `!(${expression}) || variables.isUnchanged || variables.isOurs`,
        message: messageOf(words, resource, namespace),
        reason: "Forbidden",
      },
    ],
  };
}

/** Each `kubectl apply` writes this one. */
const OF_KUBECTL = 'name == "kubectl.kubernetes.io/last-applied-configuration"';

// A variable is evaluated when it is used: `annotationsBefore` never for a new object.
const IS_UNCHANGED = [
  "oldObject != null",
  "object.?spec == oldObject.?spec",
  `variables.annotations.all(name, ${OF_KUBECTL} || variables.annotationsBefore[?name] == variables.annotations[?name])`,
  `variables.annotationsBefore.all(name, ${OF_KUBECTL} || name in variables.annotations)`,
].join(" && ");

/** In one line: the cluster takes no other. It shows the object's name itself. */
function messageOf({ what, why }: Pick<Reservation, "what" | "why">, resource: string, namespace: string): string {
  return (
    `maintenance-pages reserves ${what}: ${why}. Choose another, or ask the people who run maintenance-pages in this cluster: ` +
    `only accounts that may create ${resource} in the namespace ${namespace} may use it.`
  );
}
