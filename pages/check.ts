import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { type DefaultTreeAdapterTypes, parse } from "parse5";
import type { Problem } from "../settings/problems";
import { type Client, pathOf } from "./clients";
import { ASSETS_PATH } from "./kinds";
import type { Page } from "./render";
import { RETRY_SCRIPT } from "./script";

/**
 * The longest page, in bytes: what one TCP round trip brings is ten segments of 1,460 bytes (RFC 6928 section 2), and the
 * header takes some of it.
 */
export const LONGEST_PAGE = 14_000;

/** What is wrong with a page that nobody may get: it is longer than one round trip. */
export function sizeProblems({ format, kind, language, body }: Page, instance = "shared"): readonly Problem[] {
  const bytes = Buffer.byteLength(body);
  if (format !== "html" || bytes <= LONGEST_PAGE) return [];
  const allowed = `${LONGEST_PAGE} bytes, with style, logo and message; a shorter message is the quickest way there`;
  return [{ path: `${instance}: the page ${kind} in ${language}`, found: `${bytes} bytes`, allowed }];
}

/**
 * What a browser would have to guess at in a page that a client's template made: elements left open, ids given twice and
 * the like, as the HTML standard has it.
 *
 * @returns problems at the template's line, where that is the line as it stands in the page.
 */
export function validityProblems({ kind, language, body }: Page, client: Client): readonly Problem[] {
  // It takes a fifth of a second to load, which a stack without such templates has better uses for.
  const { HtmlValidate } = createRequire(__filename)("html-validate") as typeof import("html-validate");
  const validator = new HtmlValidate({
    root: true,
    extends: ["html-validate:standard"],
    // Only where scripts are off, where nothing else could bring the site back.
    rules: { "meta-refresh": "off" },
  });
  const { results } = validator.validateStringSync(body);
  return results.flatMap(({ messages }) =>
    messages.map(({ line, message }) => ({
      path: placeOf(body.split("\n")[line - 1] ?? "", client, `the page ${kind} in ${language}`),
      found: message,
      allowed: "valid HTML",
    })),
  );
}

/**
 * What keeps a page that a client's template made from being shown as it is meant: something that the page would ask for
 * and nobody answers, a script or style that the policy forbids.
 *
 * @param style the style sheet that the page's policy allows.
 * @returns problems at the template's line, where that is the line as it stands in the page.
 */
export function markupProblems({ kind, language, body }: Page, client: Client, style: string): readonly Problem[] {
  const at = (line: number) => placeOf(body.split("\n")[line - 1] ?? "", client, `the page ${kind} in ${language}`);
  const problems: Problem[] = [];
  const wrong = (line: number, found: string, allowed: string) => problems.push({ path: at(line), found, allowed });
  const page = elementsOf(parse(body, { sourceCodeLocationInfo: true }));

  for (const { name, line, attributes, text } of page) {
    for (const asked of requestsOf(name, attributes, text)) {
      const asset = asked.startsWith(ASSETS_PATH) ? asked.slice(ASSETS_PATH.length) : undefined;
      if (asked.startsWith("data:") || client.assets.some(({ name }) => name === asset)) continue;
      const files = client.assets.map(({ name }) => `{{ assets }}${name}`);
      wrong(line, asked, ["data: and nothing else", ...files].join(", "));
    }
    if (name === "script" && text !== RETRY_SCRIPT) wrong(line, "a script", "<script>{{ script | raw }}</script>");
    if (name === "style" && text !== style) {
      wrong(line, "a style sheet", "<style>{{ style | raw }}</style>, which has the client's style.css in it");
    }
    for (const attribute of Object.keys(attributes)) {
      if (attribute !== "style" && !/^on/.test(attribute)) continue;
      wrong(line, `the attribute ${attribute}`, "a class and style.css: the policy forbids it");
    }
  }
  const has = (name: string, attribute: string, value: string) =>
    page.some((element) => element.name === name && element.attributes[attribute]?.toLowerCase() === value);
  if (!has("meta", "http-equiv", "content-security-policy")) {
    const allowed = '<meta http-equiv="Content-Security-Policy" content="{{ contentSecurityPolicy }}"> in the head';
    wrong(1, "a page without its policy", allowed);
  }
  if (!has("html", "lang", language.toLowerCase())) {
    wrong(1, "a page without its language", '<html lang="{{ language }}" dir="{{ direction }}">');
  }
  return problems;
}

interface Element {
  readonly name: string;
  /** The line of the page in which it begins, from 1. */
  readonly line: number;
  readonly attributes: Readonly<Record<string, string>>;
  /** The text right inside. */
  readonly text: string;
}

function elementsOf(node: DefaultTreeAdapterTypes.Node): readonly Element[] {
  const children = "childNodes" in node ? node.childNodes : [];
  const within = "content" in node ? [node.content] : children; // <template> keeps its elements apart
  const own =
    "tagName" in node
      ? [
          {
            name: node.tagName,
            line: node.sourceCodeLocation?.startLine ?? 1,
            attributes: Object.fromEntries(node.attrs.map(({ name, value }) => [name, value])),
            text: children.map((child) => ("value" in child ? child.value : "")).join(""),
          },
        ]
      : [];
  return [...own, ...within.flatMap(elementsOf)];
}

/** What a browser would ask for to show the element. A link is followed by the visitor, and not before that. */
function requestsOf(name: string, attributes: Element["attributes"], text: string): readonly string[] {
  const names = ["src", "srcset", "poster", "data", "background", "action", "formaction", "xlink:href"];
  if (name !== "a" && name !== "area") names.push("href");
  const fromStyle = name === "style" ? [...text.matchAll(/(?:url\(\s*["']?|@import\s+["']?)([^"')\s;]*)/gi)] : [];
  return [...names.flatMap((attribute) => attributes[attribute] ?? []), ...fromStyle.map((match) => match[1] ?? "")];
}

/** Where a line of a page comes from: the client's template that has it, with the line's number; or else the folder. */
function placeOf(line: string, client: Client, page: string): string {
  for (const file of readdirSync(client.folder).filter((name) => /\.liquid$|\.css$/.test(name))) {
    const path = join(client.folder, file);
    const index = readFileSync(path, "utf8")
      .split("\n")
      .findIndex((text) => text.trim() !== "" && text.trim() === line.trim());
    if (index >= 0) return `${pathOf(path)}:${index + 1}`;
  }
  return `${pathOf(client.folder)} (${page}: ${line.trim().slice(0, 60)})`;
}
