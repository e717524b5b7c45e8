import { listed } from "../../../model/problems";
import type { Hazard, Overridden } from "../edge";
import { entryPointsOf, isPassedThrough, PASSTHROUGH_ANNOTATION, PRIORITY_ANNOTATION, priorityOf } from "./ingresses";
import { isBypassRule, type Placement, PRIORITIES } from "./manifests";
import { isOfClass, type KnownIngress, type KnownIngressRoute, type KnownRoutes } from "./objects";
import { type Covering, isForEveryConnection, mayMatch, overlaps } from "./rules";

/** An object of somebody else's that comes before an override. */
export type Rival = Pick<Hazard, "text" | "remedy">;

/** An object that may come before overrides, and the hosts for which it does. */
interface Candidate {
  readonly isFor: (covering: Covering) => boolean;
  /** @param hosts those of an instance for which it comes first, as a text. */
  readonly rivalFor: (hosts: string) => Rival;
}

/**
 * The objects of others that come before an instance's override, or would.
 *
 * @example
 * rivalsIn(routes, placement)({ name: "acme", hosts: ["acme.example.org"], otherHosts: [] });
 * // [{ text: "IngressRoute acme/own has a higher priority for acme.example.org than an override", remedy: "…" }]
 */
export function rivalsIn(
  routes: KnownRoutes,
  placement: Placement,
): (instance: Pick<Overridden, "hosts" | "otherHosts">) => readonly Rival[] {
  const candidates = [
    ...higherRoutes(routes, placement),
    ...higherIngresses(routes, placement),
    ...tcpRoutes(routes, placement),
    ...passedThrough(routes),
  ];
  return ({ hosts, otherHosts }) =>
    candidates.flatMap(({ isFor, rivalFor }) => {
      const first = hosts.filter((host) => isFor({ host, otherHosts }));
      return first.length === 0 ? [] : [rivalFor(listed(first, 5))];
    });
}

/**
 * Whether an IngressRoute is one of this program's own: of the page server's namespace, or a bypass. A bypass's name is not enough, because
 * anybody can write it: it must also be one that gets no visitor without a key.
 */
export function isOurs(
  { metadata, spec }: KnownIngressRoute,
  placement: Pick<Placement, "namespace" | "bypassAddresses">,
): boolean {
  if (metadata.namespace === placement.namespace) return true;
  return (
    /^(?:tls\.)?bypass-/.test(metadata.name) && (spec.routes ?? []).every(({ match }) => isBypassRule(match, placement))
  );
}

/** Whether a route is at an entry point of the edge. One without entry points is at each of Traefik's default ones. */
export function isHere(
  entryPoints: readonly string[] | undefined = [],
  placement: Pick<Placement, "entryPoints">,
): boolean {
  return entryPoints.length === 0 || entryPoints.some((name) => placement.entryPoints.includes(name));
}

/** Whether a rule of an Ingress names a host of an instance. */
export function hasHost({ spec }: KnownIngress, covering: Covering): boolean {
  return spec.rules?.some(({ host }) => host !== undefined && overlaps(host, covering)) === true;
}

function isHigher(priority = 0): boolean {
  return priority >= PRIORITIES.override;
}

function higherRoutes({ ingressRoutes }: KnownRoutes, placement: Placement): readonly Candidate[] {
  return ingressRoutes
    .filter(
      (one) => !isOurs(one, placement) && isHere(one.spec.entryPoints, placement) && isOfClass(one.metadata, placement),
    )
    .flatMap(({ metadata, spec: { routes = [] } }) => {
      const higher = routes.filter(({ priority }) => isHigher(priority));
      if (higher.length === 0) return [];
      return {
        isFor: (covering) => higher.some(({ match }) => mayMatch(match, "Host", covering)),
        rivalFor: (hosts) => ({
          text: `IngressRoute ${metadata.namespace}/${metadata.name} has a higher priority for ${hosts} than an override`,
          remedy: "Give that route a priority below 1,000,000,000, or delete it.",
        }),
      };
    });
}

function higherIngresses({ ingresses }: KnownRoutes, placement: Placement): readonly Candidate[] {
  return ingresses
    .filter((one) => isHigher(priorityOf(one)) && isHere(entryPointsOf(one), placement))
    .map((one) => ({
      // A rule without a host is for every host.
      isFor: (covering) => one.spec.rules?.some(({ host }) => host === undefined) === true || hasHost(one, covering),
      rivalFor: (hosts) => ({
        text: `Ingress ${one.metadata.namespace}/${one.metadata.name} has a higher priority for ${hosts} than an override`,
        remedy: `Give its annotation ${PRIORITY_ANNOTATION} a value below 1,000,000,000, or delete it.`,
      }),
    }));
}

/**
 * Traefik looks at the routes for TCP before the override, which has no matcher `Host` (pkg/server/router/tcp/router.go in
 * traefik/traefik). One without `tls` gets no encrypted connections.
 */
function tcpRoutes({ tcpRoutes }: KnownRoutes, placement: Placement): readonly Candidate[] {
  return tcpRoutes
    .filter(
      ({ metadata, spec }) =>
        spec.tls !== undefined && isHere(spec.entryPoints, placement) && isOfClass(metadata, placement),
    )
    .map(({ metadata: { namespace, name }, spec: { routes = [] } }) => ({
      isFor: (covering) =>
        routes.some(({ match }) => !isForEveryConnection(match) && mayMatch(match, "HostSNI", covering)),
      rivalFor: (hosts) => ({
        text: `IngressRouteTCP ${namespace}/${name} takes the encrypted connections for ${hosts}`,
        remedy:
          `Save it (kubectl get ingressroutetcps.traefik.io ${name} --namespace ${namespace} --output yaml > saved.yaml) and delete it for ` +
          "the maintenance, or move it to another entry point for good.",
      }),
    }));
}

function passedThrough({ ingresses, options }: KnownRoutes): readonly Candidate[] {
  return ingresses
    .filter((one) => options.some((some) => isPassedThrough(one, some)))
    .map((one) => ({
      isFor: (covering) => hasHost(one, covering),
      rivalFor: (hosts) => ({
        text: `Ingress ${one.metadata.namespace}/${one.metadata.name} takes the encrypted connections for ${hosts}`,
        remedy: `Remove its annotation ${PASSTHROUGH_ANNOTATION}, for the maintenance or for good.`,
      }),
    }));
}
