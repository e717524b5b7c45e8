/** The type of an HTTPRoute's path match. */
export type PathType = "Exact" | "PathPrefix" | "RegularExpression";

/** What an HTTPRoute compares with a header, or with a parameter of the query. */
export interface ValueMatch {
  readonly type: "Exact" | "RegularExpression";
  readonly name: string;
  readonly value: string;
}

/** A match of an HTTPRoute, with the API's defaults filled in. */
export interface Match {
  readonly path: { readonly type: PathType; readonly value: string };
  readonly method?: string | undefined;
  readonly headers: readonly ValueMatch[];
  readonly queryParams: readonly ValueMatch[];
}

/**
 * How an implementation of the Gateway API chooses between the matches of all routes of a host. The specification leaves open where
 * regular expressions stand (HTTPRouteRule.matches). After the path, all compare the method, the number of headers, and the number of
 * query parameters. Envoy Gateway counts the method as a header. At last, the oldest route comes first.
 */
export interface Order {
  /** The types of paths, the one that comes first at the beginning. */
  readonly paths: readonly [PathType, PathType, PathType];
  /** Whether the longer one of two regular expressions comes first. Otherwise, only the other conditions and the age count. */
  readonly isLongerExpressionFirst: boolean;
  /**
   * Whether the proxy rejects a large expression, and all routes with it. Envoy's default for `re2.max_program_size.error_level` is 100
   * instructions (source/common/common/regex.cc in envoyproxy/envoy). `EVERY_PATH` has 209, and Envoy 1.40.0 rejects it by default.
   */
  readonly areExpressionsLimited: boolean;
  /**
   * Whether the path alone chooses a location, as in nginx. Only matches with that path are compared further, and if none is met, the answer
   * is 404. A prefix without a slash at its end is an exact location, too. Older versions answer `/` with 404 if no route has that path.
   */
  readonly hasLocations: boolean;
  /** Headers that every request has when the proxy chooses the route. */
  readonly headers: readonly [string, ...string[]];
}

/** The matches of an override. */
export interface OverrideMatches {
  /** Copies of other routes' matches, and the one for every path at the end. They may be too many for one route, which can have 128. */
  readonly matches: readonly Match[];
  /** Matches of others that come before the override and can't be copied. Their requests still reach the instance. */
  readonly uncopied: readonly Match[];
}

/** The most characters of an expression (maxLength of HTTPPathMatch.value). */
const LONGEST = 1024;

/** The most headers of a match (maxItems of HTTPRouteMatch.headers). */
export const MOST_HEADERS = 16;

/** The value of the header that a copy has more than the match of which it is one. */
const ANY_VALUE = ".+";

/** The path for the renewal of certificates, without the token at its end (RFC 8555 section 8.3). */
const CHALLENGES = "/.well-known/acme-challenge/";

/** Unlike `.`, it matches line breaks: NGINX Gateway Fabric matches the decoded path. */
const ANYTHING = "[\\s\\S]*";

/**
 * Matches every path except the one for the renewal of certificates: those requests still reach the instance's solver.
 *
 * - It begins with a slash, and has no space, brace or semicolon. NGINX Gateway Fabric accepts nothing else
 *   (internal/controller/nginx/config/validation/common.go in nginx/nginx-gateway-fabric). It adds `^` itself, and Envoy compares the whole
 *   path anyway.
 * - It is as long as allowed, because in most implementations the longer expression comes first.
 */
export const EVERY_PATH: Match = byPath("RegularExpression", padded(allButTokens(CHALLENGES)));

/**
 * Matches every path, for implementations that reject large expressions: it has 7 instructions. The solver's route still comes first, because
 * cert-manager's has an Exact path (pkg/issuer/acme/http/httproute.go in cert-manager/cert-manager).
 */
const EVERY_PATH_AND_CHALLENGES: Match = byPath(
  "RegularExpression",
  padded((padding) => `/[\\s\\S${padding}]*$`),
);

/** The match of an override for every path: `EVERY_PATH` where the implementation accepts it. */
export function everyPath({ areExpressionsLimited }: Pick<Order, "areExpressionsLimited">): Match {
  return areExpressionsLimited ? EVERY_PATH_AND_CHALLENGES : EVERY_PATH;
}

/**
 * What an override must match to come before all other routes of its hosts.
 *
 * Each match of others that may come before the one for every path is copied: the override gets the same match with one header more,
 * which every request has. It matches the same requests, and comes first. Exact paths for the renewal of certificates are not copied.
 *
 * The copy of a prefix or an expression may match the path for the renewal of certificates. It then takes those requests, too, except
 * those for which the solver has an Exact path.
 *
 * @param others the matches of all other routes of the hosts.
 * @example
 * overrideMatches([{ path: { type: "Exact", value: "/x" }, headers: [], queryParams: [] }], order);
 * // matches: the same with the header `host` matching `.+`, and EVERY_PATH
 */
export function overrideMatches(others: readonly Match[], order: Order): OverrideMatches {
  const rivals = others.filter((match) => mayComeFirst(match, order) && !isChallenge(match.path));
  const copies = rivals.flatMap((match) => copyOf(match, order) ?? []);
  const locations = order.hasLocations ? locationsOf(others, rivals) : [];
  return {
    matches: distinct([...copies, ...locations, everyPath(order)]),
    uncopied: distinct(rivals.filter((match) => copyOf(match, order) === undefined)),
  };
}

/**
 * Whether a match may come before `everyPath`, which has no condition but the path. Implementations compare the bytes of expressions, so one
 * of fewer characters may be longer. If all is equal, the older route comes first.
 */
export function mayComeFirst({ path }: Pick<Match, "path">, { paths, isLongerExpressionFirst }: Order): boolean {
  return path.type === "RegularExpression"
    ? !isLongerExpressionFirst || Buffer.byteLength(path.value) >= LONGEST
    : paths.indexOf(path.type) < paths.indexOf("RegularExpression");
}

function isChallenge({ type, value }: Match["path"]): boolean {
  return type === "Exact" && value.startsWith(CHALLENGES) && /^[-\w]+$/.test(value.slice(CHALLENGES.length));
}

/** @returns `undefined` if the match can't have another header. Names of headers are compared without case, and each counts once. */
function copyOf(match: Match, order: Order): Match | undefined {
  const used = new Set(match.headers.map(({ name }) => name.toLowerCase()));
  const name = order.headers.find((header) => !used.has(header));
  if (name === undefined || match.headers.length >= MOST_HEADERS) return undefined;
  return { ...match, headers: [...match.headers, { type: "RegularExpression", name, value: ANY_VALUE }] };
}

/** Matches for the locations of others that nginx chooses before the one for every path. */
function locationsOf(others: readonly Match[], rivals: readonly Match[]): readonly Match[] {
  const prefixes = others
    .filter(({ path }) => path.type === "PathPrefix" && !path.value.endsWith("/"))
    .map(({ path }) => byPath("Exact", path.value));
  return [
    ...rivals.map(({ path }) => byPath(path.type, path.value)),
    ...prefixes.filter(({ path }) => !isChallenge(path)),
    byPath("Exact", "/"),
  ];
}

function byPath(type: PathType, value: string): Match {
  return { path: { type, value }, headers: [], queryParams: [] };
}

/**
 * An expression for every path except a prefix with one token after it. RE2, which Envoy uses, has no look-ahead
 * (https://github.com/google/re2/wiki/Syntax). So at each character of the prefix, the path ends, or goes on with another character, or
 * with this one and the rest.
 *
 * @returns the expression with more characters in one of its classes.
 */
function allButTokens(prefix: string): (padding: string) => string {
  const [first, ...rest] = prefix;
  return (padding) => {
    const noToken = `(?:[-\\w]*[^-\\w${padding}]${ANYTHING})?`;
    const nested = rest.reduceRight(
      (after, char) => `(?:[^${char}]${ANYTHING}|${char.replace(".", "\\.")}${after})?`,
      noToken,
    );
    return `${first}${nested}$`;
  };
}

/** The longest expression. Repeated characters in a class change nothing, and RE2 needs no instructions for them. */
function padded(expression: (padding: string) => string): string {
  return expression("w".repeat(LONGEST - expression("").length));
}

/** Each match once; of equal ones the first place. */
export function distinct(matches: readonly Match[]): readonly Match[] {
  return [...new Map(matches.map((match) => [keyOf(match), match])).values()];
}

/** A key for what a match compares. */
export function keyOf({ path, method, headers, queryParams }: Match): string {
  const valuesOf = (list: readonly ValueMatch[]) => list.map(({ type, name, value }) => [type, name, value]);
  return JSON.stringify([path.type, path.value, method ?? null, valuesOf(headers), valuesOf(queryParams)]);
}

/** Whether a match is a copy of another one. */
export function isCopy({ headers }: Match): boolean {
  const added = headers.at(-1);
  return added?.type === "RegularExpression" && added.value === ANY_VALUE;
}
