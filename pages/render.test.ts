import fc from "fast-check";
import { type DefaultTreeAdapterTypes, parse } from "parse5";
import { describe, expect, it } from "vitest";
import { LANGUAGES } from "../model/languages";
import { type MaintenanceEntry, plainEntry } from "../model/maintenance";
import { FORMATS, type Format, PAGE_KINDS, type PageKind } from "./kinds";
import { paragraphsOf } from "./message";
import { type PageSettings, type Pages, renderInstancePages, renderSharedPages } from "./render";

const entry = (more: Partial<MaintenanceEntry> = {}): MaintenanceEntry => ({
  ...plainEntry({ name: "acme", hosts: ["acme.example.org", "*.acme.example.org"] }, "scheduled"),
  ...more,
});

const SETTINGS: PageSettings = {
  timeZone: "Europe/Berlin",
  languages: LANGUAGES,
  clients: new Map(),
  links: { status: "https://status.example.org", contact: "help@example.org" },
};

const FROM = new Date("2026-12-01T20:00:00Z");
const UNTIL = new Date("2026-12-01T22:00:00Z");

function own(more: Partial<MaintenanceEntry>, settings: Partial<PageSettings> = {}) {
  const pages = renderInstancePages(entry(more), { ...english, ...settings });
  const [html, json, xml, txt] = FORMATS.map((format) => pages?.pages.find((page) => page.format === format));
  if (pages === undefined || !html || !json || !xml || !txt) throw new Error("no page of its own");
  return { ...pages, html, json, xml, txt };
}

const unescaped = (text: string) =>
  text
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&#34;", '"')
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&amp;", "&");

const english = { ...SETTINGS, languages: ["en"] };

interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly text: string;
}

/** The text of one of the pages. */
function find({ pages }: Pages, kind: PageKind, format: Format, language: string): string {
  const found = pages.find((page) => page.kind === kind && page.format === format && page.language === language);
  return found?.body ?? "";
}

/** Every element as a browser sees it (parse5 follows the HTML standard), with the text inside. */
function elementsOf(html: string): readonly Element[] {
  const textOf = (node: DefaultTreeAdapterTypes.Node): string => {
    if (node.nodeName === "#text" && "value" in node) return node.value;
    return "childNodes" in node ? node.childNodes.map(textOf).join("") : "";
  };
  const walk = (node: DefaultTreeAdapterTypes.Node): readonly Element[] => [
    ...("tagName" in node
      ? [
          {
            name: node.tagName,
            attributes: Object.fromEntries(node.attrs.map(({ name, value }) => [name, value])),
            text: textOf(node),
          },
        ]
      : []),
    ...("childNodes" in node ? node.childNodes.flatMap(walk) : []),
  ];
  return walk(parse(html));
}

const shape = ({ name, attributes }: Element) => `${name} ${Object.keys(attributes).join(" ")}`;
const isNotWords = ({ name, attributes }: Element) => name !== "a" && attributes.dir !== "auto";

describe("the shared pages", () => {
  it("are every kind in every format and language, and stored as one object for each kind and format", () => {
    const { pages, objects } = renderSharedPages({ ...SETTINGS, languages: ["fr", "zh-Hant"] });
    expect(pages.map(({ kind, format, language }) => `${kind} ${format} ${language}`)).toStrictEqual(
      PAGE_KINDS.flatMap((kind) =>
        FORMATS.flatMap((format) => ["fr", "zh-Hant"].map((language) => `${kind} ${format} ${language}`)),
      ),
    );
    expect(objects.map(({ key }) => key)).toStrictEqual(
      PAGE_KINDS.flatMap((kind) => FORMATS.map((format) => `shared/${kind}.${format}`)),
    );
  });

  it("are also translated for programs", () => {
    const xml = find(renderSharedPages(SETTINGS), "scheduled", "xml", "fr");
    expect(xml).toContain('xml:lang="fr"');
    expect(JSON.parse(find(renderSharedPages(SETTINGS), "scheduled", "json", "fr")).title).toBe(
      "Maintenance planifiée",
    );
    expect(xml).toContain("<title>Maintenance planifiée</title>");
  });

  it("exist as plain text", () => {
    expect(find(renderSharedPages(SETTINGS), "scheduled", "txt", "en")).toBe(
      [
        "We’re doing scheduled maintenance",
        "",
        "The site is closed while we work on it.",
        "",
        "Status page: https://status.example.org",
        "Contact us: mailto:help@example.org",
        "",
      ].join("\n"),
    );
  });

  it("link to the status page and to the contact", () => {
    const pages = renderSharedPages({ ...SETTINGS, links: { contact: "https://example.org/?a=1&b=<" } });
    expect(find(pages, "scheduled", "html", "en")).toContain(
      '<li><a href="https://example.org/?a=1&amp;b=&lt;" rel="noreferrer">Contact us</a></li>',
    );
    expect(find(renderSharedPages({ ...SETTINGS, links: {} }), "scheduled", "html", "en")).not.toContain("<ul");
  });

  it("contain their status in JSON", () => {
    const statuses = renderSharedPages({ ...SETTINGS, languages: ["en"] })
      .pages.filter((page) => page.format === "json")
      .map((page) => [page.kind, JSON.parse(page.body).status]);
    expect(statuses).toStrictEqual([
      ["not-found", 404],
      ["provisioning", 503],
      ["scheduled", 503],
      ["unscheduled", 503],
      ["50x", undefined],
    ]);
  });
});

describe("an instance's own page", () => {
  it("exists only if the entry says more than the shared page", () => {
    expect(renderInstancePages(entry(), SETTINGS)).toBeUndefined();
    expect(renderInstancePages(entry({ message: { en: "Hello" } }), SETTINGS)).toBeDefined();
    expect(renderInstancePages(entry({ until: UNTIL }), SETTINGS)).toBeDefined();
  });

  it("exists only while it is shown", () => {
    expect(renderInstancePages(entry({ message: { en: "Hello" }, state: "planned" }), SETTINGS)).toBeUndefined();
    expect(renderInstancePages(entry({ message: { en: "Hello" }, state: "ended" }), SETTINGS)).toBeUndefined();
  });

  it("shows host, window and message", () => {
    const { html, objects } = own({ from: FROM, until: UNTIL, message: { en: "First\nline\n\nSecond" } });
    expect(html.body).toContain('<p class="site"><bdi>acme.example.org</bdi></p>');
    expect(html.body).toMatch(
      /<time datetime="2026-12-01T20:00:00.000Z">Tuesday,? 1 December 2026 at 21:00 (?:CET|GMT\+1) \(20:00\u00a0UTC\)<\/time>/,
    );
    expect(html.body).toContain("<dt>Duration</dt>\n<dd>2 hours</dd>");
    expect(html.body).toContain('<p lang="en" dir="auto">First\nline</p>\n<p lang="en" dir="auto">Second</p>');
    expect(objects.map(({ until }) => until)).toStrictEqual(FORMATS.map(() => UNTIL));
  });

  it("has the same content in plain text and in XML", () => {
    const { txt, xml } = own({ from: FROM, until: UNTIL, message: { en: "First <b>\n\nSecond" } });
    expect(txt.body.split("\n")).toStrictEqual([
      "acme.example.org",
      "We’re doing scheduled maintenance",
      "",
      "The site is closed while we work on it.",
      "",
      expect.stringMatching(/^From: Tuesday,? 1 December 2026 at 21:00 (?:CET|GMT\+1) \(20:00\u00a0UTC\)$/),
      expect.stringMatching(/^Until: Tuesday,? 1 December 2026 at 23:00 (?:CET|GMT\+1) \(22:00\u00a0UTC\)$/),
      "Duration: 2 hours",
      "",
      "From the team:",
      "",
      "First <b>",
      "",
      "Second",
      "",
      "Status page: https://status.example.org",
      "Contact us: mailto:help@example.org",
      "",
    ]);
    expect(xml.body).toContain("<until>2026-12-01T22:00:00.000Z</until>");
    expect(xml.body).toContain('<message xml:lang="en" xml:space="preserve">First &lt;b&gt;\n\nSecond</message>');
  });

  it("says of an unscheduled maintenance only when the site is expected back", () => {
    const { html, txt } = own({ kind: "unscheduled", from: FROM, until: UNTIL });
    expect(html.body).toMatch(
      /<h2>Expected back<\/h2>\n<p><time datetime="2026-12-01T22:00:00.000Z">Tuesday,? 1 December 2026 at 23:00 /,
    );
    expect(html.body).not.toMatch(/Planned window|Duration|20:00/);
    expect(txt.body).toMatch(/\n\nExpected back: Tuesday,? 1 December 2026 at 23:00 \S+ \(22:00\u00a0UTC\)\n\n/);
    expect(own({ kind: "unscheduled", from: FROM, message: { en: "Hi" } }).html.body).not.toContain("<time");
  });

  it("shows that the maintenance takes longer, and then shows no end", () => {
    const { html, json, objects } = own({ until: UNTIL, state: "overdue" });
    expect(html.body).toContain("taking longer than planned");
    expect(objects[0]).not.toHaveProperty("until");
    expect(JSON.parse(json.body).maintenance).toMatchObject({ overdue: true });
  });

  it("has an address that changes with its content", () => {
    const first = own({ message: { en: "one" } });
    expect(own({ message: { en: "one" } }).revision).toBe(first.revision);
    expect(own({ message: { en: "two" } }).revision).not.toBe(first.revision);
    expect(own({ message: { en: "one" }, kind: "unscheduled" }).revision).not.toBe(first.revision);
    expect(own({ message: { en: "one" }, until: UNTIL }).revision).not.toBe(first.revision);
    expect(first.objects[0]?.key).toBe(`instances/acme/${first.revision}/scheduled.html`);
  });

  it("shows the site's title, or else its first host", () => {
    const titled = { name: "acme", hosts: ["acme.example.org"], title: "Acme & Sons" };
    expect(own({ instance: titled, message: { en: "Hi" } }).html.body).toContain("<bdi>Acme &amp; Sons</bdi>");
    expect(own({ message: { en: "Hi" } }).html.body).toContain(
      "<title>Scheduled maintenance – acme.example.org</title>",
    );
  });

  it("shows the message in the visitor's language, or else in the first of the stack's", () => {
    const languages = ["en", "fr", "ar"];
    const pages = own({ message: { fr: "Bonjour", en: "Hello" } }, { languages });
    const words = (language: string) =>
      /<p lang="(\w+)" dir="auto">(\w+)<\/p>/.exec(find(pages, "scheduled", "html", language))?.slice(1);
    expect(words("en")).toStrictEqual(["en", "Hello"]);
    expect(words("fr")).toStrictEqual(["fr", "Bonjour"]);
    expect(words("ar")).toStrictEqual(["en", "Hello"]);
    expect(JSON.parse(find(pages, "scheduled", "json", "fr")).maintenance.message).toBe("Bonjour");
    expect(JSON.parse(find(pages, "scheduled", "json", "ar")).maintenance.message).toBe("Hello");
  });

  it("is rejected when a message makes it larger than one round trip", () => {
    expect(() => own({ message: { en: "x".repeat(2000) } })).not.toThrow();
    expect(() => own({ message: { en: "&é".repeat(1000) + "&".repeat(1000) } })).toThrow(
      /The pages have 1 problem\. Nothing was changed\.\s+acme: the page scheduled in en\s+found: +"\d{5} bytes"/,
    );
  });
});

const HOSTILE = [
  "",
  "</p></main><script>alert(1)</script>",
  '<!--#include virtual="/etc/passwd"-->',
  "<img src=x onerror=alert(1)>",
  "\"onmouseover='alert(1)'",
  "{{ style | raw }}{% raw %}",
  "]]></message><message>",
  "&lt;&#39;&amp;",
  'javascript:alert(1) https://a.example/"><b>',
  "mailto:a@b.example?subject=<b>",
  "\u202e\u2066\u200f",
  "x\r\nSet-Cookie: a=b\r\n\r\n<b>".replaceAll("\r", ""),
];

/** A page with only harmless texts, for comparison. */
const PLAIN_PAGE = own(
  { instance: { name: "acme", hosts: ["acme.example.org"], title: "x" }, message: { en: "x" } },
  { links: { contact: "https://example.org/" } },
);
const PLAIN = { html: PLAIN_PAGE.html.body, xml: PLAIN_PAGE.xml.body };

describe("any text that a person writes", () => {
  const text = fc
    .tuple(fc.string({ unit: "grapheme" }), fc.constantFrom(...HOSTILE), fc.string({ unit: "binary", maxLength: 40 }))
    // As the schema allows: no control characters except tab and line breaks.
    .map((parts) =>
      parts.join("").replace(/[\p{Cc}\p{Cs}\ufffe\uffff]/gu, (found) => (/[\t\n]/.test(found) ? found : "")),
    )
    .filter((words) => words.trim() !== "")
    .map((words) => words.trim());

  it("is shown as text in every format, unchanged", () => {
    fc.assert(
      fc.property(text, text, text, (message, title, query) => {
        const instance = { name: "acme", hosts: ["acme.example.org"], title };
        // As the schema allows for a contact: no spaces, quotes or angle brackets.
        const contact = `https://example.org/?q=${query.replace(/[\s"'<>]/g, "")}`;
        const { html, json, xml, txt, objects } = own({ instance, message: { en: message } }, { links: { contact } });

        expect(JSON.parse(json.body)).toMatchObject({ maintenance: { message, site: title }, links: { contact } });
        expect(txt.body).toContain(`\n\n${paragraphsOf(message).join("\n\n")}\n`);
        expect(txt.body.startsWith(`${title}\n`)).toBe(true);
        expect(txt.body.endsWith(`Contact us: ${contact}\n`)).toBe(true);
        expect(unescaped(/<message[^>]*>([^<]*)<\/message>/.exec(xml.body)?.[1] ?? "")).toBe(message);
        expect(unescaped(/<site>([^<]*)<\/site>/.exec(xml.body)?.[1] ?? "")).toBe(title);
        expect(xml.body.match(/<[/?]?[a-z]+/g)).toStrictEqual(PLAIN.xml.match(/<[/?]?[a-z]+/g));

        const page = elementsOf(html.body);
        expect(page.filter(({ name }) => name === "bdi").map((element) => element.text)).toStrictEqual([title]);
        const paragraphs = page.filter(({ name, attributes }) => name === "p" && attributes.dir === "auto");
        expect(paragraphs.map((element) => element.text)).toStrictEqual(paragraphsOf(message));
        const others = page.filter(isNotWords);
        expect(others.map(shape)).toStrictEqual(elementsOf(PLAIN.html).filter(isNotWords).map(shape));
        for (const { name, attributes } of page) {
          if (name === "a") expect(attributes.href).toMatch(/^(?:https?:\/\/|mailto:)/i);
        }
        // These become headers or addresses of objects.
        for (const { key, ...object } of objects) {
          expect(key).toMatch(/^instances\/acme\/[0-9a-f]{16}\/scheduled\.\w+$/);
          expect(object).not.toHaveProperty("until");
        }
      }),
      { numRuns: 1000 },
    );
  });
});
