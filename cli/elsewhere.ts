import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { MaintenanceOutput } from "../outputs";
import type { Update } from "./records";
import { inZone } from "./times";

const run = promisify(execFile);

/**
 * The instances that are in maintenance, and would be opened by an `up` of this checkout, although it never contained their entries:
 * somebody has put them into maintenance from another checkout, and has not committed that. Without git nothing is known of that.
 *
 * @param applied the entries that were applied last.
 * @param configured the names in the list of this checkout.
 * @param update the run that applied them.
 */
export async function enabledElsewhere(
  applied: readonly Pick<MaintenanceOutput, "instance" | "state">[],
  configured: readonly string[],
  update: Update | undefined,
  isAncestor: (commit: string) => Promise<boolean>,
): Promise<readonly string[]> {
  const missing = applied
    .filter(({ instance, state }) => state !== "ended" && !configured.includes(instance))
    .map(({ instance }) => instance);
  if (missing.length === 0 || update?.commit === undefined) return [];
  return update.isCommitted && (await isAncestor(update.commit)) ? [] : missing;
}

/** Whether this checkout contains a commit. */
export async function containsCommit(folder: string, commit: string): Promise<boolean> {
  return run("git", ["merge-base", "--is-ancestor", commit, "HEAD"], { cwd: folder }).then(
    () => true,
    () => false,
  );
}

/** What to do about instances that were put into maintenance elsewhere. */
export function elsewhereText(instances: readonly string[], update: Update | undefined, timeZone: string): string {
  const by = update?.author === undefined ? "" : ` by ${update.author}`;
  return [
    ...instances.map(
      (name) =>
        `${name} was put into maintenance${by}, ${inZone(update?.time, timeZone)}, and that is not committed here.`,
    ),
    "An `up` of this checkout would open it to visitors. Commit its entry; or, if its maintenance is over: `npx maintenance disable`, there or here.",
  ].join("\n");
}

/**
 * Whether a file of this checkout is under git and has changes that are not committed.
 *
 * @param file its name, in the folder.
 */
export async function isUncommitted(folder: string, file: string): Promise<boolean> {
  const known = run("git", ["ls-files", "--error-unmatch", "--", file], { cwd: folder });
  const changes = run("git", ["status", "--porcelain", "--", file], { cwd: folder });
  return Promise.all([known, changes]).then(
    ([, { stdout }]) => stdout.trim() !== "",
    () => false,
  );
}
