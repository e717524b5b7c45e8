import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ADDRESS_HEADER, announcedAddress, LINK_PATH } from "../../components/page-server/contract";
import { headOf, hostileBodies, hostileHeaders, hostilePaths, hostileRequests, MARK } from "../../lab/traffic/hostile";
import { type Sending, send as sendTo, statusesIn } from "../../lab/traffic/raw";
import { plainEntry } from "../../model/maintenance";
import { readClients } from "../../pages/clients";
import { renderFailurePages, renderInstancePages, renderSharedPages } from "../../pages/render";
import { type LocalPageServer, startPageServer } from "../../preview/page-server";
import { SAMPLE_SETTINGS } from "../../preview/samples";

// What somebody sends who means harm, straight to a real nginx with the page server's configuration. In a cluster the
// controller is before it and lets little of this through; here nothing depends on that.

const instances = ["acme", "beta", "gamma"].map((name) => ({ name, hosts: [`${name}.example.org`] }));
const [acme, beta] = instances.map((instance) => plainEntry(instance, "scheduled"));
const settings = { ...SAMPLE_SETTINGS, languages: ["en"], clients: readClients([{ name: "gamma" }]) };

const pagesOf = (entry: typeof acme, text: string) => {
  const pages = entry && renderInstancePages({ ...entry, message: { en: text } }, settings);
  if (pages === undefined) throw new Error("no pages of its own");
  return pages;
};
const OF_ACME = pagesOf(acme, "the words of acme");
const OF_BETA = pagesOf(beta, "the words of beta");
const PAGE_ADDRESS = `/acme/scheduled/${OF_ACME.revision}/`;
const OTHERS = `/beta/scheduled/${OF_BETA.revision}/`;
const KEY_OF_BETA = `instances/beta/${OF_BETA.revision}/scheduled.html`;

let server: LocalPageServer;
beforeAll(async () => {
  const failures = renderFailurePages(instances, settings);
  const objects = [renderSharedPages(settings), OF_ACME, OF_BETA, ...failures].flatMap((pages) => pages.objects);
  server = await startPageServer({ objects, clients: [...settings.clients.values()] }, settings.languages);
});
afterAll(() => server.stop());

const PORTS = ["maintenance", "bypass", "notFound"] as const;
type Port = (typeof PORTS)[number];

/** The header that the controller adds. On this port the page server takes the page from it alone. */
const addressHeader = (port: Port) => (port === "bypass" ? `X-Forwarded-Prefix: ${PAGE_ADDRESS}\r\n` : "");

const COMMON = headOf({ host: "acme.example.org", extraHeaders: "" });

const request = (port: Port, path: string, headers = "", body = "") =>
  `GET ${path} HTTP/1.1\r\n${COMMON}${addressHeader(port)}${headers}\r\n${body}`;

const post = (port: Port, headers: string, body = "") =>
  `POST ${home(port)}?${MARK} HTTP/1.1\r\n${COMMON}${addressHeader(port)}${headers}\r\n${body}`;

/** Where the page of acme is. */
const home = (port: Port) => (port === "maintenance" ? PAGE_ADDRESS : "/");

const target = (port: Port) => ({
  host: "acme.example.org",
  extraHeaders: addressHeader(port),
  home: home(port),
  othersHost: "beta.example.org",
  others: OTHERS,
  page: port === "notFound" ? 404 : 503,
});

const send = (port: Port, sent: string | Buffer, options?: Sending) => sendTo(server[port], sent, options);

/** What no answer may be, whatever was asked for. */
function expectNothingGiven(answer: string, allowed: readonly number[]): void {
  expect(answer).not.toContain(MARK);
  expect(answer).not.toMatch(/root:|worker_processes|proxy_pass|<Key>|ListBucket|the words of beta/);
  expect(answer).not.toMatch(/nginx\/|nginx<|<hr>|openresty/i);
  expect(answer.replace(/^Server: nginx\r$/gm, "")).not.toMatch(/nginx/i);
  for (const status of statusesIn(answer)) expect(allowed).toContain(status);
}

/** The bucket knows pages that all share, and those of the instance that was asked for. */
function expectBucketSpared(
  allowed = /^GET \/pages\/(?:shared|instances\/acme\/[0-9a-f]{16})\/[a-z0-9-]+\.[a-z]+$/,
): void {
  for (const asked of server.asked.slice(askedBefore)) expect(asked).toMatch(allowed);
}

let askedBefore = 0;
beforeEach(() => {
  askedBefore = server.asked.length;
});

describe.each(PORTS)("on the port %s", (port) => {
  const { page } = target(port);

  it.each([
    ...hostilePaths,
    `/en/acme/${OF_ACME.revision}/scheduled.html`,
    `/en/beta/${OF_BETA.revision}/scheduled.html`,
  ])("GET %s shows no file and nothing of what was sent", async (path) => {
    for (const asked of [path, `${path}?${MARK}`, `${path}/${MARK}`]) {
      expectNothingGiven(await send(port, request(port, asked)), [page, 400, 404]);
    }
    // The name of an asset of acme's may be asked for, which it has none of.
    expectBucketSpared(/^GET \/pages\/(?:shared\/[a-z0-9-]+\.[a-z]+|instances\/acme\/[a-z0-9._/-]+)$/);
  });

  it.each(hostileHeaders(OTHERS))("the header %s changes nothing", async (header) => {
    const answer = await send(port, request(port, `${home(port)}?${MARK}`, `${header}\r\n`));
    expectNothingGiven(answer, [page]);
    expect(statusesIn(answer)).toEqual([page]);
    expect(answer).not.toMatch(/^(?:location|content-range|set-cookie):/im);
    expectBucketSpared();
  });

  it.each([
    [`${MARK}.example`, [page]],
    ["beta.example.org", [page]],
    ["localhost", [page]],
    ["127.0.0.1:8082", [page]],
    ["[::1]", [page]],
    ["a".repeat(5000), [page]],
    ["acme.example.org@evil.example", [page, 400]],
    ["acme.example.org/../beta", [400]],
    ["..", [400]],
    ["a..b", [400]],
    ["", [400]],
    ["$host", [page]],
    ["\xff\xfe", [page, 400]],
    ["acme.example.org\0", [400]],
  ] as const)("the host %j is answered with %j", async (host, statuses) => {
    const headers = COMMON.replace(/^Host:.*\r\n/, `Host: ${host}\r\n`);
    const answer = await send(port, `GET ${home(port)} HTTP/1.1\r\n${headers}${addressHeader(port)}\r\n`);
    expectNothingGiven(answer, statuses);
    expect(statusesIn(answer)).toHaveLength(1);
  });

  it.each(hostileRequests(target(port)))("%s is answered without a name", async (_, sent, statuses) => {
    const answer = await send(port, sent);
    expectNothingGiven(answer, statuses);
    expect(statusesIn(answer)).toHaveLength(1);
    expectBucketSpared();
  });

  it("HTTP/0.9 gets no more than the page", async () => {
    const answer = await send(port, `GET /${MARK}\r\n`);
    expectNothingGiven(answer, []);
    expectBucketSpared();
  });

  it.each(hostileBodies(target(port)))(
    "%s: one answer, and no second request in the body",
    async (_, sent, statuses) => {
      const answer = await send(port, sent);
      expectNothingGiven(answer, statuses);
      expect(statusesIn(answer)).toHaveLength(1);
      expectBucketSpared();
    },
  );

  const LARGE = 20_000_000;
  const chunk = Buffer.concat([Buffer.from("10000\r\n"), Buffer.alloc(0x10000, MARK), Buffer.from("\r\n")]);
  const chunks = Math.ceil(LARGE / 0x10000);

  it.each([
    ["its length", Buffer.concat([Buffer.from(post(port, `Content-Length: ${LARGE}\r\n`)), Buffer.alloc(LARGE, MARK)])],
    [
      "chunks",
      Buffer.concat([
        Buffer.from(post(port, "Transfer-Encoding: chunked\r\n")),
        ...Array.from({ length: chunks }, () => chunk),
        Buffer.from("0\r\n\r\n"),
      ]),
    ],
  ])("a body of 20 MB with %s is answered once", async (_, sent) => {
    const answer = await send(port, sent, { patience: 10_000 });
    expectNothingGiven(answer, [page]);
    expect(statusesIn(answer)).toEqual([page]);
  });

  it("20 requests in one write get 20 answers", async () => {
    const one = request(port, `${home(port)}?${MARK}`).replace("Connection: close\r\n", "");
    const answer = await send(port, one.repeat(20), { answers: 20 });
    expectNothingGiven(answer, [page]);
    expect(statusesIn(answer)).toHaveLength(20);
    expect(answer.match(/<\/html>/g)).toHaveLength(20);
  });

  it("a visitor who sends a byte each 50 ms keeps nobody waiting", async () => {
    const slow = Array.from({ length: 50 }, () => send(port, request(port, home(port)), { every: 50, patience: 3000 }));
    const begin = Date.now();
    const answer = await send(port, request(port, home(port)));
    expect(statusesIn(answer)).toEqual([page]);
    expect(Date.now() - begin).toBeLessThan(2000);
    for (const other of await Promise.all(slow)) expectNothingGiven(other, [page]);
  });

  it.each([
    "/?list-type=2",
    "/?list-type=2&prefix=instances/",
    "/pages/?list-type=2",
    "/pages/",
    "/pages",
    `/pages/${KEY_OF_BETA}`,
    `/${KEY_OF_BETA}`,
    "/instances/",
    "/instances/gamma/assets/campus.svg",
    "/acme/scheduled/-/?list-type=2",
    "/acme/scheduled/-/a/?list-type=2",
    "/acme/scheduled/-/a%3flist-type=2",
    "/acme/scheduled/-//",
    "/acme/scheduled/-/a/../../../?list-type=2",
    `/acme/scheduled/-/..%2f..%2fbeta%2f${OF_BETA.revision}%2fscheduled.html`,
    "/.maintenance-page/",
    "/.maintenance-page/?list-type=2",
    "/.maintenance-page/a/..%2f..%2f..%2fgamma%2fassets%2fcampus.svg",
    "/.maintenance-page/%2e%2e/gamma/assets/campus.svg",
    "/?acl",
    "/?policy",
    "/?versions",
  ])("%s gets neither the bucket's listing nor another's", async (path) => {
    const answer = await send(port, request(port, path));
    expectNothingGiven(answer, [page, 400, 404]);
    expect(answer).not.toContain("<svg");
    for (const asked of server.asked.slice(askedBefore)) {
      expect(asked).toMatch(/^GET \/pages\/(?:shared\/|instances\/acme\/)[a-z0-9][a-z0-9._/-]*[a-z0-9]$/);
      expect(asked).not.toMatch(/\.\.|\/\/|[?%]/);
    }
  });

  it("answers with the page as before, after all of it", async () => {
    const answer = await send(port, request(port, home(port)));
    expect(statusesIn(answer)).toEqual([page]);
    expect(answer.includes("the words of acme")).toBe(port !== "notFound");
    expect(answer).toContain("</html>");
  });
});

describe("what belongs to somebody else", () => {
  it.each([OTHERS, `${OTHERS}../..${OTHERS}`, "/gamma/unscheduled/-/campus.svg", "/.maintenance-page/campus.svg"])(
    "%s is acme's page or nothing, where the address of the page of acme is sent",
    async (path) => {
      const answer = await send("bypass", request("bypass", path));
      expectNothingGiven(answer, [503, 404]);
      expect(answer).not.toContain("<svg");
    },
  );

  // The header itself is the controller's, which replaces a visitor's.
  it.each([`X_Forwarded_Prefix: ${OTHERS}`, `X-Forwarded-Prefix : ${OTHERS}`, `X-Original-Prefix: ${OTHERS}`])(
    "the header %s beside the controller's own shows no other's page",
    async (header) => {
      const answer = await send("bypass", `GET / HTTP/1.1\r\n${COMMON}${header}\r\n${addressHeader("bypass")}\r\n`);
      expectNothingGiven(answer, [503, 400]);
    },
  );

  it.each(["gamma.example.org", "GAMMA.EXAMPLE.ORG.", "x.gamma.example.org"])(
    "a failure of %s shows gamma's page, and that alone is asked for",
    async (host) => {
      const headers = `Host: ${host}\r\nAccept: text/html\r\nX-Code: 502\r\nConnection: close\r\n`;
      const answer = await send("notFound", `GET ${OTHERS} HTTP/1.1\r\n${headers}\r\n`);
      expect(statusesIn(answer)).toEqual([502]);
      for (const asked of server.asked.slice(askedBefore)) expect(asked).toBe("GET /pages/instances/gamma/50x.html");
    },
  );

  it("a client's own file is the only thing that is found", async () => {
    const answer = await send("maintenance", request("maintenance", "/gamma/unscheduled/-/campus.svg"));
    expect(statusesIn(answer)).toEqual([200]);
    expect(answer).toContain("<svg");
    const preflight = `Origin: https://apps.example.org\r\nAccess-Control-Request-Method: GET\r\n`;
    const asked = request("maintenance", PAGE_ADDRESS, preflight).replace(/^GET/, "OPTIONS");
    expect(statusesIn(await send("maintenance", asked))).toEqual([204]);
  });
});

describe("a bypass link", () => {
  const KEY = "0123456789abcdef".repeat(2);
  const OTHER = "fedcba9876543210".repeat(2);
  const STUDIO = "studio.acme.example.org";
  const address = announcedAddress({ instance: "acme", kind: "scheduled", revision: OF_ACME.revision }, [
    "acme.example.org",
    STUDIO,
  ]);
  const ADDRESS = `${ADDRESS_HEADER}: ${address}\r\n`;
  const link = `${LINK_PATH}?key=${KEY}&hosts=2`;
  const http = (line: string, headers = `${COMMON}${ADDRESS}`, body = "") => `${line}\r\n${headers}\r\n${body}`;

  /** Each answer is the page or a redirect within the instance, with a cookie of ours; nothing else of a request is in it. */
  function expectOnlyOurs(answer: string, statuses: readonly number[]): void {
    expectNothingGiven(answer, statuses);
    expect(answer).not.toMatch(/evil/);
    const places = [...answer.matchAll(/^location: (.*)\r$/gim)].map(([, place]) => place);
    for (const place of places) expect(["/", `//${STUDIO}${LINK_PATH}?key=${KEY}&hosts=1`]).toContain(place);
    const cookies = [...answer.matchAll(/^set-cookie: (.*)\r$/gim)].map(([, cookie]) => cookie);
    for (const cookie of cookies)
      expect(cookie).toMatch(
        /^maintenance-bypass-[0-9a-f]{32}=(?:always; Max-Age=43200|; Max-Age=0); Path=\/; HttpOnly; SameSite=Lax(?:; Secure)?$/,
      );
    expect(places).toHaveLength(statusesIn(answer).filter((status) => status === 303).length);
    expect(cookies.length).toBeLessThanOrEqual(places.length * 2);
  }

  it.each([
    ["as it is", http(`GET ${link} HTTP/1.1`), [303]],
    ["in HTTP/1.0", http(`GET ${link} HTTP/1.0`), [303]],
    ["twice in one query", http(`GET ${link}&key=${MARK} HTTP/1.1`), [303]],
    ["the second of two keys", http(`GET ${LINK_PATH}?key=${MARK}&key=${KEY} HTTP/1.1`), [503]],
    ["with more beside it", http(`GET ${link}&utm_source=${MARK}&next=//evil.example HTTP/1.1`), [303]],
    ["as a whole address", http(`GET http://evil.example${link} HTTP/1.1`), [303]],
    ["for another host", http(`GET ${link} HTTP/1.1`, `Host: evil.example\r\n${ADDRESS}Connection: close\r\n`), [303]],
    ["for a host with a port", http(`GET ${link} HTTP/1.1`, COMMON.replace("org", "org:99999") + ADDRESS), [303]],
    [
      "for a host that ends the list",
      http(`GET ${link} HTTP/1.1`, `Host: acme.example.org/evil.example\r\n${ADDRESS}\r\n`),
      [400],
    ],
    [
      "through another proxy",
      http(`GET ${link} HTTP/1.1`, `${COMMON}${ADDRESS}X-Forwarded-Host: evil.example\r\n`),
      [303],
    ],
    [
      "over another scheme",
      http(`GET ${link} HTTP/1.1`, `${COMMON}${ADDRESS}X-Forwarded-Proto: https; Domain=${MARK}\r\n`),
      [303],
    ],
    [
      "with an address of the visitor's beside the edge's",
      http(
        `GET ${link} HTTP/1.1`,
        `${COMMON}${ADDRESS}${ADDRESS_HEADER}: /acme/scheduled/-/bypass/acme.example.org/evil.example/\r\n`,
      ),
      [303, 503],
    ],
    [
      "with cookies of 60 kB",
      http(`GET ${link} HTTP/1.1`, `${COMMON}${ADDRESS}Cookie: ${`${MARK}=a; `.repeat(2700)}\r\n`),
      [303],
    ],
    [
      "with a cookie that goes on",
      http(`GET ${link} HTTP/1.1`, `${COMMON}${ADDRESS}Cookie: maintenance-bypass-${OTHER}${MARK}=always\r\n`),
      [303],
    ],
    [
      "with a hundred keys",
      http(
        `GET ${link} HTTP/1.1`,
        `${COMMON}${ADDRESS}Cookie: ${`maintenance-bypass-${OTHER}=always; `.repeat(100)}\r\n`,
      ),
      [303],
    ],
    ["with a body", http(`GET ${link} HTTP/1.1`, `${COMMON}${ADDRESS}Content-Length: 5\r\n`, "12345"), [303]],
    ["with a line break", http(`GET ${LINK_PATH}?key=${KEY}%0d%0aLocation:%20//evil.example HTTP/1.1`), [503]],
    [
      "with a line break in the path",
      http(`GET ${LINK_PATH}%0d%0aLocation:%20//evil.example?key=${KEY} HTTP/1.1`),
      [503],
    ],
    ["with NUL", http(`GET ${LINK_PATH}?key=${KEY}%00 HTTP/1.1`), [503]],
    ["with bytes that are no text", http(`GET ${LINK_PATH}?key=\xff${KEY.slice(1)} HTTP/1.1`), [503]],
    ["with a variable", http(`GET ${LINK_PATH}?key=$link_key&hosts=$host HTTP/1.1`), [503]],
    ["with a key of 60 kB", http(`GET ${LINK_PATH}?key=${"0".repeat(60_000)} HTTP/1.1`), [503]],
    ["with an escaped path", http(`GET ${LINK_PATH.replace("bypass", "%62ypass")}?key=${KEY} HTTP/1.1`), [303]],
    [
      "with a path that is escaped twice",
      http(`GET ${LINK_PATH.replace("bypass", "%2562ypass")}?key=${KEY} HTTP/1.1`),
      [503],
    ],
    ["by a detour", http(`GET /x/..${LINK_PATH}?key=${KEY}&hosts=2 HTTP/1.1`), [303]],
    ["with an unknown method", http(`MARK ${link} HTTP/1.1`), [503]],
    ["with a method that begins as one", http(`GETS ${link} HTTP/1.1`), [503]],
    ["TRACE", http(`TRACE ${link} HTTP/1.1`), [405]],
  ] as const)("%s is within the instance", async (_, sent, statuses) => {
    const answer = await send("bypass", sent);
    expectOnlyOurs(answer, statuses);
    expect(statusesIn(answer)).toHaveLength(1);
    expectBucketSpared();
  });

  it("is one answer where a second request is in its body", async () => {
    const smuggled = http(`GET ${LINK_PATH}?key=${OTHER} HTTP/1.1`);
    const answer = await send(
      "bypass",
      http(`GET ${link} HTTP/1.1`, `${COMMON}${ADDRESS}Content-Length: ${smuggled.length}\r\n`, smuggled),
    );
    expectOnlyOurs(answer, [303]);
    expect(statusesIn(answer)).toHaveLength(1);
    expect(answer).not.toContain(OTHER);
  });

  it("opens nothing of somebody else's: another key is a cookie that no edge knows", async () => {
    const answer = await send("bypass", http(`GET ${LINK_PATH}?key=${OTHER}&hosts=2 HTTP/1.1`));
    expect(statusesIn(answer)).toEqual([303]);
    expect(answer).not.toContain(KEY);
  });
});
