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

describe("an instance with a bypass, whose path is the visitor's and whose page the header tells", () => {
  const page = (key: string, body: string): PageObject => ({ key, format: "txt", body });
  const objects = [
    page(`instances/acme/${revision(1)}/scheduled.txt`, "acme's own"),
    page("instances/beta/0000000000000001/scheduled.txt", "beta's own"),
    page("shared/unscheduled.txt", "everybody's"),
  ];
  const clients = readClients([{ name: "gamma" }]);
  let server: LocalPageServer;
  beforeAll(async () => {
    server = await startPageServer({ objects, clients: [...clients.values()] }, ["en"]);
  });
  afterAll(() => server.stop());

  const told = `/acme/scheduled/${revision(1)}/`;
  const ask = async (path: string, header: string | undefined, init: RequestInit = {}) => {
    const headers = { accept: "text/plain", ...(header === undefined ? {} : { "x-forwarded-prefix": header }) };
    const answer = await fetch(server.bypass + path, { ...init, headers });
    return { status: answer.status, body: await answer.text(), page: answer.headers.get("x-maintenance-page") };
  };

  it.each([
    ["GET", "/", undefined],
    ["GET", "/courses//a%2Fb?x=1", undefined],
    // What would be another's page on the port of the overrides.
    ["GET", `/beta/scheduled/${revision(1)}/`, undefined],
    ["GET", "/.maintenance-page/../etc/passwd", undefined],
    ["PUT", "/form", "xy"],
    ["POST", "/form", new Uint8Array(1_000_000)],
  ] as const)("%s %s: the page that was told", async (method, path, body) => {
    const init = { method, ...(body === undefined ? {} : { body }) };
    const answer = await ask(path, told, init);
    expect(answer).toMatchObject({ status: 503, body: "acme's own" });
    expect(answer.page).toContain(`instance=acme; kind=scheduled; revision=${revision(1)}`);
  });

  it.each([undefined, "", "/", "/acme/", "/ACME/scheduled/-/", "/acme/other/-/", `${told}x`, `x${told}`])(
    "told %j: everybody's page",
    async (header) => {
      const answer = await ask("/", header);
      expect(answer).toMatchObject({ status: 503, body: "everybody's" });
      expect(answer.page).toContain("instance=-; kind=unscheduled; revision=-;");
    },
  );

  it("shows a client's files, and no other's", async () => {
    expect(await ask("/.maintenance-page/campus.svg", "/gamma/unscheduled/-/")).toMatchObject({ status: 200 });
    expect(await ask("/.maintenance-page/campus.svg", "/acme/unscheduled/-/")).toMatchObject({ status: 404, body: "" });
  });

  it("shows nothing of its inside", async () => {
    for (const path of ["/-/page", "/-/asset", "/-/nothing", "/-/shared", "/-/embedded"]) {
      const answer = await ask(path, told);
      expect([503, 404]).toContain(answer.status);
      expect(answer.body).not.toMatch(/nginx/);
    }
  });
});

function revision(index: number): string {
  return index.toString(16).padStart(16, "0");
}
