import type { Instance } from "../../model/instances";
import { mapSome } from "../at-once";
import type { Inspection } from "../inspection";
import { type Finding, joined } from "./finding";

/** As many as the API server answers beside its other work. At ingress-nginx the controller's own webhook is asked, too. */
const AT_ONCE = 10;

/** Has the cluster's API admit or refuse the override of each instance, and keep nothing. */
export async function admissionFindings(
  instances: readonly Instance[],
  { verdictsOn }: Pick<Inspection, "verdictsOn">,
): Promise<readonly Finding[]> {
  const verdicts = await mapSome(instances, AT_ONCE, async (instance) =>
    (await verdictsOn(instance)).map((verdict) => ({ check: "admission", instance: instance.name, ...verdict })),
  );
  // The API's message itself names the object.
  return joined(verdicts.flat(), ({ text, instance = "" }) => text.replaceAll(instance, ""));
}
