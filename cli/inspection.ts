import { ClusterApi } from "../components/cluster-api";
import type { Drift, Edge, Inspection as EdgeInspection } from "../components/edges/edge";
import { type Instance, isBehind, otherHostsOf } from "../model/instances";
import type { Settings } from "../settings/read";

/** What the cluster's API tells of the overrides and of the edges. */
export interface Inspection {
  /** The differences between the cluster and what is declared for an instance, at all of its edges. */
  readonly driftsOf: DriftsOf;
  readonly edges: readonly InspectedEdge[];
}

export type DriftsOf = (instance: Instance, isShown: boolean) => readonly DriftAt[];

/** A difference, and the edge at which it is. */
export interface DriftAt extends Drift {
  readonly edge: Pick<Edge, "deletionOf" | "reasons">;
}

export interface InspectedEdge extends Omit<EdgeInspection, "driftOf"> {
  readonly edge: Edge;
}

/** What keeps overrides from working at these edges, in sentences. */
export function obstaclesText(edges: readonly InspectedEdge[]): readonly string[] {
  return edges.flatMap(({ edge, obstacles }) =>
    obstacles.map((text) => `No override works at the edge ${edge.name}. ${text}`),
  );
}

/** What a person should know of the controllers of these edges, in sentences. */
export function notesText(edges: readonly InspectedEdge[]): readonly string[] {
  return edges.flatMap(({ edge, notes }) => notes.map((text) => noteOn(edge.name, text)));
}

export function noteOn(edge: string, text: string): string {
  return `Note on the edge ${edge}: ${text}`;
}

/**
 * Reads the overrides in the cluster, and what decides whether they work.
 *
 * @throws {Unreachable} when the cluster's API does not answer, or refuses.
 */
export async function inspect(
  edges: readonly Edge[],
  settings: Pick<Settings, "kubernetes" | "pageServer" | "instances">,
): Promise<Inspection> {
  const api = await ClusterApi.open(settings);
  const inspected = await Promise.all(
    edges.map(async (edge) => ({ edge, ...(await edge.inspect(api, settings.pageServer.namespace)) })),
  );
  return {
    edges: inspected,
    driftsOf(instance, isShown) {
      const overridden = { ...instance, otherHosts: otherHostsOf(instance, settings.instances) };
      return inspected.flatMap(({ edge, driftOf }) => {
        const drifts = driftOf(overridden, isShown && isBehind(instance, edge.name));
        const place = edges.length === 1 ? "" : `at ${edge.name}: `;
        return drifts.map(({ what, text }) => ({ what, text: `${place}${text}`, edge }));
      });
    },
  };
}
