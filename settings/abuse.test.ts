import fc from "fast-check";
import { type DefaultTreeAdapterTypes, parse } from "parse5";
import { describe, expect, it } from "vitest";
import { overrideManifest } from "../components/edges/ingress-nginx/manifests";
import { helmValues } from "../components/edges/ingress-nginx/values";
import { nginxConfiguration } from "../components/page-server/model";
import { bypassKey, walkOf } from "../model/bypass";
import { serviceOf } from "../model/instances";
import { isShown } from "../model/maintenance";
import { PagesError, SettingsError } from "../model/problems";
import type { Page } from "../pages/kinds";
import { renderInstancePages, renderSharedPages } from "../pages/render";
import { RETRY_SCRIPT } from "../pages/script";
import { pagesUrl } from "./bucket-address";
import { NAMESPACE, readSettings, type Settings } from "./read";
import { configSchema, isTextSetting } from "./schema";

// With any configuration, a person gets settings that are safe to use or a message that helps. All configurations here are
// generated, most of them hostile. fast-check prints the seed of a failure.

const NOW = new Date("2026-12-01T12:00:00Z");

/** A placeholder in a configuration for text that JSON can't express. */
const raw = (text: string) => `@raw(${Buffer.from(text).toString("base64")})`;

/** The configuration as Pulumi passes it to the program. */
function configuration(values: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      `${NAMESPACE}:${name}`,
      typeof value === "string" && isTextSetting(name)
        ? value
        : JSON.stringify(value).replace(/"@raw\((.*?)\)"/g, (_, text: string) =>
            Buffer.from(text, "base64").toString(),
          ),
    ]),
  );
}

// --- the generated configurations

const characters = fc.oneof(
  fc.constantFrom("\0", "\u0007", "\u001b[2J", "\u007f", "\u0085", "\u2028", "\ufeff", "\ufffe", "\r\n", "\n\n", "\t"),
  fc.constantFrom("\ud800", "\udfff", "\u202e", "\u2066", "\u200d", "\u200b", "İ", "ﬁ", "Å", "👩‍👩‍👧", "\u{10ffff}"),
  fc.constantFrom(
    ";",
    "}",
    "{",
    '"',
    "'",
    "`",
    "$host",
    "$",
    "#",
    "\\",
    "*",
    "?",
    "(",
    ")",
    "[",
    "|",
    "^",
    "..",
    "%00",
  ),
  fc.constantFrom(
    "{{",
    "}}",
    "{%",
    "%}",
    "<!--#",
    "-->",
    "<script>",
    "</style>",
    "<iframe>",
    "]]>",
    "&lt;",
    "' onload=x",
  ),
  fc.constantFrom(
    "a",
    "acme",
    ".",
    "-",
    "example.org",
    "https://",
    "mailto:",
    "javascript:alert(1)",
    "//x.example",
    "{instance}",
  ),
  fc.string({ unit: "binary", maxLength: 4 }),
);

const words = fc.oneof(
  { arbitrary: fc.array(characters, { maxLength: 8 }).map((parts) => parts.join("")), weight: 20 },
  {
    arbitrary: fc.tuple(characters, fc.constantFrom(100, 2001, 30_000)).map(([one, times]) => one.repeat(times)),
    weight: 1,
  },
);

// Other code of this process would call or look up `toString`, `toJSON` and similar names on a value.
const names = fc.oneof(
  fc.constantFrom(
    "__proto__",
    "constructor",
    "prototype",
    "toString",
    "valueOf",
    "toJSON",
    "hasOwnProperty",
    "then",
    "length",
  ),
  fc.constantFrom("acme", "beta", "gamma", "delta", "*", "all", "", " ", "0", "-1"),
  words,
);

const times = fc.constantFrom(
  "2026-12-01T11:00:00Z",
  "2026-12-01T13:00Z",
  "2027-01-10T20:00:00+01:00",
  "0000-01-01T00:00:00+23:59",
  "9999-12-31T23:59:59.999-23:59",
  "2027-02-29T00:00:00Z",
  "2027-01-01T24:00:00Z",
  "2027-01-01T00:00:60Z",
  "2027-01-10 23:00:00 +0100 +0100",
  "+275760-09-13T00:00:00Z",
);

const hosts = fc.oneof(
  fc.constantFrom("acme.example.org", "beta.example.org", "*.acme.example.org", "*.example.org", "ACME.example.org"),
  fc.constantFrom(
    "acme.example.org.",
    "acme.example.org:443",
    "acme..org",
    "xn--bcher-kva.example",
    "bücher.example",
    "*",
    "*.",
  ),
  fc.constantFrom(
    `${"a.".repeat(126)}a`,
    `${"a".repeat(64)}.org`,
    "1.2.3.4",
    "[::1]",
    "acme.example.org/",
    "{instance}.org",
  ),
  fc.tuple(fc.constantFrom("acme.example", "x.example.org"), characters).map(([host, more]) => host + more),
  words,
);

const urls = fc
  .tuple(fc.constantFrom("https://x.example", "http://10.0.0.1:9000", "https://x.example/a", "https://"), characters)
  .map((parts) => parts.join(""));

const colours = fc.oneof(
  fc.constantFrom("#000", "#fff", "red", "#1f5fbf", "rgb(0 0 0 / 50%)", "url(x)", "red;}"),
  words,
);

const numbers = fc.oneof(
  fc.constantFrom(0, 1, 2, -1, 0.5, 80, 65_536, 1e21, true, false, null),
  fc.constantFrom("1e999", "-1e999", "-0", "NaN", "Infinity", "1_000", "0x10", "01", "9007199254740993").map(raw),
  fc.constantFrom("[".repeat(20_000) + "]".repeat(20_000), `${'{"a":'.repeat(20_000)}0${"}".repeat(20_000)}`).map(raw),
);

const leaves = fc.oneof(words, names, times, hosts, urls, colours, numbers);

const anything = fc.letrec<{ value: unknown; list: unknown[]; object: object }>((tie) => ({
  value: fc.oneof({ depthSize: "small", withCrossShrink: true }, leaves, tie("list"), tie("object")),
  list: fc.array(tie("value"), { maxLength: 3 }),
  object: fc.array(fc.tuple(names, tie("value")), { maxLength: 3 }).map((entries) => Object.fromEntries(entries)),
})).value;

const settingNames = fc.constantFrom(...Object.keys(configSchema.shape));

/** Valid configurations, of many shapes. */
const sound = fc.record(
  {
    instances: fc.constantFrom<unknown>(
      ["acme", "beta"],
      { acme: {}, beta: null },
      { acme: { title: "Acme & <Co>", hosts: ["acme.example", "*.acme.example"] }, beta: {}, gamma: {}, delta: {} },
      { acme: { service: { name: "caddy", port: "http" } }, beta: { hosts: ["b.example"] } },
    ),
    hostPatterns: fc.constantFrom(["{instance}.example.org"], ["{instance}.example.org", "*.{instance}.example.org"]),
    bucket: fc.constantFrom<unknown>(
      { profile: "s3-compatible", name: "pages", endpoint: "https://s3.example.org" },
      { profile: "s3-compatible", name: "pages", endpoint: "http://s3.example.org:9000/", pathStyle: false },
      { profile: "aws", name: "pages", region: "eu-central-1", readUrl: "https://cdn.example/x" },
    ),
    kubernetes: fc.constantFrom<unknown>({ context: "staging" }, { server: "https://10.0.0.1:6443" }),
    maintenance: fc.constantFrom<unknown>(
      [],
      ["acme"],
      [
        {
          instance: "acme",
          kind: "scheduled",
          until: "2026-12-01T13:00:00Z",
          message: "Back soon.\n\nhttps://x.example",
        },
      ],
      [{ instance: "acme", from: "2026-12-01T11:00:00Z", message: { en: "Soon", ar: "قريبا" }, bypass: true }],
      [{ instance: "beta", until: "2026-12-01T11:00:00Z", ends: "automatically" }, "acme"],
    ),
    maintenanceLimit: fc.constant(4),
    bypassSecret: fc.constant("0123456789abcdef0123456789abcdef"),
    notify: fc.constantFrom<unknown>(
      [],
      [{ kind: "webhook", url: "https://hooks.example.org", secret: { secure: "v1:abc" } }],
      [
        {
          kind: "alertmanager",
          url: "https://alertmanager.example.org",
          username: "kim",
          password: { secure: "v1:abc" },
        },
      ],
    ),
    timeZone: fc.constantFrom("UTC", "Europe/Berlin", "Asia/Kathmandu"),
    links: fc.constantFrom({}, { status: "https://status.example.org", contact: "help@example.org" }),
    languages: fc.constantFrom(["en", "ar"], ["fr", "en", "ar"]),
    theme: fc.constantFrom({}, { accent: "#8a1f4d", font: "serif", radius: "0", dark: { text: "#fff" } }),
    edges: fc.constantFrom<unknown>(
      { default: { kind: "ingress-nginx" } },
      { public: { kind: "ingress-nginx", gatewayErrors: false, values: { controller: { config: {} } } } },
      { old: { kind: "ingress-nginx" }, new: { kind: "ingress-nginx", className: "new" } },
    ),
    pageServer: fc.constantFrom({}, { replicas: 3 }),
  },
  {
    requiredKeys: [
      "instances",
      "hostPatterns",
      "bucket",
      "kubernetes",
      "maintenanceLimit",
      "bypassSecret",
      "languages",
    ],
  },
);

/** One change of a configuration: somewhere a value is replaced, added or removed. */
const mutation = fc.record({
  place: fc.nat(),
  action: fc.constantFrom("replace", "replace", "replace", "add", "remove"),
  name: fc.oneof(names, fc.constantFrom("title", "message", "custom-http-errors", "from", "until", "readUrl", "chart")),
  value: fc.oneof({ arbitrary: leaves, weight: 4 }, { arbitrary: anything, weight: 1 }),
});

type Mutation = typeof mutation extends fc.Arbitrary<infer Value> ? Value : never;

function mutated(config: unknown, { place, action, name, value }: Mutation): unknown {
  const copy: unknown = structuredClone(config);
  const places = placesIn(copy);
  const at = places[place % places.length];
  if (at === undefined) return copy;
  const [holder, key] = at;
  const inner: unknown = Reflect.get(holder, key);
  if (action === "remove") Reflect.deleteProperty(holder, key);
  else if (action === "replace" || typeof inner !== "object" || inner === null) define(holder, key, value);
  else if (Array.isArray(inner)) inner.push(value);
  else define(inner, name, value);
  return copy;
}

/** Sets a property as a JSON parser does: `__proto__` is a name like any other. */
function define(holder: object, key: string, value: unknown): void {
  Object.defineProperty(holder, key, { value, configurable: true, enumerable: true, writable: true });
}

function placesIn(value: unknown): readonly (readonly [object, string])[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.keys(value).flatMap((key) => [[value, key] as const, ...placesIn(Reflect.get(value, key))]);
}

const edge = (settings: object) => ({ default: { kind: "ingress-nginx", ...settings } });

/** Hostile values at the places where they are most likely to be accepted: one setting each, or a few together. */
const aimed = fc.oneof(
  fc.record({ instance: fc.constant("acme"), message: fc.oneof(words, fc.record({ en: words })) }).map((entry) => ({
    maintenance: [entry],
  })),
  fc.record({ from: times, until: times }, { requiredKeys: [] }).map((window) => ({
    maintenance: [{ instance: "beta", ...window }],
  })),
  fc.tuple(words, hosts).map(([title, host]) => ({
    instances: { acme: { title, hosts: [host] }, beta: {} },
    maintenance: [{ instance: "acme", message: "." }],
  })),
  fc.array(hosts, { minLength: 1, maxLength: 4 }).map((list) => ({ instances: { acme: { hosts: list }, beta: {} } })),
  fc.array(names, { minLength: 1, maxLength: 3 }).map((list) => ({ instances: ["acme", ...list] })),
  fc.tuple(urls, characters).map(([status, more]) => ({ links: { status, contact: `https://x.example/${more}` } })),
  fc.tuple(urls, urls, fc.boolean()).map(([endpoint, readUrl, pathStyle]) => ({
    bucket: { profile: "s3-compatible", name: "pages", endpoint, pathStyle, ...(pathStyle ? {} : { readUrl }) },
  })),
  fc.tuple(colours, words).map(([accent, font]) => ({ theme: { accent, font }, maintenance: ["acme"] })),
  fc.tuple(names, anything, fc.boolean()).map(([name, value, gatewayErrors]) => ({
    edges: edge({ gatewayErrors, values: { [name]: value, controller: { config: { [name]: value } } } }),
  })),
  fc.tuple(names, fc.oneof(leaves, anything)).map(([name, value]) => ({
    edges: edge({
      gatewayErrors: false,
      values: { controller: { config: { "custom-http-errors": value, [name]: value }, extraArgs: value } },
    }),
  })),
  hosts.map((pattern) => ({ hostPatterns: [`{instance}.${pattern}`] })),
  words.map((kubeconfig) => ({ kubernetes: { kubeconfig } })),
  words.map((instancesDirectory) => ({ instancesDirectory })),
);

/** A valid configuration with a hostile setting, or with one change or, less often, several. */
const nearlyValid = fc
  .tuple(
    sound,
    fc.oneof(
      aimed.map((settings) => ({ settings, mutations: [] as Mutation[] })),
      mutation.map((one) => ({ settings: {}, mutations: [one] })),
      fc.record({ settings: aimed, mutations: fc.array(mutation, { maxLength: 2 }) }),
    ),
  )
  .map(([config, { settings, mutations }]) => mutations.reduce<unknown>(mutated, { ...config, ...settings }))
  .map((config) => config as Readonly<Record<string, unknown>>);

// --- the rules

/** Reads the configuration and checks the result against the rules. */
function isValid(config: Readonly<Record<string, string>>): boolean {
  let settings: Settings;
  try {
    settings = readSettings(config, NOW, { kubeconfigs: () => undefined, isEncrypted: () => true });
  } catch (error) {
    expectForPeople(error, SettingsError, "The configuration has");
    return false;
  }
  expectHostsOwned(settings);
  expectOwnBackend(settings);
  expectNginxUnchanged(settings);
  expectPagesHarmless(settings);
  return true;
}

// Characters that a terminal acts on: control characters except the line break, those that change the direction of text, and
// halves of surrogate pairs.
const UNSEEN = /[^\P{Cc}\n]|[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

function expectForPeople(error: unknown, kind: typeof SettingsError | typeof PagesError, beginning: string): void {
  if (!(error instanceof kind)) throw error;
  const { message, problems } = error;
  expect(message.startsWith(beginning)).toBe(true);
  expect(message).not.toMatch(/^ {4}at |undefined is not|is not a function|Cannot read|\[object /m);
  expect(message).not.toMatch(UNSEEN);
  expect(problems.length).toBeGreaterThan(0);
  for (const { path, allowed } of problems) {
    expect(path).not.toBe("");
    expect(allowed).toMatch(/\w/);
  }
}

function expectHostsOwned(settings: Settings): void {
  const owners = new Map<string, string>();
  for (const { name, hosts } of settings.instances) {
    for (const host of hosts) {
      expect(host).toMatch(/^(?:\*\.)?[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/);
      expect(host.length).toBeLessThanOrEqual(255);
      expect(owners.has(host)).toBe(false);
      owners.set(host, name);
    }
  }
  const { namespace } = settings.pageServer;
  for (const entry of settings.maintenance.filter(isShown)) {
    const { name, hosts } = entry.instance;
    const override = { instance: name, hosts, kind: entry.kind, revision: undefined, hasAssets: false };
    const bypass = entry.bypass
      ? {
          key: bypassKey(settings.bypassSecret ?? "", name),
          service: serviceOf(entry.instance),
          walk: walkOf(entry.instance),
          slot: 0,
        }
      : undefined;
    const placement = { edge: "default", namespace, ingressClassName: "nginx" };
    const manifest = overrideManifest({ ...override, bypass }, placement);
    expect(manifest.metadata.name).toMatch(/^maintenance-[a-z0-9-]+$/);
    expect(manifest.spec.rules).not.toEqual([]);
    for (const { host } of manifest.spec.rules) expect(owners.get(host)).toBe(name);
    // Only the constant lists of nginx's directives have a space.
    expect(Object.values(manifest.metadata.annotations).join().replace("error timeout", "")).not.toMatch(/[\s;{}"'\\]/);
  }
}

/** No Helm value of the user removes the one that sends unknown hosts to the page server. */
function expectOwnBackend({ pageServer: { namespace }, edges }: Settings): void {
  for (const edge of Object.values(edges)) {
    if (edge.kind !== "ingress-nginx") continue;
    const { controller, defaultBackend } = helmValues(namespace, edge);
    expect(controller.extraArgs["default-backend-service"]).toBe(`${namespace}/page-server`);
    expect(defaultBackend).toMatchObject({ enabled: false });
  }
}

/** nginx's tokens (https://nginx.org/en/docs/beginners_guide.html#conf_structure). */
const TOKEN =
  /#[^\n]*|[{};]|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|(?:[^\s;{}"'\\]|\\.|\$\{)(?:[^\s;{}\\]|\\.|\$\{)*|\s+|./gs;

/** The structure of an nginx configuration: its directives without their words, but with their variables. */
function structureOf(configurationText: string): string {
  const tokens = configurationText.match(TOKEN) ?? [];
  return tokens
    .filter((token) => !/^\s*$|^#/.test(token))
    .map((token) => (/^[{};]$/.test(token) ? token : `w${token.match(/\$\w*|\$\{/g)?.join("") ?? ""}`))
    .join(" ");
}

function expectNginxUnchanged({ bucket, retryAfter, languages, instances }: Settings): void {
  const common = { retryAfter, languages, mark: "00000000", otherHosts: [], hasCertificateAuthority: false };
  const url = pagesUrl(bucket);
  const written = nginxConfiguration({ ...common, pagesUrl: url, clients: instances });
  const harmless = instances.map(({ hosts }) => ({ name: "x", hosts: hosts.map(() => "x.example") }));
  const place = `${url.split("://")[0]}://x.example/pages`;
  const plain = nginxConfiguration({ ...common, pagesUrl: place, clients: harmless });
  expect(structureOf(written)).toBe(structureOf(plain));
  expect(written).not.toMatch(/[^\P{Cc}\n]|[\p{Cs}\p{Zl}\p{Zp}]/u);
}

/** The pages of every shown entry, in the first language: it shows all texts of the configuration. */
function expectPagesHarmless(settings: Settings): void {
  const look = { ...settings, languages: settings.languages.slice(0, 1), clients: new Map() };
  try {
    for (const entry of settings.maintenance.filter(isShown)) {
      const pages = renderInstancePages(entry, look)?.pages ?? sharedPages(look);
      for (const page of pages) expectHarmless(page);
    }
  } catch (error) {
    // A text that is too long for a page is reported.
    expectForPeople(error, PagesError, "The pages have");
  }
}

const rendered = new Map<string, readonly Page[]>();

function sharedPages(look: Parameters<typeof renderSharedPages>[0]): readonly Page[] {
  const key = JSON.stringify([look.links, look.theme, look.languages]);
  const pages = rendered.get(key) ?? renderSharedPages(look).pages;
  rendered.set(key, pages);
  return pages;
}

// Characters that neither HTML nor XML allows (https://www.w3.org/TR/xml/#charsets).
const NO_TEXT = /[^\P{Cc}\t\n\r]|[\p{Cs}\ufffe\uffff]/u;

const ELEMENTS = /^(?:html|head|meta|noscript|title|style|body|main|p|bdi|h1|h2|section|dl|dt|dd|time|a|ul|li|script)$/;

function expectHarmless({ format, body }: Page): void {
  expect(body).not.toMatch(NO_TEXT);
  if (format === "json") JSON.parse(body);
  if (format === "xml") expect(body.replace(/&(?:amp|lt|gt|quot|#39|#34);/g, "")).not.toContain("&");
  if (format !== "html") return;
  let styles = 0;
  const look = (node: DefaultTreeAdapterTypes.Node): void => {
    if ("tagName" in node) {
      expect(node.tagName).toMatch(ELEMENTS);
      const text = node.childNodes.map((child) => ("value" in child ? child.value : "")).join("");
      if (node.tagName === "script") expect(text).toBe(RETRY_SCRIPT);
      if (node.tagName === "style") styles += 1;
      for (const { name, value } of node.attrs) {
        expect(name).not.toMatch(/^on|^src|^style$|^action$/);
        if (name === "href") expect(value).toMatch(/^(?:https?:\/\/|mailto:)/i);
      }
    }
    for (const child of "childNodes" in node ? node.childNodes : []) look(child);
  };
  look(parse(body));
  expect(styles).toBe(1);
}

// --- the runs

const ANY = 6500;
const NEARLY = 12_000;
const NO_JSON = 2000;

/** Runs the property and prints the number of cases. When fast-check shrinks a failure, it runs more of them. */
function attempt<Value>(
  what: string,
  runs: number,
  values: fc.Arbitrary<Value>,
  config: (value: Value) => Record<string, string>,
) {
  let cases = 0;
  let valid = 0;
  fc.assert(
    fc.property(values, (value) => {
      cases += 1;
      if (isValid(config(value))) valid += 1;
    }),
    { numRuns: runs },
  );
  console.log(`${what}: ${cases} configurations, ${valid} of them valid`);
  expect(cases).toBeGreaterThanOrEqual(runs);
  return { cases, valid };
}

// A quarter of a minute each on an idle machine.
describe("any configuration", { timeout: 300_000 }, () => {
  it("gives settings or a message for people, with any value under any name", () => {
    const entry = fc.tuple(fc.oneof({ arbitrary: settingNames, weight: 3 }, { arbitrary: names, weight: 1 }), anything);
    const config = fc.tuple(sound, fc.array(entry, { minLength: 1, maxLength: 4 }));
    attempt("any value under any name", ANY, config, ([whole, entries]) =>
      configuration({ ...(entries.length > 2 ? {} : whole), ...Object.fromEntries(entries) }),
    );
  });

  it("gives settings or a message for people, with hostile values in a valid configuration", () => {
    const { cases, valid } = attempt("nearly valid", NEARLY, nearlyValid, configuration);
    expect(valid / cases).toBeGreaterThan(0.1);
  });

  it("gives a message for people, with text that is not JSON", () => {
    const noJson = words.filter((text) => {
      try {
        JSON.parse(text);
        return false;
      } catch {
        return true;
      }
    });
    const named = settingNames.filter((name) => !isTextSetting(name));
    const { valid } = attempt("no JSON", NO_JSON, fc.tuple(sound, named, noJson), ([whole, name, text]) => ({
      ...configuration(whole),
      [`${NAMESPACE}:${name}`]: text,
    }));
    expect(valid).toBe(0);
  });
});
