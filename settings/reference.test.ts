import { readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv from "ajv/dist/2020";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { readSettings } from "./read";
import { configNode, reference, type Setting, settingsIn, stackFileSchema } from "./reference";
import { configIn, stackFileOf, stacksIn } from "./stack-file";

const ROOT = join(__dirname, "..");
const DOCS = join(ROOT, "docs");
const TEMPLATE = readFileSync(join(DOCS, "template", "Pulumi.template.yaml"), "utf8");

// In the template a comment has one space after its #. An alternative for a setting has none, or more than one.
const SETTING = /^ {2}maintenance-pages:.*(?:\n {4}.*)*/gm;
const ALTERNATIVE = /^ {2}#maintenance-pages:.*(?:\n {2}# {2}.*)*/gm;

const textsOf = (kind: RegExp) => [...TEMPLATE.matchAll(kind)].map(([text]) => text);
const alternatives = textsOf(ALTERNATIVE);
const nameIn = (text: string) => /maintenance-pages:(\w+)/.exec(text)?.[1] ?? "";

/** The template's text for each setting, with its alternatives. */
const examples = new Map<string, readonly string[]>();
for (const text of [...textsOf(SETTING), ...alternatives.map((text) => text.replace(/^ {2}#/gm, "  "))]) {
  examples.set(nameIn(text), [...(examples.get(nameIn(text)) ?? []), text.replace(/^ {2}/gm, "")]);
}

const settings: readonly Setting[] = Object.entries(configNode().properties ?? {}).flatMap(([path, node]) => [
  { path, node, isRequired: false },
  ...settingsIn(path, node),
]);

describe("the documents about the configuration", () => {
  it("docs/configuration.md matches the schema (--update writes it)", async () => {
    await expect(reference(examples)).toMatchFileSnapshot(join(DOCS, "configuration.md"));
  });

  it("docs/configuration.schema.json matches the schema (--update writes it)", async () => {
    const text = `${JSON.stringify(stackFileSchema(), null, 2)}\n`;
    await expect(text).toMatchFileSnapshot(join(DOCS, "configuration.schema.json"));
  });

  it.each(settings.map(({ path, node }) => [path, node] as const))("%s is described", (path, node) => {
    // A constant selects a member of a union and needs no description.
    if (node.const === undefined) expect(node.description, path).toMatch(/\S\.$/);
  });
});

describe("the template", () => {
  it.each(settings.map(({ path }) => [path]))("has %s", (path) => {
    const [name = "", ...inner] = path.replaceAll("[]", ".[]").split(".");
    const values = (examples.get(name) ?? []).flatMap((text) => Object.values(parse(text) as object));
    expect(values.some((value) => isIn(value, inner))).toBe(true);
  });

  it.each([["unchanged", TEMPLATE] as const, ...alternatives.map((text) => [text, withAlternative(text)] as const)])(
    "is valid, %s",
    (_, template) => {
      expect(problemsOf(template)).toStrictEqual([]);
      const read = () =>
        readSettings(
          // Only the alternatives with a bypass need the secret.
          {
            ...configIn(parse(template)),
            ...(template === TEMPLATE ? {} : { "maintenance-pages:bypassSecret": "x".repeat(32) }),
          },
          new Date("2026-12-01T12:00:00Z"),
          {
            kubeconfigs: () => [],
            readDirectory: () => ({ instances: {}, unreadable: new Map(), warnings: [], problems: [] }),
            isEncrypted: () => true,
          },
        );
      expect(read).not.toThrow();
    },
  );
});

/** The template with an alternative for one of its settings. */
function withAlternative(text: string): string {
  const first = textsOf(SETTING).find((setting) => nameIn(setting) === nameIn(text));
  const without = first === undefined ? TEMPLATE : TEMPLATE.replace(`${first}\n`, "");
  return without.replace(text, text.replace(/^ {2}#/gm, "  "));
}

function isIn(value: unknown, path: readonly string[]): boolean {
  const [key, ...rest] = path;
  if (key === undefined) return value !== undefined;
  if (typeof value !== "object" || value === null) return false;
  if (key === "[]" || key === "<name>") return Object.values(value).some((inner) => isIn(inner, rest));
  return isIn(Reflect.get(value, key), rest);
}

const validate = new Ajv({ strict: false, validateFormats: false }).compile(stackFileSchema());

/** The errors that an editor shows. */
function problemsOf(file: string): readonly string[] {
  validate(parse(file));
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

describe("the schema for editors", () => {
  it.each(stacksIn(ROOT))("accepts the file of the stack %s", (stack) => {
    expect(problemsOf(readFileSync(stackFileOf(ROOT, stack), "utf8"))).toStrictEqual([]);
  });

  it.each([
    ["what `pulumi config set` writes", `maintenance-pages:provisioning: '["acme"]'`],
    ["a secret", "maintenance-pages:provisioning: { secure: AAAB }"],
    ["another namespace", "aws:region: eu-central-1"],
  ])("accepts %s", (_, line) => {
    const template = TEMPLATE.replace("maintenance-pages:provisioning:\n    - delta", line);
    expect(template).not.toBe(TEMPLATE);
    expect(problemsOf(template)).toStrictEqual([]);
  });

  it.each([
    ["a misspelled setting", "maintenance-pages:protected: true"],
    ["a wrong type", "maintenance-pages:protect: perhaps"],
    ["a number as a word", "maintenance-pages:protect: 3"],
  ])("rejects %s", (_, line) => {
    expect(problemsOf(TEMPLATE.replace("maintenance-pages:protect: true", line))).not.toStrictEqual([]);
  });

  it("rejects a misspelled setting inside another", () => {
    expect(problemsOf(TEMPLATE.replace("pathStyle:", "pathstyle:"))).not.toStrictEqual([]);
  });
});
