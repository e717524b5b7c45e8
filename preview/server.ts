import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { Liquid } from "liquidjs";
import { ASSETS_PATH, CONTENT_TYPES, FORMATS, type Format, statusOf } from "../pages/kinds";
import { digestOf } from "../pages/script";
import { addressOf, type LocalPageServer, listen } from "./page-server";
import type { Rendering } from "./render";
import type { Sample } from "./samples";

/** The gallery's web server. */
export interface Gallery {
  readonly url: string;
  /** Shows another rendering, or what is wrong with it; open browsers load it by themselves. */
  show(shown: Shown): void;
  stop(): void;
}

/** What the gallery shows: pages, with the page server that answers with them where there is one; or a problem. */
export type Shown =
  | { readonly rendering: Rendering; readonly pageServer: LocalPageServer | undefined }
  | { readonly problem: string };

/** What each format is asked for with. */
export const ACCEPT: Readonly<Record<Format, string>> = {
  html: "text/html",
  json: "application/json",
  xml: "application/xml",
  txt: "text/plain",
};

/**
 * Starts the gallery on loopback: the page with the controls, and for each page a host of its own
 * (`s3-de-html-dark.localhost`), on which it is answered as on an instance's, whatever the path.
 *
 * @param port 0 for any.
 */
export async function startGallery(first: Shown, port = 0): Promise<Gallery> {
  let shown = first;
  const browsers = new Set<ServerResponse>();
  const server = await listen((request, response) => {
    answer(request, response, shown, browsers).catch((error: unknown) => {
      response.writeHead(500, { "content-type": "text/plain; charset=utf-8" }).end(String(error));
    });
  }, port);
  return {
    url: addressOf(server).replace("127.0.0.1", "localhost"),
    show(next) {
      shown = next;
      for (const browser of browsers) browser.write("data: changed\n\n");
    },
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  shown: Shown,
  browsers: Set<ServerResponse>,
): Promise<void> {
  const host = /^s(\d+)-([\w-]+)-(\w+)-(\w+)\.localhost:/.exec(request.headers.host ?? "");
  if (host !== null) {
    const [, index = "", language = "", format = "", theme = ""] = host;
    const sample = "rendering" in shown ? shown.rendering.samples[Number(index)] : undefined;
    if (sample === undefined || "problem" in shown) return void response.writeHead(404).end();
    return answerAsEdge(request, response, { sample, language, format, theme }, shown.pageServer);
  }
  switch (request.url) {
    case "/":
      return void response.writeHead(200, { "content-type": CONTENT_TYPES.html }).end(controls(shown));
    case "/events":
      response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" }).write(":\n\n");
      browsers.add(response);
      return void response.on("close", () => browsers.delete(response));
    default:
      return void response.writeHead(404).end();
  }
}

interface Wanted {
  readonly sample: Sample;
  readonly language: string;
  readonly format: string;
  /** `light` or `dark`; whatever else leaves it to the browser. */
  readonly theme: string;
}

/** Answers as the edge would for the sample's host: with what the page server says, as its override has it. */
async function answerAsEdge(
  { method = "GET", url = "/" }: IncomingMessage,
  response: ServerResponse,
  wanted: Wanted,
  pageServer: LocalPageServer | undefined,
): Promise<void> {
  const { headers, status, body } = await ask(wanted, url, method, pageServer);
  response
    .writeHead(status, {
      ...headers,
      // What the answer was, for the gallery to show.
      "access-control-allow-origin": "*",
      "access-control-expose-headers": "x-gallery-answer",
      "x-gallery-answer": encodeURIComponent(JSON.stringify({ status, headers, bytes: body.length })),
    })
    .end(method === "HEAD" ? undefined : inTheme(body, wanted.theme));
}

/** The page as a browser shows it that is set to this theme. */
function inTheme(body: Buffer, theme: string): Buffer | string {
  if (theme !== "light" && theme !== "dark") return body;
  const page = body.toString("utf8");
  const style = /<style>(.*?)<\/style>/s.exec(page)?.[1] ?? "";
  const themed = style
    .replace("screen and (prefers-color-scheme:dark)", theme === "dark" ? "screen" : "not all")
    .replace("color-scheme:light dark", `color-scheme:${theme}`);
  const digest = (text: string) => digestOf(text).replaceAll("'", "&#39;");
  return page.replace(style, () => themed).replace(digest(style), () => digest(themed));
}

interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

async function ask(
  { sample, language, format }: Wanted,
  url: string,
  method: string,
  pageServer: LocalPageServer | undefined,
): Promise<Answered> {
  const known = FORMATS.find((one) => one === format) ?? "html";
  // The 50x page is shown by whoever fails, with a status of its own; and without nginx there is nobody to ask.
  if (pageServer === undefined || sample.kind === "50x") {
    const page = sample.pages.find((one) => one.format === known && one.language === language);
    const status = page === undefined ? 404 : (statusOf(sample.kind) ?? 502);
    return { status, headers: { "content-type": CONTENT_TYPES[known] }, body: Buffer.from(page?.body ?? "") };
  }
  const headers = { accept: ACCEPT[known], "accept-language": language };
  const answered = await fetch(addressFor(sample, pageServer, url), { method, headers });
  const hop = new Set(["connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"]);
  return {
    status: answered.status,
    headers: Object.fromEntries([...answered.headers].filter(([name]) => !hop.has(name))),
    body: Buffer.from(await answered.arrayBuffer()),
  };
}

/**
 * Where the page server answers for a sample: the address that an override's rewrite makes of a visitor's path.
 *
 * @example
 * addressFor(sample, pageServer, "/courses"); // "http://127.0.0.1:40001/acme/scheduled/-/"
 */
export function addressFor(
  { instance = "acme", kind, revision = "-" }: Pick<Sample, "instance" | "kind" | "revision">,
  { maintenance, notFound }: LocalPageServer,
  path = "/",
): string {
  if (kind === "not-found") return notFound + path;
  const asset = path.startsWith(ASSETS_PATH) ? path.slice(ASSETS_PATH.length) : "";
  return `${maintenance}/${instance}/${kind}/${revision}/${asset}`;
}

const engine = new Liquid({ root: [__dirname], outputEscape: "escape", strictVariables: true });

function controls(shown: Shown): string {
  const text = (file: string) => readFileSync(join(__dirname, file), "utf8");
  const filling =
    "problem" in shown
      ? { problem: shown.problem, data: "null", hasPageServer: true }
      : {
          problem: null,
          data: JSON.stringify(choices(shown.rendering)).replaceAll("<", "\\u003c"),
          hasPageServer: shown.pageServer !== undefined,
        };
  return engine.renderFileSync("gallery.html.liquid", {
    ...filling,
    style: text("gallery.css"),
    script: text("gallery.js"),
  });
}

/** What can be chosen, for the page's script. */
function choices({ samples, languages }: Rendering) {
  return {
    formats: FORMATS,
    languages: languages.map((tag) => ({
      tag,
      name: new Intl.DisplayNames(["en"], { type: "language" }).of(tag) ?? tag,
    })),
    samples: samples.map(({ name, client, pages }) => ({
      name,
      client: client?.name ?? "shared",
      formats: FORMATS.filter((format) => pages.some((page) => page.format === format)),
    })),
  };
}
