import { readFileSync } from "node:fs";

/** A failure of the local cluster or its tools, with a message that is meant for people. */
export class LocalError extends Error {
  override readonly name = "LocalError";
}

/** The last `count` lines of a log file, indented for a message; says so when the file is empty or not there. */
export function lastLines(file: string, count = 15): string {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return "  (no log was written)";
  }
  const lines = text.trimEnd().split("\n").slice(-count);
  return lines.join("").trim() === ""
    ? "  (the log is empty)"
    : lines.map((line) => `  ${line.slice(0, 500)}`).join("\n");
}
