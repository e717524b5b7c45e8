import type { EdgeSettings } from "../components/edges/settings";
import { problemsOf } from "../model/fields";
import type { Instance } from "../model/instances";
import { LANGUAGES } from "../model/languages";
import type { Links } from "../model/links";
import type { MaintenanceEntry } from "../model/maintenance";
import { type Problem, pathText, SettingsError } from "../model/problems";
import { contrastProblems, type ThemeSettings, themeOf } from "../model/theme";
import { type Cluster, identifyCluster } from "./cluster";
import type { RegistryConfig } from "./instances";
import { readInstancesDirectory } from "./instances-directory";
import { type HostsByName, type InstanceSources, knownInstances } from "./known-instances";
import { readKubeconfig } from "./kubeconfig";
import { type MaintenanceConfig, maintenance } from "./maintenance";
import { exposedReceivers, isHiddenReceiver, type Receiver } from "./notify";
import {
  type BucketSettings,
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
  /** Who is notified of maintenance. In the program all secrets are decrypted; from a stack's file they are encrypted. */
  readonly notify: readonly Receiver[];
  /** The secret from which the keys of bypasses are derived; see model/bypass.ts. */
  readonly bypassSecret?: string | undefined;
  /** The value of Retry-After when the end of the window is not known, in seconds. */
  readonly retryAfter: number;
  readonly bucket: BucketSettings;
  /** Where visitors come in, by name. */
  readonly edges: Readonly<Record<string, EdgeSettings>>;
  /** Whether the cluster refuses objects of others that would reach into the overrides. */
  readonly admissionPolicy: boolean;
  readonly pageServer: PageServerSettings;
  readonly kubernetes: KubernetesSettings;
  /** The cluster that the kubeconfig leads to, or `undefined` when there was no kubeconfig to read. */
  readonly cluster: Cluster | undefined;
  readonly protect: boolean;
  /** The time of the run. The entries' states depend on it. */
  readonly now: Date;
  /** The instances whose hosts are not known, by name, and why. They are not among the instances. */
  readonly unreadable: ReadonlyMap<string, string>;
  /** The hosts of the last `up`, by name, of instances that the configuration no longer has. They are among the instances. */
  readonly kept: HostsByName;
  /** What is wrong with single instances, for people. */
  readonly faults: readonly string[];
  /** All messages for people about what is valid but needs attention. */
  readonly warnings: readonly string[];
}

/**
 * The instances that have pages: also one of which nothing but the name is known. It may still run, and its Caddy show its 50x page.
 */
export function instancesWithPages({ instances, unreadable }: Settings): readonly Instance[] {
  return [...instances, ...[...unreadable.keys()].map((name) => ({ name, hosts: [] }))];
}

/** Where settings come from, besides the stack's configuration and the clock. By default the last `up` is not asked. */
export interface Sources extends Partial<InstanceSources> {
  /**
   * Reads the texts of the kubeconfig files; the default reads the same files as Pulumi's Kubernetes provider. `undefined` when they are not
   * read, and the cluster is not checked.
   */
  readonly kubeconfigs?: (settings: KubernetesSettings) => readonly string[] | undefined;
  /** Whether the value of a key is stored encrypted. */
  readonly isEncrypted?: (key: string) => boolean;
  /** Whether the receivers of notifications are not readable here, because the whole setting is encrypted. They count as none then. */
  readonly hidesReceivers?: boolean;
}

/**
 * Turns the stack's configuration into settings.
 *
 * @param stackConfig all configuration values as Pulumi passes them to a program: by full key, as strings.
 * @param now the time of the run.
 * @throws {SettingsError} with every problem at once.
 *
 * @example
 * readSettings({ "maintenance-pages:maintenance": '["acme"]', … }, readClock());
 */
export function readSettings(
  stackConfig: Readonly<Record<string, string>>,
  now: Date,
  {
    kubeconfigs = readKubeconfig,
    readDirectory = readInstancesDirectory,
    isEncrypted = isEncryptedConfig,
    hostsOfLastUp = () => new Map(),
    hidesReceivers = false,
  }: Sources = {},
): Settings {
  const { values, problems: unread } = decode(hidesReceivers ? withoutReceivers(stackConfig) : stackConfig);
  const parsed = configSchema.safeParse(values);
  // Rules that need more than one value check all valid parts, so that a person sees every problem at once.
  const config = parsed.data ?? validParts(values);
  const known = knownInstances(config, { readDirectory, hostsOfLastUp });
  const found = maintenance({ ...config, unreadable: known.unreadable }, known.registry, now);
  const reached = config.kubernetes && identifyCluster(config.kubernetes, kubeconfigs(config.kubernetes));
  // Of a value that has a problem already, no other is reported: one remedy is for all of them.
  const reported = [
    ...unread,
    ...exposedSecrets(stackConfig, isEncrypted),
    // Pulumi marks the whole setting as a secret if a part of it is one.
    ...(isEncrypted(`${NAMESPACE}:notify`) ? [] : exposedReceivers(values.notify)),
  ];
  const isReported = (path: string) => reported.some((problem) => problem.path === path);
  const problems = [
    ...reported,
    ...(parsed.error?.issues ?? [])
      .flatMap((issue) => problemsOf(issue, values))
      .map(withoutSecret)
      .filter(({ path }) => !isReported(path)),
    ...(values.instances === undefined && values.instancesDirectory === undefined && !isReported("instances")
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
    unreadable: known.unreadable,
    kept: known.kept,
    faults: known.faults,
    warnings: [...known.faults, ...known.warnings, ...found.entries.flatMap(warningsOf)],
  };
}

function withoutReceivers(stackConfig: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(stackConfig).filter(([key]) => key !== `${NAMESPACE}:notify`));
}

/** The settings that are secrets. No message quotes them. */
const SECRETS: readonly string[] = ["bypassSecret"];
const HIDDEN = "(not shown)";

function withoutSecret(problem: Problem): Problem {
  const isSecret = SECRETS.includes(problem.path) || isHiddenReceiver(problem.path);
  // null is what Pulumi writes at a place of a list that was left out: no secret, and the reason of the problem.
  if (!isSecret || problem.found === undefined || problem.found === null) return problem;
  return { ...problem, found: HIDDEN };
}

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
export function decode(stackConfig: Readonly<Record<string, string>>): {
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
      problems.push(
        withoutSecret({ path: pathText([name]), found: value, allowed: `JSON of ${DEEPEST} levels at most` }),
      );
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
