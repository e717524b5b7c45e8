import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { parseDocument } from "yaml";
import { DNS_LABEL } from "../model/fields";
import { listed, type Problem } from "../model/problems";
import { hostProblem, nearestLabel, strayWildcards } from "./instances";
import {
  ASSUMED_HOSTS,
  CORE_HOSTS,
  HOST_LISTS,
  type HostSetting,
  LOOKS_LIKE_HOST,
  NAMES_A_SERVER,
  PLUGIN_HOSTS,
  PLUGINS_WITHOUT_HOSTS,
} from "./tutor-hosts";
import { BROKEN_ALIAS, resolved } from "./yaml";

/** An instance of the directory, with the hosts of its Tutor settings, and with its namespace if they name one. */
export interface DirectoryInstance {
  readonly hosts: readonly string[];
  /** Those of the hosts that the instance may not have: they depend on Tutor's release, or on a plugin that is not enabled. */
  readonly assumedHosts: readonly string[];
  readonly namespace?: string;
}

/** The instances of a directory. A fault in one instance's file is that instance's alone. */
export interface InstancesDirectory {
  readonly instances: Readonly<Record<string, DirectoryInstance>>;
  /** The instances whose hosts are not known, by name, and why. */
  readonly unreadable: ReadonlyMap<string, string>;
  /** What else was left out, for people. */
  readonly warnings: readonly string[];
  /** Why there are no instances at all. */
  readonly problems: readonly Problem[];
}

const PROJECT = join(__dirname, "..");

/**
 * Reads the instances from the repository of a cluster, as Grove and its successors keep them: one folder for each instance,
 * with the `config.yml` that Tutor saved. That file contains many secrets. Only hosts, plugins and the namespace are read from it,
 * and messages quote nothing else.
 *
 * @param directory a path relative to the project's folder, such as `../my-cluster/instances`.
 *
 * @example
 * readInstancesDirectory("../my-cluster/instances").instances.acme; // { hosts: ["acme.example.org", "studio.acme.example.org", …], … }
 */
export function readInstancesDirectory(directory: string, project = PROJECT): InstancesDirectory {
  const { files, warnings, problems } = filesIn(directory, project);
  if (problems.length > 0) return { instances: {}, unreadable: new Map(), warnings: [], problems };
  const found = new Map([...files].map(([name, { file, path }]) => [name, readConfig(file, path)]));
  const settled = withoutStrayWildcards(withoutSharedHosts(found));
  return {
    instances: Object.fromEntries([...settled].flatMap(([name, { instance }]) => (instance ? [[name, instance]] : []))),
    unreadable: new Map([...settled].flatMap(([name, { reason }]) => (reason === undefined ? [] : [[name, reason]]))),
    warnings: [...warnings, ...[...settled.values()].flatMap((one) => one.warnings)],
    problems: [],
  };
}

/** The names of a directory's instances, also of those whose file can't be used. */
export interface DirectoryNames {
  readonly names: readonly string[];
  /** Why there are no instances at all. */
  readonly problems: readonly Problem[];
}

/** The names of the instances of a directory. No file is read: a directory may have a thousand. */
export function listInstancesDirectory(directory: string, project = PROJECT): DirectoryNames {
  const { files, problems } = filesIn(directory, project);
  return { names: [...files.keys()], problems };
}

interface DirectoryFiles {
  /** The `config.yml` of each instance, by the instance's name. */
  readonly files: ReadonlyMap<string, { readonly file: string; readonly path: string }>;
  readonly warnings: readonly string[];
  readonly problems: readonly Problem[];
}

function filesIn(directory: string, project: string): DirectoryFiles {
  const folder = join(project, directory);
  const nothing = { files: new Map(), warnings: [] };
  if (!existsSync(folder) || !statSync(folder).isDirectory()) {
    const allowed = "a folder with one folder for each instance; the path is relative to the project's folder";
    return { ...nothing, problems: [{ path: "instancesDirectory", found: directory, allowed }] };
  }
  const names = readdirSync(folder).sort();
  const folders = names.filter((name) => existsSync(join(folder, name, "config.yml")));
  if (folders.length === 0) {
    const allowed = "a folder with one or more <instance>/config.yml";
    return { ...nothing, problems: [{ path: "instancesDirectory", found: directory, allowed }] };
  }
  const files = new Map<string, { readonly file: string; readonly path: string }>();
  const warnings = names
    .filter((name) => !folders.includes(name) && hasAnotherConfig(join(folder, name)))
    .map(
      (name) =>
        `${relative(project, join(folder, name))} is left out: Tutor's file is config.yml, and it is not there.`,
    );
  // A folder that has the name itself comes before one that only gets it.
  const isExact = (name: string) => nearestLabel(name) === name;
  for (const folderName of [...folders.filter(isExact), ...folders.filter((name) => !isExact(name))]) {
    const file = join(folder, folderName, "config.yml");
    const path = relative(project, file);
    const name = nearestLabel(folderName);
    if (name === undefined || files.has(name)) {
      const why =
        name === undefined
          ? "its folder's name can't be an instance's name"
          : `its name would be ${name}, which is taken`;
      warnings.push(`${path} is left out: ${why}.`);
      continue;
    }
    if (name !== folderName) warnings.push(`${path} is the instance ${name}.`);
    files.set(name, { file, path });
  }
  return { files, warnings, problems: [] };
}

/**
 * The directory without the hosts that other instances have in the stack's own configuration, which comes first.
 *
 * @param owners the names of those instances, by host.
 */
export function withoutHostsOf(owners: ReadonlyMap<string, string>, directory: InstancesDirectory): InstancesDirectory {
  const instances: Record<string, DirectoryInstance> = {};
  const unreadable = new Map(directory.unreadable);
  const warnings = [...directory.warnings];
  for (const [name, instance] of Object.entries(directory.instances)) {
    const isTaken = (host: string) => owners.has(host) && owners.get(host) !== name;
    const [lmsHost = ""] = instance.hosts;
    if (isTaken(lmsHost)) {
      const why = `its LMS_HOST, ${lmsHost}, belongs to ${owners.get(lmsHost)}`;
      unreadable.set(name, `instancesDirectory: ${why}`);
      continue;
    }
    for (const host of instance.hosts.filter(isTaken)) {
      warnings.push(`instancesDirectory: ${host} of ${name} is left out: it belongs to ${owners.get(host)}.`);
    }
    instances[name] = withHosts(instance, (host) => !isTaken(host));
  }
  return { ...directory, instances, unreadable, warnings };
}

/** Whether a folder has a file that somebody may take for Tutor's, or a link with its name that leads nowhere. */
function hasAnotherConfig(folder: string): boolean {
  return statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true
    ? readdirSync(folder).some((file) => /^config\.ya?ml$/i.test(file))
    : false;
}

/** An instance as its file describes it, or the reason why it can't be used. */
interface FoundInstance {
  readonly path: string;
  readonly instance: DirectoryInstance | undefined;
  readonly reason: string | undefined;
  readonly warnings: readonly string[];
}

function unusable(path: string, reason: string) {
  return { path, instance: undefined, reason: `${path}: ${reason}`, warnings: [] };
}

function readConfig(file: string, path: string): FoundInstance {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    return unusable(path, `it can't be read (${error instanceof Error && "code" in error ? error.code : error})`);
  }
  // As PyYAML, with which Tutor reads it: YAML 1.1, in which `yes` is true and `<<` merges; and of a key that is there twice the last counts.
  const document = parseDocument(text, { prettyErrors: true, uniqueKeys: false, version: "1.1" });
  const [error] = document.errors;
  if (error !== undefined) {
    const [{ line = 0, col = 0 } = {}] = error.linePos ?? [];
    // The library's message quotes the line, which may contain a secret.
    return unusable(path, `line ${line}, column ${col} is no YAML (${error.code})`);
  }
  const config = resolved(document);
  if (config === BROKEN_ALIAS) return unusable(path, BROKEN_ALIAS);
  if (typeof config !== "object" || config === null || Array.isArray(config)) {
    return unusable(path, "it has no settings of Tutor");
  }
  return new TutorConfig(path, config).read();
}

/** One config.yml. */
class TutorConfig {
  private readonly hosts = new Set<string>();
  private readonly assumed = new Set<string>();
  private readonly known = new Set<string>(Object.keys(HOST_LISTS));
  private readonly warnings: string[] = [];

  constructor(
    private readonly path: string,
    private readonly config: object,
  ) {}

  read(): FoundInstance {
    const lms: unknown = Reflect.get(this.config, "LMS_HOST");
    const problem = hostProblem(this.expandedHost(lms));
    if (problem !== undefined) {
      const meant = problem.nearest === undefined ? "" : ` such as ${problem.nearest}`;
      const found = lms === undefined ? "is missing" : `is ${JSON.stringify(lms)}, and not a host name${meant}`;
      return unusable(this.path, `LMS_HOST ${found}`);
    }
    for (const one of CORE_HOSTS) this.add(one, this.hosts);
    this.addPlugins();
    for (const one of ASSUMED_HOSTS) this.add(one, this.assumed);
    this.addLists();
    this.warnOfOthers();
    const namespace = this.namespace();
    const hosts = [...new Set([...this.hosts, ...this.assumed])];
    const assumedHosts = [...this.assumed].filter((one) => !this.hosts.has(one));
    const instance = { hosts, assumedHosts, ...(namespace === undefined ? {} : { namespace }) };
    return { path: this.path, instance, reason: undefined, warnings: this.warnings };
  }

  private addPlugins(): void {
    const written: unknown = Reflect.get(this.config, "PLUGINS");
    const enabled: readonly unknown[] | undefined = Array.isArray(written) ? written : undefined;
    if (written !== undefined && enabled === undefined) {
      this.warn(
        "PLUGINS is not a list, so the hosts of plugins are not known. List them in MAINTENANCE_PAGES_EXTRA_HOSTS",
      );
    }
    const plugins = enabled ?? [];
    for (const plugin of plugins) {
      if (typeof plugin !== "string" || plugin in PLUGIN_HOSTS || PLUGINS_WITHOUT_HOSTS.includes(plugin)) continue;
      this.warn(`the plugin ${plugin} is not known. If it has hosts, list them in MAINTENANCE_PAGES_EXTRA_HOSTS`);
    }
    for (const [plugin, settings] of Object.entries(PLUGIN_HOSTS)) {
      for (const one of settings) {
        if (plugins.includes(plugin)) this.add(one, this.hosts);
        // Tutor enables the plugin mfe when it is installed. Other plugins have hosts only if the instance names them.
        else if (this.has(one.setting) || (plugin === "mfe" && enabled === undefined)) this.add(one, this.assumed);
        else this.known.add(one.setting);
      }
    }
  }

  private addLists(): void {
    for (const [setting, hostOf] of Object.entries(HOST_LISTS)) {
      const list: unknown = Reflect.get(this.config, setting) ?? [];
      if (Array.isArray(list)) {
        for (const [index, item] of list.entries()) this.addHost(`${setting}[${index}]`, hostOf(item), this.hosts);
      } else this.warn(`${setting} is left out: it is not a list`);
    }
  }

  private warnOfOthers(): void {
    for (const [setting, value] of Object.entries(this.config)) {
      if (this.known.has(setting) || !LOOKS_LIKE_HOST.test(setting) || NAMES_A_SERVER.test(setting)) continue;
      if (!this.namesHosts(value)) continue;
      this.warn(
        `${setting} is not known, and looks like a host. If visitors use it, list it in MAINTENANCE_PAGES_EXTRA_HOSTS`,
      );
    }
  }

  private namesHosts(value: unknown): boolean {
    if (typeof value === "object" && value !== null) {
      const parts = Array.isArray(value) ? value : Object.entries(value).flat();
      return parts.some((part) => this.namesHosts(part));
    }
    const hosts = this.expandedHost(value)?.split(/[\s,;]+/);
    return hosts?.some((host) => hostProblem(host) === undefined) ?? false;
  }

  private namespace(): string | undefined {
    // Tutor's default is `openedx`, but instances in one cluster can't all use that. The default here is the instance's name.
    const written: unknown = Reflect.get(this.config, "K8S_NAMESPACE");
    const namespace = this.expanded(written);
    if (namespace !== undefined && DNS_LABEL.test(namespace)) return namespace;
    if (written !== undefined) this.warn("K8S_NAMESPACE is left out: it is not the name of a namespace");
    return undefined;
  }

  private has(setting: string): boolean {
    return Reflect.get(this.config, setting) !== undefined;
  }

  private add({ setting, byDefault, onlyIf = {} }: HostSetting, to: Set<string>): void {
    this.known.add(setting);
    // What is true for a template of Tutor's: a text is, whatever it says.
    const isThere = Object.entries(onlyIf).every(([name, standard]) =>
      Boolean(Reflect.get(this.config, name) ?? standard),
    );
    if (isThere) this.addHost(setting, Reflect.get(this.config, setting) ?? byDefault, to);
  }

  private addHost(setting: string, written: unknown, to: Set<string>): void {
    const host = this.expandedHost(written);
    if (host !== undefined && hostProblem(host.replace(/^\*\./, "")) === undefined) to.add(host);
    else if (written !== "") this.warn(`${setting} is left out: it is not a host name`);
  }

  private warn(text: string): void {
    this.warnings.push(`${this.path}: ${text}.`);
  }

  /** A host name, in which upper case does not matter (RFC 4343), and Kubernetes has none. */
  private expandedHost(written: unknown): string | undefined {
    return this.expanded(written)?.toLowerCase();
  }

  /**
   * Replaces the settings that a text names. Tutor's values are templates, but hosts use only `{{ NAME }}`.
   *
   * @returns `undefined` if the value is not a text, or if it names a setting that is missing.
   */
  private expanded(written: unknown, depth = 0): string | undefined {
    if (typeof written !== "string" || depth > 5) return undefined;
    let isWhole = true;
    const result = written.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, setting: string) => {
      const value: unknown = Reflect.get(this.config, setting) ?? DEFAULTS.get(setting);
      const inner = typeof value === "number" ? String(value) : this.expanded(value, depth + 1);
      if (inner === undefined) isWhole = false;
      return inner ?? "";
    });
    return isWhole && !/\{[{%]/.test(result) ? result : undefined;
  }
}

const DEFAULTS: ReadonlyMap<string, string> = new Map(
  [...CORE_HOSTS, ...ASSUMED_HOSTS, ...Object.values(PLUGIN_HOSTS).flat()]
    .filter(({ byDefault }) => byDefault !== "")
    .map(({ setting, byDefault }) => [setting, byDefault]),
);

/**
 * Settles the hosts that more than one instance names: each is one's alone, and the others do without it. Two with the same LMS_HOST can't be
 * used, neither of them: a page must not be shown for another instance.
 */
function withoutSharedHosts(found: ReadonlyMap<string, FoundInstance>): ReadonlyMap<string, FoundInstance> {
  const claims = new Map<string, string[]>();
  for (const [name, { instance }] of found) {
    for (const host of instance?.hosts ?? []) claims.set(host, [...(claims.get(host) ?? []), name]);
  }
  const settled = new Map(found);
  for (const [host, names] of claims) {
    if (names.length === 1) continue;
    const owners = ownersOf(host, names, found);
    for (const name of names) {
      const one = settled.get(name);
      if (one?.instance === undefined || (owners.length === 1 && owners[0] === name)) continue;
      const others = listed((owners.length === 0 ? names : owners).filter((other) => other !== name));
      settled.set(
        name,
        owners.includes(name)
          ? unusable(one.path, `${host} is also the LMS_HOST of ${others}`)
          : without(host, one, owners.length === 0 ? `${others} has it, too` : `it belongs to ${others}`),
      );
    }
  }
  return settled;
}

/**
 * Whose a host is: the instance's whose LMS_HOST it is, or else the one's with the longest LMS_HOST above it. A host that an instance is only
 * assumed to have is another's that names it.
 *
 * @returns several when it is the LMS_HOST of several; nobody when it is not clear.
 */
function ownersOf(
  host: string,
  names: readonly string[],
  found: ReadonlyMap<string, FoundInstance>,
): readonly string[] {
  const lmsHostOf = (name: string) => found.get(name)?.instance?.hosts[0] ?? "";
  const exact = names.filter((name) => lmsHostOf(name) === host);
  if (exact.length > 0) return exact;
  const certain = names.filter((name) => !found.get(name)?.instance?.assumedHosts.includes(host));
  const claimants = certain.length > 0 ? certain : names;
  if (claimants.length === 1) return claimants;
  const above = claimants.filter((name) => host.endsWith(`.${lmsHostOf(name)}`));
  const longest = Math.max(...above.map((name) => lmsHostOf(name).length));
  const nearest = above.filter((name) => lmsHostOf(name).length === longest);
  return nearest.length === 1 ? nearest : [];
}

/** Leaves out each wildcard that the registry would refuse, and with it every instance. */
function withoutStrayWildcards(found: ReadonlyMap<string, FoundInstance>): ReadonlyMap<string, FoundInstance> {
  return new Map(
    [...found].map(([name, one]) => [
      name,
      strayWildcards(one.instance?.hosts ?? []).reduce(
        (rest, host) => without(host, rest, "it is below no other host of the instance"),
        one,
      ),
    ]),
  );
}

function without(host: string, found: FoundInstance, why: string): FoundInstance {
  const { path, instance, warnings } = found;
  if (instance === undefined) return found;
  return {
    ...found,
    instance: withHosts(instance, (one) => one !== host),
    warnings: [...warnings, `${path}: ${host} is left out: ${why}.`],
  };
}

function withHosts(instance: DirectoryInstance, isKept: (host: string) => boolean): DirectoryInstance {
  const { hosts, assumedHosts } = instance;
  return { ...instance, hosts: hosts.filter(isKept), assumedHosts: assumedHosts.filter(isKept) };
}
