import { readFileSync, writeFileSync } from "node:fs";
import { maintenanceOutput } from "../../outputs";
import { inputError } from "../errors";
import { seenText } from "../probe";
import { PROJECT, type StackFile } from "../project";
import { appliedEntries, lastUp } from "../records";
import { statusOf } from "../status";
import { announcing, type Origin, unseen } from "./announcer";
import type { Happened } from "./events";
import { hasReceivers } from "./receivers";
import { happenedSince, type Recorded, recordOf, recordSchema } from "./since";

/**
 * Writes down what Pulumi has recorded of a stack, before a pipeline's `pulumi up`. Without receivers it writes an empty file.
 *
 * @throws {CommandError} when the file can't be written.
 */
export async function rememberIn(path: string, { stack, content, settings }: Origin): Promise<void> {
  const text = hasReceivers(content, settings) ? JSON.stringify(await recordedOf(stack)) : "";
  try {
    writeFileSync(path, text);
  } catch {
    throw inputError({
      path: "--remember",
      found: path,
      allowed: "a file that can be written, in a folder that exists",
    });
  }
}

/**
 * Notifies of what a pipeline's `pulumi up` has done.
 *
 * @param path what `rememberIn` wrote before it. Without a path only silences are kept up.
 * @returns what has happened, and was sent.
 * @throws {CommandError} when the file can't be used. What receivers do is no error.
 */
export async function notifySince(
  path: string | undefined,
  origin: Origin,
  file: StackFile,
  say: (line: string) => void,
): Promise<readonly Happened[]> {
  if (!hasReceivers(origin.content, origin.settings)) return [];
  const before = path === undefined ? undefined : recordedIn(path);
  const present = await recordedOf(origin.stack);
  const wantedAt = (time: Date) => maintenanceOutput(file.content.settingsToRead(time).maintenance);
  const { events, hasFailed, certain } =
    before === undefined
      ? { events: [], hasFailed: false, certain: present.maintenance }
      : happenedSince(before, present, wantedAt);
  const failures = before === undefined || hasFailed ? [] : await unseenAmong(events, before, present, origin, file);
  const happened = [...events, ...failures];
  await announcing(origin, happened, certain, say, !hasFailed);
  return happened;
}

async function recordedOf(stack: string): Promise<Recorded> {
  const [entries, update] = await Promise.all([appliedEntries(PROJECT, stack), lastUp(PROJECT, stack)]);
  return recordOf(entries, update);
}

/** What `rememberIn` wrote; `undefined` if nobody was to be notified then. */
function recordedIn(path: string): Recorded | undefined {
  try {
    const text = readFileSync(path, "utf8");
    return text === "" ? undefined : recordSchema.parse(JSON.parse(text));
  } catch {
    throw inputError({
      path: "--since",
      found: path,
      allowed: "a file that `npx maintenance notify --remember` wrote",
    });
  }
}

/** Those of the instances that have just entered or left maintenance, of which visitors do not see that. */
async function unseenAmong(
  events: readonly Happened[],
  before: Recorded,
  present: Recorded,
  { settings, stack }: Origin,
  file: StackFile,
): Promise<readonly Happened[]> {
  const moved = events.flatMap(({ event, instance }) => (event === "entered" || event === "left" ? [instance] : []));
  const instances = settings.instances.filter(({ name }) => moved.includes(name));
  if (instances.length === 0) return [];
  // What can't be found out is no failure of the change.
  const statuses = await statusOf({ ...settings, instances }, file, stack, async () => present.maintenance).catch(
    () => undefined,
  );
  return (statuses?.instances ?? []).flatMap(({ name, hosts }) => {
    const reasons = hosts
      .filter(({ asDeclared, isCopy, seen }) => !asDeclared && !isCopy && seen.what !== "nothing")
      .map(({ host, seen, why }) => `${host}: ${seenText(seen)}${why === undefined ? "" : ` (${why})`}`);
    return reasons.length === 0 ? [] : [unseen(name, reasons, before.maintenance, present.maintenance)];
  });
}
