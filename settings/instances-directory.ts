import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { parseDocument } from "yaml";
import { DNS_LABEL } from "../model/fields";
import type { Problem } from "../model/problems";
import { hostProblem } from "./instances";

/** An instance of the directory, with the hosts of its Tutor settings, and with its namespace if they name one. */
export interface DirectoryInstance {
  readonly hosts: readonly string[];
  readonly namespace?: string;
}

const PROJECT = join(__dirname, "..");

/**
 * The settings of Tutor and its plugins that name a host for visitors, with Tutor's default if it is used.
 * Sources: tutor/templates/config/defaults.yml of Tutor 22 (CMS_HOST, MEILISEARCH_HOST) and 17 (PREVIEW_LMS_HOST), and the
 * configuration defaults of the plugins named by the keys.
 */
const HOST_SETTINGS: Readonly<Record<string, string | undefined>> = {
  LMS_HOST: undefined,
  CMS_HOST: "studio.{{ LMS_HOST }}",
  PREVIEW_LMS_HOST: "preview.{{ LMS_HOST }}",
  MFE_HOST: "apps.{{ LMS_HOST }}",
  MEILISEARCH_HOST: "meilisearch.{{ LMS_HOST }}",
  // Only if the instance sets them: most instances have none of these hosts.
  CREDENTIALS_HOST: undefined,
  DISCOVERY_HOST: undefined,
  ECOMMERCE_HOST: undefined,
  MINIO_CONSOLE_HOST: undefined,
  MINIO_HOST: undefined,
  NOTES_HOST: undefined,
  SUPERSET_HOST: undefined,
  XQUEUE_HOST: undefined,
};

/** A list of additional hosts, which no setting of Tutor names. */
const EXTRA_HOSTS = "MAINTENANCE_PAGES_EXTRA_HOSTS";

/**
 * Reads the instances from the repository of a cluster, as Grove and its successors keep them: one folder for each instance,
 * with the `config.yml` that Tutor saved. That file contains many secrets. Only hosts and the namespace are read from it,
 * and messages quote nothing else.
 *
 * @param directory a path relative to the project's folder, such as `../my-cluster/instances`.
 *
 * @example
 * readInstancesDirectory("../my-cluster/instances").instances.acme; // { hosts: ["acme.example.org", "studio.acme.example.org", …] }
 */
export function readInstancesDirectory(
  directory: string,
  project = PROJECT,
): { readonly instances: Readonly<Record<string, DirectoryInstance>>; readonly problems: readonly Problem[] } {
  const folder = join(project, directory);
  if (!existsSync(folder) || !statSync(folder).isDirectory()) {
    const allowed = "a folder with one folder for each instance; the path is relative to the project's folder";
    return { instances: {}, problems: [{ path: "instancesDirectory", found: directory, allowed }] };
  }
  const files = readdirSync(folder)
    .sort()
    .map((name) => ({ name, file: join(folder, name, "config.yml") }))
    .filter(({ name, file }) => DNS_LABEL.test(name) && existsSync(file));
  const read = files.map(({ name, file }) => ({ name, ...readConfig(file, relative(project, file)) }));
  const problems = read.flatMap((one) => one.problems);
  if (files.length === 0) {
    const allowed = "a folder with one or more <instance>/config.yml";
    problems.push({ path: "instancesDirectory", found: directory, allowed });
  }
  return { instances: Object.fromEntries(read.map(({ name, instance }) => [name, instance])), problems };
}

function readConfig(
  file: string,
  path: string,
): { readonly instance: DirectoryInstance; readonly problems: readonly Problem[] } {
  const document = parseDocument(readFileSync(file, "utf8"), { prettyErrors: true });
  const [error] = document.errors;
  if (error !== undefined) {
    const [{ line = 0, col = 0 } = {}] = error.linePos ?? [];
    // The library's message quotes the line, which may contain a secret.
    return refused({ path: `${path}:${line}:${col}`, found: error.code, allowed: "YAML" });
  }
  const config: unknown = document.toJS();
  if (typeof config !== "object" || config === null || Array.isArray(config)) {
    return refused({ path, found: undefined, allowed: "Tutor's settings, with LMS_HOST" });
  }
  const problems: Problem[] = [];
  const hosts: string[] = [];
  const add = (key: string, written: unknown) => {
    const host = typeof written === "string" ? expanded(written, config) : undefined;
    const wrong = hostProblem(host ?? written);
    if (wrong === undefined && host !== undefined) {
      if (!hosts.includes(host)) hosts.push(host);
      return;
    }
    problems.push({
      path: `${path}: ${key}`,
      found: written,
      allowed: "a host name, such as acme.example.org",
      ...wrong,
    });
  };
  for (const [key, byDefault] of Object.entries(HOST_SETTINGS)) {
    const written: unknown = Reflect.get(config, key) ?? byDefault;
    // Hosts that contain a wrong LMS_HOST are wrong too. The problem is reported once.
    if (key === "LMS_HOST" || (written !== undefined && problems.length === 0)) add(key, written);
  }
  const extra: unknown = Reflect.get(config, EXTRA_HOSTS) ?? [];
  if (Array.isArray(extra)) {
    for (const [index, host] of extra.entries()) add(`${EXTRA_HOSTS}[${index}]`, host);
  } else problems.push({ path: `${path}: ${EXTRA_HOSTS}`, found: extra, allowed: "a list of host names" });
  // Tutor's default is `openedx`, but instances in one cluster can't all use that. The default here is the instance's name.
  const written: unknown = Reflect.get(config, "K8S_NAMESPACE");
  if (written === undefined) return { instance: { hosts }, problems };
  const namespace = typeof written === "string" ? expanded(written, config) : undefined;
  if (namespace !== undefined && DNS_LABEL.test(namespace)) return { instance: { hosts, namespace }, problems };
  problems.push({ path: `${path}: K8S_NAMESPACE`, found: written, allowed: "the name of a namespace" });
  return { instance: { hosts }, problems };
}

function refused(problem: Problem): ReturnType<typeof readConfig> {
  return { instance: { hosts: [] }, problems: [problem] };
}

/** Replaces the settings that a value names. Tutor's values are templates, but hosts use only `{{ NAME }}`. */
function expanded(text: string, config: object, depth = 0): string | undefined {
  if (depth > 5) return undefined;
  let isWhole = true;
  const result = text.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, key: string) => {
    const value: unknown = Reflect.get(config, key) ?? HOST_SETTINGS[key];
    const inner = typeof value === "string" ? expanded(value, config, depth + 1) : undefined;
    if (inner === undefined) isWhole = false;
    return inner ?? "";
  });
  return isWhole && !/\{[{%]/.test(result) ? result : undefined;
}
