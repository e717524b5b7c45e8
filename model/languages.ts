import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type english from "../pages/languages/en.json";

/** Every string of the pages, as in a file of `pages/languages/`, and the direction of the text. */
export type Strings = typeof english;

/** The folder with one file for each language, named by its BCP 47 tag. */
export const LANGUAGES_FOLDER = join(__dirname, "..", "pages", "languages");

const tags = readdirSync(LANGUAGES_FOLDER)
  .flatMap((file) => /^(.+)\.json$/.exec(file)?.[1] ?? [])
  .sort();

/** The default language, unless the stack sets another one. */
const DEFAULT_LANGUAGE = "en";

/** The languages in which pages exist, as BCP 47 tags; the default language first. */
export const LANGUAGES: readonly string[] = [DEFAULT_LANGUAGE, ...tags.filter((tag) => tag !== DEFAULT_LANGUAGE)];

const strings = new Map<string, Strings>();

/**
 * The strings of a language. Each file is read once, because a run renders hundreds of pages. Tests compare every file with
 * the English one.
 */
export function readStrings(language: string): Strings {
  let found = strings.get(language);
  if (found === undefined) {
    found = JSON.parse(readFileSync(join(LANGUAGES_FOLDER, `${language}.json`), "utf8")) as Strings;
    strings.set(language, found);
  }
  return found;
}

/** The locale for dates and numbers. English uses British formats: those of the United States differ from most other countries'. */
export function localeOf(language: string): string {
  return language === "en" ? "en-GB" : language;
}
