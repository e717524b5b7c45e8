import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LocalError } from "../cluster/errors";
import { findPulumi } from "../plugins/find";
import { ensureEnvoy } from "./envoy";
import { CADDY_RELEASES, ensureCaddy, ensureProgram, ensureTools, whatIsMissing } from "./tools";

/** What the tests run beside the cluster. */
const PROGRAMS = [
  "kubectl",
  "kube-proxy",
  "kube-router",
  "coredns",
  "wait-shutdown",
  "webhook-certgen",
  "actionlint",
  "alertmanager",
  "traefik",
  "envoy-gateway",
] as const;

/**
 * Builds everything that the tests run on. CI does that before them: on two cores a build during tests takes longer than one before
 * them.
 */
async function main(): Promise<void> {
  const missing = whatIsMissing();
  if (missing !== undefined) throw new LocalError(missing);
  const scratch = mkdtempSync(join(tmpdir(), "maintenance-pages-"));
  try {
    await ensureTools(console.log);
    for (const release of CADDY_RELEASES) await ensureCaddy(release, console.log);
    await findPulumi(join(scratch, "plugins"), console.log);
    for (const name of PROGRAMS) await ensureProgram(name, console.log);
    await ensureEnvoy(console.log);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof LocalError ? error.message : error);
  process.exitCode = 1;
});
