import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { plainEntry } from "../model/maintenance";
import { readClients } from "./clients";
import type { Page } from "./kinds";
import { type PageSettings, renderFailurePages, renderInstancePages, renderStandingPages } from "./render";

const acme = { name: "acme", hosts: ["acme.example.org"] };
const ENTRY = plainEntry(acme, "unscheduled");

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "clients-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    const file = join(folder, "acme", name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

function settings(more: Partial<PageSettings> = {}): PageSettings {
  const clients = readClients([acme, { name: "beta" }], more.theme, folder);
  return { timeZone: "UTC", links: {}, languages: ["en", "fr"], clients, ...more };
}

function page(language = "en", more: Partial<PageSettings> = {}): string {
  const pages: readonly Page[] = renderInstancePages(ENTRY, settings(more))?.pages ?? [];
  return pages.find((one) => one.format === "html" && one.language === language)?.body ?? "";
}

/** The 50x page as it is stored. */
function failure() {
  return renderFailurePages([acme], settings()).find(({ instance }) => instance === "acme")?.objects[0];
}

const LAYOUT = '{% layout "page.html.liquid" %}\n';

describe("a client's folder", () => {
  it("is optional", () => {
    expect(renderInstancePages(ENTRY, settings())).toBeUndefined();
    expect(failure()).toBeUndefined();
  });

  it("gives the instance its own pages, with any entry", () => {
    write({ "theme.json": '{ "accent": "#8a1f4d" }' });
    expect(page()).toContain("--accent:#8a1f4d;");
    expect(failure()?.key).toBe("instances/acme/50x.en.html");
  });

  it("has its page for an unscheduled maintenance stored in advance, at the address of an entry without a message", () => {
    write({ "theme.json": '{ "accent": "#8a1f4d" }' });
    const [standing, ...others] = renderStandingPages([acme], settings());
    expect(others).toStrictEqual([]);
    expect(standing?.revision).toBe(renderInstancePages({ ...ENTRY, kind: "unscheduled" }, settings())?.revision);
    expect(standing?.awaited).toBe(false);
    expect(renderStandingPages([{ ...acme, name: "beta" }], settings())).toStrictEqual([]);
  });

  it("is merged into the stack's theme", () => {
    write({ "theme.json": '{ "radius": "0" }' });
    expect(page("en", { theme: { accent: "#006644", radius: "2rem" } })).toMatch(/--accent:#006644;.*--radius:0\}/);
  });

  it("replaces single strings of a language", () => {
    write({ "languages/fr.json": '{ "unscheduled": { "heading": "Nous revenons" } }' });
    expect(page("fr")).toContain("<h1>Nous revenons</h1>\n<p>Un problème demande");
    expect(page("en")).toContain("<h1>We’re working on the site</h1>");
  });

  it("can have a logo, which is embedded in the page", () => {
    write({ "logo.svg": '<svg xmlns="http://www.w3.org/2000/svg"/>' });
    expect(page()).toContain('<img class="logo" src="data:image/svg+xml;base64,PHN2Zy');
  });

  it("can have assets, which pages use only where the page server answers", () => {
    write({
      "assets/a/photo.webp": "x",
      "page.html.liquid": `${LAYOUT}{% block footer %}{% if assets %}<img src="{{ assets }}a/photo.webp" alt="">{% endif %}{% endblock %}`,
    });
    expect(settings().clients.get("acme")?.assets).toMatchObject([{ name: "a/photo.webp", contentType: "image/webp" }]);
    expect(page()).toContain('<img src="/.maintenance-page/a/photo.webp" alt="">');
    expect(failure()?.body).not.toContain("photo.webp");
  });

  it("replaces a single block, or the page of one kind, or the whole page", () => {
    write({ "page.html.liquid": `${LAYOUT}{% block heading %}<h1>{{ strings.heading }}!</h1>{% endblock %}` });
    expect(page()).toContain("<h1>We’re working on the site!</h1>\n<p>Something needs");
    write({ "unscheduled.html.liquid": `${LAYOUT}{% block heading %}<h1>Only here</h1>{% endblock %}` });
    expect(page()).toContain("<h1>Only here</h1>");
    expect(failure()?.body).toContain("<h1>The site can’t answer right now!</h1>");
    write({ "unscheduled.html.liquid": WHOLE });
    expect(page()).toContain("<body><p>Something needs our attention");
  });
});

const WHOLE = `<!DOCTYPE html>
<html lang="{{ language }}" dir="{{ direction }}">
<head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{{ contentSecurityPolicy }}"><title>x</title></head>
<body><p>{{ strings.body }}</p></body>
</html>
`;

describe("a broken client is rejected, with file and line", () => {
  it("is reported once, although the problem is in every page and language and causes more errors", () => {
    write({ "page.html.liquid": `${LAYOUT}{% block footer %}<b onclick="x()">{% endblock %}` });
    expect(() => renderFailurePages([acme], settings())).toThrow(/have 2 problems.*Unclosed element.*onclick/s);
  });

  const at = (name: string) => join("acme", name);

  it.each<[string, Readonly<Record<string, string>>, string, RegExp]>([
    [
      "an unknown variable",
      { "page.html.liquid": `${LAYOUT}\n{% block footer %}{{ foo }}{% endblock %}` },
      "page.html.liquid:3:22",
      /undefined variable: foo/,
    ],
    [
      "a tag that is left open",
      { "page.html.liquid": "<p>\n{% if site %}" },
      "page.html.liquid:2:1",
      /tag {% if site %} not closed/,
    ],
    [
      "an unknown filter",
      { "page.html.liquid": `${LAYOUT}{% block footer %}{{ site | shout }}{% endblock %}` },
      "page.html.liquid:2:19",
      /undefined filter: shout/,
    ],
    [
      "an unknown layout",
      { "page.html.liquid": '{% layout "pag" %}' },
      "page.html.liquid:1:1",
      /Failed to lookup \\"pag\\"/,
    ],
    [
      "an unknown block",
      { "page.html.liquid": `${LAYOUT}\n{% block foter %}x{% endblock %}` },
      "page.html.liquid:3",
      /found: +"foter"[\s\S]*nearest: +footer/,
    ],
    [
      "an element that is left open",
      { "page.html.liquid": `${LAYOUT}{% block footer %}\n<div>\n</span>\n{% endblock %}` },
      "page.html.liquid:3",
      /found: +"Unclosed element '<div>'"/,
    ],
    [
      "an image of another host",
      {
        "page.html.liquid": `${LAYOUT}{% block footer %}\n<img src="https://cdn.example/x.png" alt="">\n{% endblock %}`,
      },
      "page.html.liquid:3",
      /found: +"https:\/\/cdn\.example\/x\.png"/,
    ],
    [
      "an unknown asset",
      {
        "page.html.liquid": `${LAYOUT}{% block footer %}\n<img src="/.maintenance-page/x.png" alt="">\n{% endblock %}`,
      },
      "page.html.liquid:3",
      /found: +"\/\.maintenance-page\/x\.png"/,
    ],
    [
      "a script",
      { "page.html.liquid": `${LAYOUT}{% block footer %}\n<script>alert(1)</script>\n{% endblock %}` },
      "page.html.liquid:3",
      /found: +"a script"/,
    ],
    [
      "style in an attribute",
      { "page.html.liquid": `${LAYOUT}{% block footer %}\n<p style="color:red">x</p>\n{% endblock %}` },
      "page.html.liquid:3",
      /found: +"the attribute style"/,
    ],
    [
      "a page without its policy",
      {
        "page.html.liquid":
          '<!DOCTYPE html>\n<html lang="{{ language }}"><head><title>x</title></head><body></body></html>',
      },
      "page.html.liquid:1",
      /found: +"a page without its policy"/,
    ],
    [
      "a page without its language",
      { "page.html.liquid": WHOLE.replace(' lang="{{ language }}"', "") },
      "page.html.liquid:1",
      /found: +"a page without its language"/,
    ],
    [
      "an image in the style sheet",
      { "style.css": "main {\n  background: url(https://x.example/y.png);\n}" },
      "",
      /found: +"https:\/\/x\.example\/y\.png"/,
    ],
    [
      "a token that can't be read",
      { "theme.json": '{ "accent": "#fc0" }' },
      "theme.json: theme.accent",
      /nearest: +#[0-9a-f]{6}/,
    ],
    ["an unknown token", { "theme.json": '{ "acent": "#000" }' }, "theme.json: acent", /nearest: +accent/],
    ["invalid JSON", { "theme.json": "{" }, "theme.json", /allowed: +JSON/],
    [
      "an unknown string",
      { "languages/fr.json": '{ "window": { "labl": "x" } }' },
      "languages/fr.json: window.labl",
      /nearest: +label/,
    ],
    ["an unknown language", { "languages/frr.json": "{}" }, "languages/frr.json", /nearest: +fr\.json/],
    [
      "a string that is not a text",
      { "languages/fr.json": '{ "retry": 3 }' },
      "languages/fr.json: retry",
      /allowed: +a text/,
    ],
    ["an unknown file", { "theme.jsn": "{}" }, "theme.jsn", /nearest: +theme\.json/],
    ["a logo that is too large", { "logo.png": "x".repeat(5000) }, "logo.png", /found: +"5000 bytes"/],
    ["two logos", { "logo.png": "x", "logo.svg": "x" }, "logo.svg", /allowed: +one logo/],
    [
      "an asset with a name that a URL can't contain",
      { "assets/My Photo.png": "x" },
      "assets/My Photo.png",
      /lower-case letters/,
    ],
    ["an asset of an unknown type", { "assets/photo": "x" }, "assets/photo", /the ending of a known type/],
  ])("%s", (_, files, place, message) => {
    write(files);
    let output = "";
    try {
      page();
    } catch (error) {
      output = error instanceof Error ? error.message : String(error);
    }
    expect(output).toContain(at(place));
    expect(output).toMatch(message);
    expect(output).toMatch(/^The pages have \d+ problems?\. Nothing was changed\.\n/);
  });
});
