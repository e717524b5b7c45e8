import { isBehind, overlap } from "../../../model/instances";
import { listed } from "../../../model/problems";
import type { Hazard, Inspection, Overridden } from "../edge";
import { classNameOf } from "./controllers";
import type { Placement } from "./manifests";
import { hostsOf, type IngressClass, isCanary, isIngressNginx, isOurs, type KnownIngress, placeOf } from "./objects";

/** What is known of a cluster with more than one class. */
export interface Classes {
  readonly ingresses: readonly KnownIngress[];
  readonly classes: readonly IngressClass[];
  /** The class of each edge of this kind, by the edge's name. */
  readonly classNameByEdge: ReadonlyMap<string, string>;
}

/**
 * Ingresses of an instance that another ingress-nginx serves, which none of the instance's edges stands for. The override is not there.
 *
 * Classes with one `spec.controller` count as served by the same controller. It is said at the first of the instance's edges.
 */
export function hazardsElsewhere(
  { ingresses, classes, classNameByEdge }: Classes,
  { edge, namespace }: Pick<Placement, "edge" | "namespace">,
): Inspection["hazardsOf"] {
  const controllers = new Map(classes.map(({ metadata, spec }) => [metadata.name, spec.controller]));
  const others = ingresses.flatMap((ingress) => {
    const className = classNameOf(ingress);
    const controller = className === undefined ? undefined : controllers.get(className);
    const isCandidate = !isOurs(ingress, namespace) && !isCanary(ingress) && isIngressNginx(controller);
    return isCandidate ? [{ ingress, className, controller }] : [];
  });
  return (instance) => {
    const own = [...classNameByEdge].filter(([name]) => isBehind(instance, name));
    if (own[0]?.[0] !== edge) return [];
    const covered = own.map(([, className]) => controllers.get(className));
    return others
      .filter(({ controller }) => !covered.includes(controller))
      .flatMap(({ ingress, className }): readonly Hazard[] => {
        const hosts = hostsOf(ingress).filter((host) => concerns(host, instance));
        if (hosts.length === 0) return [];
        return [
          {
            what: "open",
            text: `${placeOf(ingress)} has ${listed(hosts, 5)} at the class ${className}, which no edge of ${instance.name} has: visitors there would get the instance.`,
            remedy:
              "Add an edge with that class (docs/guide.md), and to instances.*.edges if the instance has such a list; or delete that Ingress.",
          },
        ];
      });
  };
}

/** Whether a host of an Ingress leads to an instance. */
function concerns(host: string, { hosts, otherHosts }: Pick<Overridden, "hosts" | "otherHosts">): boolean {
  return !otherHosts.includes(host) && hosts.some((one) => overlap(one, host));
}
