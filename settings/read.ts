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
import { type DirectoryInstance, readInstancesDirectory } from "./instances-directory";
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

/** The stack's configuration, valid and complete. Nothing after it reads configuration or the clock. */
export interface Settings {
  readonly instances: readonly Instance[];
  readonly maintenance: readonly MaintenanceEntry[];
  readonly timeZone: string;
  readonly links: Links;
  /** The languages of the pages, the default language first. */
  readonly languages: readonly string[];
  /** Design tokens that differ from the shared theme's. */
  readonly theme?: ThemeSettings | undefined;
  /** Whether the bucket has a `status.json` with what is in maintenance and what is planned. */
  readonly feed: boolean;
  /** After how many hours an unscheduled maintenance without an end counts as forgotten. */
  readonly forgottenAfter: number;
  /** What the keys of bypasses are made from; see model/bypass.ts. */
  readonly bypassSecret?: string | undefined;
  /** Retry-After where no window's end is known, in seconds. */
  readonly retryAfter: number;
  readonly bucket: BucketSettings;
  /** Where visitors come in, by name. */
  readonly edges: Readonly<Record<string, EdgeSettings>>;
  readonly pageServer: PageServerSettings;
  readonly kubernetes: KubernetesSettings;
  /** The cluster that the kubeconfig leads to, or `undefined` when there was no kubeconfig to read. */
  readonly cluster: Cluster | undefined;
  readonly protect: boolean;
  /** The time of the run, from which the entries' states were decided. */
  readonly now: Date;
  /** What a person should know although nothing is wrong. */
  readonly warnings: readonly string[];
}

/**
 * Turns the stack's configuration into settings.
 *
 * @param stackConfig every configuration value as Pulumi hands it to a program: by full key, all of them strings.
 * @param now the time of the run.
 * @param kubeconfigs finds the kubeconfig files' texts; the default reads what Pulumi's Kubernetes provider will read.
 * @param readDirectory reads the instances of `instancesDirectory`.
 * @param isEncrypted whether the value of a key is encrypted where it is kept.
 * @throws {SettingsError} with every problem at once.
 *
 * @example
 * readSettings({ "maintenance-pages:maintenance": '["acme"]', … }, readClock());
 */
export function readSettings(
  stackConfig: Readonly<Record<string, string>>,
  now: Date,
  kubeconfigs: (settings: KubernetesSettings) => readonly string[] = readKubeconfig,
  readDirectory: typeof readInstancesDirectory = readInstancesDirectory,
  isEncrypted: (key: string) => boolean = isEncryptedConfig,
): Settings {
  const { values, problems: unread } = decode(stackConfig);
  const parsed = configSchema.safeParse(values);
  // The rules that span values are held against whatever is sound, so that a person sees every problem at once.
  const config = parsed.data ?? soundParts(values);
  const directory = config.instancesDirectory === undefined ? undefined : readDirectory(config.instancesDirectory);
  const known = registry({
    hostPatterns: config.hostPatterns,
    instances: together(config.instances, directory?.instances),
    edges: config.edges && Object.keys(config.edges),
  });
  const found = maintenance(config, known.registry, now);
  const reached = config.kubernetes && identifyCluster(config.kubernetes, kubeconfigs(config.kubernetes));
  const isUnread = (path: string) => unread.some((problem) => problem.path === path);
  const problems = [
    ...unread,
    ...exposedSecrets(stackConfig, isEncrypted),
    ...(parsed.error?.issues ?? [])
      .flatMap((issue) => problemsOf(issue, values))
      .map((problem) => (SECRETS.includes(problem.path) ? { ...problem, found: HIDDEN } : problem))
      // A value that could not even be read was reported as such.
      .filter(({ path }) => !isUnread(path)),
    ...(directory?.problems ?? []),
    ...(values.instances === undefined && values.instancesDirectory === undefined && !isUnread("instances")
      ? [{ path: "instances", found: undefined, allowed: `${INSTANCES_ALLOWED}; or the setting instancesDirectory` }]
      : []),
    ...known.problems,
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
    instances: [...known.registry.values()],
    maintenance: found.entries,
    cluster: reached?.cluster,
    now,
    warnings: found.entries.flatMap(warningsOf),
  };
}

/** The settings that are secrets: no message quotes them. */
const SECRETS: readonly string[] = ["bypassSecret"];
const HIDDEN = "(not shown)";

/** Secrets that anybody can read who can read the stack's file. */
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
    allowed: "an encrypted value: `maintenance bypass --rotate` makes a new one (this one was seen)",
  }));
}

/**
 * Whether Pulumi keeps a value encrypted, which an environment variable says
 * (sdk/nodejs/runtime/config.ts in pulumi/pulumi, configSecretKeysEnvKey); without that variable it counts as encrypted.
 */
function isEncryptedConfig(key: string): boolean {
  const keys: unknown = JSON.parse(process.env.PULUMI_CONFIG_SECRET_KEYS ?? "null");
  return !Array.isArray(keys) || keys.includes(key);
}

/** The registry as if all of it were written in the configuration; what is written there comes before the directory's. */
function together(
  written: Config["instances"],
  directory: Readonly<Record<string, DirectoryInstance>> | undefined,
): Config["instances"] {
  if (directory === undefined) return written;
  const own: Exclude<typeof written, readonly string[] | undefined> = Array.isArray(written)
    ? Object.fromEntries(written.map((name) => [name, {}]))
    : (written ?? {});
  const merged = Object.entries(directory).map(([name, { hosts, namespace }]) => {
    const service = namespace === undefined ? own[name]?.service : { namespace, ...own[name]?.service };
    return [name, { hosts: [...hosts], ...own[name], ...(service === undefined ? {} : { service }) }];
  });
  return { ...own, ...Object.fromEntries(merged) };
}

/** What the rules need of a configuration that has problems elsewhere. */
function soundParts(values: Readonly<Record<string, unknown>>): Omit<RegistryConfig, "edges"> &
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
    // A wrong value was reported already; here it counts as a value.
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
        "Extend it with a later until, or take the entry out.",
    ];
  }
  if (state === "ended") {
    return [`${instance.name} is open again: its window ended at ${until?.toISOString()}. The entry can be taken out.`];
  }
  return [];
}

/** Takes our keys out of the stack's configuration and reads the JSON of those that are not plain text. */
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
      problems.push({ path: pathText([name]), found: value, allowed: "JSON", nearest: nearestJson(name, value) });
      return [];
    }
  });
  return { values: Object.fromEntries(entries), problems };
}

// Deeper than any chart's values. What is nested ten thousand times can be read, and then neither merged nor written again.
const DEEPEST = 50;

function isDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeperThan(levels - 1, inner));
}

/** `pulumi config set maintenance acme` is a usual mistake in a hurry; the nearest value is the list. */
function nearestJson(name: string, value: string): string | undefined {
  const words = value.split(/[\s,]+/).filter((word) => /^[\w.-]+$/.test(word));
  return ["maintenance", "provisioning", "instances"].includes(name) && words.length > 0
    ? JSON.stringify(words)
    : undefined;
}
