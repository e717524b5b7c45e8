import type { Drift, Edge } from "../components/edges/edge";
import { type Instance, isBehind } from "../model/instances";
import type { Settings } from "../settings/read";
import { ClusterApi } from "./cluster";

/** The differences between the cluster and what is declared for an instance, at all of its edges. */
export type DriftsOf = (instance: Instance, isShown: boolean) => readonly Drift[];

/**
 * Reads the overrides in the cluster.
 *
 * @throws {Unreachable} when the cluster's API does not answer, or refuses.
 */
export async function readDrifts(
  edges: readonly Edge[],
  settings: Pick<Settings, "kubernetes" | "pageServer">,
): Promise<DriftsOf> {
  const api = ClusterApi.open(settings);
  const read = await Promise.all(
    edges.map(async (edge) => ({ edge, driftOf: await edge.readDrift(api, settings.pageServer.namespace) })),
  );
  return (instance, isShown) =>
    read.flatMap(({ edge, driftOf }) => {
      const drifts = driftOf(instance, isShown && isBehind(instance, edge.name));
      return edges.length === 1 ? drifts : drifts.map((one) => ({ ...one, text: `at ${edge.name}: ${one.text}` }));
    });
}
