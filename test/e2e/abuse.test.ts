import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LocalPageServer, startPageServer } from "../../gallery/page-server";
import { visit } from "../../local/visitor";
import { readClients } from "../../pages/clients";
import type { PageObject } from "../../pages/render";

// What a visitor can send who means harm, straight at the page server, past the controller. A real nginx with the page
// server's configuration; a web server of this process stands for the bucket, and writes down what it is asked for.

const SECRET = "of another instance";
const MARK = "m4rk3r";
const PORTS = ["maintenance", "bypass", "notFound"] as const;

let server: LocalPageServer;
beforeAll(async () => {
  const page = (key: string, body: string): PageObject => ({ key, format: "txt", body });
  const objects = [
    page("shared/unscheduled.txt", "everybody's"),
    page("shared/not-found.txt", "not found"),
    page("shared/50x.txt", "failed"),
    page("instances/beta/0000000000000001/scheduled.txt", SECRET),
    page("secret.txt", SECRET),
  ];
  const clients = readClients([{ name: "gamma" }]);
  server = await startPageServer({ objects, clients: [...clients.values()] }, ["en"]);
});
afterAll(() => server.stop());

/** Sends bytes as they are, and gives what came until the connection ended, or nothing more came for a while. */
function send(url: string, pieces: readonly (string | Buffer)[], pauseMilliseconds = 0): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(Number(port), hostname, async () => {
      for (const piece of pieces) {
        if (socket.destroyed) break;
        socket.write(piece);
        if (pauseMilliseconds > 0) await sleep(pauseMilliseconds);
      }
    });
    const end = () => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(700, end);
    socket.on("data", (chunk: Buffer) => {
      answer += chunk.toString("latin1");
    });
    socket.on("end", end);
    socket.on("error", (error: NodeJS.ErrnoException) => (error.code === "ECONNRESET" ? end() : reject(error)));
  });
}

/** Answers' statuses, in their order. */
function statuses(answer: string): readonly number[] {
  return [...answer.matchAll(/^HTTP\/1\.[01] (\d{3}) /gm)].map((match) => Number(match[1]));
}

function expectHarmless(answer: string, isAnswered = true): void {
  const all = statuses(answer);
  if (isAnswered) expect(all).not.toStrictEqual([]);
  for (const status of all) expect(status).toBeGreaterThanOrEqual(400);
  expect(answer).not.toContain(MARK);
  expect(answer).not.toContain(SECRET);
  expect(answer).not.toMatch(/root:|worker_processes|nginx\/\d|<hr><center>nginx/);
}

const get = (path: string, headers = "") =>
  `GET ${path} HTTP/1.1\r\nHost: acme.example.org\r\nAccept: text/plain\r\n${headers}\r\n`;

const PATHS = [
  "/../../../../etc/passwd",
  "/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
  "/..%2f..%2f..%2fetc/passwd",
  "/..%5c..%5cetc%5cpasswd",
  "/%252e%252e%252fetc/passwd",
  "//etc/passwd",
  "/etc/passwd%00.html",
  "/acme/unscheduled/-/../../../secret.txt",
  "/acme/unscheduled/-/%2e%2e/%2e%2e/secret.txt",
  "/acme/unscheduled/-/a/b/c/d/e",
  "/.maintenance-page/../../secret.txt",
  "/.maintenance-page/%2e%2e/%2e%2e/secret.txt",
  "/.maintenance-page/..%2f..%2fsecret.txt",
  "/beta/scheduled/0000000000000001",
  "/beta/scheduled/0000000000000001/scheduled.txt",
  "/instances/beta/0000000000000001/scheduled.txt",
  "/pages/secret.txt",
  "/?list-type=2",
  "/acme/unscheduled/-/?list-type=2&prefix=",
  "/acme/unscheduled//",
  "/-/page",
  "/-/shared",
  "/-/502/page",
  "/%2f-%2fpage",
  `/${MARK}`,
  `/?${MARK}=<script>${MARK}</script>`,
  `/${"a/".repeat(4000)}`,
  "/\xff\xfe\x80",
  "/%ff%fe",
];

describe.each(PORTS)("on the port %s", (port) => {
  const url = () => server[port];

  it.each(PATHS)("the path %j shows nothing but a page", async (path) => {
    expectHarmless(await send(url(), [get(path)]));
  });

  it.each([
    ["X-Original-URI", `/${MARK}`],
    ["X-Code", "200"],
    ["X-Code", MARK],
    ["X-Format", `text/${MARK}`],
    ["X-Accel-Redirect", "/-/embedded"],
    ["X-Forwarded-Host", `${MARK}.example`],
    ["X-Forwarded-Prefix", `/${MARK}/../beta/`],
    ["X-Rewrite-URL", "/beta/scheduled/0000000000000001/"],
    ["Range", "bytes=0-0"],
    ["If-None-Match", "*"],
    ["If-Modified-Since", "Mon, 01 Jan 2035 00:00:00 GMT"],
    ["Accept", `text/html;q=${MARK}`],
    ["Accept-Language", `../../../../etc/passwd`],
    ["Accept-Language", `${MARK}${",x".repeat(5000)}`],
    ["Cookie", `${MARK}=${"x".repeat(60_000)}`],
    ["Connection", "Upgrade, HTTP2-Settings\r\nUpgrade: h2c"],
    ["Expect", MARK],
    ["X-Bytes", "\xff\xfe\x80"],
  ])("the header %s: %j changes nothing", async (name, value) => {
    expectHarmless(await send(url(), [get("/", `${name}: ${value}\r\n`)]));
  });

  it.each([
    ["another server's address", `GET http://${MARK}.example/ HTTP/1.1\r\nHost: a\r\n\r\n`],
    ["CONNECT", `CONNECT ${MARK}.example:443 HTTP/1.1\r\nHost: ${MARK}.example:443\r\n\r\n`],
    ["TRACE", `TRACE / HTTP/1.1\r\nHost: a\r\nX-${MARK}: ${MARK}\r\n\r\n`],
    ["an unknown method", `${MARK.toUpperCase()} / HTTP/1.1\r\nHost: a\r\n\r\n`],
    ["no Host", "GET / HTTP/1.1\r\n\r\n"],
    ["two Hosts", `GET / HTTP/1.1\r\nHost: a\r\nHost: ${MARK}\r\n\r\n`],
    ["a Host that is none", `GET / HTTP/1.1\r\nHost: ${MARK}/../x\r\n\r\n`],
    ["two lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx"],
    [
      "a length and chunks",
      `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /${MARK} HTTP/1.1\r\nHost: a\r\n\r\n`,
    ],
    ["a chunk's size that is none", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n\r\n"],
    [
      "a chunk of all there is",
      `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${"f".repeat(16)}\r\nx`,
    ],
    ["a header of 200 kB", `GET / HTTP/1.1\r\nHost: a\r\nX-Large: ${"x".repeat(200_000)}\r\n\r\n`],
    ["2,000 headers", `GET / HTTP/1.1\r\nHost: a\r\n${"X-Many: x\r\n".repeat(2000)}\r\n`],
    ["no HTTP", `${MARK}\r\n\r\n`],
    ["TLS", Buffer.from("1603010200010001fc0303", "hex")],
  ])("%s gets an error that names no server", async (_, request) => {
    expectHarmless(await send(url(), [request]), false);
  });

  it("HTTP/0.9 gets a page, or nothing", async () => {
    const answer = await send(url(), ["GET /\r\n"]);
    expect(answer).not.toMatch(/root:|nginx/);
  });

  it("twenty requests in one packet get twenty pages", async () => {
    const answer = await send(url(), [get(`/${MARK}`).repeat(20)]);
    expectHarmless(answer);
    expect(statuses(answer)).toHaveLength(20);
  });

  it("a request that comes byte by byte is answered", async () => {
    expectHarmless(await send(url(), [...get("/slow")], 10));
  });

  it.each([
    ["with its length", "Content-Length: 20000000\r\n"],
    ["in chunks", "Transfer-Encoding: chunked\r\n"],
  ])("a body of 20 MB, %s, is thrown away", async (_, header) => {
    const chunk = "x".repeat(1_000_000);
    const isChunked = header.startsWith("Transfer");
    const pieces = Array.from({ length: 20 }, () => (isChunked ? `f4240\r\n${chunk}\r\n` : chunk));
    const post = get("/", header).replace("GET", "POST");
    expectHarmless(await send(url(), [post, ...pieces, ...(isChunked ? ["0\r\n\r\n"] : [])]));
  });

  it("and after all of it, it answers as ever", async () => {
    const answer = await visit(url(), "acme.example.org", "/", { headers: { accept: "text/plain" } });
    expect(answer.body).toBe(port === "notFound" ? "not found" : "everybody's");
  });
});

it("the bucket was asked for nothing but pages and assets", () => {
  expect(server.asked.length).toBeGreaterThan(0);
  for (const key of new Set(server.asked)) {
    expect(key).toMatch(
      /^\/(?:shared\/[a-z0-9-]+\.[a-z]+|instances\/(?:acme|beta)\/(?:[0-9a-f]{16}\/[a-z0-9-]+\.[a-z]+|assets\/[a-z0-9._/-]+))$/,
    );
    expect(key).not.toContain("..");
  }
});
