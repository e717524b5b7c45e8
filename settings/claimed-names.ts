import type { Problem } from "../model/problems";
import { type DirectoryNames, listInstancesDirectory } from "./instances-directory";
import { decode } from "./read";
import { INSTANCES_ALLOWED } from "./schema";

/** The settings that say which instances a stack has. */
export const NAMING_SETTINGS = ["instances", "instancesDirectory", "maintenance", "provisioning"] as const;

/** The names of the instances that a stack has. */
export interface ClaimedNames {
  readonly names: ReadonlySet<string>;
  /** Why it may have others. */
  readonly problems: readonly Problem[];
}

/**
 * The names of the instances that a stack has: in its registry, or in a list only, which an instance is whose folder is gone and whose page is
 * up. Anything else in the configuration may be wrong, so no mistake in it hides whose an instance is.
 *
 * @param stackConfig as `readSettings` takes it.
 * @param listDirectory lists the instances of `instancesDirectory`.
 *
 * @example
 * claimedNames({ "maintenance-pages:instances": '["acme"]' }).names; // Set { "acme" }
 */
export function claimedNames(
  stackConfig: Readonly<Record<string, string>>,
  listDirectory: (directory: string) => DirectoryNames = listInstancesDirectory,
): ClaimedNames {
  const { values, problems } = decode(stackConfig);
  const { instances, instancesDirectory, maintenance, provisioning } = values;
  const isNamed = typeof instances === "object" && instances !== null;
  const directory =
    typeof instancesDirectory === "string" ? listDirectory(instancesDirectory) : { names: [], problems: [] };
  return {
    names: new Set([
      ...(isNamed && !Array.isArray(instances) ? Object.keys(instances) : namesIn(instances)),
      ...directory.names,
      ...namesIn(maintenance),
      ...namesIn(provisioning),
    ]),
    problems: [
      ...problems.filter(({ path }) => path === "instances" || path === "instancesDirectory"),
      ...(instances === undefined || isNamed
        ? []
        : [{ path: "instances", found: instances, allowed: INSTANCES_ALLOWED }]),
      ...directory.problems,
    ],
  };
}

function namesIn(list: unknown): readonly string[] {
  if (!Array.isArray(list)) return [];
  return list
    .map((item: unknown) => (typeof item === "object" && item !== null ? Reflect.get(item, "instance") : item))
    .filter((name) => typeof name === "string");
}
