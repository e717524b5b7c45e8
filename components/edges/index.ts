import type { Edge } from "./edge";
import { deletionOf, isPartOf, PATIENCE, REASONS, readDrift } from "./ingress-nginx/inspect";
import { bypassServicePort } from "./ingress-nginx/manifests";
import { BYPASS_SLOTS } from "./ingress-nginx/settings";
import type { EdgeSettings } from "./settings";

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
  switch (settings.kind) {
    case "ingress-nginx":
      return {
        name,
        address: settings.address,
        source: settings.hostNetwork ? "nodes" : { namespace: settings.namespace },
        ports: Array.from({ length: BYPASS_SLOTS }, (_, slot) => bypassServicePort(slot)),
        patience: PATIENCE,
        reasons: REASONS,
        deletionOf: (instance, namespace) => deletionOf(name, instance, namespace),
        isPartOf: (instance, resource) => isPartOf(name, instance, resource),
        readDrift: (cluster, namespace) => readDrift(name, settings, cluster, namespace),
      };
  }
}
