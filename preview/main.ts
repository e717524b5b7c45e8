import { fork } from "node:child_process";
import { once } from "node:events";
import { watch } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { hasNginx, type LocalPageServer, startPageServer } from "./page-server";
import type { Rendered } from "./render";
import { type Shown, startGallery } from "./server";
import { writePages } from "./write";

const USAGE = `npm run pages                       every page in a browser, and again whenever a file of pages/ is saved; Ctrl-C ends it
npm run pages -- --port 8090        at this port; otherwise at any that is free
npm run pages -- --out DIRECTORY    writes every page as a file
npm run pages -- --stack STACK      with the look, the languages and the entries of a stack`;

const PAGES_FOLDER = join(__dirname, "..", "pages");

async function main(): Promise<number> {
  const { help, out, port, stack } = read();
  if (help) {
    console.log(USAGE);
    return 0;
  }
  return out === undefined ? stayOpen(port, stack) : write(resolve(out), stack);
}

interface Options {
  readonly help: boolean;
  readonly out?: string;
  readonly port: number;
  readonly stack?: string;
}

function read(): Options {
  try {
    const options = {
      help: { type: "boolean", default: false },
      out: { type: "string" },
      port: { type: "string", default: "0" },
      stack: { type: "string" },
    } as const;
    const { port, ...rest } = parseArgs({ options }).values;
    if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) throw new Error(`--port: found ${port}, allowed 0 to 65535`);
    return { ...rest, port: Number(port) };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
    process.exit(1);
  }
}

async function write(folder: string, stack: string | undefined): Promise<number> {
  const rendered = await renderAnew(stack);
  if ("problem" in rendered) {
    console.error(rendered.problem);
    return 1;
  }
  console.log(`${writePages(rendered.rendering, folder)} pages are in ${folder}`);
  return 0;
}

async function stayOpen(port: number, stack: string | undefined): Promise<number> {
  let pageServer: LocalPageServer | undefined;
  const prepare = async (): Promise<Shown> => {
    const rendered = await renderAnew(stack);
    if ("problem" in rendered) {
      console.error(rendered.problem);
      return rendered;
    }
    const before = pageServer;
    // A new one each time: what the old one has in its cache would still be shown for some seconds.
    pageServer = hasNginx() ? await startPageServer(rendered.rendering, rendered.rendering.languages) : undefined;
    await before?.stop();
    return { rendering: rendered.rendering, pageServer };
  };
  const gallery = await startGallery(await prepare(), port);
  console.log(`The pages are at ${gallery.url}/ and change as files of pages/ are saved. Ctrl-C ends this.`);
  if (pageServer === undefined) console.log("No nginx is installed: the page server's headers are not shown.");

  let pending: NodeJS.Timeout | undefined;
  const watcher = watch(PAGES_FOLDER, { recursive: true }, () => {
    clearTimeout(pending);
    // An editor writes a file in several steps.
    pending = setTimeout(async () => gallery.show(await prepare()), 100);
  });
  await new Promise<void>((done) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => done());
  });
  watcher.close();
  clearTimeout(pending);
  gallery.stop();
  await pageServer?.stop();
  return 0;
}

/** Renders in a process of its own, so that every edit counts, one of code included. */
async function renderAnew(stack: string | undefined): Promise<Rendered> {
  const child = fork(join(__dirname, "render.ts"), stack === undefined ? [] : [stack], {
    execArgv: ["--require", require.resolve("sucrase/register/ts")],
    serialization: "advanced",
    stdio: ["ignore", "inherit", "pipe", "ipc"],
  });
  let log = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    log += chunk.toString();
  });
  const failed = once(child, "exit").then((): Rendered => ({ problem: log || "rendering ended without a result" }));
  const sent = once(child, "message").then(([rendered]): Rendered => rendered);
  return Promise.race([sent, failed]);
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    // What the system says (a folder that can't be written, a port that is taken) is for people.
    const isForPeople = error instanceof Error && "syscall" in error;
    console.error(isForPeople ? error.message : error);
    process.exit(1);
  },
);
