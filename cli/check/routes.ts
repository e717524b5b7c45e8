import type { Instance } from "../../model/instances";
import { isShown } from "../../model/maintenance";
import type { Settings } from "../../settings/read";
import type { Inspection } from "../inspection";
import { type Finding, joined } from "./finding";

const CHECK = "routes";

/**
 * What comes before the overrides of these instances, or would: of an instance in maintenance the difference between the cluster and its
 * override, of all others what a maintenance would run into.
 */
export function routeFindings(
  instances: readonly Instance[],
  { maintenance }: Pick<Settings, "maintenance">,
  { driftsOf, hazardsOf }: Pick<Inspection, "driftsOf" | "hazardsOf">,
): readonly Finding[] {
  const shown = new Set(maintenance.filter(isShown).map(({ instance }) => instance.name));
  const findings = instances.flatMap((instance): readonly Finding[] => {
    const { name } = instance;
    if (!shown.has(name))
      return hazardsOf(instance).map(({ edge, what, text, remedy }) => ({
        check: CHECK,
        edge,
        instances: [name],
        result: what === "open" ? "problem" : "warning",
        text,
        remedy,
      }));
    return driftsOf(instance, true).map(({ text }) => ({
      check: CHECK,
      instances: [name],
      result: "problem",
      text,
      remedy: "`npx maintenance status` says what to do.",
    }));
  });
  return joined(findings);
}
