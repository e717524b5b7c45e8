import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { type NginxSettings, nginxConfiguration, type Paths, pathsOf } from "../components/page-server/model";
import type { Client } from "../pages/clients";
import { CONTENT_TYPES, PAGE_DISPOSITION, untilMetadata } from "../pages/kinds";
import type { PageObject } from "../pages/render";
import { PAGES_PREFIX } from "../settings/bucket-address";

/** What a page server answers with: what the program would put into the bucket, and into the cluster. */
export interface Stored {
  readonly objects: readonly PageObject[];
  readonly clients: readonly Client[];
}

/** The page server of this machine: the nginx that is installed, with the configuration that a cluster gets. */
export interface LocalPageServer {
  /** Where instances in maintenance are answered: `http://127.0.0.1:PORT`; the path is an override's rewrite target. */
  readonly maintenance: string;
  /** Where instances with a bypass are answered; the header X-Forwarded-Prefix is what a rewrite target would be. */
  readonly bypass: string;
  /** Where hosts that nobody owns are answered. */
  readonly notFound: string;
  /** What the bucket was asked for, in this order: `GET /pages/shared/not-found.html`. */
  readonly asked: readonly string[];
  /** What nginx has logged. */
  logged(): string;
  /** Lets somebody else answer at the bucket's address, or, without one, the bucket again. */
  replaceBucket(stranger?: RequestListener): void;
  stop(): Promise<void>;
}

/** Whether this machine has an nginx to run it with. */
export function hasNginx(): boolean {
  return spawnSync("nginx", ["-v"], { env: ENVIRONMENT }).status === 0;
}

// Debian keeps nginx where only root looks.
const ENVIRONMENT = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/usr/local/sbin` };

/**
 * Starts a page server for these objects, on loopback alone. The bucket is a small web server of this process, which
 * stands for one.
 *
 * @param languages the languages of the pages, the one for everybody else first.
 */
export async function startPageServer(stored: Stored, languages: readonly string[]): Promise<LocalPageServer> {
  const objects = objectsOf(stored);
  const asked: string[] = [];
  let other: RequestListener | undefined;
  const bucket = await listen((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    if (other !== undefined) return other(request, response);
    const object = objects.get(decodeURI(request.url ?? "/"));
    if (object === undefined) return response.writeHead(404).end();
    return response.writeHead(200, object.headers).end(object.body);
  });
  const nginx = await startNginx(
    {
      pagesUrl: `${addressOf(bucket)}/${PAGES_PREFIX}`,
      languages,
      clients: stored.clients.map(({ name }) => ({ name, hosts: [`${name}.example.org`, `*.${name}.example.org`] })),
    },
    stored.objects,
  ).catch((error: unknown) => {
    bucket.close();
    throw error;
  });
  return {
    maintenance: nginx.maintenance,
    notFound: nginx.notFound,
    bypass: nginx.bypass,
    asked,
    logged: nginx.logged,
    replaceBucket: (stranger) => {
      other = stranger;
    },
    async stop() {
      await nginx.stop();
      bucket.close();
      bucket.closeAllConnections();
    },
  };
}

/** What differs from one page server to another here. */
export type NginxOptions = Pick<NginxSettings, "pagesUrl" | "languages" | "clients"> & {
  /** The name server with which the bucket's name is resolved, as in `resolver`. @default none */
  readonly resolver?: string;
  /** The certificate authority of the bucket, in PEM. */
  readonly certificateAuthority?: string;
};

/**
 * Starts nginx as a page server's pod does.
 *
 * @param objects those that the pod has a copy of are written into its folder.
 * @throws when it does not start, with what it logged.
 */
export async function startNginx(
  { resolver = "127.0.0.1", certificateAuthority, ...settings }: NginxOptions,
  objects: readonly PageObject[],
): Promise<Pick<LocalPageServer, "maintenance" | "notFound" | "bypass" | "logged" | "stop">> {
  const folder = mkdtempSync(join(tmpdir(), "maintenance-pages-"));
  const [maintenance, notFound, health, bypass] = await freePorts(4);
  const paths = pathsIn(folder);
  const onLoopback = (port: number | undefined) => `127.0.0.1:${port}`;
  const ports = {
    maintenance: onLoopback(maintenance),
    notFound: onLoopback(notFound),
    health: onLoopback(health),
    bypass: onLoopback(bypass),
  };
  writeFolder(
    paths,
    { ...COMMON, ...settings, hasCertificateAuthority: certificateAuthority !== undefined, ports },
    objects,
  );
  if (certificateAuthority !== undefined) writeFileSync(paths.certificateAuthority, certificateAuthority);
  writeFileSync(paths.resolver, `resolver ${resolver};\n`);

  const nginx = spawn("nginx", ["-c", join(folder, "nginx.conf"), "-g", "daemon off;"], {
    env: ENVIRONMENT,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  nginx.stderr.on("data", (chunk: Buffer) => {
    log += chunk.toString();
  });
  const ended = once(nginx, "exit");
  const stop = async () => {
    nginx.kill("SIGTERM");
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await untilReady(`http://127.0.0.1:${health}/healthz`, () => nginx.exitCode !== null);
  } catch {
    await stop();
    throw new Error(`nginx did not start: ${log}`);
  }
  const [atMaintenance, atNotFound, atBypass] = [maintenance, notFound, bypass].map(
    (port) => `http://127.0.0.1:${port}`,
  );
  return {
    maintenance: atMaintenance ?? "",
    notFound: atNotFound ?? "",
    bypass: atBypass ?? "",
    logged: () => log,
    stop,
  };
}

const COMMON = { retryAfter: 300, otherHosts: [], mark: "00000000" } as const;

/** The paths of a page server whose files are all in one folder. */
export function pathsIn(folder: string): Paths {
  return pathsOf({ configuration: folder, embeddedPages: join(folder, "pages"), scratch: join(folder, "scratch") });
}

/** Writes what a pod has mounted. */
export function writeFolder(
  paths: Paths,
  settings: Omit<NginxSettings, "paths" | keyof typeof COMMON>,
  objects: readonly PageObject[],
): void {
  for (const path of [paths.scratch, paths.embeddedPages]) mkdirSync(path);
  // nginx that was started by root gives its workers another user, who could not read the folder.
  const user = process.getuid?.() === 0 ? "user root;\n" : "";
  writeFileSync(join(paths.configuration, "nginx.conf"), user + nginxConfiguration({ ...COMMON, ...settings, paths }));
  for (const { key, body } of objects.filter((object) => object.key.startsWith("shared/"))) {
    writeFileSync(join(paths.embeddedPages, basename(key)), body);
  }
}

interface StoredObject {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

function objectsOf({ objects, clients }: Stored): ReadonlyMap<string, StoredObject> {
  return new Map<string, StoredObject>([
    ...objects.map(({ key, format, body, until }): [string, StoredObject] => [
      `/${PAGES_PREFIX}/${key}`,
      {
        headers: {
          "content-type": CONTENT_TYPES[format],
          "content-disposition": PAGE_DISPOSITION,
          ...(until === undefined
            ? {}
            : Object.fromEntries(
                Object.entries(untilMetadata(until)).map(([name, value]) => [`x-amz-meta-${name}`, value]),
              )),
        },
        body,
      },
    ]),
    ...clients.flatMap(({ name: client, assets }) =>
      assets.map(({ name, file, contentType }): [string, StoredObject] => [
        `/${PAGES_PREFIX}/instances/${client}/assets/${name}`,
        { headers: { "content-type": contentType }, body: readFileSync(file) },
      ]),
    ),
  ]);
}

/** Starts a web server on a free port of loopback. */
export async function listen(listener: RequestListener, port = 0): Promise<Server> {
  const server = createServer(listener);
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return server;
}

/** A web server's address, such as `http://127.0.0.1:8080`. */
export function addressOf(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server does not listen");
  return `http://127.0.0.1:${address.port}`;
}

async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => listen(() => {})));
  const ports = servers.map((server) => Number(new URL(addressOf(server)).port));
  for (const server of servers) {
    server.close();
    await once(server, "close");
  }
  return ports;
}

async function untilReady(url: string, hasEnded: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    if (hasEnded()) throw new Error("it has ended");
    const isReady = await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isReady) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("not within 5 s");
}
