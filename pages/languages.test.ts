import { describe, expect, it } from "vitest";
import { LANGUAGES, localeOf, readStrings } from "../model/languages";
import type { MaintenanceEntry } from "../model/maintenance";
import { type PageSettings, renderInstancePages, renderSharedPages } from "./render";

/** Every string with its path, such as `window.label`. */
function flat(strings: object, above: readonly string[] = []): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(strings).flatMap(([key, value]): (readonly [string, string])[] =>
      typeof value === "object" ? [...flat(value, [...above, key])] : [[[...above, key].join("."), String(value)]],
    ),
  );
}

const english = flat(readStrings("en"));
const RIGHT_TO_LEFT = ["ar", "fa", "he", "ur"];

it("there are at least twenty languages, some of them right-to-left", () => {
  expect(LANGUAGES.length).toBeGreaterThanOrEqual(20);
  expect(LANGUAGES[0]).toBe("en");
  expect(LANGUAGES).toEqual(expect.arrayContaining(RIGHT_TO_LEFT));
});

describe.each(LANGUAGES)("%s", (language) => {
  const strings = flat(readStrings(language));

  it("is a canonical BCP 47 tag, with its own date format", () => {
    expect(Intl.getCanonicalLocales(language)).toStrictEqual([language]);
    expect(Intl.DateTimeFormat.supportedLocalesOf(localeOf(language))).toHaveLength(1);
  });

  it("has exactly the strings of the English file", () => {
    expect([...strings.keys()].sort()).toStrictEqual([...english.keys()].sort());
  });

  it("has no empty string, no stray space, and its direction", () => {
    for (const text of strings.values()) expect(text).toBe(text.replace(/\s+/g, " ").trim());
    for (const text of strings.values()) expect(text).not.toBe("");
    expect(strings.get("direction")).toBe(RIGHT_TO_LEFT.includes(language) ? "rtl" : "ltr");
  });

  it("is translated", () => {
    if (language === "en") return;
    // A short label may be the same word (French "Contact"); a sentence can't be.
    const same = [...strings].filter(
      ([key, text]) => /heading|body|retry|overdue/.test(key) && text === english.get(key),
    );
    expect(same).toStrictEqual([]);
  });

  it("uses its own script", () => {
    const script = SCRIPTS[language] ?? /\p{Script=Latin}/u;
    for (const [key, text] of strings) if (key !== "direction") expect(text).toMatch(script);
  });

  it("has no unused string", () => {
    const settings: PageSettings = {
      timeZone: "UTC",
      links: { status: "https://status.example.org", contact: "help@example.org" },
      languages: [language],
      clients: new Map(),
    };
    const entry: MaintenanceEntry = {
      instance: { name: "acme", hosts: ["acme.example.org"] },
      kind: "scheduled",
      from: new Date(0),
      until: new Date(60_000),
      message: { [language]: "Hello" },
      endsAutomatically: false,
      bypass: false,
      state: "overdue",
    };
    const ofInstance = (["scheduled", "unscheduled"] as const).flatMap(
      (kind) => renderInstancePages({ ...entry, kind }, settings)?.pages ?? [],
    );
    const all = [...renderSharedPages(settings).pages, ...ofInstance]
      .filter((page) => page.format === "html")
      .map((page) => page.body.replaceAll("&#39;", "'"))
      .join("\n");
    const unused = [...strings].filter(([, text]) => !all.includes(text)).map(([key]) => key);
    expect(unused).toStrictEqual([]);
  });
});

const SCRIPTS: Readonly<Record<string, RegExp>> = {
  ar: /\p{Script=Arabic}/u,
  el: /\p{Script=Greek}/u,
  fa: /\p{Script=Arabic}/u,
  he: /\p{Script=Hebrew}/u,
  hi: /\p{Script=Devanagari}/u,
  ja: /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u,
  ko: /\p{Script=Hangul}/u,
  ru: /\p{Script=Cyrillic}/u,
  uk: /\p{Script=Cyrillic}/u,
  ur: /\p{Script=Arabic}/u,
  "zh-Hans": /\p{Script=Han}/u,
  "zh-Hant": /\p{Script=Han}/u,
};
