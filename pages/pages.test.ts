import { HtmlValidate } from "html-validate";
import { describe, expect, it } from "vitest";
import { LANGUAGES } from "../model/languages";
import { SAMPLE_SETTINGS, samplesOf } from "../preview/samples";
import { LONGEST_PAGE, markupProblems } from "./check";
import { type Client, clientNames, readClients } from "./clients";
import { PAGE_KINDS } from "./kinds";
import { TEMPLATES_FOLDER } from "./paths";
import { digestOf, RETRY_SCRIPT } from "./script";

const validator = new HtmlValidate({
  extends: ["html-validate:recommended", "html-validate:document", "html-validate:a11y"],
  rules: {
    "no-inline-style": "error",
    // The page uses it only when scripts are off. Otherwise retry.js loads the site again, without a refresh.
    "meta-refresh": "off",
    // Script and style are in the page, so nothing is loaded that needs a digest.
    "require-sri": "error",
  },
});

const clients = readClients(clientNames().map((name) => ({ name })));
const samples = samplesOf({ ...SAMPLE_SETTINGS, languages: LANGUAGES, clients });
const html = samples.flatMap((sample) =>
  sample.pages.filter(({ format }) => format === "html").map((page) => ({ sample, page })),
);

it("the samples contain every kind in every language, for the shared pages and for every client", () => {
  const seen = new Set(
    html.map(({ sample, page }) => `${sample.client?.name ?? "shared"} ${page.kind} ${page.language}`),
  );
  for (const client of ["shared", ...clientNames()]) {
    for (const kind of PAGE_KINDS) {
      // An unknown host has no owner.
      if (client !== "shared" && kind === "not-found") continue;
      for (const language of LANGUAGES) expect(seen).toContain(`${client} ${kind} ${language}`);
    }
  }
});

const SHARED_ONLY: Client = {
  name: "shared-only",
  folder: TEMPLATES_FOLDER,
  theme: undefined,
  hasMarkup: true,
  style: "",
  logo: undefined,
  strings: new Map(),
  assets: [],
};

describe.each(LANGUAGES)("every HTML page in %s", (language) => {
  const pages = html.filter(({ page }) => page.language === language);

  it("is valid HTML", async () => {
    for (const { sample, page } of pages) {
      const report = await validator.validateString(page.body);
      const messages = report.results.flatMap((result) => result.messages);
      expect(messages, sample.name).toEqual([]);
    }
  });

  it("fits into one TCP round trip", () => {
    for (const { sample, page } of pages) expect(Buffer.byteLength(page.body), sample.name).toBeLessThan(LONGEST_PAGE);
  });

  it("loads nothing from other hosts, and runs only its own script", () => {
    for (const { sample, page } of pages) {
      const style = /<style>(.*?)<\/style>/s.exec(page.body)?.[1] ?? "";
      expect(markupProblems(page, sample.client ?? SHARED_ONLY, style), sample.name).toStrictEqual([]);
      // A visitor follows links; the browser does not load them. The SVG's namespace is a name, not an address.
      const rest = page.body.replace(/<a href="[^"]*" rel="noreferrer">[^<]*<\/a>/g, "");
      expect(rest.replace(/xmlns="[^"]*"/g, ""), sample.name).not.toMatch(/https?:\/\//i);
    }
  });

  it("allows its own style sheet and script by their digests, and nothing else", () => {
    for (const { sample, page } of pages) {
      const style = /<style>(.*?)<\/style>/s.exec(page.body)?.[1] ?? "";
      const script = /<script>(.*?)<\/script>/s.exec(page.body)?.[1] ?? "";
      const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page.body)?.[1];
      expect(script, sample.name).toBe(RETRY_SCRIPT);
      expect(policy?.replaceAll("&#39;", "'"), sample.name).toBe(
        `default-src 'none'; style-src ${digestOf(style)}; script-src ${digestOf(script)}; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'`,
      );
    }
  });

  it("declares its language and direction", () => {
    const direction = ["ar", "fa", "he", "ur"].includes(language) ? "rtl" : "ltr";
    for (const { sample, page } of pages)
      expect(page.body, sample.name).toContain(`<html lang="${language}" dir="${direction}">`);
  });
});
