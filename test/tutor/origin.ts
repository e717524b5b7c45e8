import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { gzipSync } from "node:zlib";

/** 100 MB. */
export const DOWNLOAD = 100 * 1024 * 1024;

/** A web server of this process that stands for an application: each path answers, or fails, in a way of its own. */
export class Origin {
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  static async start(): Promise<Origin> {
    const server = createServer(answer);
    server.on("upgrade", upgrade);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const origin = new Origin(server, typeof address === "object" && address !== null ? address.port : 0);
    server.on("connection", (socket: Socket) => {
      origin.sockets.add(socket);
      socket.on("close", () => origin.sockets.delete(socket));
    });
    return origin;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

const HEADERS = { "content-type": "text/html; charset=utf-8", "set-cookie": "sessionid=1", "x-origin": "yes" };

function answer(request: IncomingMessage, response: ServerResponse): void {
  const path = new URL(request.url ?? "/", "http://origin").pathname;
  const [, what = "", how] = /^\/(?:api\/)?([a-z0-9]+)(?:-(.*))?$/.exec(path) ?? [];
  const status = Number(what);
  if (Number.isInteger(status) && status >= 200) {
    const headers = {
      ...HEADERS,
      ...(how === "json" ? { "content-type": "application/json" } : {}),
      ...(how === "problem" ? { "content-type": "application/problem+json" } : {}),
      ...(how === "retry" ? { "retry-after": "77" } : {}),
      ...(how === "date" ? { "retry-after": "Tue, 01 Dec 2026 14:00:00 GMT" } : {}),
      ...(how === "gzip" ? { "content-encoding": "gzip" } : {}),
      ...(status === 301 ? { location: "https://elsewhere.example/" } : {}),
    };
    const body = `origin ${status}`;
    if (how === "chunks") {
      response.writeHead(status, headers);
      for (let part = 0; part < 10; part++) response.write(body);
      response.end();
      return;
    }
    response.writeHead(status, headers).end(how === "gzip" ? gzipSync(body) : body);
    return;
  }
  switch (what) {
    case "hang":
      return;
    case "reset":
      request.socket.destroy();
      return;
    case "broken":
      response.writeHead(200, { ...HEADERS, "content-length": 1000 }).write("half");
      setTimeout(() => request.socket.destroy(), 50);
      return;
    case "download":
      response.writeHead(200, { "content-type": "application/octet-stream", "content-length": DOWNLOAD });
      sendDownload(response, DOWNLOAD);
      return;
    case "events":
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (const delay of [0, 300, 600]) setTimeout(() => response.write(`data: ${delay}\n\n`), delay);
      setTimeout(() => response.end(), 700);
      return;
    case "upload": {
      let size = 0;
      request.on("data", (chunk: Buffer) => {
        size += chunk.length;
      });
      request.on("end", () => response.writeHead(200, HEADERS).end(`got ${size}`));
      return;
    }
    default:
      response.writeHead(200, HEADERS).end("origin 200");
  }
}

function sendDownload(response: ServerResponse, left: number): void {
  const chunk = Buffer.alloc(Math.min(left, 1024 * 1024), "x");
  if (chunk.length === 0) response.end();
  else response.write(chunk, () => sendDownload(response, left - chunk.length));
}

/** A websocket (RFC 6455 section 4.2.2) that says one word. */
function upgrade(request: IncomingMessage, socket: Socket): void {
  const key = `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const accept = createHash("sha1").update(key).digest("base64");
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  socket.end(Buffer.from([0x81, 0x05, ...Buffer.from("hello")]));
}
