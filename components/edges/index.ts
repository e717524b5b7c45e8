import { ANNOUNCED } from "../page-server/contract";
import type { Edge } from "./edge";
import * as gatewayApi from "./gateway-api/inspect";
import { reservations as gatewayApiReservations } from "./gateway-api/reservations";
import * as gatewayApiSettings from "./gateway-api/settings";
import * as ingressNginx from "./ingress-nginx/inspect";
import { bypassServicePort } from "./ingress-nginx/manifests";
import { reservations as ingressNginxReservations } from "./ingress-nginx/reservations";
import { BYPASS_SLOTS } from "./ingress-nginx/settings";
import type { EdgeSettings } from "./settings";
import * as traefik from "./traefik/inspect";
import { reservations as traefikReservations } from "./traefik/reservations";

// The kinds of edges, without Pulumi's Kubernetes package. Loading that takes most of a second, and only the program needs it
// (resources.ts).

/** The edges of a stack. */
export function edgesOf(settings: Readonly<Record<string, EdgeSettings>>): readonly Edge[] {
  const parents = new Map(
    Object.entries(settings).flatMap(([name, edge]) => (edge.kind === "gateway-api" ? [[name, edge.parentRefs]] : [])),
  );
  const classNames = new Map(
    Object.entries(settings).flatMap(([name, edge]) => (edge.kind === "ingress-nginx" ? [[name, edge.className]] : [])),
  );
  return Object.entries(settings).map(([name, edge]) => edgeOf(name, edge, { parents, classNames }));
}

/** What edges of the same kind know of each other, by the edge's name. */
interface Siblings {
  readonly parents: ReadonlyMap<string, readonly gatewayApiSettings.Parent[]>;
  readonly classNames: ReadonlyMap<string, string>;
}

function edgeOf(name: string, settings: EdgeSettings, { parents, classNames }: Siblings): Edge {
  const common = { name, address: settings.address };
  switch (settings.kind) {
    case "ingress-nginx":
      return {
        ...common,
        source: sourceOf(settings),
        ports: [ANNOUNCED, ...Array.from({ length: BYPASS_SLOTS }, (_, slot) => bypassServicePort(slot))],
        patience: ingressNginx.PATIENCE,
        reasons: ingressNginx.REASONS,
        followsRoutes: false,
        deletionOf: (instance, namespace) => ingressNginx.deletionOf(name, instance, namespace),
        isPartOf: (instance, resource) => ingressNginx.isPartOf(name, instance, resource),
        followsCluster: () => false,
        reservationsOf: ingressNginxReservations,
        inspect: (cluster, namespace) => ingressNginx.inspect(name, settings, cluster, namespace, classNames),
      };
    case "traefik":
      return {
        ...common,
        source: sourceOf(settings),
        ports: [ANNOUNCED],
        bypassAddresses: settings.bypassAddresses,
        patience: traefik.PATIENCE,
        reasons: traefik.REASONS,
        followsRoutes: false,
        deletionOf: (instance, namespace) => traefik.deletionOf(name, settings, instance, namespace),
        isPartOf: (instance, resource) => traefik.isPartOf(name, instance, resource),
        followsCluster: () => false,
        reservationsOf: traefikReservations,
        inspect: (cluster, namespace) => traefik.inspect(name, settings, cluster, namespace),
      };
    case "gateway-api":
      return {
        ...common,
        source: gatewayApiSettings.sourceOf(settings),
        ports: [ANNOUNCED],
        patience: gatewayApi.PATIENCE,
        reasons: gatewayApi.REASONS,
        followsRoutes: true,
        deletionOf: (instance, namespace) => gatewayApi.deletionOf(name, instance, namespace),
        isPartOf: (instance, resource) => gatewayApi.isPartOf(name, instance, resource),
        followsCluster: (resource) => gatewayApi.followsCluster(name, resource),
        reservationsOf: gatewayApiReservations,
        inspect: (cluster, namespace) => gatewayApi.inspect(name, settings, cluster, namespace, parents),
      };
  }
}

/** The source of the requests of a controller whose namespace is known. */
function sourceOf(settings: { readonly namespace: string; readonly hostNetwork: boolean }): Edge["source"] {
  return settings.hostNetwork ? "nodes" : { namespace: settings.namespace };
}
