import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { IMPLEMENTATIONS } from "./implementations";
import { EVERY_PATH, everyPath, type Match, type Order, overrideMatches, type ValueMatch } from "./matches";

const CHALLENGES = "/.well-known/acme-challenge/";
const CHALLENGE = `${CHALLENGES}token-_9`;

function isChallenge(path: string): boolean {
  const token = path.slice(CHALLENGES.length);
  return path.startsWith(CHALLENGES) && token !== "" && [...token].every((char) => /[-_0-9A-Za-z]/.test(char));
}

const match = (type: Match["path"]["type"], value: string, more: Partial<Match> = {}): Match => ({
  path: { type, value },
  headers: [],
  queryParams: [],
  ...more,
});
const exact = (value: string, more: Partial<Match> = {}) => match("Exact", value, more);
const prefix = (value: string, more: Partial<Match> = {}) => match("PathPrefix", value, more);
const regex = (value: string, more: Partial<Match> = {}) => match("RegularExpression", value, more);
const isExactly = (name: string, value: string): ValueMatch => ({ type: "Exact", name, value });
const isLike = (name: string, value: string): ValueMatch => ({ type: "RegularExpression", name, value });
const HOST = isLike("host", ".+");

const { order: ofEnvoyGateway } = IMPLEMENTATIONS["envoy-gateway"];
const { order: ofCilium } = IMPLEMENTATIONS.cilium;
const { order: ofKgateway } = IMPLEMENTATIONS.kgateway;
const { order: ofIstio } = IMPLEMENTATIONS.istio;
const { order: ofNginx } = IMPLEMENTATIONS["nginx-gateway-fabric"];

describe("the expression for every path", () => {
  const whole = (one: Match) => new RegExp(`^(?:${one.path.value})$`);
  const small = everyPath({ areExpressionsLimited: true });

  it.each([
    "/",
    "/x",
    "//",
    "/a\nb",
    "/\u2028",
    "/é",
    `/${"x".repeat(5000)}`,
    "/.well-known",
    "/.well-known/acme-challenge",
    CHALLENGES,
    `${CHALLENGES}a/b`,
    `${CHALLENGES}a%2f`,
    `${CHALLENGES}a\n`,
    `${CHALLENGES}${"a".repeat(5000)}.`,
    `/x${CHALLENGE}`,
    `/${CHALLENGE}`,
    CHALLENGE.toUpperCase(),
  ])("matches %j", (path) => {
    expect(whole(EVERY_PATH).test(path)).toBe(true);
    expect(whole(small).test(path)).toBe(true);
  });

  it.each([CHALLENGE, `${CHALLENGES}a`, `${CHALLENGES}-`, `${CHALLENGES}${"a".repeat(5000)}`])(
    "leaves %j to the solver, where the implementation allows it",
    (path) => {
      expect(whole(EVERY_PATH).test(path)).toBe(false);
      expect(whole(small).test(path)).toBe(true);
    },
  );

  it("matches every path except those of challenges", () => {
    const path = fc
      .tuple(
        fc.nat(CHALLENGE.length),
        fc.string({ unit: fc.constantFrom(..."/.-_%welknoacmhgt9Z\n \u0000é"), maxLength: 9 }),
        fc.nat(4),
      )
      .map(([start, text, lost]) => `/${CHALLENGE.slice(1, start)}${text}${CHALLENGE.slice(start + lost)}`);
    fc.assert(
      fc.property(path, (one) => {
        expect(whole(EVERY_PATH).test(one)).toBe(!isChallenge(one));
      }),
      { numRuns: 5_000 },
    );
  });

  it.each([EVERY_PATH, small])("is as long as allowed, and accepted by NGINX Gateway Fabric", ({ path }) => {
    expect(path.value).toHaveLength(1024);
    expect(path.value).toMatch(/^\/[^\s{};]*$/);
  });
});

describe("the matches of an override", () => {
  it("are one, if no other match comes first", () => {
    const others = [prefix("/"), prefix("/x", { method: "GET", headers: [isExactly("v", "1")] }), regex("/.*")];
    expect(overrideMatches(others, ofEnvoyGateway)).toStrictEqual({ matches: [EVERY_PATH], uncopied: [] });
  });

  it("copy exact paths with their conditions, each once, but not challenges", () => {
    const conditions = { method: "POST", headers: [isExactly("v", "1")], queryParams: [isLike("q", ".*")] };
    const others = [exact("/x"), exact(CHALLENGE), exact("/y", conditions), exact("/x"), exact(CHALLENGES)];
    expect(overrideMatches(others, ofEnvoyGateway)).toStrictEqual({
      matches: [
        exact("/x", { headers: [HOST] }),
        exact("/y", { ...conditions, headers: [isExactly("v", "1"), HOST] }),
        exact(CHALLENGES, { headers: [HOST] }),
        EVERY_PATH,
      ],
      uncopied: [],
    });
  });

  it("use a header that the other match does not use", () => {
    const headers = [isExactly("Host", "acme.example.org"), isExactly("X-Forwarded-Proto", "https")];
    expect(
      overrideMatches([exact("/x", { headers: headers.slice(0, 1) }), exact("/x", { headers })], ofEnvoyGateway)
        .matches,
    ).toStrictEqual([
      exact("/x", { headers: [...headers.slice(0, 1), isLike("x-forwarded-proto", ".+")] }),
      exact("/x", { headers: [...headers, isLike("x-request-id", ".+")] }),
      EVERY_PATH,
    ]);
  });

  it("leave out what has no room for one header more", () => {
    const sixteen = exact("/x", { headers: Array.from({ length: 16 }, (_, index) => isExactly(`h${index}`, "1")) });
    const three = exact("/x", { headers: ofEnvoyGateway.headers.map((name) => isLike(name, ".*")) });
    expect(overrideMatches([sixteen, three, sixteen], ofEnvoyGateway)).toStrictEqual({
      matches: [EVERY_PATH],
      uncopied: [sixteen, three],
    });
  });

  it.each([
    ["shorter", "x".repeat(1023), false],
    ["as long", "x".repeat(1024), true],
    ["longer in bytes", "é".repeat(512), true],
  ])("copy expressions that may come first: %s", (_, value, isCopied) => {
    const copies = isCopied ? [regex(value, { headers: [HOST] })] : [];
    expect(overrideMatches([regex(value)], ofEnvoyGateway).matches).toStrictEqual([...copies, EVERY_PATH]);
  });

  it("copy all expressions, where their length does not count", () => {
    expect(overrideMatches([regex("/.*"), prefix("/x")], ofKgateway).matches).toStrictEqual([
      regex("/.*", { headers: [HOST] }),
      everyPath(ofKgateway),
    ]);
  });

  it("copy prefixes, where those come before expressions", () => {
    expect(overrideMatches([regex("/.*"), prefix("/x")], ofIstio).matches).toStrictEqual([
      prefix("/x", { headers: [HOST] }),
      EVERY_PATH,
    ]);
  });

  it("have every path for which nginx has a location", () => {
    const others = [prefix("/x"), prefix("/y/"), exact("/z", { method: "GET" }), prefix(CHALLENGE)];
    expect(overrideMatches(others, ofNginx).matches).toStrictEqual([
      exact("/z", { method: "GET", headers: [HOST] }),
      exact("/z"),
      exact("/x"),
      exact("/"),
      EVERY_PATH,
    ]);
  });
});

// The oracle. It knows only the specification and the sources of the implementations, and nothing of the code that is tested.

interface Route {
  /** Greater is older. */
  readonly age: number;
  /** With its namespace. */
  readonly name: string;
  readonly matches: readonly Match[];
}

interface Request {
  readonly path: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
}

/** A match of a route, and its place in the route. */
interface Entry {
  readonly route: Route;
  readonly match: Match;
  readonly index: number;
}

type Chooser = (request: Request, routes: readonly Route[]) => Entry | undefined;

/** Whether an expression matches a whole text, or its beginning. */
const isWhole = memoized((expression) => new RegExp(`^(?:${expression})$`));
const isBeginning = memoized((expression) => new RegExp(`^${expression}`));
function memoized(compile: (expression: string) => RegExp): (expression: string, text: string) => boolean {
  const known = new Map<string, RegExp>();
  return (expression, text) => {
    const compiled = known.get(expression) ?? compile(expression);
    known.set(expression, compiled);
    return compiled.test(text);
  };
}

const has = (values: Readonly<Record<string, string>>, { type, name, value }: ValueMatch) => {
  const actual = values[name];
  return actual !== undefined && (type === "Exact" ? actual === value : isWhole(value, actual));
};

const meetsConditions = ({ method, headers, query }: Request, match: Match) =>
  (match.method === undefined || match.method === method) &&
  match.headers.every((one) => has(headers, { ...one, name: one.name.toLowerCase() })) &&
  match.queryParams.every((one) => has(query, one));

function hasPath({ type, value }: Match["path"], path: string): boolean {
  switch (type) {
    case "Exact":
      return path === value;
    case "PathPrefix":
      return `${path}/`.startsWith(value.endsWith("/") ? value : `${value}/`);
    case "RegularExpression":
      return isWhole(value, path);
  }
}

const entriesOf = (routes: readonly Route[]): readonly Entry[] =>
  routes.flatMap((route) => route.matches.map((one, index) => ({ route, match: one, index })));

/** The entry with the greatest numbers, the first number first; then the oldest, then by name, then the first in its route. */
function firstOf(entries: readonly Entry[], rank: (match: Match) => readonly number[]): Entry | undefined {
  return entries.reduce<Entry | undefined>((best, entry) => {
    if (best === undefined) return entry;
    const ours = [...rank(entry.match), entry.route.age];
    const theirs = [...rank(best.match), best.route.age];
    const at = ours.findIndex((number, index) => number !== theirs[index]);
    if (at >= 0) return (ours[at] ?? 0) > (theirs[at] ?? 0) ? entry : best;
    if (entry.route.name !== best.route.name) return entry.route.name < best.route.name ? entry : best;
    return entry.index < best.index ? entry : best;
  }, undefined);
}

const exacts = (values: readonly ValueMatch[]) => values.filter(({ type }) => type === "Exact").length;
const ofSpecification = ({ method, headers, queryParams }: Match) => [
  method === undefined ? 0 : 1,
  headers.length,
  queryParams.length,
];
/** The method is one of the headers, and of as many conditions, those with more exact ones come first. */
const withMethodAsHeader = ({ method, headers, queryParams }: Match) => {
  const ofMethod = method === undefined ? 0 : 1;
  return [headers.length + ofMethod, exacts(headers) + ofMethod, queryParams.length, exacts(queryParams)];
};

function sorted(
  types: readonly Match["path"]["type"][],
  isByLength: boolean,
  conditions: (match: Match) => readonly number[],
): Chooser {
  return (request, routes) =>
    firstOf(
      entriesOf(routes).filter(
        (entry) => hasPath(entry.match.path, request.path) && meetsConditions(request, entry.match),
      ),
      (one) => [
        -types.indexOf(one.path.type),
        one.path.type === "RegularExpression" && !isByLength ? 0 : Buffer.byteLength(one.path.value),
        ...conditions(one),
      ],
    );
}

/** First the location, then the conditions (https://nginx.org/en/docs/http/ngx_http_core_module.html#location). */
const byLocation: Chooser = (request, routes) => {
  const { path } = request;
  const entries = entriesOf(routes);
  const oneOf = (type: Match["path"]["type"]) => entries.filter(({ match: one }) => one.path.type === type);
  const at = (list: readonly Entry[], value: string) => list.filter(({ match: one }) => one.path.value === value);
  const prefixes = oneOf("PathPrefix");
  const paths = [...new Set(prefixes.map(({ match: one }) => one.path.value))];

  const own = at(oneOf("Exact"), path);
  const sameAsPrefix = path.endsWith("/") ? [] : at(prefixes, path);
  const [expression] = oneOf("RegularExpression")
    .map(({ match: one }) => one.path.value)
    .filter((value) => isBeginning(value, path))
    .sort((one, other) => Buffer.byteLength(other) - Buffer.byteLength(one) || (one < other ? -1 : 1));
  const [longest] = paths
    .filter((value) => path.startsWith(value.endsWith("/") ? value : `${value}/`))
    .sort((one, other) => other.length - one.length);

  const location = () => {
    if (own.length > 0) return own;
    if (sameAsPrefix.length > 0) return sameAsPrefix;
    if (path === "/" && !paths.includes("/")) return [];
    if (expression !== undefined) return at(oneOf("RegularExpression"), expression);
    return longest === undefined ? [] : at(prefixes, longest);
  };
  return firstOf(
    location().filter((entry) => meetsConditions(request, entry.match)),
    ofSpecification,
  );
};

const EXPRESSIONS_FIRST = ["Exact", "RegularExpression", "PathPrefix"] as const;
const asKgateway = sorted(EXPRESSIONS_FIRST, false, ofSpecification);
const asIstio = sorted(["Exact", "PathPrefix", "RegularExpression"], true, ofSpecification);
const CHOOSERS: readonly (readonly [string, Order, Chooser])[] = [
  ["envoy-gateway", ofEnvoyGateway, sorted(EXPRESSIONS_FIRST, true, withMethodAsHeader)],
  [
    "envoy-gateway, with the method before the headers",
    ofEnvoyGateway,
    sorted(EXPRESSIONS_FIRST, true, ofSpecification),
  ],
  ["cilium", ofCilium, sorted(EXPRESSIONS_FIRST, true, ofSpecification)],
  ["kgateway", ofKgateway, asKgateway],
  ["istio", ofIstio, asIstio],
  ["nginx-gateway-fabric", ofNginx, byLocation],
];

// The routes and requests. Few values, so that requests meet many conditions at once.

const long = (length: number) => `/[\\s\\S${"w".repeat(length - 9)}]*`;
const path = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .constantFrom("/", "/x", "/x/", "/x/y", "/.well-known", CHALLENGES, CHALLENGE)
      .map((value) => exact(value)),
  },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom("/", "/x", "/x/", "/x/y", "/.well-known", CHALLENGES, CHALLENGE)
      .map((value) => prefix(value)),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom("/.*", "/x.*", "/[^x]*", long(1022), long(1023), long(1024), `/(?:${"é".repeat(600)}|.*)`)
      .map((value) => regex(value)),
  },
);
const FULL = Array.from({ length: 16 }, (_, index) => isExactly(`h${index}`, "1"));
const header = fc.constantFrom(
  isExactly("v", "1"),
  isLike("V", "[12]"),
  isExactly("Host", "acme.example.org"),
  isLike("host", "acme.*"),
  isExactly("x-forwarded-proto", "https"),
  isLike("X-Request-ID", ".*"),
);
const headers = fc.oneof(
  { weight: 20, arbitrary: fc.uniqueArray(header, { selector: ({ name }) => name.toLowerCase(), maxLength: 4 }) },
  { weight: 1, arbitrary: fc.constant(FULL) },
);
const queryParam = fc.constantFrom(isExactly("q", "1"), isLike("q", "."), isLike("r", ".*"));
const queryParams = fc.uniqueArray(queryParam, { selector: ({ name }) => name, maxLength: 2 });
const method = fc.constantFrom(undefined, undefined, "GET", "POST");
const anyMatch = fc.tuple(path, method, headers, queryParams).map(([one, verb, ...values]) => ({
  ...one,
  ...(verb === undefined ? {} : { method: verb }),
  headers: values[0],
  queryParams: values[1],
}));
const age = fc.nat(3);
const routeSet: fc.Arbitrary<readonly Route[]> = fc.uniqueArray(
  fc.record({
    age,
    name: fc.constantFrom("acme/a", "acme/b", "zoo/z"),
    matches: fc.array(anyMatch, { minLength: 1, maxLength: 3 }),
  }),
  { selector: ({ name }) => name, minLength: 1, maxLength: 3 },
);

interface Choices {
  readonly target: number;
  readonly end: string;
  readonly path: string | undefined;
  readonly method: string;
  readonly isFull: boolean;
  readonly v: string;
  readonly query: Readonly<Record<string, string>>;
}
const choices: fc.Arbitrary<Choices> = fc.record({
  target: fc.nat(),
  end: fc.constantFrom("", "", "/", "/y", "token-_9"),
  path: fc.constantFrom(undefined, undefined, undefined, "/", "/x", "/x/y", "/a\nb", CHALLENGE, `${CHALLENGE}/`),
  method: fc.constantFrom("GET", "POST"),
  isFull: fc.boolean(),
  v: fc.constantFrom("1", "2", "3"),
  query: fc.constantFrom({}, { q: "1" }, { q: "2" }, { q: "1", r: "" }),
});

interface Case {
  readonly routes: readonly Route[];
  readonly ageOfOverride: number;
  readonly requests: readonly Request[];
}

/** A request that meets most of the conditions of one of the matches. */
function requestFor(routes: readonly Route[], choice: Choices): Request {
  const matches = routes.flatMap((route) => route.matches);
  const target = matches[choice.target % matches.length];
  const own = target?.path.type === "RegularExpression" ? "/x" : target?.path.value;
  return {
    path: choice.path ?? `${own ?? "/"}${target?.path.type === "Exact" ? "" : choice.end}`,
    method: target?.method ?? choice.method,
    headers: {
      host: "acme.example.org",
      "x-forwarded-proto": "https",
      "x-request-id": "1f2e",
      v: choice.v,
      ...(choice.isFull ? Object.fromEntries(FULL.map(({ name, value }) => [name, value])) : {}),
    },
    query: choice.query,
  };
}

const cases: fc.Arbitrary<Case> = fc
  .tuple(routeSet, age, fc.array(choices, { minLength: 3, maxLength: 3 }))
  .map(([routes, ageOfOverride, list]) => ({
    routes,
    ageOfOverride,
    requests: list.map((choice) => requestFor(routes, choice)),
  }));

/** What is wrong with an override, or `undefined`. */
function faultOf(
  { routes, ageOfOverride, requests }: Case,
  order: Order,
  choose: Chooser,
  matchesOf: typeof overrideMatches,
): string | undefined {
  const { matches, uncopied } = matchesOf(
    routes.flatMap((route) => route.matches),
    order,
  );
  const override = { age: ageOfOverride, name: "maintenance-pages/maintenance-acme", matches };
  for (const request of requests) {
    const before = isChallenge(request.path) ? choose(request, routes) : undefined;
    const after = choose(request, [...routes, override]);
    // An override takes no challenge from an exact path, and with `EVERY_PATH` none at all.
    const isRight =
      after?.route === override
        ? !isChallenge(request.path) || (before?.match.path.type !== "Exact" && after.match !== EVERY_PATH)
        : isChallenge(request.path)
          ? after?.match === before?.match
          : after !== undefined && uncopied.some((rest) => isDeepStrictEqual(rest, after.match));
    if (!isRight) return JSON.stringify({ request, before: before?.match, after: after?.match });
  }
  return undefined;
}

describe("an override", () => {
  it("comes before all other routes in every implementation, whatever they match", () => {
    fc.assert(
      fc.property(cases, (one) => {
        const faults = CHOOSERS.map(([, order, choose]) => faultOf(one, order, choose, overrideMatches));
        expect(faults).toStrictEqual(CHOOSERS.map(() => undefined));
      }),
      { numRuns: 20_000 },
    );
  });

  // The property is able to fail.
  const isAlwaysFirst = (order: Order, choose: Chooser, matchesOf: typeof overrideMatches) =>
    !fc.check(
      fc.property(cases, (one) => faultOf(one, order, choose, matchesOf) === undefined),
      { numRuns: 2_000, endOnFailure: true },
    ).failed;

  it.each(CHOOSERS)("is not first without its copies: %s", (_, order, choose) => {
    const withoutCopies = () => ({ matches: [everyPath(order)], uncopied: [] });
    expect(isAlwaysFirst(order, choose, withoutCopies)).toBe(false);
  });

  it.each<[string, Order, Chooser]>([
    ["nginx-gateway-fabric, without locations", { ...ofNginx, hasLocations: false }, byLocation],
    ["kgateway, as if longer expressions came first", { ...ofKgateway, isLongerExpressionFirst: true }, asKgateway],
    ["istio, as if prefixes came last", ofEnvoyGateway, asIstio],
  ])("is not first with the copies for another order: %s", (_, order, choose) => {
    expect(isAlwaysFirst(order, choose, overrideMatches)).toBe(false);
  });
});
