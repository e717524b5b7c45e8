import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { version } from "html-validate/package.json";
import type { Problem } from "../model/problems";

const FOLDER = join(__dirname, "..", "node_modules", ".cache", "maintenance-pages");

/**
 * Runs a check, unless it has found no problem in the same input before. A check of a client's templates takes a second, and an operator
 * waits for it at every `enable`: twice, because Pulumi runs the program for the preview and for the `up`.
 *
 * @param input everything that the result depends on, besides the code of the check.
 * @param folder where it is remembered. If it can't be written, each input is checked again.
 */
export function checkedOnce(input: unknown, check: () => readonly Problem[], folder = FOLDER): readonly Problem[] {
  const code = readFileSync(join(__dirname, "check.ts"), "utf8");
  const digest = createHash("sha256")
    .update(JSON.stringify([version, code, input]))
    .digest("hex");
  const file = join(folder, digest);
  if (existsSync(file)) return [];
  const problems = check();
  if (problems.length === 0) remember(folder, file);
  return problems;
}

function remember(folder: string, file: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, "");
  } catch {
    // A folder that can't be written costs a second at each run, and nothing else.
  }
}
