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

// In the template a comment has a space behind its #, and what is another way to say a setting has none, or more.
const SETTING = /^ {2}maintenance-pages:.*(?:\n {4}.*)*/gm;
const ALTERNATIVE = /^ {2}#maintenance-pages:.*(?:\n {2}# {2}.*)*/gm;

const textsOf = (kind: RegExp) => [...TEMPLATE.matchAll(kind)].map(([text]) => text);
const alternatives = textsOf(ALTERNATIVE);
const nameIn = (text: string) => /maintenance-pages:(\w+)/.exec(text)?.[1] ?? "";

/** What the template says of each setting, and says otherwise. */
const examples = new Map<string, readonly string[]>();
for (const text of [...textsOf(SETTING), ...alternatives.map((text) => text.replace(/^ {2}#/gm, "  "))]) {
  examples.set(nameIn(text), [...(examples.get(nameIn(text)) ?? []), text.replace(/^ {2}/gm, "")]);
}

const settings: readonly Setting[] = Object.entries(configNode().properties ?? {}).flatMap(([path, node]) => [
  { path, node, isRequired: false },
  ...settingsIn(path, node),
]);

describe("what is written about the configuration", () => {
  it("docs/configuration.md is the schema's (--update writes it)", async () => {
    await expect(reference(examples)).toMatchFileSnapshot(join(DOCS, "configuration.md"));
  });

  it("docs/configuration.schema.json is the schema's (--update writes it)", async () => {
    const text = `${JSON.stringify(stackFileSchema(), null, 2)}\n`;
    await expect(text).toMatchFileSnapshot(join(DOCS, "configuration.schema.json"));
  });

  it.each(settings.map(({ path, node }) => [path, node] as const))("%s is described", (path, node) => {
    // The members of a union are told by their own text.
    if (node.const === undefined) expect(node.description, path).toMatch(/\S\.$/);
  });
});

describe("the template", () => {
  it.each(settings.map(({ path }) => [path]))("has %s", (path) => {
    const [name = "", ...inner] = path.replaceAll("[]", ".[]").split(".");
    const values = (examples.get(name) ?? []).flatMap((text) => Object.values(parse(text) as object));
    expect(values.some((value) => isIn(value, inner))).toBe(true);
  });

  it.each([["as it is", TEMPLATE] as const, ...alternatives.map((text) => [text, withAlternative(text)] as const)])(
    "is valid, %s",
    (_, template) => {
      expect(problemsOf(template)).toStrictEqual([]);
      const read = () =>
        readSettings(
          // Only a bypass needs it, which the file has not as it is.
          {
            ...configIn(parse(template)),
            ...(template === TEMPLATE ? {} : { "maintenance-pages:bypassSecret": "x".repeat(32) }),
          },
          new Date("2026-12-01T12:00:00Z"),
          () => [],
          () => ({ instances: {}, problems: [] }),
          () => true,
        );
      expect(read).not.toThrow();
    },
  );
});

/** The template, with one of its settings said in the other way. */
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

/** What an editor would underline. */
function problemsOf(file: string): readonly string[] {
  validate(parse(file));
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

describe("the schema for editors", () => {
  it.each(stacksIn(ROOT))("takes the file of the stack %s", (stack) => {
    expect(problemsOf(readFileSync(stackFileOf(ROOT, stack), "utf8"))).toStrictEqual([]);
  });

  it.each([
    ["what `pulumi config set` writes", `maintenance-pages:provisioning: '["acme"]'`],
    ["a secret", "maintenance-pages:provisioning: { secure: AAAB }"],
    ["another namespace", "aws:region: eu-central-1"],
  ])("takes %s", (_, line) => {
    const template = TEMPLATE.replace("maintenance-pages:provisioning:\n    - delta", line);
    expect(template).not.toBe(TEMPLATE);
    expect(problemsOf(template)).toStrictEqual([]);
  });

  it.each([
    ["a misspelled setting", "maintenance-pages:protected: true"],
    ["a wrong type", "maintenance-pages:protect: perhaps"],
    ["a number as a word", "maintenance-pages:protect: 3"],
  ])("refuses %s", (_, line) => {
    expect(problemsOf(TEMPLATE.replace("maintenance-pages:protect: true", line))).not.toStrictEqual([]);
  });

  it("refuses a misspelled setting inside another", () => {
    expect(problemsOf(TEMPLATE.replace("pathStyle:", "pathstyle:"))).not.toStrictEqual([]);
  });
});
