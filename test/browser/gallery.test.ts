import { spawn } from "node:child_process";
import { once } from "node:events";
import { utimesSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startBrowser } from "./browser";

const PROJECT = join(__dirname, "..", "..");

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser?.close());

it("npm run pages shows every page with its status and headers, and again when a file is saved", async () => {
  const gallery = spawn(process.execPath, ["--require", "sucrase/register/ts", join(PROJECT, "preview", "main.ts")], {
    cwd: PROJECT,
  });
  const ended = once(gallery, "exit");
  try {
    const [line] = await once(gallery.stdout, "data");
    const url = /http:\/\/\S+/.exec(String(line))?.[0] ?? "";
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    await page.goto(url);
    const heading = page.frameLocator("#page").locator("h1");
    expect(await heading.innerText()).toBe("This site is being provisioned or was not found");
    await expect
      .poll(() => page.locator("#answer").innerText())
      .toMatch(/^404, \d+ bytes\n[\s\S]*x-maintenance-page: kind=not-found/);

    await page.selectOption("[name=client]", "gamma");
    await page.selectOption("[name=language]", "fr");
    await page.selectOption("[name=sample]", { label: "unscheduled (gamma)" });
    await expect.poll(() => heading.innerText()).toBe("Le campus Gamma est fermé pour un moment");
    await expect.poll(() => page.locator("#answer").innerText()).toMatch(/^503/);
    // The client's picture comes through the page server, from under a path of ours.
    const inFrame = async (expression: string) => {
      const frame = await page.locator("#page").elementHandle();
      return (await frame?.contentFrame())?.evaluate(expression);
    };
    await expect.poll(() => inFrame("document.querySelector('img.campus')?.naturalWidth ?? 0")).toBeGreaterThan(0);

    await page.selectOption("[name=theme]", "dark");
    await expect.poll(() => inFrame("getComputedStyle(document.body).color")).toBe("rgb(232, 236, 242)");

    const loaded = page.waitForEvent("load", { timeout: 15_000 });
    const now = new Date();
    utimesSync(join(PROJECT, "pages", "style.css"), now, now);
    await loaded;
    // What was chosen is still chosen.
    await expect.poll(() => heading.innerText()).toBe("Le campus Gamma est fermé pour un moment");
    await page.close();
  } finally {
    gallery.kill("SIGINT");
    await ended;
  }
});
