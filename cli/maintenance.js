#!/usr/bin/env node
// The command as it is installed and typed; what it does is TypeScript, beside it.
try {
  require("./typescript.js");
} catch (error) {
  if (error.code !== "MODULE_NOT_FOUND") throw error;
  console.error("maintenance: its libraries are not there. Run `npm ci` in the project's folder, and then this again.");
  process.exit(1);
}
require("./main.ts").main(process.argv.slice(2)).then(require("./exit.js").exitWith);
