import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ACCEPT, addressFor } from "../../gallery/edge";
import { type LocalPageServer, startPageServer } from "../../gallery/page-server";
import { SAMPLE_SETTINGS, samplesOf } from "../../gallery/samples";
import { bundle } from "../../pages/bundle";
import { clientNames, readClients } from "../../pages/clients";
import { LANGUAGES } from "../../pages/languages";
import type { PageObject } from "../../pages/render";

// A real nginx with the configuration of the page server; a web server of this process stands for the bucket.

describe("every page in every format and language", () => {
  const clients = readClients(clientNames().map((name) => ({ name })));
  const settings = { ...SAMPLE_SETTINGS, languages: LANGUAGES, clients };
  const samples = samplesOf(settings).filter(({ kind }) => kind !== "50x");
  let server: LocalPageServer;

  beforeAll(async () => {
    const objects = samples.flatMap((sample) => sample.objects);
    server = await startPageServer({ objects, clients: [...clients.values()] }, LANGUAGES);
  });
  afterAll(() => server.stop());

  it.each(samples.map((sample) => [sample.name, sample] as const))(
    "%s comes through as it was rendered",
    async (_, sample) => {
      for (const { format, language, body } of sample.pages) {
        const answer = await fetch(addressFor(sample, server), {
          headers: { accept: ACCEPT[format], "accept-language": language },
        });
        expect(await answer.text()).toBe(body);
        expect(answer.status).toBe(sample.kind === "not-found" ? 404 : 503);
        expect(answer.headers.get("content-language")).toBe(language);
      }
    },
  );
});

const HOSTILE = [
  "<!--#",
  "<!--",
  "<!-",
  "<!",
  "<",
  "#",
  "-->",
  "$",
  '"',
  "<!--# endif -->",
  '<!--#include virtual="/-/shared"-->',
];

describe("whatever is in a page", () => {
  const text = fc
    .array(fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: "grapheme" })), { minLength: 1 })
    .map((parts) => parts.join("").replace(/[\p{Cc}\p{Cs}]/gu, ""));

  it("comes through nginx's server-side includes byte by byte, in the language that was asked for", async () => {
    const cases = fc.sample(fc.tuple(text, text, text, text), 500);
    const objects = cases.map(
      ([english, french, arabic, common], index): PageObject => ({
        key: `instances/acme/${revision(index)}/scheduled.txt`,
        format: "txt",
        body: bundle(
          [
            { language: "en", body: `.${english}${common}` },
            { language: "fr", body: `.${french}${common}` },
            { language: "ar", body: `.${arabic}${common}` },
          ],
          [common],
        ),
      }),
    );
    const server = await startPageServer({ objects, clients: [] }, ["en", "fr", "ar"]);
    try {
      for (const [index, [english, french, arabic, common]] of cases.entries()) {
        const said = { en: english, fr: french, ar: arabic };
        for (const [language, words] of Object.entries(said)) {
          const answer = await fetch(`${server.maintenance}/acme/scheduled/${revision(index)}/`, {
            headers: { accept: "text/plain", "accept-language": language },
          });
          expect(await answer.text()).toBe(`.${words}${common}`);
        }
      }
    } finally {
      await server.stop();
    }
  });
});

function revision(index: number): string {
  return index.toString(16).padStart(16, "0");
}
