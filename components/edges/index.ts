import type { Edge } from "./edge";
import * as ingressNginx from "./ingress-nginx/inspect";
import { bypassServicePort } from "./ingress-nginx/manifests";
import { BYPASS_SLOTS } from "./ingress-nginx/settings";
import type { EdgeSettings } from "./settings";
import * as traefik from "./traefik/inspect";

// The kinds of edges, without Pulumi's Kubernetes package. Loading that takes most of a second, and only the program needs it
// (resources.ts).

/** The edges of a stack. */
export function edgesOf(settings: Readonly<Record<string, EdgeSettings>>): readonly Edge[] {
  return Object.entries(settings).map(([name, edge]) => edgeOf(name, edge));
}

/**
 * The edge with these settings.
 *
 * @param name its name in the setting `edges`.
 */
export function edgeOf(name: string, settings: EdgeSettings): Edge {
  const common = {
    name,
    address: settings.address,
    source: settings.hostNetwork ? ("nodes" as const) : { namespace: settings.namespace },
  };
  switch (settings.kind) {
    case "ingress-nginx":
      return {
        ...common,
        ports: Array.from({ length: BYPASS_SLOTS }, (_, slot) => bypassServicePort(slot)),
        patience: ingressNginx.PATIENCE,
        reasons: ingressNginx.REASONS,
        deletionOf: (instance, namespace) => ingressNginx.deletionOf(name, instance, namespace),
        isPartOf: (instance, resource) => ingressNginx.isPartOf(name, instance, resource),
        inspect: (cluster, namespace) => ingressNginx.inspect(name, settings, cluster, namespace),
      };
    case "traefik":
      return {
        ...common,
        ports: [],
        patience: traefik.PATIENCE,
        reasons: traefik.REASONS,
        deletionOf: (instance, namespace) => traefik.deletionOf(name, settings, instance, namespace),
        isPartOf: (instance, resource) => traefik.isPartOf(name, instance, resource),
        inspect: (cluster, namespace) => traefik.inspect(name, settings, cluster, namespace),
      };
  }
}
