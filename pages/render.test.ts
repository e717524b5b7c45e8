import { createHash } from "node:crypto";
import fc from "fast-check";
import { HtmlValidate } from "html-validate";
import { describe, expect, it } from "vitest";
import type { MaintenanceEntry } from "../settings/maintenance";
import { PAGE_KINDS } from "./kinds";
import { renderInstancePages, renderSharedPages } from "./render";

const entry = (more: Partial<MaintenanceEntry> = {}): MaintenanceEntry => ({
  instance: { name: "acme", hosts: ["acme.example.org", "*.acme.example.org"] },
  kind: "scheduled",
  from: undefined,
  until: undefined,
  message: undefined,
  closesAutomatically: false,
  state: "active",
  ...more,
});

const SETTINGS = {
  timeZone: "Europe/Berlin",
  links: { status: "https://status.example.org", contact: "help@example.org" },
};

const FROM = new Date("2026-12-01T20:00:00Z");
const UNTIL = new Date("2026-12-01T22:00:00Z");

function own(more: Partial<MaintenanceEntry>) {
  const pages = renderInstancePages(entry(more), SETTINGS);
  const [html, json, xml, txt] = pages?.pages ?? [];
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

const validator = new HtmlValidate({
  extends: ["html-validate:recommended", "html-validate:document", "html-validate:a11y"],
  rules: {
    "require-sri": "error",
    "no-inline-style": "error",
    // The page has to come back by itself without a script; a minute is far from a distraction (WCAG 2.2.1 aims at
    // pages that reload under a reader's hands, and this one only says that it is closed).
    "meta-refresh": "off",
  },
});

const samples = [
  ...renderSharedPages(SETTINGS),
  ...own({ from: FROM, until: UNTIL, message: "Hello\n\nWorld" }).pages,
  ...own({ until: UNTIL, state: "overdue" }).pages,
  ...own({ kind: "unscheduled", message: "Hello" }).pages,
];

describe.each(samples.filter((page) => page.format === "html"))("$key", ({ body }) => {
  it("is valid HTML", async () => {
    const report = await validator.validateString(body);
    expect(report.results.flatMap((result) => result.messages)).toEqual([]);
  });

  it("fits into one TCP round trip", () => {
    // Ten segments of 1,460 bytes (RFC 6928), less what the header takes.
    expect(Buffer.byteLength(body)).toBeLessThan(14_000);
  });

  it("asks for nothing else", () => {
    // A link is followed by the visitor, and asks for nothing before that.
    const withoutLinks = body.replace(/<a href="[^"]*" rel="noreferrer">/g, "");
    expect(withoutLinks).not.toMatch(/\b(?:src|href|srcset|action)=|url\(|@import|<script|<link|https?:/i);
  });

  it("allows its style sheet, and that alone", () => {
    const style = /<style>(.*?)<\/style>/s.exec(body)?.[1] ?? "";
    const digest = createHash("sha256").update(style).digest("base64");
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(body)?.[1]?.replaceAll("&#39;", "'");
    expect(policy).toBe(`default-src 'none'; style-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'`);
  });
});

describe("the shared pages", () => {
  it("are every kind in every format", () => {
    expect(renderSharedPages(SETTINGS).map((page) => page.key)).toStrictEqual(
      PAGE_KINDS.flatMap((kind) => ["html", "json", "xml", "txt"].map((format) => `shared/${kind}.${format}`)),
    );
  });

  it("are plain text for whoever asks for it", () => {
    expect(renderSharedPages(SETTINGS).find((page) => page.key === "shared/scheduled.txt")?.body).toBe(
      [
        "We’re doing scheduled maintenance",
        "",
        "The site is closed while we work on it. This page checks again by itself.",
        "",
        "Status page: https://status.example.org",
        "Contact us: mailto:help@example.org",
        "",
      ].join("\n"),
    );
  });

  it("link to the status page and to whoever can be asked", () => {
    const page = renderSharedPages({ ...SETTINGS, links: { contact: "https://example.org/?a=1&b=<" } });
    expect(page.find(({ key }) => key === "shared/scheduled.html")?.body).toContain(
      '<li><a href="https://example.org/?a=1&amp;b=&lt;" rel="noreferrer">Contact us</a></li>',
    );
    expect(renderSharedPages({ ...SETTINGS, links: {} })[0]?.body).not.toContain("<ul");
  });

  it("say their status in JSON", () => {
    const statuses = renderSharedPages(SETTINGS)
      .filter((page) => page.format === "json")
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
  it("exists only where the entry says more than the shared page", () => {
    expect(renderInstancePages(entry(), SETTINGS)).toBeUndefined();
    expect(renderInstancePages(entry({ message: "Hello" }), SETTINGS)).toBeDefined();
    expect(renderInstancePages(entry({ until: UNTIL }), SETTINGS)).toBeDefined();
  });

  it("exists only while it is shown", () => {
    expect(renderInstancePages(entry({ message: "Hello", state: "planned" }), SETTINGS)).toBeUndefined();
    expect(renderInstancePages(entry({ message: "Hello", state: "closed" }), SETTINGS)).toBeUndefined();
  });

  it("shows host, window and message", () => {
    const { html } = own({ from: FROM, until: UNTIL, message: "First\nline\n\nSecond" });
    expect(html.body).toContain('<p class="site">acme.example.org</p>');
    expect(html.body).toMatch(
      /<time datetime="2026-12-01T20:00:00.000Z">Tuesday,? 1 December 2026 at 21:00 (?:CET|GMT\+1) \(20:00 UTC\)<\/time>/,
    );
    expect(html.body).toContain("<dt>Duration</dt><dd>2 hours</dd>");
    expect(html.body).toContain('<p dir="auto">First\nline</p>\n<p dir="auto">Second</p>');
    expect(html.retryAfter).toBe("Tue, 01 Dec 2026 22:00:00 GMT");
  });

  it("says the same in plain text and in XML", () => {
    const { txt, xml } = own({ from: FROM, until: UNTIL, message: "First <b>\n\nSecond" });
    expect(txt.body.split("\n")).toStrictEqual([
      "acme.example.org",
      "We’re doing scheduled maintenance",
      "",
      "The site is closed while we work on it. This page checks again by itself.",
      "",
      expect.stringMatching(/^From: Tuesday,? 1 December 2026 at 21:00 (?:CET|GMT\+1) \(20:00 UTC\)$/),
      expect.stringMatching(/^Until: Tuesday,? 1 December 2026 at 23:00 (?:CET|GMT\+1) \(22:00 UTC\)$/),
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
    expect(xml.body).toContain('<message xml:space="preserve">First &lt;b&gt;\n\nSecond</message>');
  });

  it("says when it takes longer, and then promises no time", () => {
    const { html, json } = own({ until: UNTIL, state: "overdue" });
    expect(html.body).toContain("taking longer than planned");
    expect(html.retryAfter).toBeUndefined();
    expect(JSON.parse(json.body).maintenance).toMatchObject({ overdue: true });
  });

  it("has an address that changes with its content", () => {
    const first = own({ message: "one" });
    expect(own({ message: "one" }).revision).toBe(first.revision);
    expect(own({ message: "two" }).revision).not.toBe(first.revision);
    expect(own({ message: "one", kind: "unscheduled" }).revision).not.toBe(first.revision);
    expect(first.html.key).toBe(`instances/acme/${first.revision}/scheduled.html`);
  });

  it("shows any message as text, and loses none of it in any format", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1 }), fc.string({ unit: "binary" }), (graphemes, binary) => {
        const message = `${graphemes}<b>&"'${binary.replace(/[\p{Cc}\p{Cs}\ufffe\uffff]/gu, "")}`;
        const { html, json, xml, txt } = own({ message });
        expect(JSON.parse(json.body).maintenance.message).toBe(message);
        const shown = [...html.body.matchAll(/<p dir="auto">([^<]*)<\/p>/g)].map((match) => match[1]).join("");
        const paragraphs = message.split(/\r?\n(?:[\t ]*\r?\n)+/);
        expect(unescaped(shown)).toBe(paragraphs.join(""));
        expect(unescaped(/<message[^>]*>([^<]*)<\/message>/.exec(xml.body)?.[1] ?? "")).toBe(message);
        expect(txt.body).toContain(`\n\n${paragraphs.join("\n\n")}\n`);
      }),
      { numRuns: 1000 },
    );
  });
});
