// Lets Node load TypeScript. What sucrase makes of a file is kept beside the packages, and goes with them: to make it anew took half of the
// time until a command begins.
const { createHash } = require("node:crypto");
const { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");
const { addHook } = require("pirates");
const { version } = require("sucrase/package.json");

const FOLDER = join(__dirname, "..", "node_modules", ".cache", "maintenance-pages");
const OPTIONS = { transforms: ["typescript", "imports"] };
/** A file without it was not written to its end. */
const END = "\n// whole";

addHook(
  (typescript) => {
    const made = JSON.stringify([version, OPTIONS, typescript]);
    const file = join(FOLDER, `${createHash("sha256").update(made).digest("hex")}.js`);
    const kept = textOf(file);
    if (kept.endsWith(END)) return kept;
    // Each line stays a line, so errors tell the right one.
    const code = require("sucrase").transform(typescript, OPTIONS).code + END;
    keep(file, code);
    return code;
  },
  { exts: [".ts"] },
);

function textOf(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/** Where the folder can't be written, nothing is kept: then it takes longer the next time, too. */
function keep(file, code) {
  const unfinished = `${file}.${process.pid}`;
  const isKept = succeeds(() => {
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(unfinished, code);
    renameSync(unfinished, file);
  });
  if (!isKept) succeeds(() => rmSync(unfinished, { force: true }));
}

function succeeds(action) {
  try {
    action();
    return true;
  } catch {
    return false;
  }
}
