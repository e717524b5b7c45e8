/** The types that the maps know; whatever else is in the header is passed over. */
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
 * One pattern for each decimal of q, the highest first: the first that matches tells which of the known things, types or
 * languages, a header likes best.
 *
 * @param more what may follow a known thing without being part of it.
 */
function tiers(known: string, more = ""): string {
  const qualities = [
    String.raw`(?:;\s*q\s*=\s*1(?:\.0*)?\s*)?`,
    ...[9, 8, 7, 6, 5, 4, 3, 2, 1].map((decimal) => String.raw`;\s*q\s*=\s*0?\.${decimal}\d*\s*`),
    String.raw`;\s*q\s*=\s*0?\.0\d*[1-9]\d*\s*`,
  ];
  const parameter = String.raw`(?:;\s*(?!q\s*=)[^,;]*)*`;
  return qualities
    .map((quality) => `    "~*(?:^|,)\\s*(?<best>${known})${more}\\s*${parameter}${quality}${parameter}(?:,|$)" $best;`)
    .join("\n");
}

/**
 * Which format a request gets, as nginx maps. The rule, in the order in which it is applied:
 *
 * 1. `Sec-Fetch-Dest` of an image, a script, a style sheet and the like: an empty body. Nothing of ours fits there.
 * 2. The type in `Accept` with the highest q-value; of equals the first. nginx can't compare numbers, so q-values count
 *    to one decimal: 0.95 is as good as 0.9.
 * 3. Without a preference (`*\/*`, or no `Accept`): HTML for what a browser navigates to, JSON for the rest. An API client
 *    never gets HTML that it did not ask for.
 *
 * Source of the headers: RFC 9110 section 12.5.1 (Accept), https://www.w3.org/TR/fetch-metadata/ (Sec-Fetch-Dest).
 */
export const FORMAT_MAPS = `  map $http_accept $accepted_type {
    default "*/*";
${tiers(TYPES)}
  }
  map $accepted_type $wanted {
    default any;
    "~*^(?:text/html|application/xhtml\\+xml|text/\\*)$" html;
    "~*json$" json;
    "~*^application/\\*$" json;
    "~*xml$" xml;
    "~*^text/plain$" txt;
    "~*^(?:image|font|audio|video)/" none;
    "~*(?:css|javascript|ecmascript)$" none;
  }
  map "$http_sec_fetch_dest $wanted" $format {
    default json;
    "~^(?:audio|audioworklet|font|image|manifest|object|embed|paintworklet|report|script|serviceworker|sharedworker|style|track|video|worker|xslt) " none;
    "~^(?:document|frame|iframe) any$" html;
    "~ html$" html;
    "~ xml$" xml;
    "~ txt$" txt;
    "~ none$" none;
  }`;

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
 * Which language a request gets, as nginx maps. The rule: of the languages that there are, the one in `Accept-Language`
 * with the highest q-value, and of equals the first; q-values count to one decimal. A region that we have no pages for is
 * passed over (`de-CH` gets `de`: the lookup of RFC 4647 section 3.4). Whoever asks for none of them, or for any (`*`),
 * gets the first of `languages`.
 *
 * @param languages BCP 47 tags, the one for everybody else first.
 */
export function languageMaps(languages: readonly string[]): string {
  const names = languages.flatMap((tag) =>
    [tag, ...(ALIASES[tag] ?? [])].map((name) => ({ name: name.toLowerCase(), tag })),
  );
  // The longer name first, or `zh` would take what is meant for `zh-tw`.
  const byLength = [...names].sort((one, other) => other.name.length - one.name.length);
  const known = `${byLength.map(({ name }) => name).join("|")}|\\*`;
  // Plain words, which nginx finds by one look into a table; it never minds their case.
  const files = names.map(({ name, tag }) => `    ${name} ${tag};`).join("\n");
  return `  map $http_accept_language $accepted_language {
    default "*";
${tiers(known, "(?:-[a-z0-9]+)*")}
  }
  map $accepted_language $spoken {
    default ${languages[0]};
${files}
  }
  map $format $content_language {
    default $spoken;
    none "";
  }`;
}

/**
 * Cross-origin requests: a browser application of the instance on another host (a micro-frontend) has to see the status
 * and the problem document, and not a network error. The page says nothing that depends on who asks, so any origin may
 * read it, with or without credentials (https://fetch.spec.whatwg.org/#http-cors-protocol).
 */
export const CORS_MAPS = `  map $http_origin $cors_origin {
    default "";
    "~*^https?://[a-z0-9.-]+(?::[0-9]+)?$" $http_origin;
  }
  map $cors_origin $cors_credentials {
    default "true";
    "" "";
  }
  map $cors_origin $cors_exposed {
    default "Retry-After, X-Maintenance-Page";
    "" "";
  }
  # A preflight has to succeed, or the browser never sends the request whose answer it could show.
  map "$request_method $http_access_control_request_method $cors_origin" $preflight {
    default "";
    "~^OPTIONS [A-Z]+ \\S" 1;
  }
  map $preflight $cors_methods {
    default "";
    1 $http_access_control_request_method;
  }
  map "$preflight $http_access_control_request_headers" $cors_headers {
    default "";
    "~*^1 (?<asked>[a-z0-9, -]+)$" $asked;
  }`;

/** The headers that go with `CORS_MAPS`; nginx leaves out those without a value. */
export const CORS_HEADERS = {
  "Access-Control-Allow-Origin": "$cors_origin",
  "Access-Control-Allow-Credentials": "$cors_credentials",
  "Access-Control-Expose-Headers": "$cors_exposed",
  "Access-Control-Allow-Methods": "$cors_methods",
  "Access-Control-Allow-Headers": "$cors_headers",
} as const;
