import type { Instance } from "../../model/instances";
import { OF_TRIALS } from "../admission";
import { mapGently } from "../at-once";
import type { Inspection } from "../inspection";
import { type Finding, joined } from "./finding";

const CHECK = "admission";

/** What a person waits for, and a pipeline. */
const MOST_MILLISECONDS = 60_000;

/**
 * Has the cluster's API admit or refuse the override of each instance, and keep nothing. Where the API is so slow that there is no time for all,
 * a warning names the others.
 *
 * @param mostMilliseconds after which no other one is begun, for tests.
 */
export async function admissionFindings(
  instances: readonly Instance[],
  { verdictsOn }: Pick<Inspection, "verdictsOn">,
  mostMilliseconds = MOST_MILLISECONDS,
): Promise<readonly Finding[]> {
  const verdicts = await mapGently(instances, { ...OF_TRIALS, mostMilliseconds }, async (instance) =>
    (await verdictsOn(instance)).map((verdict) => ({ check: CHECK, instances: [instance.name], ...verdict })),
  );
  return [
    // The API's message itself names the object.
    ...joined(verdicts.flat(), ({ text, instances: [name = ""] = [] }) => text.replaceAll(name, "")),
    ...untriedFindings(
      instances.slice(verdicts.length).map(({ name }) => name),
      instances.length,
    ),
  ];
}

function untriedFindings(untried: readonly string[], count: number): readonly Finding[] {
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
