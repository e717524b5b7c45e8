import { join } from "node:path";
import type { Instance } from "../model/instances";
import type { Problem } from "../model/problems";
import { hostFrom, type Registry, type RegistryConfig, registry } from "./instances";
import { type InstancesDirectory, withoutHostsOf } from "./instances-directory";
import type { MaintenanceConfig } from "./maintenance";
import type { Config } from "./schema";

/** Hosts, by the name of their instance. */
export type HostsByName = ReadonlyMap<string, readonly string[]>;

/** Where instances come from, besides the stack's configuration. */
export interface InstanceSources {
  /** Reads the instances of `instancesDirectory`. */
  readonly readDirectory: (directory: string) => InstancesDirectory;
  /**
   * The hosts that the last `up` knew of instances in maintenance. Such an instance keeps its page when its own file breaks, or is gone, and
   * stops nobody else.
   *
   * @param missing those in the lists that are no instances any more.
   */
  readonly hostsOfLastUp: (missing: readonly string[]) => HostsByName;
}

/** All instances of a stack. */
export interface KnownInstances {
  readonly registry: Registry;
  /** The instances whose hosts are not known, by name, and why. */
  readonly unreadable: ReadonlyMap<string, string>;
  /** The hosts of the last `up` of those that neither the configuration nor the directory has any more. They are in the registry. */
  readonly kept: HostsByName;
  /** What is wrong with single instances, for people: a sentence for each that is unreadable or kept. */
  readonly faults: readonly string[];
  readonly problems: readonly Problem[];
  /** What was left out of the directory's files, for people. */
  readonly warnings: readonly string[];
}

/** The configuration that says which instances there are. */
interface InstancesConfig
  extends Omit<RegistryConfig, "edges">,
    Pick<MaintenanceConfig, "maintenance" | "provisioning" | "edges"> {
  readonly instancesDirectory?: string | undefined;
}

/**
 * The instances of the stack's configuration, of its directory, and of the last `up`. Configured values come first, then the hosts of the
 * last `up`, then the directory's.
 *
 * @example
 * knownInstances({ instances: ["acme"], hostPatterns: ["{instance}.example.org"], maintenance: [] }, sources).registry.size; // 1
 */
export function knownInstances(
  config: InstancesConfig,
  { readDirectory, hostsOfLastUp }: InstanceSources,
): KnownInstances {
  const { instances, instancesDirectory: path } = config;
  const read = path === undefined ? NO_DIRECTORY : readDirectory(path);
  const present = withDirectory(instances, read, config);
  const isMissing = (name: string) => !present.registry.has(name);
  const taken = ownersOfHosts(instances, read, config);
  const kept = new Map(
    [...hostsOfLastUp(namesIn(config).filter(isMissing))]
      .filter(([name]) => isMissing(name))
      .map(([name, hosts]) => [name, hosts.filter((host) => !taken.has(host))] as const)
      .filter(([, hosts]) => hosts.length > 0),
  );
  const all = kept.size === 0 ? present : withDirectory(withHosts(instances, kept), read, config);
  const unreadable = new Map([...all.unreadable].filter(([name]) => !all.registry.has(name)));
  const faults = [
    ...[...unreadable].map(([name, why]) => `${name} can't be put into maintenance: its hosts are not known. ${why}.`),
    ...[...kept.keys()].map((name) => keptText(name, all.unreadable.get(name))),
  ];
  return { ...all, unreadable, kept, faults };
}

function keptText(name: string, why = "The configuration has no such instance"): string {
  return (
    `${name} stays in maintenance with the hosts that the last \`pulumi up\` knew. ${why}. ` +
    "A plain `pulumi up` is refused until this is repaired, or the instance is out of maintenance."
  );
}

const NO_DIRECTORY: InstancesDirectory = { instances: {}, unreadable: new Map(), warnings: [], problems: [] };

/** The names in the lists `maintenance` and `provisioning`. */
function namesIn({ maintenance, provisioning = [] }: InstancesConfig): readonly string[] {
  const entries = maintenance.filter((entry) => entry !== undefined);
  return [...entries.map((entry) => (typeof entry === "string" ? entry : entry.instance)), ...provisioning];
}

/** The configured instances together with those of the directory. */
function withDirectory(
  configured: Config["instances"],
  read: InstancesDirectory,
  config: InstancesConfig,
): Omit<KnownInstances, "kept" | "faults"> {
  const { instancesDirectory: path, hostPatterns } = config;
  const edges = config.edges && Object.keys(config.edges);
  if (path === undefined) {
    return { ...registry({ hostPatterns, instances: configured, edges }), unreadable: new Map(), warnings: [] };
  }
  const directory = withoutHostsOf(ownersOfHosts(configured, read, config), read);
  const { instances, warnings } = directory;
  const all = Object.entries(merged(configured, instances));
  // Configured for its title, say, while its hosts are the directory's to tell: a fault there is that instance's alone.
  const isHostless = ([, { hosts }]: (typeof all)[number]) => hosts === undefined && hostPatterns === undefined;
  const unreadable = new Map([
    ...all
      .filter(isHostless)
      .map(([name]) => [name, `instancesDirectory: there is no ${join(path, name, "config.yml")}`] as const),
    ...directory.unreadable,
  ]);
  const usable = Object.fromEntries(all.filter((one) => !isHostless(one)));
  const found = registry({ hostPatterns, instances: usable, edges });
  const why = (problem: Problem) => {
    if (problem.path !== "instances" || Object.keys(instances).length > 0) return [problem];
    return unreadable.size > 0 ? [noneUsable(path, unreadable)] : [];
  };
  return {
    registry: new Map([...found.registry].map(([name, one]) => [name, withAssumedHosts(one, directory)])),
    unreadable,
    warnings,
    // Why the directory has none, and not that there are none.
    problems: [...read.problems, ...found.problems.flatMap(why)],
  };
}

function noneUsable(path: string, unreadable: KnownInstances["unreadable"]): Problem {
  const allowed = `a folder with one or more instances that can be used. ${[...unreadable.values()].join(". ")}`;
  return { path: "instancesDirectory", found: path, allowed };
}

/** Whose each host is by the stack's own configuration: listed, or made from a pattern where the directory has no hosts instead. */
function ownersOfHosts(
  configured: Config["instances"],
  read: InstancesDirectory,
  { hostPatterns = [] }: InstancesConfig,
): ReadonlyMap<string, string> {
  const hostsOf = (name: string) =>
    Object.hasOwn(read.instances, name) ? [] : hostPatterns.map((pattern) => hostFrom(pattern, name));
  return new Map(
    Object.entries(byName(configured)).flatMap(([name, { hosts = hostsOf(name) }]) =>
      hosts.map((host) => [host, name] as const),
    ),
  );
}

/** The configured instances, some of them with these hosts. */
function withHosts(configured: Config["instances"], kept: HostsByName): Config["instances"] {
  const own = byName(configured);
  return {
    ...own,
    ...Object.fromEntries([...kept].map(([name, hosts]) => [name, { ...own[name], hosts: [...hosts] }])),
  };
}

/** The configured instances together with those of the directory. Configured values replace those of the directory. */
function merged(configured: Config["instances"], directory: InstancesDirectory["instances"]): InstancesByName {
  const own = byName(configured);
  const all = Object.entries(directory).map(([name, { hosts, namespace }]) => {
    const service = namespace === undefined ? own[name]?.service : { namespace, ...own[name]?.service };
    return [name, { hosts: [...hosts], ...own[name], ...(service === undefined ? {} : { service }) }];
  });
  return { ...own, ...Object.fromEntries(all) };
}

type InstancesByName = Exclude<Config["instances"], readonly string[] | undefined>;

/** The configured instances by name. A list has names alone. */
function byName(configured: Config["instances"]): InstancesByName {
  return Array.isArray(configured) ? Object.fromEntries(configured.map((name) => [name, {}])) : (configured ?? {});
}

/** The instance, with those of its hosts that the directory only assumes. Configured hosts are certain. */
function withAssumedHosts(instance: Instance, { instances }: InstancesDirectory): Instance {
  const found = Object.hasOwn(instances, instance.name) ? instances[instance.name] : undefined;
  const assumed = found?.assumedHosts.filter((host) => instance.hosts.includes(host)) ?? [];
  return assumed.length === 0 ? instance : { ...instance, assumedHosts: assumed };
}
