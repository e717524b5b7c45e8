import { TRIAL_MILLISECONDS } from "../../components/cluster-api";
import type { Instance } from "../../model/instances";
import { OF_TRIALS } from "../admission";
import { mapGently } from "../at-once";
import type { Inspection } from "../inspection";
import { type Finding, joined, orOk } from "./finding";
import { MOST_MILLISECONDS } from "./limit";

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
    ...slowFindings(
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

function slowFindings(untried: readonly string[], count: number): readonly Finding[] {
  if (untried.length === 0) return [];
  return [
    {
      check: CHECK,
      instances: untried,
      // A policy that refuses one override mostly refuses all. A pipeline that fails every day would soon be read by nobody.
      result: "warning",
      text: `${untried.length} of ${count} overrides were not tried: the cluster takes so long for each that there was no time`,
      remedy:
        "Name an instance to try its override: npx maintenance check INSTANCE. `enable` tries those of its own instances.",
    },
  ];
}
