// Lets Node load TypeScript. What sucrase makes of a file is kept beside the packages, and goes with them: to make it anew took half of the
// time until a command begins.
const { createHash } = require("node:crypto");
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");
const { addHook } = require("pirates");
const { version } = require("sucrase/package.json");

const FOLDER = join(__dirname, "..", "node_modules", ".cache", "maintenance-pages", `sucrase-${version}`);

addHook(
  (typescript) => {
    const file = join(FOLDER, `${createHash("sha256").update(typescript).digest("hex")}.js`);
    try {
      return readFileSync(file, "utf8");
    } catch {
      // Each line stays a line, so errors tell the right one.
      const { code } = require("sucrase").transform(typescript, { transforms: ["typescript", "imports"] });
      keep(file, code);
      return code;
    }
  },
  { exts: [".ts"] },
);

function keep(file, code) {
  try {
    mkdirSync(FOLDER, { recursive: true });
    const whole = `${file}.${process.pid}`;
    writeFileSync(whole, code);
    renameSync(whole, file);
  } catch {
    // The folder can't be written: then it takes longer the next time, too.
  }
}
