import { z } from "zod";
import { NAMESPACE } from "./read";
import { configSchema, isTextSetting } from "./schema";

// What people and editors read about the configuration, made from its schema: docs/configuration.md and
// docs/configuration.schema.json.

/** A value in the stack's file, as JSON Schema has it. */
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
  /** What a refusal says is allowed. */
  readonly allowed?: string;
}

/** A setting, or a part of one. */
export interface Setting {
  /** Where it is: `bucket.name`, `maintenance[].kind`, `instances.<name>.hosts`. */
  readonly path: string;
  readonly node: SchemaNode;
  readonly isRequired: boolean;
}

/** The whole schema, with what refusals say. */
export function configNode(): SchemaNode {
  return z.toJSONSchema(configSchema, {
    io: "input",
    override: ({ zodSchema, jsonSchema }) => {
      // No value is a symbol, so every schema refuses it, with its message.
      const refusal = z.core.safeParse(zodSchema, Symbol()).error?.issues[0]?.message;
      if (refusal !== undefined && !refusal.startsWith("Invalid input"))
        Object.assign(jsonSchema, { allowed: refusal });
      // It requires seconds, and the schema itself does not.
      if (jsonSchema.format === "date-time") delete jsonSchema.pattern;
    },
  }) as SchemaNode;
}

/**
 * Everything inside a setting that has a name of its own, in the schema's order.
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

<!-- Written from settings/schema.ts by \`npx vitest run settings/reference.test.ts --update\`; never by hand. -->

Every setting of a stack. They are in the stack's file, \`Pulumi.<stack>.yaml\`, as \`${NAMESPACE}:NAME\`, where an editor or
\`pulumi config set NAME VALUE\` puts them. [The template](template/Pulumi.template.yaml) is a file with all of them, valid as it
is. Whatever is not allowed is refused before anything changes, with the nearest value that is. What a change of each one does
in the cluster: [changes.md](changes.md).
`;

/**
 * docs/configuration.md.
 *
 * @param examples for each setting by name, as text of a stack's file.
 */
export function reference(examples: ReadonlyMap<string, readonly string[]>): string {
  const settings = Object.entries(configNode().properties ?? {});
  const required = configNode().required ?? [];
  const summary = settings.map(([name, node]) => [
    `[${name}](#${name.toLowerCase()})`,
    sentence(node.description),
    required.includes(name) ? "has to be there" : defaultOf(node),
  ]);
  return [
    ABOUT,
    table(["setting", "what it is", "default"], summary),
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

/** The shapes of a setting that has more than one, or of a map's values: the value of one of its settings says which it is. */
function shapesIn(path: string, { oneOf = [], additionalProperties }: SchemaNode) {
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
    isRequired ? "has to be there" : defaultOf(node),
  ]);
  return table(["", "what it is", "allowed", "default"], rows);
}

// A list of thirty languages says less than its description.
const LONGEST_DEFAULT = 50;

/** How a description ends where the default is not one value. */
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
    $comment: "Written from settings/schema.ts by `npx vitest run settings/reference.test.ts --update`; never by hand.",
    title: "A stack's file of maintenance-pages",
    type: "object",
    properties: {
      config: {
        type: "object",
        properties: Object.fromEntries(config),
        required: required.map((name) => `${NAMESPACE}:${name}`),
        // Other namespaces are other programs'.
        patternProperties: { [`^(?!${NAMESPACE}:)`]: true },
        additionalProperties: false,
      },
    },
    required: ["config"],
  };
}

/** What \`pulumi config set\` writes where an editor would write YAML: JSON as text, and a secret. */
function otherSpellings(name: string, node: SchemaNode): readonly object[] {
  const secret = { type: "object", properties: { secure: { type: "string" } }, required: ["secure"] };
  if (isTextSetting(name)) return [secret];
  const begins =
    node.properties || node.additionalProperties || node.anyOf || node.oneOf || node.items
      ? "^\\s*[\\[{]"
      : "^\\s*(?:true|false|\\d+)\\s*$";
  return [{ type: "string", pattern: begins }, secret];
}

/** A node without what only the reference shows. */
function withoutWords(node: SchemaNode): unknown {
  return JSON.parse(
    JSON.stringify(node, (key, value: unknown) => (key === "allowed" && typeof value === "string" ? undefined : value)),
  );
}
