import { type Document, isMap, isScalar, isSeq, type Node, parseDocument, Scalar, visit, type YAMLSeq } from "yaml";
import { NAMESPACE } from "../settings/read";

/** What a person says of an entry; what is left out stays as it is. */
export interface Said {
  readonly kind?: string;
  readonly from?: string;
  readonly until?: string;
  readonly message?: string | Readonly<Record<string, string>>;
  readonly closes?: string;
  readonly bypass?: boolean;
}

const PATH = ["config", `${NAMESPACE}:maintenance`] as const;

/**
 * A stack's file with these instances in its `maintenance` list, each with what is said of it. An entry that is there
 * already is changed and not repeated. All else in the file stays, comments too.
 *
 * @param text the file as it is.
 */
export function enter(text: string, instances: readonly string[], said: Said): string {
  return edit(text, (list, document) => {
    for (const instance of instances) {
      const index = list.items.findIndex((item) => nameOf(item) === instance);
      const before = index < 0 ? undefined : list.items[index];
      if (Object.keys(said).length === 0 && before !== undefined) continue;
      if (isMap(before)) {
        for (const [key, value] of Object.entries(said)) before.set(key, nodeOf(value, document));
        continue;
      }
      const entry = nodeOf(Object.keys(said).length === 0 ? instance : { instance, ...said }, document);
      if (index < 0) list.add(entry);
      else list.items[index] = entry;
    }
  });
}

/** A stack's file without these instances in its `maintenance` list. */
export function leave(text: string, instances: readonly string[]): string {
  return edit(text, (list) => {
    list.items = list.items.filter((item) => !instances.includes(nameOf(item) ?? ""));
  });
}

/** Whether a stack's file has the secret that keys of bypasses are made from. */
export function hasSecret(text: string): boolean {
  return parseDocument(text).hasIn(["config", `${NAMESPACE}:bypassSecret`]);
}

/** The line of an instance's entry in a stack's file, from 1. */
export function lineOf(text: string, instance: string): number | undefined {
  const list = parseDocument(text).getIn(PATH, true);
  if (!isSeq(list)) return undefined;
  const item = list.items.find((one) => nameOf(one) === instance);
  const offset = isScalar(item) || isMap(item) ? item.range?.[0] : undefined;
  return offset === undefined ? undefined : text.slice(0, offset).split("\n").length;
}

function edit(text: string, change: (list: YAMLSeq, document: Document) => void): string {
  const document: Document = parseDocument(text);
  const list = listIn(document);
  change(list, document);
  // An empty block would read as nothing at all.
  if (list.items.length === 0) list.flow = true;
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
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
  const found = document.getIn(PATH, true);
  if (isSeq(found)) {
    // `[]` becomes a list of lines as soon as there is something in it to comment.
    if (found.items.length === 0) found.flow = false;
    return found;
  }
  // What `pulumi config set` writes is JSON in a text.
  const value: unknown = isScalar(found) ? JSON.parse(String(found.value)) : [];
  const list = document.createNode(value);
  if (!isSeq(list)) throw new Error(`${PATH.join(".")} is no list`);
  if (isScalar(found)) {
    list.comment = found.comment ?? null;
    list.commentBefore = found.commentBefore ?? null;
  }
  document.setIn(PATH, list);
  return list;
}

function nameOf(item: unknown): string | undefined {
  if (isScalar(item)) return String(item.value);
  if (isMap(item)) return String(item.get("instance"));
  return undefined;
}
