import { connect } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type LocalPageServer, startPageServer } from "../../gallery/page-server";
import { SAMPLE_SETTINGS } from "../../gallery/samples";
import { readClients } from "../../pages/clients";
import { renderFailurePages, renderInstancePages, renderSharedPages } from "../../pages/render";
import { plainEntry } from "../../settings/maintenance";

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
const TOLD = `/acme/scheduled/${OF_ACME.revision}/`;
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

/** Somewhere in everything that is sent; nowhere in an answer. */
const MARK = "m4rk-of-the-visitor";

/** The header that the controller adds, which is all that tells the page server whose page it is on this port. */
const toldOn = (port: Port) => (port === "bypass" ? `X-Forwarded-Prefix: ${TOLD}\r\n` : "");

const COMMON = "Host: acme.example.org\r\nAccept: text/html\r\nConnection: close\r\n";

const request = (port: Port, path: string, headers = "", body = "") =>
  `GET ${path} HTTP/1.1\r\n${COMMON}${toldOn(port)}${headers}\r\n${body}`;

const post = (port: Port, headers: string, body = "") =>
  `POST ${home(port)}?${MARK} HTTP/1.1\r\n${COMMON}${toldOn(port)}${headers}\r\n${body}`;

/** Where the page of acme is. */
const home = (port: Port) => (port === "maintenance" ? TOLD : "/");

interface Sending {
  /** Bytes at a time, with this many milliseconds between. */
  readonly every?: number;
  /** After how long the visitor goes, answered or not. */
  readonly patience?: number;
  /** How many answers there will be; without it as many as come until the connection ends. */
  readonly answers?: number;
}

/** Sends bytes as they are, and takes whatever comes back. */
function send(port: Port, sent: string | Buffer, { every, patience = 3000, answers }: Sending = {}): Promise<string> {
  const bytes = typeof sent === "string" ? Buffer.from(sent, "latin1") : sent;
  const { hostname, port: number } = new URL(server[port]);
  return new Promise((resolve) => {
    let answer = "";
    const socket = connect(Number(number), hostname, () => {
      if (every === undefined) socket.write(bytes);
      else drip(0);
    });
    const drip = (index: number) => {
      if (socket.destroyed || index >= bytes.length) return;
      socket.write(bytes.subarray(index, index + 1));
      setTimeout(drip, every, index + 1);
    };
    const timer = setTimeout(() => socket.destroy(), patience);
    socket.on("data", (chunk) => {
      answer += chunk.toString("latin1");
      if (answers !== undefined && statusesIn(answer).length >= answers) setTimeout(() => socket.destroy(), 100);
    });
    // nginx ends a connection whose request it refuses while the rest of it is still being sent.
    socket.on("error", () => {});
    socket.on("close", () => {
      clearTimeout(timer);
      resolve(answer);
    });
  });
}

const statusesIn = (answer: string) => [...answer.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => Number(match[1]));

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
  const page = port === "notFound" ? 404 : 503;

  it.each([
    "/../../etc/passwd",
    "/../../../../../../../../etc/passwd",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "/..%2f..%2fetc/passwd",
    "/..%5c..%5cetc%5cpasswd",
    "/..\\..\\etc\\passwd",
    "/%252e%252e%252f%252e%252e%252fetc%252fpasswd",
    "/%c0%ae%c0%ae/%c0%ae%c0%ae/etc/passwd",
    "/....//....//etc/passwd",
    "//etc/passwd",
    "///etc/passwd",
    "//evil.example/%2e%2e",
    "/.maintenance-page/../../etc/passwd",
    "/.maintenance-page/..%2f..%2f..%2fetc/passwd",
    "/.maintenance-page/%2e%2e/nginx.conf",
    `/acme/scheduled/-/..%2f..%2f..%2f..%2fetc%2fpasswd`,
    `/acme/scheduled/-/.%2e/.%2e/.%2e/pages/nginx.conf`,
    "/acme/scheduled/-/nginx.conf",
    "/nginx.conf",
    "/scratch/resolver.conf",
    "/%2F",
    "/%2F%2F%2Fetc%2Fpasswd",
    "/%00",
    "/a%00.html",
    "/.maintenance-page/campus.svg%00.html",
    "/%0d%0aSet-Cookie:%20a=b",
    "/%0aX-Injected:%201",
    "/%",
    "/%zz",
    "/%u002e%u002e/",
    "/\xff\xfe\x80",
    "/%ff%fe%80",
    "/<script>alert(1)</script>",
    "/$host$request_uri$1",
    '/<!--#include virtual="/-/shared"-->',
    "/;a=b?c#d",
    "*",
    "/-/page",
    "/-/asset",
    "/-/refused",
    "/-/nothing",
    "/-/shared",
    "/-/embedded",
    "/-/404/page",
    "/-/502/page",
    "/en/-/-/unscheduled.html",
    `/en/acme/${OF_ACME.revision}/scheduled.html`,
    `/en/beta/${OF_BETA.revision}/scheduled.html`,
  ])("GET %s shows no file and nothing of what was sent", async (path) => {
    for (const asked of [path, `${path}?${MARK}`, `${path}/${MARK}`]) {
      expectNothingGiven(await send(port, request(port, asked)), [page, 400, 404]);
    }
    // The name of an asset of acme's may be asked for, which it has none of.
    expectBucketSpared(/^GET \/pages\/(?:shared\/[a-z0-9-]+\.[a-z]+|instances\/acme\/[a-z0-9._/-]+)$/);
  });

  it.each([
    `X-Original-URI: /${MARK}`,
    `X-Original-URL: ${OTHERS}`,
    `X-Rewrite-URL: ${OTHERS}`,
    "X-Original-Forwarded-For: 127.0.0.1",
    "X-Code: 200",
    "X-Code: 302",
    "X-Code: 404\r\nX-Code: 200",
    "X-Format: ../../../../etc/passwd",
    `X-Format: ${MARK}`,
    "X-Service-Name: beta",
    `X-Forwarded-Host: ${MARK}.example`,
    `X-Forwarded-For: ${MARK}`,
    `X-Forwarded-Proto: ${MARK}`,
    `X-Forwarded-Uri: ${OTHERS}`,
    `Forwarded: for=${MARK};host=${MARK}`,
    `X-Accel-Redirect: /-/embedded`,
    `X-Accel-Redirect: ${OTHERS}`,
    "X-Accel-Buffering: no",
    "X-Http-Method-Override: DELETE",
    "X-Page-Source: asset",
    `X-Page-Retry-After: ${MARK}`,
    `X-Amz-Meta-Retry-After: ${MARK}`,
    `X-Amz-Copy-Source: ${KEY_OF_BETA}`,
    "Range: bytes=0-0",
    "Range: bytes=0-,0-,0-,0-,0-,0-,0-,0-",
    "If-None-Match: *",
    'If-Match: "x"',
    "If-Modified-Since: Fri, 31 Dec 2100 00:00:00 GMT",
    "If-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT",
    "If-Range: Fri, 31 Dec 2100 00:00:00 GMT\r\nRange: bytes=0-0",
    `Cookie: ${MARK}=${MARK}`,
    `Authorization: Basic ${MARK}`,
    `Referer: http://${MARK}/`,
    `User-Agent: () { :; }; echo ${MARK}`,
    `Origin: null`,
    `Origin: https://${MARK}.example/<script>`,
    `Accept: ${MARK}/${MARK}, text/html`,
    `Accept-Language: ${MARK}, ../../etc/passwd;q=0.9`,
    "Accept-Language: $request_uri",
    `Upgrade: websocket\r\nSec-WebSocket-Key: ${MARK}`,
    "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
    "TE: trailers",
    `Via: ${MARK}`,
    "X-Bad: \xff\xfe\x80",
    `X-Bad:\t${MARK}\t`,
    "Sec-Fetch-Dest: image",
    `Sec-Fetch-Dest: ../${MARK}`,
  ])("the header %s changes nothing", async (header) => {
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
    const answer = await send(port, `GET ${home(port)} HTTP/1.1\r\n${headers}${toldOn(port)}\r\n`);
    expectNothingGiven(answer, statuses);
    expect(statusesIn(answer)).toHaveLength(1);
  });

  const http = (line: string, headers = COMMON + toldOn(port)) => `${line}\r\n${headers}\r\n`;

  it.each([
    ["a header of 60 kB", http(`GET ${home(port)} HTTP/1.1`, `${COMMON}X-Long: ${MARK.repeat(3100)}\r\n`), [page]],
    ["a header of 70 kB", http(`GET ${home(port)} HTTP/1.1`, `${COMMON}X-Long: ${MARK.repeat(3700)}\r\n`), [400]],
    ["10,000 headers", http("GET / HTTP/1.1", COMMON + `${MARK}: ${MARK.repeat(3)}\r\n`.repeat(10_000)), [400]],
    ["a path of 8 kB", http(`GET /${MARK.repeat(420)} HTTP/1.1`), [page]],
    ["a path of 70 kB", http(`GET /${MARK.repeat(3700)} HTTP/1.1`), [414]],
    ["a whole address", http(`GET http://${MARK}.example/${MARK} HTTP/1.1`), [page]],
    ["another's whole address", http(`GET http://beta.example.org${OTHERS}../../../ HTTP/1.1`), [page]],
    ["another scheme", http(`GET file:///etc/passwd HTTP/1.1`), [page, 400]],
    ["CONNECT", http(`CONNECT ${MARK}.example:443 HTTP/1.1`), [400, 405]],
    ["TRACE", http(`TRACE /${MARK} HTTP/1.1`), [405]],
    ["an unknown method", http(`MARK /${MARK} HTTP/1.1`), [page]],
    ["a method in small letters", http(`get /${MARK} HTTP/1.1`), [400]],
    ["a method of 1 kB", http(`${"A".repeat(1000)} /${MARK} HTTP/1.1`), [page]],
    ["PROPFIND", http(`PROPFIND /${MARK} HTTP/1.1`), [page]],
    ["HTTP/2 in clear text", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [400, 505]],
    ["HTTP/3.0", http(`GET /${MARK} HTTP/3.0`), [505]],
    ["no version of HTTP", http(`GET /${MARK} ${MARK}`), [400]],
    ["a TLS handshake", "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03", [400]],
    ["no host", http(`GET /${MARK} HTTP/1.1`, "Connection: close\r\n"), [400]],
    ["two hosts", http(`GET /${MARK} HTTP/1.1`, `${COMMON}Host: beta.example.org\r\n`), [400]],
    ["a folded header", http(`GET /${MARK} HTTP/1.1`, `${COMMON}X-A: b\r\n ${MARK}\r\n`), [page, 400]],
    ["a space before the colon", http(`GET /${MARK} HTTP/1.1`, `${COMMON}Content-Length : 5\r\n`), [page, 400]],
    ["NUL in a header", http(`GET /${MARK} HTTP/1.1`, `${COMMON}X-A: a\0${MARK}\r\n`), [400]],
    ["line feeds alone", `GET /${MARK} HTTP/1.1\nHost: acme.example.org\nConnection: close\n\n`, [page]],
    ["noise", Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 7919 + 128) % 256)), [400]],
  ] as const)("%s is answered without a name", async (_, sent, statuses) => {
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

  const hidden = `GET ${OTHERS}?${MARK} HTTP/1.1\r\nHost: beta.example.org\r\n\r\n`;

  it.each([
    [
      "both a length and chunks",
      post(port, "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", `0\r\n\r\n${hidden}`),
      [400],
    ],
    [
      "chunks and then a length",
      post(port, "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", `0\r\n\r\n${hidden}`),
      [400],
    ],
    ["two lengths", post(port, "Content-Length: 5\r\nContent-Length: 6\r\n", `12345${hidden}`), [400]],
    ["a list of lengths", post(port, "Content-Length: 5, 6\r\n", `12345${hidden}`), [400]],
    ["a length below zero", post(port, "Content-Length: -5\r\n", hidden), [400]],
    ["a length beyond numbers", post(port, `Content-Length: ${"9".repeat(40)}\r\n`, hidden), [400]],
    ["a length with a sign", post(port, "Content-Length: +5\r\n", `12345${hidden}`), [400]],
    ["an encoding that is none", post(port, "Transfer-Encoding: xchunked\r\n", hidden), [501, 400]],
    ["two encodings", post(port, "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", hidden), [400, 501]],
    ["a chunk's size that is none", post(port, "Transfer-Encoding: chunked\r\n", `zz\r\n${MARK}\r\n0\r\n\r\n`), [page]],
    [
      "a chunk's size beyond numbers",
      post(port, "Transfer-Encoding: chunked\r\n", `${"f".repeat(40)}\r\n${MARK}`),
      [page],
    ],
    ["a chunk's size below zero", post(port, "Transfer-Encoding: chunked\r\n", `-1\r\n${MARK}\r\n0\r\n\r\n`), [page]],
    [
      "a chunk that is longer than its size",
      post(port, "Transfer-Encoding: chunked\r\n", `1\r\n${MARK}\r\n0\r\n\r\n`),
      [page],
    ],
  ] as const)("%s: one answer, and no second request in the body", async (_, sent, statuses) => {
    const answer = await send(port, sent);
    expectNothingGiven(answer, statuses);
    expect(statusesIn(answer)).toHaveLength(1);
    expectBucketSpared();
  });

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
    expect(Date.now() - begin).toBeLessThan(1000);
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
    "%s is acme's page or nothing, where acme is told",
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
      const answer = await send("bypass", `GET / HTTP/1.1\r\n${COMMON}${header}\r\n${toldOn("bypass")}\r\n`);
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
    const asked = request("maintenance", TOLD, preflight).replace(/^GET/, "OPTIONS");
    expect(statusesIn(await send("maintenance", asked))).toEqual([204]);
  });
});
