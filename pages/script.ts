import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The script of every page, without its comments. */
export const RETRY_SCRIPT = readFileSync(join(__dirname, "retry.js"), "utf8").replace(/^\s*\/\/.*\n/gm, "");

/** An inline text as a Content-Security-Policy allows it (https://www.w3.org/TR/CSP3/#framework-directive-source-list). */
export function digestOf(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

/**
 * The digest of the retry script, the only script that the policy allows. The page server sends it in a header as well, so that
 * nothing in a page can allow more.
 */
export const SCRIPT_DIGEST = digestOf(RETRY_SCRIPT);
