#!/usr/bin/env node
// The command as it is installed and typed; what it does is TypeScript, beside it.
require("sucrase/register/ts");
require("./main.ts")
  .main(process.argv.slice(2))
  .then((code) => {
    process.exitCode = code;
  });
