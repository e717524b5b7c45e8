import type { EdgeSettings } from "../components/edges/settings";
import { problemsOf } from "../model/fields";
import type { Instance } from "../model/instances";
import { LANGUAGES } from "../model/languages";
import type { Links } from "../model/links";
import type { MaintenanceEntry } from "../model/maintenance";
import { type Problem, pathText, SettingsError } from "../model/problems";
import { contrastProblems, type ThemeSettings, themeOf } from "../model/theme";
import { type Cluster, identifyCluster } from "./cluster";
import { type RegistryConfig, registry } from "./instances";
import { type InstancesDirectory, readInstancesDirectory, withoutHostsOf } from "./instances-directory";
import { readKubeconfig } from "./kubeconfig";
import { type MaintenanceConfig, maintenance } from "./maintenance";
import {
  type BucketSettings,
  type Config,
  configSchema,
  INSTANCES_ALLOWED,
  isTextSetting,
  type KubernetesSettings,
  type PageServerSettings,
} from "./schema";

/** The namespace of the program's configuration keys: the project's name. */
export const NAMESPACE = "maintenance-pages";

/** The stack's configuration, valid and complete. No later code reads the configuration or the clock. */
export interface Settings {
  readonly instances: readonly Instance[];
  readonly maintenance: readonly MaintenanceEntry[];
  readonly timeZone: string;
  readonly links: Links;
  /** The languages of the pages, the default language first. */
  readonly languages: readonly string[];
  /** Design tokens that differ from the shared theme's. */
  readonly theme?: ThemeSettings | undefined;
  /** Whether the bucket has a `status.json` with current and planned maintenance. */
  readonly feed: boolean;
  /** After how many hours an unscheduled maintenance without an end counts as forgotten. */
  readonly forgottenAfter: number;
  /** The secret from which the keys of bypasses are derived; see model/bypass.ts. */
  readonly bypassSecret?: string | undefined;
  /** The value of Retry-After when the end of the window is not known, in seconds. */
  readonly retryAfter: number;
  readonly bucket: BucketSettings;
  /** Where visitors come in, by name. */
  readonly edges: Readonly<Record<string, EdgeSettings>>;
  readonly pageServer: PageServerSettings;
  readonly kubernetes: KubernetesSettings;
  /** The cluster that the kubeconfig leads to, or `undefined` when there was no kubeconfig to read. */
  readonly cluster: Cluster | undefined;
  readonly protect: boolean;
  /** The time of the run. The entries' states depend on it. */
  readonly now: Date;
  /** The names of instances whose file in `instancesDirectory` can't be used, with the reason. */
  readonly unreadable: ReadonlyMap<string, string>;
  /** Messages for people about entries that are valid but need attention. */
  readonly warnings: readonly string[];
}

/**
 * Turns the stack's configuration into settings.
 *
 * @param stackConfig all configuration values as Pulumi passes them to a program: by full key, as strings.
 * @param now the time of the run.
 * @param kubeconfigs reads the texts of the kubeconfig files; the default reads the same files as Pulumi's Kubernetes provider.
 *   `undefined` when they are not read, and the cluster is not checked.
 * @param readDirectory reads the instances of `instancesDirectory`.
 * @param isEncrypted whether the value of a key is stored encrypted.
 * @throws {SettingsError} with every problem at once.
 *
 * @example
 * readSettings({ "maintenance-pages:maintenance": '["acme"]', … }, readClock());
 */
export function readSettings(
  stackConfig: Readonly<Record<string, string>>,
  now: Date,
  kubeconfigs: (settings: KubernetesSettings) => readonly string[] | undefined = readKubeconfig,
  readDirectory: typeof readInstancesDirectory = readInstancesDirectory,
  isEncrypted: (key: string) => boolean = isEncryptedConfig,
): Settings {
  const { values, problems: unread } = decode(stackConfig);
  const parsed = configSchema.safeParse(values);
  // Rules that need more than one value check all valid parts, so that a person sees every problem at once.
  const config = parsed.data ?? validParts(values);
  const directory =
    config.instancesDirectory === undefined
      ? undefined
      : withoutHostsOf(configuredHosts(config), readDirectory(config.instancesDirectory));
  const known = registry({
    hostPatterns: config.hostPatterns,
    instances: mergedInstances(config.instances, directory?.instances),
    edges: config.edges && Object.keys(config.edges),
  });
  const found = maintenance({ ...config, unreadable: directory?.unreadable }, known.registry, now);
  const reached = config.kubernetes && identifyCluster(config.kubernetes, kubeconfigs(config.kubernetes));
  // Of a value that has a problem already, no other is reported: one remedy is for all of them.
  const reported = [...unread, ...exposedSecrets(stackConfig, isEncrypted)];
  const isReported = (path: string) => reported.some((problem) => problem.path === path);
  const problems = [
    ...reported,
    ...(parsed.error?.issues ?? [])
      .flatMap((issue) => problemsOf(issue, values))
      .map((problem) => (SECRETS.includes(problem.path) ? { ...problem, found: HIDDEN } : problem))
      .filter(({ path }) => !isReported(path)),
    ...(directory?.problems ?? []),
    ...(values.instances === undefined && values.instancesDirectory === undefined && !isReported("instances")
      ? [{ path: "instances", found: undefined, allowed: `${INSTANCES_ALLOWED}; or the setting instancesDirectory` }]
      : []),
    ...(directory === undefined ? known.problems : withDirectory(known.problems, config.instancesDirectory, directory)),
    ...(known.registry.size > 0 ? found.problems : []),
    ...(reached?.problems ?? []),
    ...(config.theme === undefined ? [] : contrastProblems(themeOf(config.theme), config.theme, "theme")),
  ];
  if (!parsed.success || problems.length > 0) throw new SettingsError(problems);

  const {
    instances,
    instancesDirectory,
    hostPatterns,
    maintenance: entries,
    maintenanceLimit,
    provisioning,
    ...rest
  } = parsed.data;
  return {
    ...rest,
    instances: [...known.registry.values()].map((instance) => withAssumedHosts(instance, directory)),
    maintenance: found.entries,
    cluster: reached?.cluster,
    now,
    unreadable: directory?.unreadable ?? new Map(),
    warnings: [...(directory?.warnings ?? []), ...found.entries.flatMap(warningsOf)],
  };
}

/** The settings that are secrets. No message quotes them. */
const SECRETS: readonly string[] = ["bypassSecret"];
const HIDDEN = "(not shown)";

/** Secrets in plain text: every reader of the stack's file can read them. */
function exposedSecrets(
  stackConfig: Readonly<Record<string, string>>,
  isEncrypted: (key: string) => boolean,
): readonly Problem[] {
  return SECRETS.filter((name) => {
    const key = `${NAMESPACE}:${name}`;
    return key in stackConfig && !isEncrypted(key);
  }).map((path) => ({
    path,
    found: "plain text",
    allowed:
      "an encrypted value; this one could be read: `pulumi config rm bypassSecret`, then `npx maintenance bypass --rotate` makes a new one",
  }));
}

/**
 * Whether Pulumi stores a value encrypted. An environment variable lists the encrypted keys
 * (sdk/nodejs/runtime/config.ts in pulumi/pulumi, configSecretKeysEnvKey). Without that variable the value counts as encrypted.
 */
function isEncryptedConfig(key: string): boolean {
  const keys: unknown = JSON.parse(process.env.PULUMI_CONFIG_SECRET_KEYS ?? "null");
  return !Array.isArray(keys) || keys.includes(key);
}

/** Whose each host is that the stack's own configuration lists. */
function configuredHosts({ instances }: Pick<Config, "instances">): ReadonlyMap<string, string> {
  const listed = instances === undefined || Array.isArray(instances) ? [] : Object.entries(instances);
  return new Map(listed.flatMap(([name, { hosts = [] }]) => hosts.map((host) => [host, name] as const)));
}

/** The registry's problems. When no instance of the directory can be used, they tell why, and not that there are no instances. */
function withDirectory(
  problems: readonly Problem[],
  path: string | undefined,
  { instances, unreadable }: InstancesDirectory,
): readonly Problem[] {
  const rest = problems.filter((problem) => problem.path !== "instances" || Object.keys(instances).length > 0);
  if (rest.length === problems.length || unreadable.size === 0) return rest;
  const allowed = `a folder with one or more instances that can be used. ${[...unreadable.values()].join(". ")}`;
  return [...rest, { path: "instancesDirectory", found: path, allowed }];
}

/** The configured instances together with those of the directory. Configured values replace those of the directory. */
function mergedInstances(
  configured: Config["instances"],
  directory: InstancesDirectory["instances"] | undefined,
): Config["instances"] {
  if (directory === undefined) return configured;
  const own: Exclude<typeof configured, readonly string[] | undefined> = Array.isArray(configured)
    ? Object.fromEntries(configured.map((name) => [name, {}]))
    : (configured ?? {});
  const merged = Object.entries(directory).map(([name, { hosts, namespace }]) => {
    const service = namespace === undefined ? own[name]?.service : { namespace, ...own[name]?.service };
    return [name, { hosts: [...hosts], ...own[name], ...(service === undefined ? {} : { service }) }];
  });
  return { ...own, ...Object.fromEntries(merged) };
}

/** The instance, with those of its hosts that the directory only assumes. Configured hosts are certain. */
function withAssumedHosts(instance: Instance, directory: InstancesDirectory | undefined): Instance {
  const assumed =
    directory?.instances[instance.name]?.assumedHosts.filter((host) => instance.hosts.includes(host)) ?? [];
  return assumed.length === 0 ? instance : { ...instance, assumedHosts: assumed };
}

/** The valid parts of a configuration that has problems, as far as the rules need them. */
function validParts(values: Readonly<Record<string, unknown>>): Omit<RegistryConfig, "edges"> &
  MaintenanceConfig & {
    readonly kubernetes: KubernetesSettings | undefined;
    readonly theme: ThemeSettings | undefined;
    readonly instancesDirectory: string | undefined;
  } {
  const { shape } = configSchema;
  const entry = shape.maintenance.unwrap().element;
  const entries: readonly unknown[] = Array.isArray(values.maintenance) ? values.maintenance : [];
  return {
    instances: shape.instances.safeParse(values.instances).data,
    instancesDirectory: shape.instancesDirectory.safeParse(values.instancesDirectory).data,
    hostPatterns: shape.hostPatterns.safeParse(values.hostPatterns).data,
    maintenance: entries.map((value) => entry.safeParse(value).data),
    maintenanceLimit: shape.maintenanceLimit.safeParse(values.maintenanceLimit).data,
    provisioning: shape.provisioning.safeParse(values.provisioning).data,
    // A wrong value is already reported. Here it counts as set.
    bypassSecret: typeof values.bypassSecret === "string" ? values.bypassSecret : undefined,
    edges: shape.edges.safeParse(values.edges).data,
    languages: shape.languages.safeParse(values.languages).data ?? LANGUAGES,
    theme: shape.theme.safeParse(values.theme).data,
    kubernetes: shape.kubernetes.safeParse(values.kubernetes).data,
  };
}

function warningsOf({ instance, until, state }: MaintenanceEntry): readonly string[] {
  if (state === "overdue") {
    return [
      `${instance.name} is overdue: its window ended at ${until?.toISOString()}, and the page is still shown. ` +
        "To extend it, set a later until. To end it, remove the entry.",
    ];
  }
  if (state === "ended") {
    return [`${instance.name} is open again: its window ended at ${until?.toISOString()}. The entry can be removed.`];
  }
  return [];
}

/** Selects our keys of the stack's configuration and parses the values that are JSON. */
function decode(stackConfig: Readonly<Record<string, string>>): {
  readonly values: Readonly<Record<string, unknown>>;
  readonly problems: readonly Problem[];
} {
  const problems: Problem[] = [];
  const entries = Object.entries(stackConfig).flatMap(([key, value]): [string, unknown][] => {
    if (!key.startsWith(`${NAMESPACE}:`)) return [];
    const name = key.slice(NAMESPACE.length + 1);
    if (isTextSetting(name)) return [[name, value]];
    try {
      const read: unknown = JSON.parse(value);
      if (!isDeeperThan(DEEPEST, read)) return [[name, read]];
      problems.push({ path: pathText([name]), found: value, allowed: `JSON of ${DEEPEST} levels at most` });
      return [];
    } catch {
      const list = nearestJson(name, value);
      // Anything else is text, which the setting's own rule rejects.
      if (list === undefined) return [[name, value]];
      problems.push({ path: pathText([name]), found: value, allowed: "a list, as JSON", nearest: list });
      return [];
    }
  });
  return { values: Object.fromEntries(entries), problems };
}

// Deeper than the values of any chart. A value with ten thousand levels can be parsed, but neither merged nor serialized.
const DEEPEST = 50;

function isDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeperThan(levels - 1, inner));
}

/** `pulumi config set maintenance acme` is a common mistake in a hurry. The nearest value is the list. */
function nearestJson(name: string, value: string): string | undefined {
  // A shell has taken the quotes away: '[acme]'.
  const words = value.split(/[\s,[\]"']+/).filter((word) => /^[\w.-]+$/.test(word));
  return ["maintenance", "provisioning", "instances"].includes(name) && words.length > 0
    ? JSON.stringify(words)
    : undefined;
}
