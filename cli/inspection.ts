import { ClusterApi } from "../components/cluster-api";
import type { Drift, Edge, Inspection as EdgeInspection, Hazard } from "../components/edges/edge";
import { type Instance, isBehind, otherHostsOf } from "../model/instances";
import type { Settings } from "../settings/read";
import { type Verdict, verdictsOn } from "./admission";
import { visibleLine } from "./visible";

/** What the cluster's API tells of the overrides and of the edges. */
export interface Inspection {
  /** The differences between the cluster and what is declared for an instance, at all of its edges. */
  readonly driftsOf: DriftsOf;
  /** What a maintenance of an instance would run into, at all of its edges. */
  readonly hazardsOf: (instance: Instance) => readonly HazardAt[];
  /**
   * Has the cluster's API admit or refuse the overrides of an instance, at all of its edges, and keep nothing.
   *
   * @param mostMilliseconds the limit for each object. One for which the API does not answer in time is `unknown`.
   */
  readonly verdictsOn: (instance: Instance, mostMilliseconds: number) => Promise<readonly VerdictAt[]>;
  readonly edges: readonly InspectedEdge[];
}

export type DriftsOf = (instance: Instance, isShown: boolean) => readonly DriftAt[];

/** A difference, and the edge at which it is. */
export interface DriftAt extends Drift {
  readonly edge: Pick<Edge, "deletionOf" | "reasons">;
}

/** A hazard, and the name of the edge at which it is. */
export interface HazardAt extends Hazard {
  readonly edge: string;
}

/** A verdict, and the name of the edge of the override. */
export interface VerdictAt extends Verdict {
  readonly edge: string;
}

export interface InspectedEdge extends Omit<EdgeInspection, "driftOf" | "hazardsOf" | "trialOf"> {
  readonly edge: Edge;
}

/** What keeps overrides from working at these edges, in sentences. */
export function obstaclesText(edges: readonly InspectedEdge[]): readonly string[] {
  return edges.flatMap(({ edge, obstacles }) =>
    obstacles.map((text) => visibleLine(`No override works at the edge ${edge.name}. ${text}`)),
  );
}

/** What a person should know of the controllers of these edges, in sentences. */
export function notesText(edges: readonly InspectedEdge[]): readonly string[] {
  return edges.flatMap(({ edge, notes }) => notes.map((text) => noteOn(edge.name, text)));
}

/** What a maintenance of an instance would run into, a line each: a problem or a warning, as in `check`. */
export function hazardsText(instance: string, hazards: readonly HazardAt[]): readonly string[] {
  return hazards.map(({ edge, what, text, remedy }) =>
    visibleLine(`${what === "open" ? "Problem" : "Warning"}: ${instance} at ${edge}: ${text} → ${remedy}`),
  );
}

export function noteOn(edge: string, text: string): string {
  return visibleLine(`Note on the edge ${edge}: ${text}`);
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
  const overridden = (instance: Instance) => ({
    ...instance,
    otherHosts: otherHostsOf(instance, settings.instances),
  });
  const behind = (instance: Instance) => inspected.filter(({ edge }) => isBehind(instance, edge.name));
  return {
    edges: inspected,
    hazardsOf: (instance) =>
      behind(instance).flatMap(({ edge, hazardsOf }) =>
        hazardsOf(overridden(instance)).map((hazard) => ({ ...hazard, edge: edge.name })),
      ),
    async verdictsOn(instance, mostMilliseconds) {
      const verdicts = await Promise.all(
        behind(instance).map(async ({ edge, trialOf }) =>
          (await verdictsOn(trialOf(overridden(instance)), api, mostMilliseconds)).map((one) => ({
            ...one,
            edge: edge.name,
          })),
        ),
      );
      return verdicts.flat();
    },
    driftsOf(instance, isShown) {
      return inspected.flatMap(({ edge, driftOf }) => {
        const drifts = driftOf(overridden(instance), isShown && isBehind(instance, edge.name));
        const place = edges.length === 1 ? "" : `at ${edge.name}: `;
        return drifts.map(({ what, text }) => ({ what, text: `${place}${text}`, edge }));
      });
    },
  };
}
