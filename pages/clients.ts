import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { deepmerge } from "deepmerge-ts";
import mime from "mime";
import { problemsOf } from "../model/fields";
import { LANGUAGES, readStrings, type Strings } from "../model/languages";
import { messageOf, nearest, PagesError, type Problem } from "../model/problems";
import { contrastProblems, type ThemeSettings, themeOf, themeSchema } from "../model/theme";
import { blockProblems } from "./blocks";
import { CLIENTS_FOLDER, pathOf } from "./paths";

/** A file that a client's page loads. */
export interface Asset {
  /** The name in the page's URLs: the path below the client's `assets/`, with slashes. */
  readonly name: string;
  readonly file: string;
  /** The value of the Content-Type header. */
  readonly contentType: string;
}

/** The differences between an instance's pages and the shared pages. */
export interface Client {
  readonly name: string;
  /** The client's folder. A template in it replaces the shared one of the same name. */
  readonly folder: string;
  readonly theme: ThemeSettings | undefined;
  /** Whether it has its own templates or style, which must be checked. */
  readonly hasMarkup: boolean;
  /** Additional style, after the shared style sheet. */
  readonly style: string;
  /** The logo as a `data:` URL, so that a page shows it from any server. */
  readonly logo: string | undefined;
  /** Strings that replace the shared ones, by language. */
  readonly strings: ReadonlyMap<string, Partial<Strings>>;
  readonly assets: readonly Asset[];
}

/** The maximum size of a logo, in bytes. As text in the page it is a third larger, and a whole page has 14 KB. */
export const LONGEST_LOGO = 4096;

const LOGOS = ["logo.svg", "logo.png", "logo.webp"] as const;

/** The files and folders that are allowed in a client's folder. */
const PARTS = [...LOGOS, "theme.json", "style.css", "page.html.liquid", "languages", "assets"] as const;

/** A name that needs no escaping in a URL and can't lead out of the folder. */
const ASSET = /^[a-z0-9][a-z0-9._-]*(?:\/[a-z0-9][a-z0-9._-]*){0,3}$/;

/** The names of the instances with a folder. */
export function clientNames(folder = CLIENTS_FOLDER): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).filter((name) => !name.startsWith(".") && statSync(join(folder, name)).isDirectory());
}

/**
 * The clients among a stack's instances, by name.
 *
 * @param theme the stack's design tokens. A client's tokens replace them.
 * @throws {PagesError} with all problems of their folders.
 */
export function readClients(
  instances: readonly { readonly name: string }[],
  theme?: ThemeSettings,
  folder = CLIENTS_FOLDER,
): ReadonlyMap<string, Client> {
  const read = instances.map(({ name }) => readClient(name, theme, folder));
  const problems = read.flatMap((one) => one.problems);
  if (problems.length > 0) throw new PagesError(problems);
  return new Map(read.flatMap(({ client }) => (client === undefined ? [] : [[client.name, client]])));
}

/**
 * Reads a client's folder and reports all its problems. `client` is `undefined` when the instance has no folder.
 *
 * @example
 * readClient("acme").client?.theme?.accent; // "#8a1f4d"
 */
export function readClient(
  name: string,
  stackTheme?: ThemeSettings,
  clients = CLIENTS_FOLDER,
): { readonly client: Client | undefined; readonly problems: readonly Problem[] } {
  const folder = join(clients, name);
  if (!existsSync(folder)) return { client: undefined, problems: [] };
  const at = (...path: readonly string[]) => pathOf(join(folder, ...path));
  const problems: Problem[] = [];
  for (const part of readdirSync(folder)) {
    if (part.startsWith(".") || PARTS.some((known) => known === part) || TEMPLATES.test(part)) continue;
    problems.push({ path: at(part), found: part, allowed: PARTS.join(", "), nearest: nearest(part, PARTS) });
  }
  const templates = readdirSync(folder).filter((part) => TEMPLATES.test(part));
  problems.push(...templates.flatMap((file) => blockProblems(join(folder, file))));
  const text = (file: string) => (existsSync(join(folder, file)) ? readFileSync(join(folder, file), "utf8") : "");
  const theme = readTheme(text("theme.json"), at("theme.json"), stackTheme, problems);
  const client: Client = {
    name,
    folder,
    theme,
    hasMarkup: templates.length > 0 || existsSync(join(folder, "style.css")),
    style: text("style.css"),
    logo: readLogo(folder, problems),
    strings: readClientStrings(folder, problems),
    assets: readAssets(folder, problems),
  };
  return { client, problems };
}

const TEMPLATES = /^[a-z0-9_-]+\.html\.liquid$/;

function readTheme(
  text: string,
  path: string,
  stackTheme: ThemeSettings | undefined,
  problems: Problem[],
): ThemeSettings | undefined {
  if (text === "") return undefined;
  const values = readJson(text, path, problems);
  const parsed = themeSchema.safeParse(values);
  for (const issue of values === undefined ? [] : (parsed.error?.issues ?? [])) {
    problems.push(...problemsOf(issue, values).map((problem) => ({ ...problem, path: `${path}: ${problem.path}` })));
  }
  if (parsed.data !== undefined) {
    problems.push(...contrastProblems(themeOf(stackTheme, parsed.data), parsed.data, `${path}: theme`));
  }
  return parsed.data;
}

function readLogo(folder: string, problems: Problem[]): string | undefined {
  const [logo, another] = LOGOS.filter((name) => existsSync(join(folder, name)));
  if (logo === undefined) return undefined;
  const path = join(folder, logo);
  if (another !== undefined)
    problems.push({ path: pathOf(path), found: `${logo} and ${another}`, allowed: "one logo" });
  const bytes = readFileSync(path);
  if (bytes.length > LONGEST_LOGO) {
    problems.push({
      path: pathOf(path),
      found: `${bytes.length} bytes`,
      allowed: `a logo of ${LONGEST_LOGO} bytes at most; a larger picture can be in assets/`,
    });
  }
  return `data:${mime.getType(logo)};base64,${bytes.toString("base64")}`;
}

function readClientStrings(folder: string, problems: Problem[]): ReadonlyMap<string, Partial<Strings>> {
  const languages = join(folder, "languages");
  const strings = new Map<string, Partial<Strings>>();
  for (const file of existsSync(languages) ? readdirSync(languages) : []) {
    const path = join(languages, file);
    const language = file.replace(/\.json$/, "");
    if (!LANGUAGES.includes(language)) {
      const allowed = `a language of the pages: ${LANGUAGES.map((tag) => `${tag}.json`).join(", ")}`;
      problems.push({ path: pathOf(path), found: file, allowed, nearest: `${nearest(language, LANGUAGES)}.json` });
      continue;
    }
    const own = readJson(readFileSync(path, "utf8"), pathOf(path), problems);
    if (own === undefined) continue;
    const wrong = stringProblems(own, readStrings(language), pathOf(path), []);
    problems.push(...wrong);
    if (wrong.length === 0) strings.set(language, own as Partial<Strings>);
  }
  return strings;
}

/** The parts of `own` that do not match the shared strings: an object must replace an object, a text a text. */
function stringProblems(own: unknown, shared: unknown, file: string, above: readonly string[]): readonly Problem[] {
  const path = above.length === 0 ? file : `${file}: ${above.join(".")}`;
  if (typeof shared === "string") {
    return typeof own === "string" && own.trim() !== "" ? [] : [{ path, found: own, allowed: "a text" }];
  }
  if (typeof shared !== "object" || shared === null) return [];
  if (typeof own !== "object" || own === null || Array.isArray(own)) {
    return [{ path, found: own, allowed: `an object with any of ${Object.keys(shared).join(", ")}` }];
  }
  return Object.entries(own).flatMap(([key, value]) => {
    const known = Object.keys(shared).filter((name) => name !== "direction");
    if (known.includes(key)) return stringProblems(value, Reflect.get(shared, key), file, [...above, key]);
    const at = `${file}: ${[...above, key].join(".")}`;
    return [{ path: at, found: value, allowed: `the strings ${known.join(", ")}`, nearest: nearest(key, known) }];
  });
}

function readAssets(folder: string, problems: Problem[]): readonly Asset[] {
  const assets = join(folder, "assets");
  if (!existsSync(assets)) return [];
  return readdirSync(assets, { recursive: true, withFileTypes: true }).flatMap((entry) => {
    const file = join(entry.parentPath, entry.name);
    const name = relative(assets, file).replaceAll("\\", "/");
    if (!entry.isFile() || entry.name.startsWith(".")) return [];
    const contentType = mime.getType(name);
    if (!ASSET.test(name)) {
      const allowed =
        "a file name of lower-case letters, digits, dots, hyphens and underscores, in three folders at most";
      problems.push({ path: pathOf(file), found: name, allowed });
    }
    if (contentType === null) {
      problems.push({ path: pathOf(file), found: name, allowed: "a file name with the ending of a known type" });
      return [];
    }
    return [
      { name, file, contentType: contentType.startsWith("text/") ? `${contentType}; charset=utf-8` : contentType },
    ];
  });
}

function readJson(text: string, path: string, problems: Problem[]): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    problems.push({ path, found: messageOf(error), allowed: "JSON" });
    return undefined;
  }
}

/** The strings of a language, with the client's strings in place of the shared ones. */
export function stringsOf(language: string, client?: Client): Strings {
  const own = client?.strings.get(language);
  return own === undefined ? readStrings(language) : (deepmerge(readStrings(language), own) as Strings);
}
