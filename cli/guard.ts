import type { Edge } from "../components/edges/edge";
import { FEED } from "../settings/bucket-address";

/** One change of a resource, as the engine means to make it. */
export interface Change {
  /** What is done, such as `create`. */
  readonly operation: string;
  /** The resource's type, such as `kubernetes:networking.k8s.io/v1:Ingress`. */
  readonly type: string;
  /** The resource's logical name, such as `maintenance-acme`. */
  readonly name: string;
  /**
   * Whether nothing comes of it: a dry run gives what is there already, as something in the cluster (an admission webhook, or a
   * policy) changes what is written to it, each time.
   */
  readonly isWithoutEffect?: boolean;
}

/**
 * Tells the changes that putting these instances into maintenance, or taking them out, is made of, from all others: their
 * overrides with their bypasses, and their pages' objects. A pending edit of the pages or another version of the chart is none of them, and
 * must not ride along in an incident. An update without effect may: it would be pending for ever. So may what follows the cluster. That a
 * provider is updated is no change of anything: it is how somebody's machine reaches the cluster.
 *
 * @example
 * partition([{ operation: "create", type: "kubernetes:networking.k8s.io/v1:Ingress", name: "maintenance-acme" }], ["acme"], edges).others; // []
 */
export function partition<Any extends Change>(
  changes: readonly Any[],
  instances: readonly string[],
  edges: readonly Pick<Edge, "isPartOf" | "followsCluster">[],
): { readonly own: readonly Any[]; readonly others: readonly Any[] } {
  const isOwn = (change: Change) =>
    change.isWithoutEffect ||
    (change.operation === "update" && change.type.startsWith("pulumi:providers:")) ||
    (change.type === OBJECT && change.name === `pages/${FEED}`) ||
    edges.some((edge) => edge.followsCluster(change)) ||
    instances.some((instance) => isPartOf(change, instance, edges));
  return { own: changes.filter(isOwn), others: changes.filter((change) => !isOwn(change)) };
}

/** Whether a change is one of an instance's override, bypass or own pages. */
export function isPartOf(
  { type, name }: Pick<Change, "type" | "name">,
  instance: string,
  edges: readonly Pick<Edge, "isPartOf">[],
): boolean {
  return type === OBJECT
    ? new RegExp(`^pages/instances/${instance}/[0-9a-f]{16}/`).test(name)
    : edges.some((edge) => edge.isPartOf(instance, { type, name }));
}

const OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2";

/** Changes in a person's words; of objects that are alike, the number. */
export function describeChanges(changes: readonly Change[]): readonly string[] {
  const counted = new Map<string, number>();
  for (const { operation, type, name, isWithoutEffect } of changes) {
    const kind = type.split(":").at(-1);
    const folder = /^pages\/(?:shared|instances\/[^/]+)/.exec(name)?.[0];
    const what = kind === "BucketObjectv2" && folder !== undefined ? `objects below ${folder}` : `${kind} ${name}`;
    const text = `${operation} ${what}${isWithoutEffect ? " (without effect: the cluster changes what is written)" : ""}`;
    counted.set(text, (counted.get(text) ?? 0) + 1);
  }
  return [...counted].map(([text, count]) => (count > 1 ? `${text} (${count})` : text));
}
