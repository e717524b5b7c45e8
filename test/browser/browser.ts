import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, chromium } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/**
 * Starts the Chromium of this machine, without a window.
 *
 * @param more arguments of Chromium.
 * @throws when there is none, with what to install.
 */
export async function startBrowser(more: readonly string[] = []): Promise<Browser> {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const found =
    process.env.CHROMIUM ??
    NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find((file) => existsSync(file));
  if (found === undefined) {
    throw new Error(
      `No Chromium in PATH (${NAMES.join(", ")}). On Debian: apt install chromium fonts-noto-core fonts-noto-cjk; or name one: CHROMIUM=/path/to/it`,
    );
  }
  return chromium.launch({
    executablePath: found,
    args: [
      // Its sandbox can't be had as root or in most containers, and it opens pages of ours alone.
      "--no-sandbox",
      "--disable-gpu",
      "--disable-background-networking",
      "--disable-component-update",
      "--hide-scrollbars",
      ...more,
    ],
  });
}
