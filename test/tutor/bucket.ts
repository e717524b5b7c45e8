import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { gzipSync } from "node:zlib";

/** A page as the bucket has it, long enough to come in more than one piece. Its braces are no placeholders and no template. */
export const pageOf = (whose: string) =>
  `<!DOCTYPE html>\n<html lang="en"><head><title>${whose}</title></head>\n<body>${"{http.request.host} {{ env `PATH` }} [[x]] ".repeat(250)}</body>\n</html>\n`;

/** What a bucket that is up, or fails, answers with. */
export const BUCKET_MODES = {
  up: (_, response, page) => answer(response, 200, "text/html; charset=utf-8", page),
  "without the instance's": (request, response, page) =>
    request.url?.includes("/instances/")
      ? answer(response, 404, "application/xml", "<Error/>")
      : answer(response, 200, "text/html; charset=utf-8", page),
  403: (_, response) => answer(response, 403, "application/xml", "<Error><Code>AccessDenied</Code></Error>"),
  404: (_, response) => answer(response, 404, "application/xml", "<Error><Code>NoSuchKey</Code></Error>"),
  500: (_, response) => answer(response, 500, "text/plain", "oops"),
  redirecting: (_, response) => response.writeHead(307, { location: "http://127.0.0.1:1/" }).end(),
  "answering something else": (_, response) => answer(response, 200, "application/json", "{}"),
  "answering nothing": (_, response) => answer(response, 200, "text/html", ""),
  "answering half a page": (_, response, page) => answer(response, 200, "text/html", page.slice(0, 5000)),
  "answering in gzip": (_, response, page) =>
    response.writeHead(200, { "content-type": "text/html", "content-encoding": "gzip" }).end(gzipSync(page)),
  "breaking off in mid-body": (_, response, page) => {
    begin(response, page);
    setTimeout(() => response.destroy(), 50);
  },
  "stalling in mid-body": (_, response, page) => begin(response, page),
  "stalling before the body": (_, response, page) => {
    response.writeHead(200, { "content-type": "text/html", "content-length": page.length }).flushHeaders();
  },
  trickling: (_, response, page) => {
    response.writeHead(200, { "content-type": "text/html" });
    let sent = 0;
    const timer = setInterval(() => response.write(page.slice(sent, ++sent)), 100);
    response.on("close", () => clearInterval(timer));
  },
  "slow (4 s)": (_, response, page) => {
    setTimeout(() => answer(response, 200, "text/html", page), 4000);
  },
  "never answering": () => {},
} as const satisfies Readonly<
  Record<string, (request: IncomingMessage, response: ServerResponse, page: string) => unknown>
>;

export type BucketMode = keyof typeof BUCKET_MODES;

function answer(response: ServerResponse, status: number, type: string, body: string): void {
  response
    .writeHead(status, { "content-type": type, server: "AmazonS3", "x-amz-request-id": "1", "set-cookie": "bucket=1" })
    .end(body);
}

function begin(response: ServerResponse, page: string): void {
  response.writeHead(200, { "content-type": "text/html", "content-length": page.length });
  response.write(page.slice(0, 5000));
}

/** A web server of this process that stands for the bucket, and fails as it is told. */
export class Bucket {
  mode: BucketMode = "up";
  /** Everything it was asked, each as one text. */
  readonly asked: string[] = [];
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  static async start(): Promise<Bucket> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const bucket = new Bucket(server, typeof address === "object" && address !== null ? address.port : 0);
    server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      bucket.asked.push(`${request.method} ${request.url} ${JSON.stringify(request.headers)}`);
      const whose = request.url?.includes("/instances/") ? "the instance's" : "everybody's";
      BUCKET_MODES[bucket.mode](request, response, pageOf(whose));
    });
    server.on("connection", (socket: Socket) => {
      bucket.sockets.add(socket);
      socket.on("close", () => bucket.sockets.delete(socket));
    });
    return bucket;
  }

  /** Nobody listens any more. */
  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** It listens again, at the same port. */
  async restart(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(this.port, "127.0.0.1", resolve));
  }
}
