/** The types that the maps know; others in the header are passed over. */
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
 * One pattern for each decimal of q, the highest first: the first that matches has the known type or
 * language that a header prefers.
 *
 * @param more what may follow a known thing without being part of it.
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
 * The patterns by which a request gets its format. The rule, in the order in which it is applied (templates/negotiation.conf.liquid):
 *
 * 1. `Sec-Fetch-Dest` of an image, a script, a style sheet and the like: an empty body. Nothing of ours fits there.
 * 2. The type in `Accept` with the highest q-value; of equals the first. nginx can't compare numbers, so q-values count
 *    to one decimal: 0.95 is as good as 0.9.
 * 3. Without a preference (`*\/*`, or no `Accept`): HTML for what a browser navigates to, JSON for the rest. An API client
 *    never gets HTML that it did not request.
 *
 * Source of the headers: RFC 9110 section 12.5.1 (Accept), https://www.w3.org/TR/fetch-metadata/ (Sec-Fetch-Dest).
 */
export const FORMAT_PATTERNS = patternsOf(TYPES);

/**
 * What people's browsers call a language that we have under another name: the older tags of Norwegian, Hebrew and
 * Indonesian (https://www.iana.org/assignments/language-subtag-registry), and Chinese by where it is written so.
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
 * How a request gets its language. The rule: of the languages that there are, the one in `Accept-Language`
 * with the highest q-value, and of equals the first; q-values count to one decimal. A region that we have no pages for is
 * passed over (`de-CH` gets `de`: the lookup of RFC 4647 section 3.4). A request for none of them, or for any (`*`),
 * gets the first of `languages`.
 *
 * @param languages BCP 47 tags, the one for all other requests first.
 * @returns the patterns; and each name of a language, in lower case, with its tag.
 */
export function languageNegotiation(languages: readonly string[]): {
  readonly patterns: readonly string[];
  readonly names: readonly { readonly name: string; readonly tag: string }[];
} {
  const names = languages.flatMap((tag) =>
    [tag, ...(ALIASES[tag] ?? [])].map((name) => ({ name: name.toLowerCase(), tag })),
  );
  // The longer name first, or `zh` would take what is meant for `zh-tw`.
  const byLength = [...names].sort((one, other) => other.name.length - one.name.length);
  const known = `${byLength.map(({ name }) => name).join("|")}|\\*`;
  return { patterns: patternsOf(known, "(?:-[a-z0-9]+)*"), names };
}

/**
 * The headers for cross-origin requests; nginx leaves out those without a value. A browser application of the instance on another host
 * (a micro-frontend) has to see the status and the problem document, and not a network error. The page says nothing that depends on
 * who requests it, so any origin may read it, with or without credentials (https://fetch.spec.whatwg.org/#http-cors-protocol).
 */
export const CORS_HEADERS = {
  "Access-Control-Allow-Origin": "$cors_origin",
  "Access-Control-Allow-Credentials": "$cors_credentials",
  "Access-Control-Expose-Headers": "$cors_exposed",
  "Access-Control-Allow-Methods": "$cors_methods",
  "Access-Control-Allow-Headers": "$cors_headers",
} as const;
