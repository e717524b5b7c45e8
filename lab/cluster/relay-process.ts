/**
 * The program that carries connections into the sandbox's network. It runs with that network, but listens on sockets
 * that its parent opened on the host's loopback: a socket stays in the network it was made in, wherever it is used.
 * So there is one hop only, and none through the parent's event loop, which may be busy with a benchmark.
 */
import { connect, createServer, type Server, type Socket } from "node:net";
import type { RelayReply, RelayRequest } from "./relays";

const servers = new Map<number, Server>();
/** The addresses to which nothing is passed on. */
const closed = new Set<string>();

process.on("message", (request: RelayRequest, handle: unknown) => {
  switch (request.kind) {
    case "relay": {
      const server = handle as Server;
      // Set here because options do not travel with the handle: a half-closed connection is passed on as such.
      Object.assign(server, { allowHalfOpen: true });
      server.on("connection", (client) => {
        if (closed.has(`${request.host}:${request.port}`)) client.resetAndDestroy();
        else relay(client, request.host, request.port);
      });
      servers.set(request.id, server);
      reply({ id: request.id });
      return;
    }
    case "admit": {
      const address = `${request.host}:${request.port}`;
      if (request.isAdmitted) closed.delete(address);
      else closed.add(address);
      reply({ id: request.id });
      return;
    }
    case "answer": {
      const server = createServer((client) => {
        client.on("error", () => client.destroy());
        client.once("data", () => client.end("OK"));
        client.resume();
      });
      servers.set(request.id, server);
      server.once("error", (error) => reply({ id: request.id, error: error.message }));
      server.listen(request.port, "127.0.0.1", () => reply({ id: request.id }));
      return;
    }
    case "close": {
      const server = servers.get(request.of);
      servers.delete(request.of);
      if (server === undefined) {
        reply({ id: request.id });
      } else {
        server.close(() => reply({ id: request.id }));
      }
      return;
    }
  }
});

process.on("disconnect", () => process.exit(0)); // the parent is gone

function reply(message: RelayReply): void {
  process.send?.(message);
}

function relay(client: Socket, host: string, port: number): void {
  const upstream = connect({ host, port, allowHalfOpen: true, noDelay: true });
  client.setNoDelay(true);
  // pipe() passes an end on, but no error: a connection that breaks on one side must break on the other, or it hangs.
  client.on("error", () => upstream.resetAndDestroy());
  upstream.on("error", () => client.resetAndDestroy());
  client.pipe(upstream);
  upstream.pipe(client);
}
