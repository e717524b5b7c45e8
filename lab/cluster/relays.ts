import { createRequire } from "node:module";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { LocalError } from "./errors";
import { startLogged } from "./processes";
import type { Sandbox } from "./sandbox";

/** What relay-process.ts is asked; each request is answered with its id. */
export type RelayRequest =
  | { readonly kind: "relay"; readonly id: number; readonly host: string; readonly port: number }
  | {
      readonly kind: "admit";
      readonly id: number;
      readonly host: string;
      readonly port: number;
      readonly isAdmitted: boolean;
    }
  | { readonly kind: "answer"; readonly id: number; readonly port: number }
  | { readonly kind: "close"; readonly id: number; readonly of: number };

export interface RelayReply {
  readonly id: number;
  readonly error?: string;
}

/** Ways from this machine's loopback into the sandbox. They last as long as the sandbox. */
export interface Relays {
  /**
   * Listens on 127.0.0.1 and passes every connection on to an address in the sandbox. When nobody listens there, the
   * connection is reset.
   *
   * @param wantedPort taken when it is free, any other port otherwise
   * @returns the port
   */
  open(host: string, port: number, wantedPort?: number): Promise<number>;
  /** Whether connections to an address in the sandbox are passed on, or reset. @default they are passed on */
  admit(host: string, port: number, isAdmitted: boolean): Promise<void>;
  /**
   * Listens on 127.0.0.1 of the sandbox and says OK to whatever comes.
   *
   * @returns how to end it
   */
  answerInside(port: number): Promise<() => Promise<void>>;
}

/** Starts the one process that all relays of a sandbox live in. */
export function startRelays(sandbox: Sandbox): Relays {
  const logFile = join(sandbox.logs, "relays.log");
  const typescript = createRequire(__filename).resolve("sucrase/register/ts"); // as this program itself is run
  const child = startLogged(
    [
      ...sandbox.enterNetwork,
      ...[process.execPath, "--require", typescript, join(__dirname, "relay-process.ts"), sandbox.name],
    ],
    logFile,
    { channel: "ipc" },
  );
  sandbox.adopt("relays", child, logFile);

  const waiting = new Map<number, (error: string | undefined) => void>();
  child.on("message", (reply: RelayReply) => {
    waiting.get(reply.id)?.(reply.error);
    waiting.delete(reply.id);
  });
  child.on("exit", () => {
    for (const answer of waiting.values()) {
      answer("the relay process has ended");
    }
  });
  let lastId = 0;
  const nextId = () => {
    lastId += 1;
    return lastId;
  };
  const ask = (request: RelayRequest, server?: Server) =>
    new Promise<void>((resolve, reject) => {
      const fail = (why: string) => {
        waiting.delete(request.id);
        reject(new LocalError(`no relay into the sandbox: ${why} (see ${logFile})`));
      };
      waiting.set(request.id, (error) => (error === undefined ? resolve() : fail(error)));
      child.send(request, server, (error) => {
        if (error !== null) {
          fail(error.message);
        }
      });
    });

  return {
    async open(host, port, wantedPort = 0) {
      const server = await listen(wantedPort).catch(() => listen(0));
      const address = server.address();
      try {
        await ask({ kind: "relay", id: nextId(), host, port }, server);
      } finally {
        server.close(); // only this program's hold on it: the relay process has its own
      }
      if (address === null || typeof address === "string") {
        throw new LocalError("a relay has no port");
      }
      return address.port;
    },
    admit: (host, port, isAdmitted) => ask({ kind: "admit", id: nextId(), host, port, isAdmitted }),
    async answerInside(port) {
      const id = nextId();
      await ask({ kind: "answer", id, port });
      return () => ask({ kind: "close", id: nextId(), of: id });
    },
  };
}

function listen(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((early) => early.destroy());
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}
