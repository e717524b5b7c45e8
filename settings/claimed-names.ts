import type { Problem } from "../model/problems";
import { type DirectoryNames, listInstancesDirectory } from "./instances-directory";
import { decode, NAMESPACE } from "./read";
import { INSTANCES_ALLOWED } from "./schema";

/** The settings that name instances. */
export const NAMING_SETTINGS = ["instances", "instancesDirectory", "maintenance", "provisioning"] as const;

/** The names of the instances that a stack has. */
export interface ClaimedNames {
  readonly names: ReadonlySet<string>;
  /** Why it may have others. */
  readonly problems: readonly Problem[];
}

/**
 * The names of the instances that a stack has: those of its registry, and those that are only in a list. An instance is only in a list when its
 * folder is gone and its page is still up. A mistake in any other setting does not hide who owns an instance.
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
  const isMap = typeof instances === "object" && instances !== null && !Array.isArray(instances);
  const directory =
    typeof instancesDirectory === "string" ? listDirectory(instancesDirectory) : { names: [], problems: [] };
  return {
    names: new Set([
      ...(isMap ? Object.keys(instances) : namesIn(instances)),
      ...directory.names,
      ...namesIn(maintenance),
      ...namesIn(provisioning),
    ]),
    problems: [
      ...problems.filter(({ path }) => path === "instances" || path === "instancesDirectory"),
      ...unreadNamesOf(instances),
      ...unreadKeysIn(stackConfig),
      ...directory.problems,
    ],
  };
}

/** YAML 1.1 puts what it refers to in its place, and so does Pulumi. */
const MERGE_KEY = "<<";

/**
 * Keys under which Pulumi finds instances, and the command does not: without the namespace, in the form of Pulumi's first versions, or merged
 * from another place of the file.
 */
function unreadKeysIn(stackConfig: Readonly<Record<string, string>>): readonly Problem[] {
  return Object.keys(stackConfig).flatMap((key) => {
    if (key === MERGE_KEY) return [{ path: "config", found: MERGE_KEY, allowed: "the settings themselves" }];
    const [, name] = new RegExp(`^(?:${NAMESPACE}:config:)?(instances|instancesDirectory)$`).exec(key) ?? [];
    return name === undefined ? [] : [{ path: "config", found: key, allowed: `the key ${NAMESPACE}:${name}` }];
  });
}

/** What in `instances` is no name, and was meant as one: `- acme: {}` in a list is an object. */
function unreadNamesOf(instances: unknown): readonly Problem[] {
  if (Array.isArray(instances)) {
    return instances.flatMap((found: unknown, index) =>
      typeof found === "string" ? [] : [{ path: `instances[${index}]`, found, allowed: "the name of an instance" }],
    );
  }
  if (typeof instances === "object" && instances !== null && MERGE_KEY in instances)
    return [{ path: "instances", found: MERGE_KEY, allowed: "the names themselves" }];
  const isMapOrMissing = instances === undefined || (typeof instances === "object" && instances !== null);
  return isMapOrMissing ? [] : [{ path: "instances", found: instances, allowed: INSTANCES_ALLOWED }];
}

function namesIn(list: unknown): readonly string[] {
  if (!Array.isArray(list)) return [];
  return list
    .map((item: unknown) => (typeof item === "object" && item !== null ? Reflect.get(item, "instance") : item))
    .filter((name) => typeof name === "string");
}
