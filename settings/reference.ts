import { z } from "zod";
import { NAMESPACE } from "./read";
import { configSchema, isTextSetting } from "./schema";

// The documents about the configuration, generated from its schema: docs/configuration.md for people and
// docs/configuration.schema.json for editors.

/** A value in the stack's file, as a node of a JSON Schema. */
export interface SchemaNode {
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly format?: string;
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly anyOf?: readonly SchemaNode[];
  readonly oneOf?: readonly SchemaNode[];
  readonly items?: SchemaNode;
  readonly additionalProperties?: SchemaNode | boolean;
  /** The text after `allowed:` in an error message. */
  readonly allowed?: string;
}

/** A setting, or a setting inside another. */
export interface Setting {
  /** Its path, such as `bucket.name`, `maintenance[].kind`, `instances.<name>.hosts`. */
  readonly path: string;
  readonly node: SchemaNode;
  readonly isRequired: boolean;
}

/** The whole schema, with the texts of the error messages. */
export function configNode(): SchemaNode {
  return z.toJSONSchema(configSchema, {
    io: "input",
    override: ({ zodSchema, jsonSchema }) => {
      // No schema accepts a symbol, so each one returns its error message.
      const message = z.core.safeParse(zodSchema, Symbol()).error?.issues[0]?.message;
      if (message !== undefined && !message.startsWith("Invalid input"))
        Object.assign(jsonSchema, { allowed: message });
      // The pattern requires seconds, but the schema does not.
      if (jsonSchema.format === "date-time") delete jsonSchema.pattern;
    },
  }) as SchemaNode;
}

/**
 * The settings inside a setting, at every level, in the order of the schema.
 *
 * @example
 * settingsIn("links", node).map(({ path }) => path); // ["links.status", "links.contact"]
 */
export function settingsIn(path: string, node: SchemaNode): readonly Setting[] {
  const { properties = {}, required = [], items, additionalProperties, anyOf = [], oneOf = [] } = node;
  return [
    ...Object.entries(properties).flatMap(([name, inner]) => [
      { path: `${path}.${name}`, node: inner, isRequired: required.includes(name) },
      ...settingsIn(`${path}.${name}`, inner),
    ]),
    ...(items === undefined ? [] : settingsIn(`${path}[]`, items)),
    ...(typeof additionalProperties === "object" ? settingsIn(`${path}.<name>`, additionalProperties) : []),
    ...[...anyOf, ...oneOf].flatMap((one) => settingsIn(path, one)),
  ];
}

// --- for people

const ABOUT = `# Configuration

<!-- Generated from settings/schema.ts by \`npm run docs\`. Do not edit. -->

Every setting of a stack. The settings are in the stack's file, \`Pulumi.<stack>.yaml\`, as \`${NAMESPACE}:NAME\`. Write them with an
editor or with \`pulumi config set NAME VALUE\`. [The template](template/Pulumi.template.yaml) is a valid file with all of them.

A value that is not allowed is refused before anything changes. The message shows the allowed values and the nearest one.
[changes.md](changes.md) shows what a change of each setting does in the cluster.
`;

/**
 * docs/configuration.md.
 *
 * @param examples the examples of each setting by name, as text of a stack's file.
 */
export function reference(examples: ReadonlyMap<string, readonly string[]>): string {
  const settings = Object.entries(configNode().properties ?? {});
  const required = configNode().required ?? [];
  const summary = settings.map(([name, node]) => [
    `[${name}](#${name.toLowerCase()})`,
    sentence(node.description),
    required.includes(name) ? "required" : defaultOf(node),
  ]);
  return [
    ABOUT,
    table(["setting", "meaning", "default"], summary),
    ...settings.map(([name, node]) => section(name, node, examples.get(name) ?? [])),
  ].join("\n");
}

function section(name: string, node: SchemaNode, examples: readonly string[]): string {
  const shapes = shapesIn(name, node);
  const tables = shapes.length > 0 ? shapes : [{ title: "\n", inner: settingsIn(name, node) }];
  return [
    `## ${name}\n`,
    `${node.description ?? ""}\n`,
    ...(node.allowed === undefined ? [] : [`Allowed: ${node.allowed}.\n`]),
    ...examples.map((text) => `\`\`\`yaml\n${text}\n\`\`\`\n`),
    ...tables.filter(({ inner }) => inner.length > 0).map(({ title, inner }) => title.slice(1) + innerTable(inner)),
  ].join("\n");
}

/** The shapes of a setting with more than one, or of the values of a map or a list. The value of one inner setting selects the shape. */
function shapesIn(path: string, { oneOf = [], additionalProperties, items }: SchemaNode) {
  if (items !== undefined) return shapesIn(`${path}[]`, items);
  if (typeof additionalProperties === "object") return shapesIn(`${path}.<name>`, additionalProperties);
  return oneOf.map((one): { readonly title: string; readonly inner: readonly Setting[] } => {
    const [name, value] = Object.entries(one.properties ?? {}).find(([, node]) => node.const !== undefined) ?? [];
    return { title: `\n\`${path}.${name}: ${value?.const}\`:\n\n`, inner: settingsIn(path, one) };
  });
}

function innerTable(settings: readonly Setting[]): string {
  const rows = settings.map(({ path, node, isRequired }) => [
    `\`${path}\``,
    (node.description ?? "").replace(DEFAULT_IN_WORDS, ""),
    node.const === undefined ? (node.allowed ?? "") : String(node.const),
    isRequired ? "required" : defaultOf(node),
  ]);
  return table(["", "meaning", "allowed", "default"], rows);
}

// For a list of thirty languages the description is clearer than the value.
const LONGEST_DEFAULT = 50;

/** The end of a description, if the default is not a single value. */
const DEFAULT_IN_WORDS = / ?Default: (.*)\.$/;

function defaultOf({ default: value, description = "" }: SchemaNode): string {
  const text = value === undefined ? "" : JSON.stringify(value);
  const isShown = text !== "" && text !== "{}" && text.length <= LONGEST_DEFAULT;
  return isShown ? `\`${text}\`` : (DEFAULT_IN_WORDS.exec(description)?.[1] ?? "");
}

function sentence(text = ""): string {
  return /^.*?\.(?= |$)/.exec(text)?.[0] ?? text;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return `${[line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n")}\n`;
}

// --- for editors

/** docs/configuration.schema.json: a whole stack's file. */
export function stackFileSchema(): object {
  const { properties = {}, required = [] } = configNode();
  const config = Object.entries(properties).map(([name, node]) => [
    `${NAMESPACE}:${name}`,
    { description: node.description, anyOf: [withoutWords(node), ...otherSpellings(name, node)] },
  ]);
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $comment: "Generated from settings/schema.ts by `npm run docs`. Do not edit.",
    title: "A stack's file of maintenance-pages",
    type: "object",
    properties: {
      config: {
        type: "object",
        properties: Object.fromEntries(config),
        required: required.map((name) => `${NAMESPACE}:${name}`),
        // Other namespaces belong to other programs.
        patternProperties: { [`^(?!${NAMESPACE}:)`]: true },
        additionalProperties: false,
      },
    },
    required: ["config"],
  };
}

/** The forms that `pulumi config set` writes instead of YAML: JSON as text, and secrets. */
function otherSpellings(name: string, node: SchemaNode): readonly object[] {
  const secret = { type: "object", properties: { secure: { type: "string" } }, required: ["secure"] };
  if (isTextSetting(name)) return [secret];
  const begins =
    node.properties || node.additionalProperties || node.anyOf || node.oneOf || node.items
      ? "^\\s*[\\[{]"
      : "^\\s*(?:true|false|\\d+)\\s*$";
  return [{ type: "string", pattern: begins }, secret];
}

/** A node without the texts that only the reference shows. */
function withoutWords(node: SchemaNode): unknown {
  return JSON.parse(
    JSON.stringify(node, (key, value: unknown) => (key === "allowed" && typeof value === "string" ? undefined : value)),
  );
}
