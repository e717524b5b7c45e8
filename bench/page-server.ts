import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import express from "express";
import { freePort } from "../lab/tutor/caddy";
import { LANGUAGES } from "../model/languages";
import { renderSharedPages } from "../pages/render";
import { startPageServer } from "../preview/page-server";
import { compare } from "./compare";
import { startNginx } from "./nginx";
import { cellsOf, ratio, type Section } from "./section";

/**
 * The page server, from its cache, against the same nginx with the same page as a plain file, and against an error page
 * server as people write one with Express: by `Accept`, from files.
 */
export async function benchPageServer(): Promise<Section> {
  const settings = { timeZone: "UTC", links: {}, languages: LANGUAGES, clients: new Map() };
  const { objects, pages } = renderSharedPages(settings);
  const page = pages.find(({ kind, format, language }) => `${kind}.${format}.${language}` === "unscheduled.html.en");
  if (page === undefined) throw new Error("no page to measure with");
  const folder = mkdtempSync(join(tmpdir(), "bench-pages-"));
  writeFileSync(join(folder, "page.html"), page.body);
  const pageServer = await startPageServer({ objects, clients: [] }, LANGUAGES);
  const port = await freePort();
  const plain = await startNginx(
    `server { listen 127.0.0.1:${port}; root ${folder}; types { text/html html; } charset utf-8; }`,
    2,
  );
  const node = await startExpress(join(folder, "page.html"));
  try {
    const headers = { accept: "text/html,*/*;q=0.8", "accept-language": "en" };
    const [ours, file, server] = await compare(
      { url: `${pageServer.maintenance}/acme/unscheduled/-/`, headers, status: 503 },
      { url: `http://127.0.0.1:${port}/page.html`, headers, status: 200 },
      { url: `http://127.0.0.1:${node.port}/`, headers, status: 503 },
    );
    if (ours === undefined || file === undefined || server === undefined) throw new Error("nothing was measured");
    const all = { "page server": ours, "nginx, plain file": file, "Express, one process": server };
    return {
      title: "The page server",
      about: `A page of ${Buffer.byteLength(page.body).toLocaleString("en")} bytes in one of ${LANGUAGES.length} languages, chosen by \`Accept\` and \`Accept-Language\`, against the same nginx (two workers each) that serves it as a plain file and chooses nothing; and against an Express application that renders nothing either and chooses by \`Accept\` alone. wrk, one thread, 32 connections; medians of seven rounds by turns. Goal: 0.85 of the plain file.`,
      head: ["", "requests", "p99", "page server's ratio to it"],
      rows: Object.entries(all).map(([name, measured]) => [
        name,
        ...cellsOf(measured),
        ratio(ours.requestsPerSecond, measured.requestsPerSecond),
      ]),
      chart: {
        title: "Requests a second",
        unit: "requests/s",
        bars: Object.fromEntries(Object.entries(all).map(([name, { requestsPerSecond }]) => [name, requestsPerSecond])),
      },
    };
  } finally {
    node.server.close();
    node.server.closeAllConnections();
    await plain.stop();
    await pageServer.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function startExpress(file: string): Promise<{ readonly server: Server; readonly port: number }> {
  const html = readFileSync(file, "utf8");
  const application = express();
  application.disable("x-powered-by");
  application.use((_request, response) => {
    response.status(503).set({ "Retry-After": "300", "Cache-Control": "no-store" });
    response.format({ html: () => response.send(html), json: () => response.json({ status: 503 }) });
  });
  const server = createServer(application);
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return { server, port };
}
