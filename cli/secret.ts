import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NAMESPACE } from "../settings/read";
import { CommandError } from "./errors";
import { PROJECT } from "./project";
import { runPulumi } from "./pulumi";

const SETTING = `${NAMESPACE}:bypassSecret`;

/**
 * A stack's file with a new `bypassSecret`, encrypted as Pulumi does it for this stack.
 *
 * @param text the file as it is; it is not written.
 * @throws {CommandError} when Pulumi can't encrypt, for want of the stack's passphrase or key.
 */
export function withNewSecret(text: string, stack: string): Promise<string> {
  // 192 bits: as many as 32 characters of base64 hold.
  const secret = randomBytes(24).toString("base64url");
  return onCopy(text, async (file) => {
    // By its input and not as an argument, which everybody on this machine could read.
    await pulumi(["config", "set", SETTING, "--secret", "--stack", stack, "--config-file", file], secret);
    return readFileSync(file, "utf8");
  });
}

/**
 * The `bypassSecret` in a stack's file.
 *
 * @throws {CommandError} when there is none, or Pulumi can't decrypt it.
 */
export function secretIn(text: string, stack: string): Promise<string> {
  return onCopy(text, async (file) => {
    const secret = await pulumi(["config", "get", SETTING, "--stack", stack, "--config-file", file], "");
    return secret.trim();
  });
}

async function onCopy<Result>(text: string, work: (file: string) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), "maintenance-"));
  const file = join(folder, "Pulumi.yaml");
  try {
    writeFileSync(file, text);
    return await work(file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function pulumi(args: readonly string[], input: string): Promise<string> {
  const { isDone, stdout, said } = await runPulumi(args, { cwd: PROJECT, input });
  if (isDone) return stdout;
  throw new CommandError(said.trim() || `pulumi ${args.slice(0, 2).join(" ")} failed`);
}
