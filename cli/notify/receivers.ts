import { messageOf, pathText } from "../../model/problems";
import { hasEncrypted, notifySchema, type Receiver } from "../../settings/notify";
import type { Settings } from "../../settings/read";
import { CommandError } from "../errors";
import { secretSetting } from "../secret";
import type { StackText } from "../stack-text";

/** Whether there are receivers, as far as the stack's file shows without being decrypted. */
export function hasReceivers(
  { hidesReceivers }: Pick<StackText, "hidesReceivers">,
  { notify }: Pick<Settings, "notify">,
): boolean {
  return hidesReceivers || notify.length > 0;
}

/**
 * The receivers with their secrets. Pulumi decrypts only if there are any secrets: that takes a second.
 *
 * @param read decrypts the setting, for tests.
 * @throws {CommandError} when Pulumi can't decrypt them, or what it decrypts is not valid.
 */
export async function receiversOf(
  content: StackText,
  { notify }: Pick<Settings, "notify">,
  stack: string,
  read: typeof secretSetting = secretSetting,
): Promise<readonly Receiver[]> {
  if (!content.hidesReceivers && !hasEncrypted(notify)) return notify;
  const text = await read("notify", content, stack).catch((error: unknown) => {
    // Pulumi's words name no setting: "error: incorrect passphrase".
    throw new CommandError(`Pulumi can't decrypt the setting notify: ${messageOf(error)}`);
  });
  const parsed = notifySchema.safeParse(jsonIn(text));
  if (parsed.success) return parsed.data;
  // A value that was encrypted is checked here first. It is never shown.
  const places = parsed.error.issues.map(
    ({ path, message }) => `${pathText(["notify", ...path])}: allowed is ${message}`,
  );
  throw new CommandError([...new Set(places)].join("; "));
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text; // which the schema refuses
  }
}
