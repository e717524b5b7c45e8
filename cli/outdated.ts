import { Unreachable } from "../components/cluster-api";
import { edgesOf } from "../components/edges";
import type { Instance } from "../model/instances";
import { isShown } from "../model/maintenance";
import type { Settings } from "../settings/read";
import { type DriftsOf, inspect } from "./inspection";
import { visibleLine } from "./visible";

/**
 * What has changed of the routes of instances in maintenance, so that their overrides are outdated, by the instance's name. Nothing if no edge
 * has such overrides, or if the cluster can't be read: then it says so on stderr.
 *
 * @example
 * await readOutdated(settings); // Map { "acme" => ["HTTPRoute acme/added comes first for /added"] }
 */
export async function readOutdated(settings: Settings): Promise<ReadonlyMap<string, readonly string[]>> {
  const shown = settings.maintenance.filter(isShown).map(({ instance }) => instance);
  const edges = edgesOf(settings.edges).filter(({ followsRoutes }) => followsRoutes);
  if (shown.length === 0 || edges.length === 0) return new Map();
  try {
    const { driftsOf } = await inspect(edges, settings);
    return new Map(shown.map((instance) => [instance.name, outdatedTexts(driftsOf, instance)]));
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    console.error(visibleLine(`Not checked: whether the routes of these instances have changed. ${error.message}`));
    return new Map();
  }
}

/** What has changed of the routes of one instance in maintenance. */
export function outdatedTexts(driftsOf: DriftsOf, instance: Instance): readonly string[] {
  return driftsOf(instance, true).flatMap(({ what, text }) => (what === "outdated" ? [text] : []));
}
