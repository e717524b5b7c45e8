import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { type DefaultTreeAdapterTypes, parse } from "parse5";
import type { Problem } from "../model/problems";
import { checkedOnce } from "./checked";
import type { Client } from "./clients";
import { ASSETS_PATH, type Page } from "./kinds";
import { pathOf } from "./paths";
import { RETRY_SCRIPT } from "./script";

/**
 * The maximum size of a page, in bytes. One TCP round trip carries ten segments of 1,460 bytes (RFC 6928 section 2), and the
 * header needs some of them.
 */
export const LONGEST_PAGE = 14_000;

/** The problem of a page that does not fit into one round trip. */
export function sizeProblems({ format, kind, language, body }: Page, instance = "shared"): readonly Problem[] {
  const bytes = Buffer.byteLength(body);
  if (format !== "html" || bytes <= LONGEST_PAGE) return [];
  const allowed = `${LONGEST_PAGE} bytes, with style, logo and message; the easiest way is a shorter message`;
  return [{ path: `${instance}: the page ${kind} in ${language}`, found: `${bytes} bytes`, allowed }];
}

/**
 * The problems of pages from a client's template, with the line of the template. A problem is usually in the page of every
 * language, but a person needs it once. So only the first language with a problem is reported.
 *
 * @param pages the HTML pages of one kind.
 * @param style the style sheet that the pages' policy allows.
 */
export function templateProblems(pages: readonly Page[], client: Client, style: string): readonly Problem[] {
  const assets = client.assets.map(({ name }) => name);
  return checkedOnce([pages.map(({ body }) => body), style, assets], () => problemsIn(pages, client, style));
}

function problemsIn(pages: readonly Page[], client: Client, style: string): readonly Problem[] {
  const [first, ...others] = pages;
  if (first === undefined) return [];
  const problems = [...validityProblems(first, client), ...markupProblems(first, client, style)];
  // The parser repeats an element that was left open in each block where it would continue.
  if (problems.length > 0) return [...new Map(problems.map((one) => [`${one.path} ${one.found}`, one])).values()];
  return others.reduce<readonly Problem[]>(
    (found, page) => (found.length > 0 ? found : markupProblems(page, client, style)),
    [],
  );
}

/** Violations of the HTML standard, such as elements left open and duplicate ids. A browser would have to guess there. */
function validityProblems({ kind, language, body }: Page, client: Client): readonly Problem[] {
  // Loading it takes a fifth of a second. Stacks without such templates don't need it.
  const { HtmlValidate } = createRequire(__filename)("html-validate") as typeof import("html-validate");
  const validator = new HtmlValidate({
    root: true,
    extends: ["html-validate:standard"],
    // The page uses it only when scripts are off. Then nothing else could load the site again.
    rules: { "meta-refresh": "off" },
  });
  const { results } = validator.validateStringSync(body);
  const messages = results.flatMap((result) => result.messages);
  const placed = messages.map(({ offset, message }) => ({ place: placeOf(body.slice(offset - 1), client), message }));
  // An element that is left open also causes errors in lines of the shared page.
  const own = placed.filter(({ place }) => place !== undefined);
  return (own.length > 0 ? own : placed).map(({ place, message }) => ({
    path: place ?? `${pathOf(client.folder)} (the page ${kind} in ${language})`,
    found: message,
    allowed: "valid HTML",
  }));
}

/**
 * The problems in the markup of a page: references that can't be loaded, scripts and styles that the policy forbids.
 *
 * @param style the style sheet that the page's policy allows.
 */
export function markupProblems({ kind, language, body }: Page, client: Client, style: string): readonly Problem[] {
  const page = `${pathOf(client.folder)} (the page ${kind} in ${language})`;
  const problems: Problem[] = [];
  const elements = elementsOf(parse(body, { sourceCodeLocationInfo: true }));

  for (const { name, offset, attributes, text } of elements) {
    const report = (found: string, allowed: string) =>
      problems.push({ path: placeOf(body.slice(offset), client) ?? page, found, allowed });
    for (const url of requestsOf(name, attributes, text)) {
      const asset = url.startsWith(ASSETS_PATH) ? url.slice(ASSETS_PATH.length) : undefined;
      if (url.startsWith("data:") || client.assets.some(({ name }) => name === asset)) continue;
      const files = client.assets.map(({ name }) => `{{ assets }}${name}`);
      report(url, ["only data: URLs", ...files].join(", "));
    }
    if (name === "script" && text !== RETRY_SCRIPT) report("a script", "<script>{{ script | raw }}</script>");
    if (name === "style" && text !== style) {
      report("a style sheet", "<style>{{ style | raw }}</style>, which contains the client's style.css");
    }
    for (const attribute of Object.keys(attributes)) {
      if (attribute !== "style" && !/^on/.test(attribute)) continue;
      report(`the attribute ${attribute}`, "a class, with its style in style.css: the policy forbids the attribute");
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
  /** The offset of its start in the page, from 0. */
  readonly offset: number;
  readonly attributes: Readonly<Record<string, string>>;
  /** The text directly inside it. */
  readonly text: string;
}

function elementsOf(node: DefaultTreeAdapterTypes.Node): readonly Element[] {
  const children = "childNodes" in node ? node.childNodes : [];
  const within = "content" in node ? [node.content] : children; // <template> has its elements in a separate fragment
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

/** The URLs that a browser requests to show the element. Links are not included: a browser requests them only when clicked. */
function requestsOf(name: string, attributes: Element["attributes"], text: string): readonly string[] {
  const names = ["src", "srcset", "poster", "data", "background", "action", "formaction", "xlink:href"];
  if (name !== "a" && name !== "area") names.push("href");
  const fromStyle = name === "style" ? [...text.matchAll(/(?:url\(\s*["']?|@import\s+["']?)([^"')\s;]*)/gi)] : [];
  return [...names.flatMap((attribute) => attributes[attribute] ?? []), ...fromStyle.map((match) => match[1] ?? "")];
}

/**
 * The source of a part of a page: the line of the client's templates and style that contains most of its start. A match must
 * be longer than the name of an element that any page has.
 *
 * @param rest the page from the start of that part.
 *
 * @example
 * placeOf('<img src="https://cdn.example.org/x.png" alt="">…', client); // "pages/clients/acme/page.html.liquid:2"
 */
function placeOf(rest: string, client: Client): string | undefined {
  const [start = ""] = rest.trimStart().slice(0, 200).split("\n");
  let best = { length: MIN_MATCH, place: undefined as string | undefined };
  for (const file of readdirSync(client.folder).filter((name) => /\.liquid$|\.css$/.test(name))) {
    const path = join(client.folder, file);
    for (const [index, line] of readFileSync(path, "utf8").split("\n").entries()) {
      const length = longestStart(start, line);
      if (length > best.length) best = { length, place: `${pathOf(path)}:${index + 1}` };
    }
  }
  return best.place;
}

const MIN_MATCH = 3;

/** The length of the longest start of `text` that `line` contains. */
function longestStart(text: string, line: string): number {
  let length = 0;
  while (length < text.length && line.includes(text.slice(0, length + 1))) length += 1;
  return length;
}
