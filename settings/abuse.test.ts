import fc from "fast-check";
import { parse } from "parse5";
import { afterAll, describe, expect, it } from "vitest";
import { overrideManifest } from "../components/maintenance-overrides.manifests";
import { nginxConfiguration } from "../components/page-server.nginx";
import { renderFailurePages, renderInstancePages } from "../pages/render";
import { isShown } from "./maintenance";
import { SettingsError } from "./problems";
import { readSettings, type Settings } from "./read";
import { configSchema } from "./schema";

// Whatever stands in a stack's file: it is a valid model, or refused with a message for people; and of a valid model nothing
// gets out of its place, in an Ingress, a page or nginx's configuration.

const NOW = new Date("2026-12-01T12:00:00Z");
const SETTINGS = Object.keys(configSchema.shape);

/** What comes from people's keyboards, pasted text, templates, and people who mean harm. */
const HOSTILE = [
  "",
  " ",
  "\0",
  "\u202e",
  "\ud800",
  "__proto__",
  "constructor",
  "toString",
  "null",
  "-0",
  "1e999",
  "*",
  "*.",
  "*.*.example.org",
  "..",
  "../..",
  "a".repeat(64),
  `${"a.".repeat(130)}org`,
  "acme.example.org\nserver { }",
  "acme.example.org; return 200",
  "$host",
  "$" + "{host}",
  "{instance}",
  "{{ 7*7 }}",
  "{% include 'x' %}",
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  "</style><iframe src=//evil.example>",
  "<!--# include virtual=/etc/passwd -->",
  "javascript:alert(1)",
  "https://evil.example/\"onload='x'",
  "2026-13-45T99:99:99Z",
  "2026-12-01T22:00:00+01:00",
  "(.*)",
  "(?#",
  "'; DROP",
  "`id`",
  "$(id)",
  "ＡＣＭＥ",
  "acme.EXAMPLE.org",
  "xn--",
  "::1",
  "127.0.0.1",
] as const;

const text = fc.oneof(
  fc.constantFrom(...HOSTILE),
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.string({ maxLength: 80 }),
  fc.tuple(fc.constantFrom(...HOSTILE), fc.constantFrom(...HOSTILE)).map((parts) => parts.join("")),
);

const mostly = <T, U>(right: fc.Arbitrary<T>, other: fc.Arbitrary<U>) =>
  fc.oneof({ weight: 12, arbitrary: right }, { weight: 1, arbitrary: other });
const name = mostly(fc.constantFrom("acme", "beta", "gamma"), text);
const host = mostly(fc.constantFrom("a.example.org", "b.example.org", "*.a.example.org", "c.example.org"), text);
const sometimes = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });
const time = mostly(fc.constantFrom("2026-12-01T11:00:00Z", "2026-12-01T13:00:00+00:00", "2027-01-01T00:00Z"), text);
const entry = fc.oneof(
  name,
  fc.record(
    {
      instance: name,
      kind: sometimes(mostly(fc.constantFrom("scheduled", "unscheduled"), text)),
      from: sometimes(time),
      until: sometimes(time),
      message: sometimes(fc.oneof(text, fc.dictionary(mostly(fc.constant("en"), text), text, { maxKeys: 2 }))),
      closes: sometimes(fc.constantFrom("manually", "automatically")),
    },
    { requiredKeys: ["instance"] },
  ),
);

/** Nearly valid: most values are right, and some are anything. */
const nearlyValid = fc.record(
  {
    instances: fc.oneof(
      fc.constant({ acme: { hosts: ["a.example.org"] }, beta: { hosts: ["b.example.org"] } }),
      fc.constant(["acme", "beta", "gamma"]),
      fc.dictionary(
        name,
        fc.record({ hosts: fc.array(host, { maxLength: 3 }), title: sometimes(text) }, { requiredKeys: [] }),
        {
          maxKeys: 4,
        },
      ),
    ),
    hostPatterns: mostly(fc.constant(["{instance}.example.org"]), fc.array(text, { maxLength: 2 })),
    maintenance: fc.oneof(fc.array(entry, { maxLength: 2 }), fc.constant([])),
    maintenanceLimit: fc.constant(100),
    provisioning: sometimes(fc.array(name, { maxLength: 1 })),
    languages: fc.constant(["en"]),
    timeZone: sometimes(mostly(fc.constant("Europe/Berlin"), text)),
    links: sometimes(
      mostly(fc.constant({ status: "https://s.example.org" }), fc.record({ status: text, contact: text })),
    ),
    retryAfter: sometimes(mostly(fc.integer({ min: 1, max: 86_400 }), text)),
    bucket: fc.oneof(
      {
        weight: 8,
        arbitrary: fc.constant({ profile: "s3-compatible", name: "pages", endpoint: "https://s3.example.org" }),
      },
      {
        weight: 1,
        arbitrary: fc.record({ profile: fc.constant("s3-compatible"), name: text, endpoint: text, readUrl: text }),
      },
    ),
    kubernetes: fc.constant({ context: "staging" }),
  },
  { requiredKeys: ["instances", "hostPatterns", "bucket", "kubernetes", "languages"] },
);

/** Any JSON under the settings' names and others; Pulumi takes no key without a name. */
const anything = fc.dictionary(
  fc.oneof(
    fc.constantFrom(...SETTINGS),
    text.filter((key) => key !== ""),
  ),
  fc.jsonValue({ maxDepth: 4 }),
  {
    maxKeys: 8,
  },
);

/** Text that need not be JSON, as it stands in the file. */
const raw = fc.dictionary(fc.constantFrom(...SETTINGS), text, { maxKeys: 6 });

const counted = { generated: 0, nearlyValid: 0, valid: 0, pages: 0 };

function configuration(values: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [`maintenance-pages:${key}`, typeof value === "string" ? value : JSON.stringify(value)]),
  );
}

/** The model, or nothing when it was refused as it should be. */
function readOrRefused(values: Readonly<Record<string, unknown>>): Settings | undefined {
  counted.generated += 1;
  try {
    return readSettings(configuration(values), NOW, () => []);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    expect(error.message).toMatch(/^The configuration has (?:1 problem|\d+ problems)\. Nothing was changed\./);
    expect(error.message).not.toMatch(/^\s+at .*:\d+:\d+\)?$|Cannot read|is not a function|undefined is not|\[object/m);
    expect(error.problems.length).toBeGreaterThan(0);
    for (const { path, allowed } of error.problems) {
      expect(path).not.toBe("");
      expect(allowed).not.toBe("");
    }
    return undefined;
  }
}

const HOST = /^(?:\*\.)?[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/;

function expectSound(settings: Settings): void {
  const owners = new Map<string, string>();
  for (const { name: owner, hosts } of settings.instances) {
    for (const one of hosts) {
      expect(one).toMatch(HOST);
      expect(owners.get(one) ?? owner).toBe(owner);
      owners.set(one, owner);
    }
  }
  const look = { ...settings, clients: new Map() };
  for (const shown of settings.maintenance.filter(isShown)) {
    const { instance, kind } = shown;
    const manifest = overrideManifest(
      {
        instance: instance.name,
        hosts: instance.hosts,
        kind,
        revision: undefined,
        hasAssets: false,
        bypass: undefined,
      },
      { namespace: "maintenance-pages", ingressClassName: "nginx" },
    );
    for (const rule of manifest.spec.rules) expect(owners.get(rule.host)).toBe(instance.name);
    expect(Object.values(manifest.metadata.annotations).join()).not.toMatch(/[\n;{}`]/);
    if (counted.pages >= 1500) continue;
    for (const { format, body } of renderInstancePages(shown, look)?.pages ?? []) {
      counted.pages += 1;
      if (format === "html") expectHarmless(body);
      if (format === "json") expect(() => JSON.parse(body)).not.toThrow();
    }
  }
  const clients = settings.instances;
  const bucket = settings.bucket;
  const pagesUrl =
    "readUrl" in bucket && bucket.readUrl !== undefined ? `${bucket.readUrl}/pages` : "https://s3.example.org/pages";
  const { retryAfter, languages } = settings;
  const lines = nginxConfiguration({ pagesUrl, retryAfter, languages, clients, deployment: "0" }).split("\n");
  for (const { hosts, name: owner } of clients) {
    for (const one of hosts) expect(lines).toContain(`    ${one} ${owner};`);
  }
}

interface Node {
  readonly nodeName: string;
  readonly attrs?: readonly { readonly name: string; readonly value: string }[];
  readonly childNodes?: readonly Node[];
}

/** Only what the templates bring: one script, by its digest, and no attribute that would be one. */
function expectHarmless(html: string): void {
  const scripts: Node[] = [];
  const walk = (node: Node) => {
    expect(["iframe", "object", "embed", "base", "form", "#comment"]).not.toContain(node.nodeName);
    if (node.nodeName === "script") scripts.push(node);
    for (const { name: attribute, value } of node.attrs ?? []) {
      expect(attribute).not.toMatch(/^on/);
      if (attribute === "href") expect(value).toMatch(/^(?:https?:|mailto:)/);
    }
    for (const child of node.childNodes ?? []) walk(child);
  };
  walk(parse(html) as unknown as Node);
  expect(scripts).toHaveLength(1);
}

describe("whatever is configured", () => {
  it("nearly right: a sound model, or a message for people", { timeout: 120_000 }, () => {
    fc.assert(
      fc.property(nearlyValid, (values) => {
        counted.nearlyValid += 1;
        const settings = readOrRefused(values);
        if (settings === undefined) return;
        counted.valid += 1;
        expectSound(settings);
      }),
      { numRuns: 12_000 },
    );
    // Otherwise it would only be tried what is refused.
    expect(counted.valid / counted.nearlyValid).toBeGreaterThan(0.2);
  });

  it("any JSON: a model, or a message for people", { timeout: 120_000 }, () => {
    fc.assert(
      fc.property(anything, (values) => void readOrRefused(values)),
      { numRuns: 5000 },
    );
  });

  it("any text: a model, or a message for people", { timeout: 120_000 }, () => {
    fc.assert(
      fc.property(raw, (values) => void readOrRefused(values)),
      { numRuns: 5000 },
    );
  });

  it("50x pages of hostile titles are harmless", () => {
    fc.assert(
      fc.property(text, (title) => {
        const settings = readOrRefused({
          instances: { acme: { hosts: ["a.example.org"], title } },
          hostPatterns: ["{instance}.example.org"],
          bucket: { profile: "s3-compatible", name: "pages", endpoint: "https://s3.example.org" },
          kubernetes: { context: "staging" },
          languages: ["en"],
        });
        if (settings === undefined) return;
        const [shared] = renderFailurePages(settings.instances, { ...settings, clients: new Map() });
        expectHarmless(shared?.pages[0]?.body ?? "");
      }),
      { numRuns: 300 },
    );
  });

  afterAll(() => {
    console.log(
      `${counted.generated} generated configurations; of ${counted.nearlyValid} that were nearly right ${counted.valid} were valid; ${counted.pages} pages`,
    );
    expect(counted.generated).toBeGreaterThanOrEqual(22_000);
  });
});
