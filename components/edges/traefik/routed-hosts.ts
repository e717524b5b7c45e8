import type { RoutedHost } from "../edge";
import { entryPointsOf, isRead } from "./ingresses";
import type { Placement } from "./manifests";
import { isOfClass, type KnownRoutes } from "./objects";
import { isHere, isOurs } from "./rivals";
import { hostsIn } from "./rules";

/**
 * The hosts for which IngressRoutes and Ingresses of others have routes at an edge. Without the options of its Traefiks, the Ingresses that
 * they read are not known, and left out. HTTPRoutes are not read.
 */
export function routedHostsIn(
  { ingressRoutes, ingresses, options }: KnownRoutes,
  placement: Placement,
): readonly RoutedHost[] {
  return [
    ...ingressRoutes
      .filter(
        (one) =>
          !isOurs(one, placement) && isOfClass(one.metadata, placement) && isHere(one.spec.entryPoints, placement),
      )
      .flatMap(({ metadata: { name, namespace }, spec: { routes = [] } }) => {
        const hosts = new Set(routes.flatMap(({ match }) => hostsIn(match)));
        return [...hosts].map((host) => ({ host, object: `IngressRoute ${namespace}/${name}`, namespace }));
      }),
    ...ingresses
      .filter(
        (one) =>
          one.metadata.namespace !== placement.namespace &&
          isHere(entryPointsOf(one), placement) &&
          options.some((some) => isRead(one, some)),
      )
      .flatMap(({ metadata: { name, namespace }, spec: { rules = [] } }) => {
        const hosts = new Set(rules.flatMap(({ host }) => host ?? []));
        return [...hosts].map((host) => ({ host, object: `Ingress ${namespace}/${name}`, namespace }));
      }),
  ];
}
