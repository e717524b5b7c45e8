/** Somewhere in everything that is sent; nowhere in an answer. */
export const MARK = "m4rk-of-the-visitor";

// What somebody sends who means harm. Whom it is sent to decides what belongs to others, and which answers will do.

/** Paths out of the pages' folder, into the page server's own addresses, and of bytes that are no text. */
export const hostilePaths: readonly string[] = [
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
  `/.maintenance-page/bypass?key=${"0".repeat(32)}`,
  `/.maintenance-page/bypass?key=${"0".repeat(32)}%0d%0aSet-Cookie:%20a=b&hosts=//evil.example`,
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
];

/**
 * Headers that only a controller or a proxy should write, conditions and ranges, and what servers have stumbled over.
 *
 * @param others the path of what belongs to somebody else, in those that name one.
 */
export const hostileHeaders = (others: string): readonly string[] => [
  `X-Original-URI: /${MARK}`,
  `X-Original-URL: ${others}`,
  `X-Rewrite-URL: ${others}`,
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
  `X-Forwarded-Uri: ${others}`,
  `Forwarded: for=${MARK};host=${MARK}`,
  `X-Accel-Redirect: /-/embedded`,
  `X-Accel-Redirect: ${others}`,
  "X-Accel-Buffering: no",
  "X-Http-Method-Override: DELETE",
  "X-Page-Source: asset",
  `X-Page-Retry-After: ${MARK}`,
  `X-Amz-Meta-Retry-After: ${MARK}`,
  `X-Amz-Copy-Source: pages${others}`,
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
];

/** What a request is made of. */
export interface Target {
  readonly host: string;
  /** Header lines that each request has beside those of `headOf`. */
  readonly extraHeaders: string;
  /** The path at which the page is. */
  readonly home: string;
  /** The host and path of what belongs to somebody else. */
  readonly othersHost: string;
  readonly others: string;
  /** The page's status. */
  readonly page: number;
}

/** What a request is about, the bytes of it, and the statuses that an nginx may answer it with. */
export type Hostile = readonly [what: string, sent: string | Buffer, statuses: readonly number[]];

/** The header lines of a request that is meant well, and is the last on its connection. */
export function headOf({ host, extraHeaders }: Pick<Target, "host" | "extraHeaders">): string {
  return `Host: ${host}\r\nAccept: text/html\r\nConnection: close\r\n${extraHeaders}`;
}

/** Requests that are too large, or none, or not what a server of pages is asked. */
export function hostileRequests(target: Target): readonly Hostile[] {
  const { host, home, othersHost, others, page } = target;
  const head = headOf(target);
  const http = (line: string, headers = head) => `${line}\r\n${headers}\r\n`;
  return [
    ["a header of 60 kB", http(`GET ${home} HTTP/1.1`, `${head}X-Long: ${MARK.repeat(3100)}\r\n`), [page]],
    ["a header of 70 kB", http(`GET ${home} HTTP/1.1`, `${head}X-Long: ${MARK.repeat(3700)}\r\n`), [400]],
    ["10,000 headers", http("GET / HTTP/1.1", head + `${MARK}: ${MARK.repeat(3)}\r\n`.repeat(10_000)), [400]],
    ["a path of 8 kB", http(`GET /${MARK.repeat(420)} HTTP/1.1`), [page]],
    ["a path of 70 kB", http(`GET /${MARK.repeat(3700)} HTTP/1.1`), [414]],
    ["a whole address", http(`GET http://${MARK}.example/${MARK} HTTP/1.1`), [page]],
    ["another's whole address", http(`GET http://${othersHost}${others}../../../ HTTP/1.1`), [page]],
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
    ["two hosts", http(`GET /${MARK} HTTP/1.1`, `${head}Host: ${othersHost}\r\n`), [400]],
    ["a folded header", http(`GET /${MARK} HTTP/1.1`, `${head}X-A: b\r\n ${MARK}\r\n`), [page, 400]],
    ["a space before the colon", http(`GET /${MARK} HTTP/1.1`, `${head}Content-Length : 5\r\n`), [page, 400]],
    ["NUL in a header", http(`GET /${MARK} HTTP/1.1`, `${head}X-A: a\0${MARK}\r\n`), [400]],
    ["line feeds alone", `GET /${MARK} HTTP/1.1\nHost: ${host}\nConnection: close\n\n`, [page]],
    ["noise", Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 7919 + 128) % 256)), [400]],
  ];
}

/** Bodies whose length is in doubt, with a second request in them. */
export function hostileBodies(target: Target): readonly Hostile[] {
  const { home, othersHost, others, page } = target;
  const post = (headers: string, body = "") =>
    `POST ${home}?${MARK} HTTP/1.1\r\n${headOf(target)}${headers}\r\n${body}`;
  const hidden = `GET ${others}?${MARK} HTTP/1.1\r\nHost: ${othersHost}\r\n\r\n`;
  return [
    [
      "both a length and chunks",
      post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", `0\r\n\r\n${hidden}`),
      [400],
    ],
    [
      "chunks and then a length",
      post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", `0\r\n\r\n${hidden}`),
      [400],
    ],
    ["two lengths", post("Content-Length: 5\r\nContent-Length: 6\r\n", `12345${hidden}`), [400]],
    ["a list of lengths", post("Content-Length: 5, 6\r\n", `12345${hidden}`), [400]],
    ["a length below zero", post("Content-Length: -5\r\n", hidden), [400]],
    ["a length beyond numbers", post(`Content-Length: ${"9".repeat(40)}\r\n`, hidden), [400]],
    ["a length with a sign", post("Content-Length: +5\r\n", `12345${hidden}`), [400]],
    ["an encoding that is none", post("Transfer-Encoding: xchunked\r\n", hidden), [501, 400]],
    ["two encodings", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", hidden), [400, 501]],
    ["a chunk's size that is none", post("Transfer-Encoding: chunked\r\n", `zz\r\n${MARK}\r\n0\r\n\r\n`), [page]],
    ["a chunk's size beyond numbers", post("Transfer-Encoding: chunked\r\n", `${"f".repeat(40)}\r\n${MARK}`), [page]],
    ["a chunk's size below zero", post("Transfer-Encoding: chunked\r\n", `-1\r\n${MARK}\r\n0\r\n\r\n`), [page]],
    [
      "a chunk that is longer than its size",
      post("Transfer-Encoding: chunked\r\n", `1\r\n${MARK}\r\n0\r\n\r\n`),
      [page],
    ],
  ];
}
