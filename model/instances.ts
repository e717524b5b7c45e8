/** A web instance of the cluster and the hosts it owns. */
export interface Instance {
  readonly name: string;
  /** Lower-case host names; a wildcard is `*.` before a host that the instance owns. */
  readonly hosts: readonly string[];
  /** What visitors know the site as, where the registry says. */
  readonly title?: string | undefined;
  /** The edges that it is behind, by name, where the registry says; see `isBehind`. */
  readonly edges?: readonly string[] | undefined;
  /** Where its own Ingress leads, as far as the registry says; see `serviceOf`. */
  readonly service?: { readonly [Key in keyof InstanceService]?: InstanceService[Key] | undefined } | undefined;
}

/** Whether an instance is behind an edge: behind all of them, unless the registry says which. */
export function isBehind({ edges }: Pick<Instance, "edges">, edge: string): boolean {
  return edges === undefined || edges.includes(edge);
}

/** A Service of the cluster, and one of its ports, by number or name. */
export interface InstanceService {
  readonly name: string;
  readonly namespace: string;
  readonly port: number | string;
}

/** Where an instance's own Ingress leads: to Tutor's Caddy (tutor/templates/k8s/services.yml), unless the registry says else. */
export function serviceOf({ name, service }: Instance): InstanceService {
  return { name: service?.name ?? "caddy", namespace: service?.namespace ?? name, port: service?.port ?? 80 };
}
