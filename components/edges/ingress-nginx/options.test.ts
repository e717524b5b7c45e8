import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { overrideManifest } from "./manifests";
import { APPLIED, HOST_ANNOTATIONS, SHIELD_ANNOTATIONS, SHIELDS, UNRELATED, UNSHIELDABLE } from "./options";

const override = { instance: "acme", hosts: ["a.example.org"], kind: "unscheduled", revision: undefined } as const;

it.each([
  undefined,
  { slot: 0, key: { header: "h", cookie: "c" }, service: { name: "caddy", namespace: "acme", port: 80 }, walk: ["a"] },
])("the override has every shield, with the bypass %j", (bypass) => {
  const placement = { edge: "default", namespace: "maintenance-pages", ingressClassName: "nginx" };
  const { annotations } = overrideManifest({ ...override, hasAssets: false, bypass }, placement).metadata;
  expect(annotations).toMatchObject(SHIELD_ANNOTATIONS);
});

it("each option has one decision", () => {
  const all = [...SHIELDS, ...APPLIED, ...UNSHIELDABLE].flatMap(({ options }) => options).concat(UNRELATED);
  expect(all.filter((option, index) => all.indexOf(option) !== index)).toStrictEqual([]);
});

it("a hazard is decided by one of the annotations that it is about", () => {
  const wrong = HOST_ANNOTATIONS.filter(
    ({ annotations, hazard }) => hazard && !annotations.includes(hazard.annotation),
  );
  expect(wrong).toStrictEqual([]);
});

/** What is above it in the document was written by hand. */
const MARK = "<!-- From here on: written by `npm run docs` from components/edges/ingress-nginx/options.ts. -->";

it("docs/ingress-nginx.md has every decision (--update writes it)", async () => {
  const names = (list: readonly string[]) => list.map((name) => `\`${name}\``).join(", ");
  const row = (...cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
    [row(...head), row(...head.map(() => "---")), ...rows.map((cells) => row(...cells))].join("\n");
  const annotationsOf = (annotations: Readonly<Record<string, string>>) =>
    names(Object.entries(annotations).map(([name, value]) => `${name}: "${value}"`));
  const document = join(__dirname, "..", "..", "..", "docs", "ingress-nginx.md");
  const [byHand = ""] = readFileSync(document, "utf8").split(MARK);
  const text = `${byHand}${MARK}

## Options that the override overrides

${table(
  ["options", "annotations of the override", "without them visitors would get"],
  SHIELDS.map(({ options, annotations, otherwise }) => [names(options), annotationsOf(annotations), otherwise]),
)}

## Options that apply to the page

${table(
  ["options", "why"],
  APPLIED.map(({ options, because }) => [names(options), because]),
)}

## Options that can replace the page

No annotation of an Ingress prevents these. \`npx maintenance enable\` checks every host afterwards and reports it.

${table(
  ["options", "effect"],
  UNSHIELDABLE.map(({ options, effect }) => [names(options), effect]),
)}

## Annotations of an instance's Ingress that apply to the page

They apply to the whole host. All other annotations apply to the paths of the Ingress that has them, and the override has its own path.

${table(
  ["annotations", "effect"],
  HOST_ANNOTATIONS.map(({ annotations, effect, effectOnHost }) => [
    names(annotations),
    effectOnHost === undefined ? effect : `${effect} ${effectOnHost}`,
  ]),
)}

## Options that do not concern a page

${names(UNRELATED)}.
`;
  await expect(text).toMatchFileSnapshot(document);
});
