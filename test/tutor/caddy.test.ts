import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ensureCaddy } from "../../lab/tools/tools";
import { type Answer, BROWSER, Caddy, freePort, type Visit } from "../../lab/tutor/caddy";
import { TUTOR_RELEASES, TutorProject } from "../../lab/tutor/tutor";
import { BUCKET_MODES, Bucket, type BucketMode, pageOf } from "./bucket";
import { DOWNLOAD, Origin } from "./origin";

// The Caddyfile that the real Tutor renders with the plugin, run by the real Caddy of that release, in front of an
// application and a bucket that fail. Both are web servers of this process, which stand for them.

const LMS = "acme.example.org";
const CMS = "studio.acme.example.org";
const XHR = { ...BROWSER, "x-requested-with": "XMLHttpRequest" };

type At = Visit & { readonly host?: string };
type Row = readonly [name: string, path: string, visit: At, status: number];

/** What a browser navigates to, and fails. */
const SHOWN: readonly [...Row, retryAfter?: string][] = [
  ["500", "/500", {}, 500],
  ["500 with a query", "/500?token=SECRET-QUERY", {}, 500],
  ["500, compressed", "/500-gzip", {}, 500],
  ["502", "/502", {}, 502],
  ["502 in chunks", "/502-chunks", {}, 502],
  ["503", "/503", {}, 503, "300"],
  ["503 with a Retry-After in seconds", "/503-retry", {}, 503, "77"],
  ["503 with a Retry-After as a date", "/503-date", {}, 503, "Tue, 01 Dec 2026 14:00:00 GMT"],
  ["504", "/504", {}, 504],
  ["HEAD 503", "/503", { method: "HEAD" }, 503, "300"],
  ["a plain text", "/500", { headers: { accept: "text/html" } }, 500],
  ["an upstream that refuses", "/", { host: CMS }, 502],
  ["HEAD at an upstream that refuses", "/", { host: CMS, method: "HEAD" }, 502],
  ["an upstream that hangs up", "/reset", {}, 502],
  ["an upstream that does not answer", "/hang", {}, 504],
  ["with conditions and a range", "/500", { headers: { ...BROWSER, range: "bytes=0-9", "if-none-match": '"x"' } }, 500],
];

/** What gets the application's answer as it is. */
const UNTOUCHED: readonly Row[] = [
  ["200", "/200", {}, 200],
  ["301", "/301", {}, 301],
  ["403", "/403", {}, 403],
  ["404", "/404", {}, 404],
  ["429 with a Retry-After", "/429-retry", {}, 429],
  ["501", "/501", {}, 501],
  ["500 in JSON", "/500-json", {}, 500],
  ["500 as a problem document", "/500-problem", {}, 500],
  ["500 for a client of JSON", "/500", { headers: { accept: "application/json" } }, 500],
  ["503 for a client of anything", "/503-retry", { headers: { accept: "*/*" } }, 503],
  ["500 for an XMLHttpRequest", "/500", { headers: XHR }, 500],
  ["502 for a fetch of the site's own", "/502", { headers: { ...BROWSER, "sec-fetch-mode": "same-origin" } }, 502],
  ["502 for a fetch from elsewhere", "/502", { headers: { ...BROWSER, "sec-fetch-mode": "cors" } }, 502],
  ["500 for an image", "/500", { headers: { accept: "image/avif,image/webp,*/*" } }, 500],
  ["500 for a POST", "/500", { method: "POST", body: Buffer.from("x") }, 500],
  ["503 for a PUT", "/503", { method: "PUT", body: Buffer.from("x") }, 503],
  ["500 for a DELETE", "/500", { method: "DELETE" }, 500],
  ["500 of an API", "/api/500", {}, 500],
];

/** How the page comes from a bucket: from where, and whether it takes its time once. */
const PLACES: Readonly<Record<BucketMode, readonly [source: "instance" | "shared" | "embedded", isLate: boolean]>> = {
  up: ["instance", false],
  "without the instance's": ["shared", false],
  403: ["embedded", false],
  404: ["embedded", false],
  500: ["embedded", false],
  redirecting: ["embedded", false],
  "answering something else": ["embedded", false],
  "answering nothing": ["embedded", false],
  "answering half a page": ["embedded", false],
  "answering in gzip": ["embedded", false],
  "breaking off in mid-body": ["embedded", false],
  "stalling in mid-body": ["embedded", true],
  "stalling before the body": ["embedded", true],
  trickling: ["embedded", true],
  "slow (4 s)": ["embedded", true],
  "never answering": ["embedded", true],
};

/** The deadline for the whole page, and a busy machine. */
const LATE_SECONDS = 2 + 0.8;

describe.each(TUTOR_RELEASES)("Tutor $tutor with Caddy $caddy", ({ tutor, caddy: release }) => {
  const folder = mkdtempSync(join(tmpdir(), "tutor-"));
  let project: TutorProject;
  let bucket: Bucket;
  let origin: Origin;
  let caddy: Caddy;
  let program: string;
  let upstreams: Readonly<Record<string, string>>;

  beforeAll(async () => {
    const report = (line: string) => console.log(line);
    [program, project, bucket, origin] = await Promise.all([
      ensureCaddy(release, report),
      TutorProject.create(folder, tutor),
      Bucket.start(),
      Origin.start(),
    ]);
    await project.type("plugins", "enable", "maintenance-pages");
    await project.save({
      LMS_HOST: LMS,
      CMS_HOST: CMS,
      PLATFORM_NAME: "The <Acme> {Campus} of `Ü`",
      ENABLE_HTTPS: "false",
      ENABLE_WEB_PROXY: "false",
      MAINTENANCE_PAGES_URL: `http://127.0.0.1:${bucket.port}/bucket/pages`,
      MAINTENANCE_PAGES_INSTANCE: "acme",
      MAINTENANCE_PAGES_UPSTREAM_TIMEOUT: "2",
      MAINTENANCE_PAGES_PORT: String(await freePort()),
    });
    upstreams = { "lms:8000": `127.0.0.1:${origin.port}`, "cms:8000": `127.0.0.1:${await freePort()}` };
    caddy = await startCaddy();
  });
  afterAll(async () => {
    await caddy?.stop();
    await Promise.all([bucket?.stop(), origin?.stop()]);
    rmSync(folder, { recursive: true, force: true });
  });

  async function startCaddy(): Promise<Caddy> {
    const started = new Caddy(program, await freePort());
    started.write(project.caddyfile(), upstreams);
    await started.start();
    return started;
  }

  const visit = (path: string, { host = LMS, ...more }: At = {}) =>
    caddy.visit(host, path, { headers: BROWSER, ...more });

  function expectPage(answer: Answer, status: number, source: string): void {
    expect([answer.status, answer.headers["x-maintenance-page"]]).toStrictEqual([status, `kind=50x; source=${source}`]);
    expect(answer.whole).toBe(true);
    expect(answer.headers).toMatchObject({
      "cache-control": "no-store",
      "content-security-policy": "frame-ancestors 'none'",
      "content-type": "text/html; charset=utf-8",
      "x-content-type-options": "nosniff",
    });
    // Of the application and the bucket nothing else comes through.
    for (const name of ["set-cookie", "x-origin", "x-amz-request-id", "content-encoding"]) {
      expect(answer.headers[name], name).toBeUndefined();
    }
  }

  describe("a browser that navigates is shown the page", () => {
    it.each(SHOWN)("%s", async (_, path, asked, status, retryAfter) => {
      const answer = await visit(path, asked);
      expectPage(answer, status, "instance");
      expect(answer.headers["retry-after"]).toBe(retryAfter);
      expect(answer.body).toBe(asked.method === "HEAD" ? "" : pageOf("the instance's"));
    });
  });

  describe("everybody and everything else gets the application's answer", () => {
    it.each(UNTOUCHED)("%s", async (_, path, asked, status) => {
      const answer = await visit(path, asked);
      expect(answer).toMatchObject({ status, body: `origin ${status}`, whole: true });
      expect(answer.headers).toMatchObject({ "x-origin": "yes", "set-cookie": ["sessionid=1"] });
      expect(answer.headers["x-maintenance-page"]).toBeUndefined();
      if (path.endsWith("-retry")) expect(answer.headers["retry-after"]).toBe("77");
    });

    it("an upstream that refuses, for a client of JSON", async () => {
      const answer = await visit("/", { host: CMS, headers: { accept: "application/json" } });
      expect(answer).toMatchObject({ status: 502, body: "" });
    });

    it("a download of 100 MB", async () => {
      const answer = await visit("/download");
      expect([answer.status, answer.body.length, answer.whole]).toStrictEqual([200, DOWNLOAD, true]);
    });

    it("an upload of 3 MB", async () => {
      const answer = await visit("/upload", { method: "POST", body: Buffer.alloc(3 * 1024 * 1024) });
      expect(answer).toMatchObject({ status: 200, body: `got ${3 * 1024 * 1024}` });
    });

    it("an answer that breaks off", async () => {
      const answer = await visit("/broken");
      expect(answer).toMatchObject({ status: 200, body: "half", whole: false });
    });

    it("a stream of events", async () => {
      const answer = await visit("/events", { headers: { ...BROWSER, accept: "text/event-stream" } });
      expect(answer).toMatchObject({ status: 200, body: "data: 0\n\ndata: 300\n\ndata: 600\n\n", whole: true });
    });

    it("a websocket", async () => {
      const headers = {
        ...BROWSER,
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
      };
      const answer = await visit("/socket", { headers });
      expect([answer.status, answer.body.slice(2)]).toStrictEqual([101, "hello"]);
    });
  });

  describe("the page comes from a bucket that is", () => {
    const modes = Object.keys(BUCKET_MODES) as readonly BucketMode[];
    it.each(modes.map((mode) => [mode, ...PLACES[mode]] as const))("%s: %s", async (mode, source, isLate) => {
      await caddy.stop();
      caddy = await startCaddy();
      bucket.mode = mode;
      const [first, second] = [await visit("/500"), await visit("/500")];
      bucket.mode = "up";
      for (const answer of [first, second]) {
        expectPage(answer, 500, source);
        if (source === "embedded") expectEmbedded(answer);
        else expect(answer.body).toBe(pageOf(source === "shared" ? "everybody's" : "the instance's"));
      }
      // Its time is up after two seconds, and it has that once.
      expect(first.seconds).toBeLessThan(isLate ? LATE_SECONDS : 1);
      expect(second.seconds).toBeLessThan(1);
    });

    it("down", async () => {
      await caddy.stop();
      caddy = await startCaddy();
      await bucket.stop();
      const answer = await visit("/502");
      await bucket.restart();
      expectPage(answer, 502, "embedded");
      expectEmbedded(answer);
      expectPage(await visit("/502"), 502, "instance");
    });
  });

  function expectEmbedded({ body }: Answer): void {
    expect(body).toMatch(/<\/html>\n$/);
    expect(Buffer.from(body, "latin1").toString()).toContain(">The &lt;Acme&gt; &#123;Campus&#125; of &#96;Ü&#96;</p>");
  }

  it("the bucket never learns of a visitor", () => {
    expect(bucket.asked.length).toBeGreaterThan(30);
    for (const asked of bucket.asked) {
      expect(asked).toMatch(
        /^GET \/bucket\/pages\/(?:instances\/acme|shared)\/50x\.en\.html \{"host":"127\.0\.0\.1:\d+"(?:,"user-agent":"[^"]*")?\}$/,
      );
      expect(asked).not.toContain("SECRET");
    }
  });

  it("the page's places answer nobody outside", async () => {
    for (const host of ["page.maintenance-pages.invalid", "whole.maintenance-pages.invalid"]) {
      const answer = await caddy.visit(host, "/object/bucket/pages/shared/50x.en.html");
      expect(answer.body).toBe("");
    }
  });

  it.each([
    ["true", "true"],
    ["true", "false"],
    ["false", "true"],
    ["false", "false"],
  ])("the Caddyfile is valid, with ENABLE_HTTPS %s and ENABLE_WEB_PROXY %s", async (https, proxy) => {
    for (const [url, instance] of [
      ["", ""],
      ["https://pages.example.org/pages", ""],
      ["https://pages.example.org", "acme"],
    ] as const) {
      await project.save({
        ENABLE_HTTPS: https,
        ENABLE_WEB_PROXY: proxy,
        MAINTENANCE_PAGES_URL: url,
        MAINTENANCE_PAGES_INSTANCE: instance,
        MAINTENANCE_PAGES_EXCLUDED_PATHS: url === "" ? "[]" : '["/heartbeat"]',
        MAINTENANCE_PAGES_STATUSES: url === "" ? "[502]" : "[500, 502, 503, 504]",
      });
      const other = new Caddy(program, await freePort());
      other.write(project.caddyfile(), {});
      const { code, output } = await other.validate();
      await other.stop();
      expect(output).toContain("Valid configuration");
      expect(code).toBe(0);
    }
  });
});
