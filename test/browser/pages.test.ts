import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type AxeResults, source as axe } from "axe-core";
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LANGUAGES, readStrings } from "../../model/languages";
import { clientNames, readClients } from "../../pages/clients";
import { type LocalPageServer, startPageServer } from "../../preview/page-server";
import { SAMPLE_SETTINGS, type Sample, samplesOf } from "../../preview/samples";
import { addressFor } from "../../preview/server";
import { startBrowser } from "./browser";

// A real Chromium asks a real nginx with the configuration of the page server; a web server of this process stands for
// the bucket.

const clients = readClients(clientNames().map((name) => ({ name })));
const settings = { ...SAMPLE_SETTINGS, languages: LANGUAGES, clients };
const samples = samplesOf(settings);
const served = samples.filter(({ kind }) => kind !== "50x");

const SCREENSHOTS = join(__dirname, "..", "..", "screenshots");

const PHONE = { width: 390, height: 844 };
const DESKTOP = { width: 1280, height: 800 };
// What a window of 1280 x 1024 is at a zoom of 400 % (WCAG 2.2, success criterion 1.4.10).
const ZOOMED = { width: 320, height: 256 };

let browser: Browser;
let server: LocalPageServer;

beforeAll(async () => {
  const objects = samples.flatMap((sample) => sample.objects);
  [browser, server] = await Promise.all([
    startBrowser(),
    startPageServer({ objects, clients: [...clients.values()] }, LANGUAGES),
  ]);
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

/** A window for pages in one language, with what was asked for and what the policy forbade on the way. */
async function open(language: string, options: BrowserContextOptions = {}) {
  const context = await browser.newContext({ viewport: DESKTOP, locale: language, ...options });
  const page = await context.newPage();
  const asked: string[] = [];
  const complaints: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  page.on("console", (message) => {
    // That the page's own status is 503 is what it is about.
    if (!/Failed to load resource: .* status of (?:404|502|503)/.test(message.text())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  return { context, page, asked, complaints };
}

/** Opens a sample as an instance's edge would answer; the 50x page, which others show, as it is stored. */
async function show(page: Page, sample: Sample, language: string): Promise<void> {
  if (sample.kind !== "50x") {
    // What the edge does: the host's every path is rewritten to the page, and a client's file to the file.
    await page.route("**/.maintenance-page/**", async (route) => {
      const { pathname } = new URL(route.request().url());
      const answer = await fetch(addressFor(sample, server, pathname));
      await route.fulfill({
        status: answer.status,
        headers: Object.fromEntries(answer.headers),
        body: Buffer.from(await answer.arrayBuffer()),
      });
    });
    await page.goto(addressFor(sample, server));
    return;
  }
  const body = sample.pages.find((one) => one.format === "html" && one.language === language)?.body ?? "";
  await page.route("http://failing.test/", (route) =>
    route.fulfill({ status: 502, contentType: "text/html; charset=utf-8", body }),
  );
  await page.goto("http://failing.test/");
}

async function violations(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe);
  const { violations } = await page.evaluate<AxeResults>(
    "axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })",
  );
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
  );
}

describe.each(LANGUAGES)("every page in %s", (language) => {
  it.concurrent.each(["light", "dark"] as const)(
    "in the %s is accessible, asks nobody else, fits a zoom of 400 %",
    async (theme) => {
      const { context, page, asked, complaints } = await open(language, { colorScheme: theme });
      for (const sample of samples) {
        await page.setViewportSize(DESKTOP);
        await show(page, sample, language);
        const name = `${sample.name}, ${language}, ${theme}`;
        expect(await page.evaluate("document.documentElement.lang"), name).toBe(language);
        expect(await page.evaluate("document.dir"), name).toBe(readStrings(language).direction);
        expect(await violations(page), name).toStrictEqual([]);
        await page.setViewportSize(ZOOMED);
        expect(await page.evaluate("document.documentElement.scrollWidth"), name).toBeLessThanOrEqual(ZOOMED.width);
        await page.unrouteAll();
      }
      const hosts = new Set(asked.map((url) => new URL(url).host));
      const own = [server.maintenance, server.notFound, "http://failing.test"].map((url) => new URL(url).host);
      expect([...hosts].filter((host) => !own.includes(host))).toStrictEqual([]);
      expect(complaints).toStrictEqual([]);
      await context.close();
    },
  );
});

it("a page is shown in another site's frame, as a course shows a unit", async () => {
  const { context, page, complaints } = await open("en");
  for (const sample of served) {
    const frame = `<iframe src="${addressFor(sample, server)}"></iframe>`;
    await page.route("http://learning.test/", (route) =>
      route.fulfill({ contentType: "text/html", body: `<!doctype html><title>Unit</title>${frame}` }),
    );
    await page.goto("http://learning.test/");
    expect(await page.frameLocator("iframe").locator("h1").innerText(), sample.name).not.toBe("");
    await page.unrouteAll();
  }
  expect(complaints).toStrictEqual([]);
  await context.close();
});

describe("screenshots", () => {
  const wanted = [
    "not-found",
    "provisioning",
    "unscheduled",
    "scheduled, with window and message (acme)",
    "scheduled, overdue (acme)",
    "50x",
    "scheduled, with window and message (gamma)",
  ];
  const ways = (["light", "dark"] as const).flatMap((theme) =>
    ["en", "ar"].flatMap((language) =>
      Object.entries({ phone: PHONE, desktop: DESKTOP }).map(([size, viewport]) => ({
        theme,
        language,
        size,
        viewport,
      })),
    ),
  );

  it.each(ways)("$theme, $language, $size", async ({ theme, language, size, viewport }) => {
    mkdirSync(SCREENSHOTS, { recursive: true });
    const { context, page } = await open(language, { colorScheme: theme, viewport });
    for (const name of wanted) {
      const sample = samples.find((one) => one.name === name);
      if (sample === undefined) throw new Error(`there is no sample ${name}`);
      await show(page, sample, language);
      const file = `${name.replaceAll(/[^a-z0-9]+/gi, "-").replace(/-$/, "")}.${language}.${theme}.${size}.png`;
      const picture = await page.screenshot({ path: join(SCREENSHOTS, file), fullPage: true });
      expect(picture.length).toBeGreaterThan(5000);
      await page.unrouteAll();
    }
    await context.close();
  });
});

describe("without JavaScript", () => {
  it.each(served.map((sample) => [sample.name, sample] as const))("%s is complete", async (_, sample) => {
    const text = async (javaScriptEnabled: boolean) => {
      const { context, page } = await open("en", { javaScriptEnabled });
      await show(page, sample, "en");
      const shown = await page.locator("body").innerText();
      const visible = await page.locator("main > *:visible").count();
      await context.close();
      return { shown, visible };
    };
    const without = await text(false);
    expect(without).toStrictEqual(await text(true));
    expect(without.shown).toContain("This page checks again by itself.");
  });

  it("a page asks again at the same address", async () => {
    const { context, page, asked } = await open("en", { javaScriptEnabled: false });
    const url = `${server.notFound}/courses?next=%2Fx&y=1`;
    // As the page is, but that a second stands for the minute.
    await page.route(url, async (route) => {
      const answer = await fetch(url, { headers: { accept: "text/html" } });
      const body = (await answer.text()).replace(
        'http-equiv="refresh" content="60"',
        'http-equiv="refresh" content="1"',
      );
      await route.fulfill({ status: answer.status, headers: Object.fromEntries(answer.headers), body });
    });
    await page.goto(url);
    await expect.poll(() => asked.length, { timeout: 5000 }).toBeGreaterThanOrEqual(3);
    expect(new Set(asked)).toStrictEqual(new Set([url]));
    await context.close();
  });
});

describe("with JavaScript", () => {
  /** A page that has been open for as long as it takes it to ask again, with what the site answers from then on. */
  async function waitBefore(
    context: BrowserContext,
    page: Page,
    later: { status: number; marked: boolean } | "offline",
  ) {
    await page.clock.install();
    await page.goto(`${server.notFound}/courses?next=%2Fx&y=1`);
    let isAsked = false;
    await context.route("**/courses?**", async (route) => {
      isAsked ||= route.request().method() === "HEAD";
      if (later === "offline") return route.abort();
      const headers = later.marked ? { "x-maintenance-page": "kind=unscheduled" } : undefined;
      await route.fulfill({
        status: later.status,
        contentType: "text/html",
        body: "<h1>The site</h1>",
        ...(headers && { headers }),
      });
    });
    await page.clock.runFor(61_000);
    await expect.poll(() => isAsked).toBe(true);
    await page.waitForTimeout(200);
    return page.locator("h1").innerText();
  }

  const NOT_FOUND = readStrings("en")["not-found"].heading;

  it.each([
    ["the site is back", { status: 200, marked: false }, "The site"],
    ["the site is back and asks for a login", { status: 401, marked: false }, "The site"],
    ["the page is still there", { status: 503, marked: true }, NOT_FOUND],
    ["the page of a host that nobody owns is still there", { status: 404, marked: true }, NOT_FOUND],
    ["the site is coming up and fails", { status: 502, marked: false }, NOT_FOUND],
    ["the visitor is offline", "offline", NOT_FOUND],
  ] as const)("%s: it shows what is there, at the same address", async (_, later, heading) => {
    const { context, page, complaints } = await open("en");
    expect(await waitBefore(context, page, later)).toBe(heading);
    expect(page.url()).toBe(`${server.notFound}/courses?next=%2Fx&y=1`);
    expect(complaints.filter((text) => !/ERR_FAILED|status of/.test(text))).toStrictEqual([]);
    await context.close();
  });
});

describe("in every way of using it", () => {
  const sample = served.find(({ name }) => name === "scheduled, with window and message (acme)");
  if (sample === undefined) throw new Error("there is no page with links");

  it("the keyboard reaches every link in order, and shows where it is", async () => {
    const { context, page } = await open("ar");
    await show(page, sample, "ar");
    const links = await page.locator("a").evaluateAll((found) => found.map((link) => link.getAttribute("href")));
    expect(links).toHaveLength(3);
    for (const href of links) {
      await page.keyboard.press("Tab");
      const focused = page.locator(":focus");
      expect(await focused.getAttribute("href")).toBe(href);
      expect(await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")).not.toBe("none");
    }
    await context.close();
  });

  it("paper stays white, and the text on it dark, also in the dark", async () => {
    const { context, page } = await open("en", { colorScheme: "dark" });
    await show(page, sample, "en");
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    const colours = await page.evaluate<readonly string[]>(
      "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.querySelector('h1')).color]",
    );
    expect(colours).toStrictEqual(["rgba(0, 0, 0, 0)", "rgb(29, 37, 48)"]);
    expect((await page.pdf()).length).toBeGreaterThan(5000);
    await context.close();
  });
});
