import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LocalError } from "./cluster/errors";
import { findPulumi } from "./plugins";
import { ensureProgram, ensureTools, whatIsMissing } from "./tools";

/** What the tests run beside the cluster, in the order in which they need it. */
const PROGRAMS = ["kubectl", "kube-proxy", "wait-shutdown", "webhook-certgen", "actionlint"] as const;

/** Builds what the end-to-end tests run on, so that it is there when they begin: CI does that during the other tests. */
async function main(): Promise<void> {
  const missing = whatIsMissing();
  if (missing !== undefined) throw new LocalError(missing);
  const scratch = mkdtempSync(join(tmpdir(), "maintenance-pages-"));
  try {
    await ensureTools(console.log);
    await findPulumi(join(scratch, "plugins"), console.log);
    for (const name of PROGRAMS) await ensureProgram(name, console.log);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof LocalError ? error.message : error);
  process.exitCode = 1;
});
