import { readFileSync } from "node:fs";
import { z } from "zod";
import { SettingsError } from "../model/problems";

/**
 * The environment variable with the path of a file: what `pulumi stack output --json` printed before this run. The run keeps the output `maintenance`
 * as it is there.
 *
 * It is for a run with `--target` that leaves the overrides out. Pulumi records the outputs of such a run as those of any other, and an instance
 * would be recorded as in maintenance whose override was not made.
 */
export const RECORDED_VARIABLE = "MAINTENANCE_PAGES_RECORDED";

const outputsSchema = z.object({ maintenance: z.array(z.unknown()).default([]) });

/**
 * The output `maintenance` that this run has to keep; `undefined` if the variable is not set.
 *
 * @throws {SettingsError} when the file is not there, or has no outputs.
 */
export function keptMaintenance(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): readonly unknown[] | undefined {
  const file = environment[RECORDED_VARIABLE];
  if (file === undefined || file === "") return undefined;
  try {
    return outputsSchema.parse(JSON.parse(readFileSync(file, "utf8"))).maintenance;
  } catch {
    const allowed = "a file with what `pulumi stack output --json` printed";
    throw new SettingsError([{ path: `$${RECORDED_VARIABLE}`, found: file, allowed }]);
  }
}
