import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type IncomingHttpHeaders, request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tryCommand } from "../cluster/commands";

/** A port of loopback that is free at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Whether all of it came. */
  readonly whole: boolean;
  /** Until its end, in seconds. */
  readonly seconds: number;
}

export interface Visit {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

/** What a browser sends when somebody navigates, with what nobody but the application may see. */
export const BROWSER = {
  accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
  "sec-fetch-mode": "navigate",
  cookie: "sessionid=SECRET-COOKIE",
  authorization: "Bearer SECRET-TOKEN",
} as const;

/** A Caddyfile of Tutor's, run by the real Caddy on loopback. */
export class Caddy {
  private readonly folder = mkdtempSync(join(tmpdir(), "caddy-"));
  private child: ChildProcess | undefined;
  private log = "";

  /**
   * @param program the path of a Caddy.
   * @param port where it listens.
   */
  constructor(
    private readonly program: string,
    readonly port: number,
  ) {}

  /**
   * Writes the Caddyfile that Tutor rendered, with loopback in place of the containers' names.
   *
   * @param upstreams addresses by container, such as `{ "lms:8000": "127.0.0.1:1234" }`.
   */
  write(caddyfile: string, upstreams: Readonly<Record<string, string>>): void {
    const options = `{\n    admin off\n    http_port ${this.port}\n    default_bind 127.0.0.1\n    persist_config off`;
    const text = Object.entries(upstreams).reduce(
      (before, [name, address]) => before.replaceAll(name, address),
      caddyfile.replace(/^\{$/m, options),
    );
    writeFileSync(this.file, text);
  }

  private get file(): string {
    return join(this.folder, "Caddyfile");
  }

  private get environment(): NodeJS.ProcessEnv {
    return { ...process.env, HOME: this.folder, default_site_port: `:${this.port}` };
  }

  /** What `caddy validate` says. */
  async validate() {
    const args = ["validate", "--config", this.file, "--adapter", "caddyfile"];
    return tryCommand(this.program, args, { env: this.environment });
  }

  async start(): Promise<void> {
    const child = spawn(this.program, ["run", "--config", this.file, "--adapter", "caddyfile"], {
      env: this.environment,
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.child = child;
    child.stderr.on("data", (chunk: Buffer) => {
      this.log = (this.log + chunk.toString()).slice(-20_000);
    });
    for (let attempt = 0; attempt < 100; attempt++) {
      if (child.exitCode !== null) break;
      const answer = await this.visit("nobody.example").catch(() => undefined);
      if (answer !== undefined) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`Caddy did not start: ${this.log}`);
  }

  async stop(): Promise<void> {
    if (this.child !== undefined && this.child.exitCode === null) {
      const ended = once(this.child, "exit");
      this.child.kill("SIGKILL");
      await ended;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Asks for a path of a host. An answer that breaks off counts as one, and is not whole. */
  visit(host: string, path = "/", { method = "GET", headers = {}, body }: Visit = {}): Promise<Answer> {
    const begin = Date.now();
    return new Promise((resolve, reject) => {
      const asked = request(
        { host: "127.0.0.1", port: this.port, path, method, agent: false, headers: { host, ...headers } },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("error", () => undefined);
          response.on("close", () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: Buffer.concat(chunks).toString("latin1"),
              whole: response.complete,
              seconds: (Date.now() - begin) / 1000,
            }),
          );
        },
      );
      asked.on("upgrade", (response, socket, head) => {
        const chunks: Buffer[] = [head];
        socket.on("data", (chunk: Buffer) => chunks.push(chunk));
        socket.on("close", () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString("latin1"),
            whole: true,
            seconds: (Date.now() - begin) / 1000,
          }),
        );
      });
      asked.setTimeout(20_000, () => asked.destroy(new Error("no answer in 20 s")));
      asked.on("error", reject);
      asked.end(body);
    });
  }
}
