/** The media types that the maps use. Others in the header are ignored. */
const TYPES = [
  "text/html",
  "text/plain",
  "text/xml",
  "text/css",
  String.raw`text/\*`,
  "(?:text|application)/(?:x-)?(?:java|ecma)script",
  String.raw`application/(?:[a-z0-9.-]+\+)?json`,
  String.raw`application/(?:[a-z0-9.-]+\+)?xml`,
  String.raw`application/\*`,
  "(?:image|font|audio|video)/[a-z0-9.+*-]+",
  String.raw`\*/\*`,
].join("|");

/**
 * One pattern for each decimal of q, the highest first. The first pattern that matches contains the known type or language that the
 * header prefers.
 *
 * @param more a pattern for text that may follow a known name and is ignored.
 */
function patternsOf(known: string, more = ""): readonly string[] {
  const qualities = [
    String.raw`(?:;\s*q\s*=\s*1(?:\.0*)?\s*)?`,
    ...[9, 8, 7, 6, 5, 4, 3, 2, 1].map((decimal) => String.raw`;\s*q\s*=\s*0?\.${decimal}\d*\s*`),
    String.raw`;\s*q\s*=\s*0?\.0\d*[1-9]\d*\s*`,
  ];
  const parameter = String.raw`(?:;\s*(?!q\s*=)[^,;]*)*`;
  return qualities.map(
    (quality) => String.raw`~*(?:^|,)\s*(?<best>${known})${more}\s*${parameter}${quality}${parameter}(?:,|$)`,
  );
}

/**
 * The patterns that select the format of an answer. The rules, in this order (templates/negotiation.conf.liquid):
 *
 * 1. `Sec-Fetch-Dest` of an image, a script, a style sheet and the like: an empty body. No page is useful there.
 * 2. The type in `Accept` with the highest q-value; of equal ones, the first. nginx can't compare numbers, so q-values have one
 *    decimal: 0.95 counts as 0.9.
 * 3. Without a preference (`*\/*`, or no `Accept`): HTML when a browser navigates, JSON for all other requests. A program never gets
 *    HTML that it did not request.
 *
 * Source of the headers: RFC 9110 section 12.5.1 (Accept), https://www.w3.org/TR/fetch-metadata/ (Sec-Fetch-Dest).
 */
export const FORMAT_PATTERNS = patternsOf(TYPES);

/**
 * Other names that browsers use for our languages: the older tags of Norwegian, Hebrew and Indonesian
 * (https://www.iana.org/assignments/language-subtag-registry), and for Chinese the regions that use each script.
 */
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  nb: ["no", "nn"],
  he: ["iw"],
  id: ["in"],
  "zh-Hant": ["zh-tw", "zh-hk", "zh-mo"],
  "zh-Hans": ["zh-cn", "zh-sg", "zh"],
  "pt-BR": ["pt"],
};

/**
 * The patterns that select the language of an answer. The rules:
 *
 * - Of our languages, the one in `Accept-Language` with the highest q-value wins; of equal ones, the first. q-values have one decimal.
 * - A region without pages is ignored: `de-CH` gets `de` (the lookup of RFC 4647 section 3.4).
 * - A request for none of our languages, or for any (`*`), gets the first of `languages`.
 *
 * @param languages BCP 47 tags, the default language first.
 * @returns the patterns, and each name of a language, in lower case, with its tag.
 */
export function languageNegotiation(languages: readonly string[]): {
  readonly patterns: readonly string[];
  readonly names: readonly { readonly name: string; readonly tag: string }[];
} {
  const names = languages.flatMap((tag) =>
    [tag, ...(ALIASES[tag] ?? [])].map((name) => ({ name: name.toLowerCase(), tag })),
  );
  // Longer names come first. Otherwise `zh` would match a request for `zh-tw`.
  const byLength = [...names].sort((one, other) => other.name.length - one.name.length);
  const known = `${byLength.map(({ name }) => name).join("|")}|\\*`;
  return { patterns: patternsOf(known, "(?:-[a-z0-9]+)*"), names };
}

/**
 * The headers for cross-origin requests. nginx does not send headers without a value. A browser application of the instance on
 * another host (a micro-frontend) must see the status and the problem document, not a network error. The page does not depend on the
 * visitor, so any origin may read it, with or without credentials (https://fetch.spec.whatwg.org/#http-cors-protocol).
 */
export const CORS_HEADERS = {
  "Access-Control-Allow-Origin": "$cors_origin",
  "Access-Control-Allow-Credentials": "$cors_credentials",
  "Access-Control-Expose-Headers": "$cors_exposed",
  "Access-Control-Allow-Methods": "$cors_methods",
  "Access-Control-Allow-Headers": "$cors_headers",
} as const;
