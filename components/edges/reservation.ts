/**
 * What nobody but this stack may have in an object: with it, an object of others would reach into the overrides of an edge. The setting
 * `admissionPolicy` makes the cluster refuse such objects.
 */
export interface Reservation {
  /** Different for each, such as `ingress-hosts`. */
  readonly name: string;
  /** The group of the objects' kind, such as `networking.k8s.io`. */
  readonly group: string;
  /** The version of the objects' kind, such as `v1`. */
  readonly version: string;
  /** The objects' kind in the API's paths, such as `ingresses`. */
  readonly resource: string;
  /**
   * Whether `object` has it: an expression of CEL, as Kubernetes 1.30 knows it (https://kubernetes.io/docs/reference/using-api/cel/). A
   * missing field must not be an error: after an error the cluster admits the object.
   */
  readonly expression: string;
  /** What is reserved, in words for the owner of the object, such as `hosts that end with .pages.invalid`. */
  readonly what: string;
  /** What the object could do with it, in the same sentence. */
  readonly why: string;
}

/**
 * A text in an expression of CEL. Every escape of JSON is one of CEL's, too (https://github.com/google/cel-spec, doc/langdef.md).
 *
 * @example
 * celText("a\\.b"); // '"a\\\\.b"'
 */
export function celText(text: string): string {
  return JSON.stringify(text);
}
