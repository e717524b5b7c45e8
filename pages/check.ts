import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { type DefaultTreeAdapterTypes, parse } from "parse5";
import type { Problem } from "../model/problems";
import type { Client } from "./clients";
import { ASSETS_PATH, type Page } from "./kinds";
import { pathOf } from "./paths";
import { RETRY_SCRIPT } from "./script";

/**
 * The longest page, in bytes: what one TCP round trip brings is ten segments of 1,460 bytes (RFC 6928 section 2), and the
 * header takes some of it.
 */
export const LONGEST_PAGE = 14_000;

/** Whether a page is longer than one round trip, which no page may be. */
export function sizeProblems({ format, kind, language, body }: Page, instance = "shared"): readonly Problem[] {
  const bytes = Buffer.byteLength(body);
  if (format !== "html" || bytes <= LONGEST_PAGE) return [];
  const allowed = `${LONGEST_PAGE} bytes, with style, logo and message; a shorter message is the quickest way there`;
  return [{ path: `${instance}: the page ${kind} in ${language}`, found: `${bytes} bytes`, allowed }];
}

/**
 * What is wrong with pages that a client's template made, at the template's line. A fault is in the page of every
 * language, and a person needs it once: those of the first language with a fault are reported.
 *
 * @param pages the HTML pages of one kind.
 * @param style the style sheet that the pages' policy allows.
 */
export function templateProblems(pages: readonly Page[], client: Client, style: string): readonly Problem[] {
  const [first, ...others] = pages;
  if (first === undefined) return [];
  const problems = [...validityProblems(first, client), ...markupProblems(first, client, style)];
  // A browser repeats an element that was left open wherever it was meant to go on.
  if (problems.length > 0) return [...new Map(problems.map((one) => [`${one.path} ${one.found}`, one])).values()];
  return others.reduce<readonly Problem[]>(
    (found, page) => (found.length > 0 ? found : markupProblems(page, client, style)),
    [],
  );
}

/**
 * What a browser would have to guess at: elements left open, ids given twice and the like, as the HTML standard has it.
 */
function validityProblems({ kind, language, body }: Page, client: Client): readonly Problem[] {
  // It takes a fifth of a second to load, which a stack without such templates has better uses for.
  const { HtmlValidate } = createRequire(__filename)("html-validate") as typeof import("html-validate");
  const validator = new HtmlValidate({
    root: true,
    extends: ["html-validate:standard"],
    // Only where scripts are off, where nothing else could bring the site back.
    rules: { "meta-refresh": "off" },
  });
  const { results } = validator.validateStringSync(body);
  const messages = results.flatMap((result) => result.messages);
  const placed = messages.map(({ offset, message }) => ({ place: placeOf(body.slice(offset - 1), client), message }));
  // An element that is left open makes the shared page's own lines wrong as well.
  const own = placed.filter(({ place }) => place !== undefined);
  return (own.length > 0 ? own : placed).map(({ place, message }) => ({
    path: place ?? `${pathOf(client.folder)} (the page ${kind} in ${language})`,
    found: message,
    allowed: "valid HTML",
  }));
}

/**
 * What a page must not contain: a reference that can't be loaded, a script or
 * style that the policy forbids.
 *
 * @param style the style sheet that the page's policy allows.
 */
export function markupProblems({ kind, language, body }: Page, client: Client, style: string): readonly Problem[] {
  const page = `${pathOf(client.folder)} (the page ${kind} in ${language})`;
  const problems: Problem[] = [];
  const elements = elementsOf(parse(body, { sourceCodeLocationInfo: true }));

  for (const { name, offset, attributes, text } of elements) {
    const wrong = (found: string, allowed: string) =>
      problems.push({ path: placeOf(body.slice(offset), client) ?? page, found, allowed });
    for (const url of requestsOf(name, attributes, text)) {
      const asset = url.startsWith(ASSETS_PATH) ? url.slice(ASSETS_PATH.length) : undefined;
      if (url.startsWith("data:") || client.assets.some(({ name }) => name === asset)) continue;
      const files = client.assets.map(({ name }) => `{{ assets }}${name}`);
      wrong(url, ["data: and nothing else", ...files].join(", "));
    }
    if (name === "script" && text !== RETRY_SCRIPT) wrong("a script", "<script>{{ script | raw }}</script>");
    if (name === "style" && text !== style) {
      wrong("a style sheet", "<style>{{ style | raw }}</style>, which has the client's style.css in it");
    }
    for (const attribute of Object.keys(attributes)) {
      if (attribute !== "style" && !/^on/.test(attribute)) continue;
      wrong(`the attribute ${attribute}`, "a class and style.css: the policy forbids it");
    }
  }
  const has = (name: string, attribute: string, value: string) =>
    elements.some((element) => element.name === name && element.attributes[attribute]?.toLowerCase() === value);
  const missing = (found: string, allowed: string) =>
    problems.push({ path: placeOf(body, client) ?? page, found, allowed });
  if (!has("meta", "http-equiv", "content-security-policy")) {
    const allowed = '<meta http-equiv="Content-Security-Policy" content="{{ contentSecurityPolicy }}"> in the head';
    missing("a page without its policy", allowed);
  }
  if (!has("html", "lang", language.toLowerCase())) {
    missing("a page without its language", '<html lang="{{ language }}" dir="{{ direction }}">');
  }
  return problems;
}

interface Element {
  readonly name: string;
  /** Where in the page it begins, from 0. */
  readonly offset: number;
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
            offset: node.sourceCodeLocation?.startOffset ?? 0,
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

/**
 * Where a piece of a page comes from: the line of the client's templates and style that has the most of its beginning, and
 * more than the name of an element that any page has.
 *
 * @param rest the page from there on.
 *
 * @example
 * placeOf('<img src="https://cdn.example.org/x.png" alt="">…', client); // "pages/clients/acme/page.html.liquid:2"
 */
function placeOf(rest: string, client: Client): string | undefined {
  const [beginning = ""] = rest.trimStart().slice(0, 200).split("\n");
  let best = { length: LEAST_ALIKE, place: undefined as string | undefined };
  for (const file of readdirSync(client.folder).filter((name) => /\.liquid$|\.css$/.test(name))) {
    const path = join(client.folder, file);
    for (const [index, line] of readFileSync(path, "utf8").split("\n").entries()) {
      const length = longestBeginning(beginning, line);
      if (length > best.length) best = { length, place: `${pathOf(path)}:${index + 1}` };
    }
  }
  return best.place;
}

const LEAST_ALIKE = 3;

/** How much of the beginning of `text` is in `line`. */
function longestBeginning(text: string, line: string): number {
  let length = 0;
  while (length < text.length && line.includes(text.slice(0, length + 1))) length += 1;
  return length;
}
