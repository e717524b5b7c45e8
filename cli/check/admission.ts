import { TRIAL_MILLISECONDS } from "../../components/cluster-api";
import type { Instance } from "../../model/instances";
import { OF_TRIALS } from "../admission";
import { mapGently } from "../at-once";
import type { Inspection } from "../inspection";
import { type Finding, joined, orOk } from "./finding";
import { leftFindings, MOST_MILLISECONDS } from "./limit";

const CHECK = "admission";

/**
 * Has the cluster's API admit or refuse the override of each instance, and keep nothing. Where the API is so slow that there is no time for all,
 * a warning names the others. Where the cluster does not have the type, the row of the controller says so, and this one does not count it.
 *
 * @param mostMilliseconds after which no other one is begun, for tests.
 */
export async function admissionFindings(
  instances: readonly Instance[],
  { verdictsOn }: Pick<Inspection, "verdictsOn">,
  mostMilliseconds = MOST_MILLISECONDS,
): Promise<readonly Finding[]> {
  const trials = await mapGently(instances, { ...OF_TRIALS, mostMilliseconds }, async (instance) => ({
    instance: instance.name,
    verdicts: await verdictsOn(instance, TRIAL_MILLISECONDS),
  }));
  const findings = trials.flatMap(({ instance, verdicts }) =>
    verdicts.flatMap(({ result, ...verdict }): readonly Finding[] =>
      result === "untried" ? [] : [{ check: CHECK, instances: [instance], result, ...verdict }],
    ),
  );
  const found = [
    // The API's message itself names the object.
    ...joined(findings, ({ text, instances: [name = ""] = [] }) => text.replaceAll(name, "")),
    ...leftFindings(
      CHECK,
      "overrides",
      instances.slice(trials.length).map(({ name }) => name),
      instances.length,
    ),
  ];
  const admitted = trials.filter(({ verdicts }) => verdicts.every(({ result }) => result !== "untried"));
  return admitted.length === 0 ? found : orOk(CHECK, found, admittedText(admitted.length, instances.length));
}

function admittedText(admitted: number, all: number): string {
  return admitted === all
    ? `overrides admitted: ${all}`
    : `overrides admitted: ${admitted} of ${all}; for the others the cluster does not have the type`;
}
