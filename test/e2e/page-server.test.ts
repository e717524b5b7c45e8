import { createSocket, type Socket } from "node:dgram";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createEncryptedServer, type Server } from "node:https";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { rootCertificates } from "node:tls";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ADDRESS_HEADER, announcedAddress, LINK_PATH } from "../../components/page-server/contract";
import { PORTS } from "../../components/page-server/model";
import { startCommand } from "../../components/page-server/start";
import { makeAuthority } from "../../lab/cluster/certificates";
import { runCommand } from "../../lab/cluster/commands";
import { openLink } from "../../lab/traffic/link";
import { BROWSER, type VisitOptions, visit } from "../../lab/traffic/visitor";
import { LANGUAGES } from "../../model/languages";
import { bundle } from "../../pages/bundle";
import { clientNames, readClients } from "../../pages/clients";
import { CONTENT_TYPES, PAGE_DISPOSITION } from "../../pages/kinds";
import { type PageObject, renderFailurePages, renderSharedPages } from "../../pages/render";
import { type LocalPageServer, pathsIn, startNginx, startPageServer, writeFolder } from "../../preview/page-server";
import { SAMPLE_SETTINGS, samplesOf } from "../../preview/samples";
import { ACCEPT, addressFor } from "../../preview/server";

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

describe("a bypass link", () => {
  const KEY = "0123456789abcdef".repeat(2);
  const OTHER = "fedcba9876543210".repeat(2);
  const LMS = "acme.example.org";
  const STUDIO = "studio.acme.example.org";
  const MFES = "apps.acme.example";
  const walk = [LMS, STUDIO, MFES];
  const address = announcedAddress({ instance: "acme", kind: "unscheduled", revision: undefined }, walk);
  let server: LocalPageServer;
  beforeAll(async () => {
    const objects = ["unscheduled", "not-found"].map(
      (kind): PageObject => ({ key: `shared/${kind}.html`, format: "html", body: `everybody's ${kind}` }),
    );
    server = await startPageServer({ objects, clients: [] }, ["en"]);
  });
  afterAll(() => server.stop());

  interface Opened extends Pick<VisitOptions, "method"> {
    readonly host?: string;
    readonly headers?: Readonly<Record<string, string>>;
    /** What the override sets. */
    readonly address?: string;
  }
  const open = async (query: string, { host = LMS, headers, method, ...set }: Opened = {}) => {
    const answer = await visit(server.bypass, host, LINK_PATH + query, {
      ...(method === undefined ? {} : { method }),
      headers: { ...BROWSER, [ADDRESS_HEADER]: set.address ?? address, "x-forwarded-proto": "https", ...headers },
    });
    const { location, "set-cookie": cookies } = answer.headers;
    return { ...answer, location, cookies };
  };
  const cookie = (key: string, rest = "always; Max-Age=43200", more = "; Secure") =>
    `maintenance-bypass-${key}=${rest}; Path=/; HttpOnly; SameSite=Lax${more}`;
  const isPage = { status: 503, location: undefined, cookies: undefined };

  it("sets the cookie of its key and leads to the site, says so to nobody, and is not kept", async () => {
    expect(await open(`?key=${KEY}`)).toMatchObject({
      status: 303,
      location: "/",
      cookies: [cookie(KEY)],
      body: "",
      headers: { "cache-control": "no-store", "referrer-policy": "no-referrer", "x-robots-tag": "noindex" },
    });
    expect(await open(`?key=${KEY}`, { headers: { "x-forwarded-proto": "http" } })).toMatchObject({
      status: 303,
      cookies: [cookie(KEY, undefined, "")],
    });
    expect(await open(`?key=${KEY}`, { method: "HEAD" })).toMatchObject({ status: 303, cookies: [cookie(KEY)] });
    expect(server.asked).toStrictEqual([]);
  });

  it("takes the cookie back", async () => {
    expect(await open(`?end=${KEY}`)).toMatchObject({
      status: 303,
      location: "/",
      cookies: [cookie(KEY, "; Max-Age=0")],
    });
  });

  it("walks through all hosts from each of them, ends where it began, and can be taken back", async () => {
    const headers = { [ADDRESS_HEADER]: address, "x-forwarded-proto": "https" };
    for (const [index, first] of walk.entries()) {
      const walked = [...walk.slice(index), ...walk.slice(0, index), first];
      const link = (word: string) => `https://${first}${LINK_PATH}?${word}=${KEY}&hosts=3`;
      const opened = await openLink(server.bypass, link("key"), { headers });
      expect(opened).toMatchObject({ walked, end: `${first}/` });
      expect(opened.cookies).toStrictEqual(new Map(walk.map((host) => [host, `maintenance-bypass-${KEY}=always`])));
      const ended = await openLink(server.bypass, link("end"), { headers, cookies: opened.cookies });
      expect(ended).toMatchObject({ walked, end: `${first}/` });
      expect(ended.cookies.size).toBe(0);
    }
  });

  it.each([
    ["a host that the override does not list", { host: "beta.example.org" }],
    ["a host below one of them", { host: `x.${LMS}` }],
    ["a host that begins as one of them", { host: `${LMS}.evil.example` }],
    ["an expression", { host: "...................." }],
    ["the only host", { address: "/acme/unscheduled/-/bypass/" }],
  ])("from %s it leads to no other host", async (_, opened) => {
    const { status, location } = await open(`?key=${KEY}&hosts=3`, opened);
    expect([303, 400]).toContain(status);
    if (status === 303) expect(location).toBe("/");
  });

  it.each(["0", "15", "99999999999", "-1", "1x", "//evil.example", "%31", "3&hosts=evil.example"])(
    "hosts=%s is no way out",
    async (hosts) => {
      const { location = "" } = await open(`?key=${KEY}&hosts=${hosts}`);
      expect(["/", `//${STUDIO}${LINK_PATH}?key=${KEY}&hosts=2`]).toContain(location);
    },
  );

  it("keeps one key in a browser: another one goes", async () => {
    const setBeside = async (cookies: string) => (await open(`?key=${KEY}`, { headers: { cookie: cookies } })).cookies;
    const gone = cookie(OTHER, "; Max-Age=0");
    expect(await setBeside(`a=b; maintenance-bypass-${OTHER}=always; c=d`)).toStrictEqual([cookie(KEY), gone]);
    expect(await setBeside(`maintenance-bypass-${KEY}=always; maintenance-bypass-${OTHER}=always`)).toStrictEqual([
      cookie(KEY),
      gone,
    ]);
    for (const none of [
      `maintenance-bypass-${KEY}=always`,
      `maintenance-bypass-${OTHER}0=always`,
      `xmaintenance-bypass-${OTHER}=always`,
      `maintenance-bypass-${OTHER.toUpperCase()}=always`,
      `maintenance-bypass-${OTHER.slice(1)}=always`,
    ]) {
      expect(await setBeside(none), none).toStrictEqual([cookie(KEY)]);
    }
  });

  it.each([
    ["no key", "", {}],
    ["an empty key", "?key=", {}],
    ["a short key", `?key=${KEY.slice(1)}`, {}],
    ["a long key", `?key=${KEY}0`, {}],
    ["a very long key", `?key=${"0".repeat(30_000)}`, {}],
    ["a key in capitals", `?key=${KEY.toUpperCase()}`, {}],
    ["another name", `?key=session${KEY.slice(7)}`, {}],
    ["a line break", `?key=${KEY}%0d%0aSet-Cookie:%20a=b`, {}],
    ["a line break instead of a key", `?key=%0d%0aSet-Cookie:%20a=b`, {}],
    ["attributes", `?key=${KEY};%20Domain=example.org`, {}],
    ["an escaped key", `?key=%30${KEY.slice(1)}`, {}],
    ["a key that is escaped twice", `?key=%2530${KEY.slice(1)}`, {}],
    ["both", `?key=${KEY}&end=${KEY}`, {}],
    ["POST", `?key=${KEY}`, { method: "POST" }],
    ["PUT", `?key=${KEY}`, { method: "PUT" }],
    ["DELETE", `?key=${KEY}`, { method: "DELETE" }],
    ["OPTIONS", `?key=${KEY}`, { method: "OPTIONS" }],
    ["a longer path", `/?key=${KEY}`, {}],
    ["an instance without a bypass", `?key=${KEY}`, { address: "/acme/unscheduled/-/" }],
    ["no address", `?key=${KEY}`, { address: "" }],
    ["an address that is none", `?key=${KEY}`, { address: "/acme/unscheduled/-/bypass/evil example/" }],
    ["two addresses", `?key=${KEY}`, { address: `${address}, ${address}` }],
  ] as const)("%s gets the page, and no cookie", async (what, query, opened) => {
    const answer = await open(query, opened);
    // An address below the link's is an asset's.
    if (what === "a longer path") expect(answer).toMatchObject({ cookies: undefined, location: undefined });
    else expect(answer).toMatchObject(isPage);
  });

  // Each warning of nginx has the request with it.
  it("is in no log of the page server, after all of that", () => {
    expect(server.logged()).not.toContain(KEY);
    expect(server.logged()).not.toContain("uninitialized");
  });

  it("is the page where an instance with its own assets has no bypass any more", async () => {
    const { status, body } = await visit(server.maintenance, LMS, "/acme/unscheduled/-/bypass", { headers: BROWSER });
    expect({ status, body }).toStrictEqual({ status: 503, body: "everybody's unscheduled" });
  });

  it("is the page on the other ports", async () => {
    for (const [port, status] of [
      ["maintenance", 503],
      ["notFound", 404],
    ] as const) {
      const headers = { ...BROWSER, [ADDRESS_HEADER]: address };
      const answer = await visit(server[port], LMS, `${LINK_PATH}?key=${KEY}`, { headers });
      expect(answer.status).toBe(status);
      expect(answer.headers["set-cookie"]).toBeUndefined();
    }
  });
});

describe("whoever else answers at the bucket's address", () => {
  const until = new Date("2038-01-01T00:00:00Z");
  const page = (key: string, body: string): PageObject => ({ key, format: "txt", body, until });
  const revision = "0000000000000001";
  const objects = [
    page(`instances/acme/${revision}/scheduled.txt`, "acme's own"),
    page("shared/unscheduled.txt", "everybody's"),
  ];
  let server: LocalPageServer;
  beforeAll(async () => {
    server = await startPageServer({ objects, clients: [] }, ["en"]);
  });
  afterAll(() => server.stop());

  const ask = async (instance: string, kind: string) => {
    const answer = await fetch(`${server.maintenance}/${instance}/${kind}/${revision}/`, {
      headers: { accept: "text/plain" },
    });
    const source = /source=(\w+)/.exec(answer.headers.get("x-maintenance-page") ?? "")?.[1];
    return { status: answer.status, body: await answer.text(), source, retryAfter: answer.headers.get("retry-after") };
  };

  it.each([
    ["a page for everything", 200, { "content-type": "text/html" }],
    ["a file to keep", 200, { "content-disposition": 'attachment; filename="maintenance-page"' }],
    ["a way into the page server", 200, { "x-accel-redirect": "/shared/unscheduled.txt" }],
    ["nothing", 204, {}],
    ["a part", 206, { "content-range": "bytes 0-3/4" }],
    ["another address", 302, { location: "https://for-sale.example/" }],
  ] as const)("is not listened to, nor kept: %s", { timeout: 20_000 }, async (_, status, headers) => {
    server.replaceBucket();
    const isKept = { status: 503, body: "acme's own", source: "instance", retryAfter: until.toUTCString() };
    await expect.poll(() => ask("acme", "scheduled"), { timeout: 10_000 }).toMatchObject(isKept);
    server.replaceBucket((_request, response) => void response.writeHead(status, headers).end("for sale"));
    // Longer than a page is kept without asking again.
    await sleep(7000);
    for (let visitor = 0; visitor < 3; visitor += 1) {
      expect(await ask("acme", "scheduled")).toMatchObject(isKept);
      const embedded = { status: 503, body: "everybody's", source: "embedded", retryAfter: "300" };
      expect(await ask("beta", "unscheduled")).toMatchObject(embedded);
    }
  });
});

describe("a visitor of an instance that failed, as the controller's X-Code tells", () => {
  const clients = readClients([{ name: "gamma" }]);
  const settings = { ...SAMPLE_SETTINGS, languages: ["en", "fr", "ar"], clients };
  const own = renderFailurePages([{ name: "gamma", hosts: ["gamma.example.org"] }], settings);
  const shared = renderSharedPages(settings);
  const objects = [shared, ...own].flatMap((pages) => pages.objects);
  let server: LocalPageServer;
  beforeAll(async () => {
    server = await startPageServer({ objects, clients: [...clients.values()] }, settings.languages);
  });
  afterAll(() => server.stop());

  const ask = (host: string, code: string, options: VisitOptions = {}) =>
    visit(server.notFound, host, "/", { ...options, headers: { ...BROWSER, "x-code": code, ...options.headers } });

  const pagesOf = (instance: string | undefined) =>
    instance === undefined
      ? shared.pages.filter(({ kind }) => kind === "50x")
      : (own.find((pages) => pages.instance === instance)?.pages ?? []);

  it.each([
    ["acme.example.org", undefined, "shared"],
    ["gamma.example.org", "gamma", "instance"],
    ["studio.gamma.example.org", "gamma", "instance"],
    ["gamma.example.org.attacker.example", undefined, "shared"],
  ])("%s gets the page of %s in every format and language", async (host, instance, source) => {
    const pages = pagesOf(instance);
    expect(pages).toHaveLength(12);
    for (const { format, language, body } of pages) {
      const headers = { accept: ACCEPT[format], "accept-language": language };
      const answer = await ask(host, "502", { headers });
      expect(answer.body).toBe(body);
      expect(answer).toMatchObject({
        status: 502,
        headers: {
          "content-language": language,
          "content-type": CONTENT_TYPES[format],
          "x-maintenance-page": `kind=50x; stack=00000000; source=${source}`,
          "cache-control": "no-store",
        },
      });
    }
  });

  it("is shown the very page that whoever is not the page server shows", async () => {
    for (const [host, folder] of Object.entries({
      "acme.example.org": "shared",
      "gamma.example.org": "instances/gamma",
    })) {
      const stored = objects.find(({ key }) => key === `${folder}/50x.en.html`);
      expect(stored?.body).toContain("</html>");
      expect((await ask(host, "504", { headers: { "accept-language": "en" } })).body).toBe(stored?.body);
    }
  });

  it.each([
    ["500", undefined],
    ["502", undefined],
    ["503", "300"],
    ["504", undefined],
  ])("keeps the status %s; Retry-After %s", async (code, retryAfter) => {
    for (const accept of [...Object.values(ACCEPT), "image/png"]) {
      const answer = await ask("acme.example.org", code, { headers: { accept } });
      expect(answer.status).toBe(Number(code));
      expect(answer.headers["retry-after"]).toBe(retryAfter);
      if (accept === "image/png") expect(answer.body).toBe("");
    }
  });

  it.each([
    "",
    "200",
    "301",
    "404",
    "401",
    "599",
    "503 ",
    "503,200",
    "0503",
    "<script>alert(1)</script>",
    "x".repeat(5000),
  ])("X-Code %j is as none: the not-found page", async (code) => {
    const answer = await ask("gamma.example.org", code);
    const expected = code === "503 " ? 503 : 404; // a header has no spaces at its end
    expect(answer.status).toBe(expected);
    expect(answer.body).not.toContain("alert");
  });

  it("is told nothing of the cluster, whatever else the controller says or the visitor forges", async () => {
    const headers = {
      "x-namespace": "secret-namespace",
      "x-ingress-name": "../../gamma",
      "x-service-name": "secret-service",
      "x-original-uri": "/secret-path",
      "x-format": "application/json",
      "x-request-id": "secret-id",
    };
    const answer = await ask("acme.example.org", "503", { headers });
    expect(answer.body).toBe(pagesOf(undefined).find(({ format }) => format === "html")?.body);
    expect(JSON.stringify(answer)).not.toContain("secret");
  });

  it.each([
    ["HEAD", undefined],
    ["POST", Buffer.alloc(2_000_000, "a")],
    ["PUT", Buffer.from("xy")],
    ["DELETE", undefined],
    ["OPTIONS", undefined],
  ] as const)("%s is answered as any", async (method, body) => {
    const answer = await ask("acme.example.org", "502", { method, ...(body === undefined ? {} : { body }) });
    expect(answer.status).toBe(502);
    expect(answer.headers["content-type"]).toBe(CONTENT_TYPES.html);
    expect(answer.body.includes("</html>")).toBe(method !== "HEAD");
  });

  it.each([
    [900_000, "the page"],
    [7_000_000, "the page"],
    [9_000_000, "503\n"],
  ])(
    "a body of %d bytes with HTTP/1.0, as the controller asks: %s, whole, however slowly it comes",
    async (size, what) => {
      // As the controller does, it stops sending when an answer begins, and waits for its length or the connection's end.
      const begin = Date.now();
      const answer = await sendSlowly(server.notFound, size);
      const body = what === "the page" ? pagesOf(undefined).find(({ format }) => format === "html")?.body : what;
      expect(answer).toMatch(/^HTTP\/1\.1 503 /);
      expect(answer.slice(answer.indexOf("\r\n\r\n") + 4)).toBe(body);
      expect(Date.now() - begin).toBeLessThan(4000);
    },
  );

  it("throws a body in chunks away", async () => {
    const body = Buffer.alloc(300_000, "a");
    const answer = await ask("acme.example.org", "504", {
      method: "POST",
      body,
      headers: { "transfer-encoding": "chunked" },
    });
    expect(answer.status).toBe(504);
  });

  it("lets an application on another origin see the status", async () => {
    const origin = "https://apps.example.org";
    const preflight = { origin, "access-control-request-method": "GET" };
    expect(await ask("acme.example.org", "502", { method: "OPTIONS", headers: preflight })).toMatchObject({
      status: 204,
      headers: { "access-control-allow-origin": origin, "access-control-allow-methods": "GET" },
    });
    expect(await ask("acme.example.org", "502", { headers: { origin } })).toMatchObject({
      status: 502,
      headers: { "access-control-allow-origin": origin },
    });
    // An unknown host allows nobody anything.
    expect(await ask("acme.example.org", "", { method: "OPTIONS", headers: preflight })).toMatchObject({ status: 404 });
  });

  it("shows nothing of its inside", async () => {
    for (const path of ["/-/502/page", "/-/404/nothing", "/-/page", "/-/shared"]) {
      const answer = await visit(server.notFound, "gamma.example.org", path, { headers: BROWSER });
      expect(answer.status).toBe(404);
      expect(answer.body).not.toMatch(/nginx/);
    }
  });
});

function sendSlowly(url: string, size: number): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    let answer = "";
    let left = size;
    const socket = connect(Number(port), hostname, () => {
      const headers = `Host: acme.example.org\r\nX-Code: 503\r\nAccept: text/html\r\nContent-Length: ${size}`;
      socket.write(`POST / HTTP/1.0\r\n${headers}\r\n\r\n`);
      const send = () => {
        if (answer !== "" || left <= 0) return;
        socket.write(Buffer.alloc(Math.min(left, 200_000), "x"));
        left -= 200_000;
        setTimeout(send, 10);
      };
      send();
    });
    const end = () => {
      socket.destroy();
      resolve(answer);
    };
    socket.on("data", (chunk) => {
      answer += chunk.toString();
      const head = answer.indexOf("\r\n\r\n");
      const length = /^content-length: (\d+)/im.exec(answer.slice(0, head))?.[1];
      if (length !== undefined && Buffer.byteLength(answer) >= head + 4 + Number(length)) end();
    });
    socket.on("end", end);
    socket.on("error", reject);
  });
}

function revision(index: number): string {
  return index.toString(16).padStart(16, "0");
}

describe("the time in Retry-After", () => {
  const page = (kind: string, until: Date): PageObject => ({
    key: `instances/acme/${revision(1)}/${kind}.txt`,
    format: "txt",
    body: kind,
    until,
  });

  it("is the end of the window, and the default once that has passed", async () => {
    const soon = new Date(Math.ceil(Date.now() / 1000) * 1000 + 3000);
    const late = new Date("2038-01-01T00:00:00Z");
    const objects = [page("scheduled", soon), page("unscheduled", late)];
    const server = await startPageServer({ objects, clients: [] }, ["en"]);
    const retryAfter = async (kind: string) => {
      const answer = await fetch(`${server.maintenance}/acme/${kind}/${revision(1)}/`, {
        headers: { accept: "text/plain" },
      });
      expect(await answer.text()).toBe(kind);
      return answer.headers.get("retry-after");
    };
    try {
      expect(await retryAfter("scheduled")).toBe(soon.toUTCString());
      expect(await retryAfter("unscheduled")).toBe(late.toUTCString());
      await sleep(soon.getTime() - Date.now() + 1500);
      expect(await retryAfter("scheduled")).toBe("300");
      expect(await retryAfter("unscheduled")).toBe(late.toUTCString());
    } finally {
      await server.stop();
    }
  });
});

describe("a store with a certificate of a private authority", () => {
  const HOST = "store.example";
  const KEY = `/pages/instances/acme/${revision(1)}/scheduled.txt`;
  let folder: string;
  let store: Server;
  let names: Socket;
  let authority: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "authority-"));
    const made = await makeAuthority(folder);
    await made.issue("store", { subject: `/CN=${HOST}`, alternativeNames: [`DNS:${HOST}`] });
    authority = made.certificate;
    const [cert, key] = ["crt", "key"].map((end) => readFileSync(join(folder, `store.${end}`)));
    store = createEncryptedServer({ ...(cert && { cert }), ...(key && { key }) }, (request, response) => {
      if (request.url !== KEY) return response.writeHead(404).end();
      return response
        .writeHead(200, { "content-type": "text/plain", "content-disposition": PAGE_DISPOSITION })
        .end("acme's own");
    });
    await new Promise<void>((resolve) => store.listen(0, "127.0.0.1", resolve));
    names = await nameServer();
  });
  afterAll(() => {
    store.close();
    names.close();
    rmSync(folder, { recursive: true });
  });

  const asked = async (certificateAuthority?: string) => {
    const address = store.address();
    const port = typeof address === "object" ? address?.port : undefined;
    const shared: PageObject = { key: "shared/scheduled.txt", format: "txt", body: "everybody's" };
    const options = {
      pagesUrl: `https://${HOST}:${port}/pages`,
      languages: ["en"],
      clients: [],
      resolver: `127.0.0.1:${names.address().port} ipv6=off`,
      ...(certificateAuthority === undefined ? {} : { certificateAuthority }),
    };
    const nginx = await startNginx(options, [shared]);
    try {
      const path = `/acme/scheduled/${revision(1)}/`;
      const answer = await fetch(nginx.maintenance + path, { headers: { accept: "text/plain" } });
      return { status: answer.status, body: await answer.text() };
    } finally {
      await nginx.stop();
    }
  };

  it("is read with the authority", async () => {
    expect(await asked(authority)).toStrictEqual({ status: 503, body: "acme's own" });
  });

  it("is not trusted without it, nor with another one", async () => {
    expect(await asked()).toStrictEqual({ status: 503, body: "everybody's" });
    expect(await asked(rootCertificates[0])).toStrictEqual({ status: 503, body: "everybody's" });
  });
});

/** A name server on loopback for which every name has the address 127.0.0.1 (RFC 1035 section 4). */
async function nameServer(): Promise<Socket> {
  const socket = createSocket("udp4", (query, { port, address }) => {
    const question = query.subarray(12, query.indexOf(0, 12) + 5);
    const head = Buffer.concat([query.subarray(0, 2), Buffer.from([0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0])]);
    const answer = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
    socket.send(Buffer.concat([head, question, answer]), port, address);
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  return socket;
}

describe("on a network with IPv6 alone", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "ipv6-"));
    const paths = pathsIn(folder);
    const settings = {
      pagesUrl: "http://[fd00::1]:9/pages",
      languages: ["en"],
      clients: [],
      hasCertificateAuthority: false,
    };
    const shared = ["unscheduled", "not-found"].map(
      (kind): PageObject => ({ key: `shared/${kind}.txt`, format: "txt", body: `everybody's ${kind}` }),
    );
    writeFolder(paths, settings, shared);
    writeFileSync(join(folder, "start.sh"), startCommand(PORTS, paths));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("answers the probes and visitors, as the container's command starts it", async () => {
    // A network of its own, from which IPv4 is taken; nginx ends with it.
    const visit = `
      const ask = async (port, path) => {
        const answer = await fetch("http://[::1]:" + port + path, { headers: { accept: "text/plain" } });
        return answer.status + " " + await answer.text();
      };
      const untilReady = async () => {
        for (let attempt = 0; attempt < 100; attempt += 1) {
          if (await ask(${PORTS.health}, "/healthz").catch(() => "") === "200 ok\\n") return;
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      };
      untilReady().then(async () => {
        const ipv4 = await fetch("http://127.0.0.1:${PORTS.health}/healthz").then(() => "answers", () => "is not there");
        console.log(JSON.stringify([
          "IPv4 " + ipv4,
          await ask(${PORTS.maintenance}, "/acme/unscheduled/-/"),
          await ask(${PORTS.bypass}, "/"),
          await ask(${PORTS.notFound}, "/"),
        ]));
      });`;
    writeFileSync(join(folder, "visit.js"), visit);
    const script = [
      "ip link set lo up && ip -4 address flush dev lo",
      `PATH="$PATH:/usr/sbin" sh ${folder}/start.sh & nginx=$!`,
      `${process.execPath} ${folder}/visit.js`,
      "kill $nginx",
    ].join("\n");
    const output = await runCommand("unshare", ["--net", "bash", "-c", script]);
    expect(JSON.parse(output)).toStrictEqual([
      "IPv4 is not there",
      "503 everybody's unscheduled",
      "503 everybody's unscheduled",
      "404 everybody's not-found",
    ]);
  });
});
