import { type Document, isMap, isScalar, isSeq, type Node, parseDocument, Scalar, visit, type YAMLSeq } from "yaml";
import { lineIn, nameOf } from "../settings/authorship";
import { type ClaimedNames, claimedNames } from "../settings/claimed-names";
import { type DirectoryNames, listInstancesDirectory } from "../settings/instances-directory";
import type { InstanceSources } from "../settings/known-instances";
import { NAMESPACE, readSettings, type Settings } from "../settings/read";
import { HIGHEST_LIMIT } from "../settings/schema";
import { configIn, encryptedIn } from "../settings/stack-file";
import { BROKEN_ALIAS, resolved } from "../settings/yaml";
import { type BaseConfig, NO_BASE } from "./base-config";
import type { EntryChange } from "./entry-options";
import { CommandError } from "./errors";

const LIST = ["config", `${NAMESPACE}:maintenance`] as const;

const BYPASS_SECRET = `${NAMESPACE}:bypassSecret`;

/** In the place of a secret that is not there. No key is made from it: the command decrypts the secret itself (secret.ts). */
const NO_SECRET = "(a secret that is not there yet, for reading only)";

/** What a stack's settings are made from besides its file. */
export interface Surroundings extends Partial<InstanceSources> {
  readonly base: BaseConfig;
}

/** The text of a stack's file. It is parsed once, and never changed: a change is another text. */
export class StackText {
  private readonly document: Document;
  private readonly value: unknown;

  /** @throws {CommandError} when it is no YAML. */
  constructor(
    readonly text: string,
    readonly surroundings: Surroundings = { base: NO_BASE },
  ) {
    this.document = parseDocument(text);
    const [error] = this.document.errors;
    if (error !== undefined)
      throw new CommandError(`The stack's file can't be read: it is no YAML.\n\n${error.message}`);
    this.value = resolved(this.document);
    if (this.value === BROKEN_ALIAS) {
      throw new CommandError(`The stack's file can't be read: ${BROKEN_ALIAS}.`);
    }
  }

  /**
   * The settings. The kubeconfig is not read: the engine does that at each run.
   *
   * @throws {SettingsError} with everything that is wrong.
   */
  settings(now: Date): Settings {
    return this.read(now, {});
  }

  /**
   * The settings for what only reads them, or is the way out: `maintenanceLimit` does not count, and a missing `bypassSecret` does not. Neither
   * must hide what is in maintenance. `disable` takes enough instances out, and `bypass --rotate` makes the secret.
   *
   * @throws {SettingsError} with everything else that is wrong.
   */
  settingsToRead(now: Date): Settings {
    return this.read(now, {
      [`${NAMESPACE}:maintenanceLimit`]: String(HIGHEST_LIMIT),
      ...(this.hasSecret ? {} : { [BYPASS_SECRET]: NO_SECRET }),
    });
  }

  private read(now: Date, instead: Readonly<Record<string, string>>): Settings {
    const { base, ...sources } = this.surroundings;
    const encrypted = encryptedIn(this.value);
    return readSettings({ ...base.values, ...configIn(this.value), ...instead }, now, {
      ...sources,
      kubeconfigs: () => undefined,
      isEncrypted: (key) => encrypted.has(key) || base.encrypted.has(key) || instead[key] === NO_SECRET,
      hidesReceivers: this.hidesReceivers,
    });
  }

  /** The names of the instances that it has, whatever else is wrong. The files of its `instancesDirectory` are not read. */
  claimedNames(listDirectory: (directory: string) => DirectoryNames = listInstancesDirectory): ClaimedNames {
    return claimedNames({ ...this.surroundings.base.values, ...configIn(this.value) }, listDirectory);
  }

  /** Whether it has the secret that the keys of bypasses are made from. */
  get hasSecret(): boolean {
    return this.document.hasIn(["config", BYPASS_SECRET]) || this.surroundings.base.encrypted.has(BYPASS_SECRET);
  }

  /** Whether the receivers of notifications are encrypted as a whole, or not in this file, so that `settings` has none of them. */
  get hidesReceivers(): boolean {
    const key = `${NAMESPACE}:notify`;
    const { base } = this.surroundings;
    return encryptedIn(this.value).has(key) || (!this.document.hasIn(["config", key]) && base.encrypted.has(key));
  }

  /** The line of an instance's entry, from 1. */
  lineOf(instance: string): number | undefined {
    return lineIn(this.document.getIn(LIST, true), this.text, instance);
  }

  /**
   * The text with these instances in the `maintenance` list, each with this change. An entry that is there already is changed and not
   * repeated. Everything else in the file stays, comments too.
   */
  enable(instances: readonly string[], change: EntryChange): StackText {
    const isPlain = Object.keys(change).length === 0;
    return this.edit((list, document) => {
      for (const instance of instances) {
        const index = list.items.findIndex((item) => nameOf(item) === instance);
        const before = index < 0 ? undefined : list.items[index];
        if (isPlain && before !== undefined) continue;
        if (isMap(before)) {
          for (const [key, value] of Object.entries(change)) {
            if (value === undefined) before.delete(key);
            else before.set(key, nodeOf(value, document));
          }
          continue;
        }
        const entry = nodeOf(isPlain ? instance : { instance, ...change }, document);
        if (index < 0) list.add(entry);
        else list.items[index] = entry;
      }
    });
  }

  /** The text without these instances in the `maintenance` list. */
  disable(instances: readonly string[]): StackText {
    return this.edit((list) => {
      list.items = list.items.filter((item) => !instances.includes(nameOf(item) ?? ""));
    });
  }

  private edit(change: (list: YAMLSeq, document: Document) => void): StackText {
    const document = this.document.clone();
    const list = listIn(document);
    change(list, document);
    // An empty block would read as nothing at all.
    if (list.items.length === 0) list.flow = true;
    return new StackText(document.toString({ lineWidth: 0, flowCollectionPadding: false }), this.surroundings);
  }
}

/** A value as it is written: a time in quotes, or Pulumi would read it as something else than text. */
function nodeOf(value: unknown, document: Document): Node {
  const node = document.createNode(value);
  visit(node, {
    Scalar(_, scalar) {
      if (typeof scalar.value === "string" && /^\d{4}-\d\d-\d\d/.test(scalar.value)) scalar.type = Scalar.QUOTE_DOUBLE;
    },
  });
  return node;
}

function listIn(document: Document): YAMLSeq {
  const found = document.getIn(LIST, true);
  if (isSeq(found)) {
    // `[]` becomes a list of lines as soon as there is something in it to comment.
    if (found.items.length === 0) found.flow = false;
    return found;
  }
  // `pulumi config set` writes JSON in a text.
  const value: unknown = isScalar(found) ? JSON.parse(String(found.value)) : [];
  const list = document.createNode(value);
  if (!isSeq(list)) throw new Error(`${LIST.join(".")} is no list`);
  if (isScalar(found)) {
    list.comment = found.comment ?? null;
    list.commentBefore = found.commentBefore ?? null;
  }
  document.setIn(LIST, list);
  return list;
}
