/** A web instance of the cluster and the hosts it owns. */
export interface Instance {
  readonly name: string;
  /** Lower-case host names; a wildcard is `*.` before a host that the instance owns. */
  readonly hosts: readonly string[];
  /** Those of the hosts that it may not have, because Tutor has them by default in some releases. It is no alarm if one does not answer. */
  readonly assumedHosts?: readonly string[] | undefined;
  /** The site's name for visitors, if the registry has one. */
  readonly title?: string | undefined;
  /** The names of the edges that it is behind, if the registry lists them; see `isBehind`. */
  readonly edges?: readonly string[] | undefined;
  /** The Service behind its own Ingress, as far as the registry describes it; see `serviceOf`. */
  readonly service?: { readonly [Key in keyof InstanceService]?: InstanceService[Key] | undefined } | undefined;
}

/** Whether an instance is behind an edge. Without a list in the registry it is behind all edges. */
export function isBehind({ edges }: Pick<Instance, "edges">, edge: string): boolean {
  return edges === undefined || edges.includes(edge);
}

/**
 * The hosts of other instances that a wildcard of this one covers, if it stands for one label or more. At some edges it stands for one.
 *
 * @example
 * otherHostsOf({ name: "acme", hosts: ["*.example.org"] }, [{ name: "beta", hosts: ["a.beta.example.org"] }]); // ["a.beta.example.org"]
 */
export function otherHostsOf(
  { name, hosts }: Pick<Instance, "name" | "hosts">,
  instances: readonly Pick<Instance, "name" | "hosts">[],
): readonly string[] {
  const wildcards = hosts.filter((host) => host.startsWith("*."));
  if (wildcards.length === 0) return [];
  return instances
    .filter((other) => other.name !== name)
    .flatMap((other) => other.hosts.filter((host) => wildcards.some((wildcard) => isBelow(host, wildcard))));
}

/** Whether a host is below a wildcard that stands for one label or more. No host is below another host. */
export function isBelow(host: string, wildcard: string): boolean {
  return wildcard.startsWith("*.") && host.endsWith(wildcard.slice(1)) && host !== wildcard;
}

/** Whether two hosts, each of which may be a wildcard for one label or more, have a name in common. */
export function overlap(one: string, other: string): boolean {
  return one === other || isBelow(one, other) || isBelow(other, one);
}

/** The wildcard that covers a host, if a wildcard stands for one label. */
export function wildcardOf(host: string): string {
  return host.replace(/^[^.]+/, "*");
}

/** A Service of the cluster and one of its ports, by number or name. */
export interface InstanceService {
  readonly name: string;
  readonly namespace: string;
  readonly port: number | string;
}

/** The Service behind an instance's own Ingress. Without one in the registry: Tutor's Caddy (tutor/templates/k8s/services.yml). */
export function serviceOf({ name, service }: Instance): InstanceService {
  return { name: service?.name ?? "caddy", namespace: service?.namespace ?? name, port: service?.port ?? 80 };
}
