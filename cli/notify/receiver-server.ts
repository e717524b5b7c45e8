import { createServer, type IncomingHttpHeaders } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from "node:net";

// A stand-in for receivers, on loopback, for tests: a real server. Each test says how it misbehaves.

/** What arrived. */
export interface Arrived {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** An answer, or what is done instead of one. */
export type Behaviour =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
  /** Never answers. */
  | "slow"
  /** Sends the header, and never the body's end. */
  | "half"
  /** Breaks the connection. */
  | "reset"
  /** Sends a body without end. */
  | "endless";

export interface ReceiverServer {
  readonly url: string;
  readonly arrived: readonly Arrived[];
  close(): Promise<void>;
}

/**
 * Starts a receiver.
 *
 * @param behaviours for one request after the other; the last one also for all that follow. Or a function of the request.
 */
export async function startReceiver(
  behaviours: readonly Behaviour[] | ((arrived: Arrived) => Behaviour),
): Promise<ReceiverServer> {
  const arrived: Arrived[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = "", url: path = "", headers } = request;
    const one = { method, path, headers, body: Buffer.concat(chunks).toString("utf8") };
    arrived.push(one);
    const behaviour =
      typeof behaviours === "function"
        ? behaviours(one)
        : (behaviours[Math.min(arrived.length, behaviours.length) - 1] ?? "slow");
    if (behaviour === "slow") return;
    if (behaviour === "reset") {
      request.socket.resetAndDestroy();
      return;
    }
    if (behaviour === "half") {
      response.writeHead(200, { "content-length": "100" }).write("[");
      return;
    }
    if (behaviour === "endless") {
      response.writeHead(200);
      const more = () => {
        while (!response.destroyed && response.write("x".repeat(65_536)));
      };
      response.on("drain", more);
      more();
      return;
    }
    response.writeHead(behaviour.status, behaviour.headers).end(behaviour.body ?? "");
  });
  const url = await listening(server);
  return {
    url,
    arrived,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Starts something that is no HTTP server: it answers every connection with these bytes. */
export async function startGarbage(bytes: string): Promise<Pick<ReceiverServer, "url" | "close">> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("data", () => socket.end(bytes));
  });
  const url = await listening(server);
  return {
    url,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
