import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NAMESPACE } from "../settings/read";
import { refusalOf } from "./engine";
import { PROJECT } from "./project";
import { runPulumi } from "./pulumi";
import { StackText } from "./stack-text";

const SETTING = `${NAMESPACE}:bypassSecret`;

/**
 * A stack's file with a new `bypassSecret`, encrypted by Pulumi for this stack.
 *
 * @param content the file; it is not written.
 * @throws {CommandError} when Pulumi can't encrypt: it lacks the stack's passphrase or key.
 */
export function withNewSecret(content: StackText, stack: string): Promise<StackText> {
  // 192 bits: as many as 32 characters of base64 hold.
  const secret = randomBytes(24).toString("base64url");
  return onCopy(content, async (file) => {
    // By its input: everybody on this machine can read an argument.
    await pulumi(stack, ["config", "set", SETTING, "--secret", "--config-file", file], secret);
    return new StackText(readFileSync(file, "utf8"), content.surroundings);
  });
}

/**
 * The `bypassSecret` in a stack's file.
 *
 * @throws {CommandError} when there is none, or Pulumi can't decrypt it.
 */
export async function secretIn(content: StackText, stack: string): Promise<string> {
  return (await secretSetting("bypassSecret", content, stack)).trim();
}

/**
 * A setting of a stack's file with everything in it decrypted: a text as it is, anything else as JSON.
 *
 * @throws {CommandError} when there is none, or Pulumi can't decrypt it.
 */
export function secretSetting(name: string, content: StackText, stack: string): Promise<string> {
  const key = `${NAMESPACE}:${name}`;
  return onCopy(content, (file) => pulumi(stack, ["config", "get", key, "--config-file", file], ""));
}

async function onCopy<Result>({ text }: StackText, work: (file: string) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), "maintenance-"));
  const file = join(folder, "Pulumi.yaml");
  try {
    writeFileSync(file, text);
    return await work(file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function pulumi(stack: string, args: readonly string[], input: string): Promise<string> {
  const { isDone, stdout, output } = await runPulumi([...args, "--stack", stack], { cwd: PROJECT, input });
  if (isDone) return stdout;
  throw refusalOf(output.trim() || `pulumi ${args.slice(0, 2).join(" ")} failed`, stack);
}
