import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { BucketMode } from "./bucket";

// Runs in the cluster's network (bucket.ts): passes requests on to the object store, or fails as it is told.

const [host = "", port = "", origin = ""] = process.argv.slice(2);
let mode: BucketMode = "up";
const sockets = new Set<Socket>();

const server = createServer((asked, response) => {
  asked.resume();
  switch (mode) {
    case "up":
      return pass(asked, response);
    case "down":
      return asked.socket.destroy();
    case "slow":
      return void setTimeout(() => pass(asked, response), 3000);
    case "forbidden":
      return void response
        .writeHead(403, { "content-type": "application/xml" })
        .end("<Error><Code>AccessDenied</Code></Error>");
    case "failing":
      return void response.writeHead(500, { "content-type": "text/html" }).end("<h1>Something is broken here</h1>");
    case "a stranger":
      return void response.writeHead(200, { "content-type": "text/html" }).end("<h1>This domain is for sale</h1>");
  }
});

function pass(asked: IncomingMessage, response: ServerResponse): void {
  const { method, url, headers } = asked;
  // No connection is kept: one that the store closes would look like a failure of its own.
  const onward = request(origin + url, { method, headers, agent: false }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  onward.on("error", () => asked.socket.destroy());
  onward.end();
}

server.on("connection", (socket) => {
  // Down: nobody is there, not even for a connection that was kept.
  if (mode === "down") socket.destroy();
  sockets.add(socket);
  socket.on("close", () => sockets.delete(socket));
  socket.on("error", () => undefined);
});
process.on("message", (told: BucketMode) => {
  mode = told;
  if (mode === "down") for (const socket of sockets) socket.destroy();
  process.send?.("done");
});
process.on("disconnect", () => process.exit());
server.listen(Number(port), host, () => process.send?.("ready"));
