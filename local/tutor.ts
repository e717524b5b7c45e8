import { existsSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "./cache";
import { runCommand } from "./cluster/commands";

/** The release of Tutor that is tried with. */
export const TUTOR_VERSION = "22.0.3";

/**
 * The real Tutor, in a Python environment of its own that is kept from run to run.
 *
 * @returns the path of the command.
 * @throws {LocalError} when Python or the package can't be had.
 */
export async function ensureTutor(report: (line: string) => void): Promise<string> {
  const folder = join(cacheFolder(), `tutor-${TUTOR_VERSION}`);
  const tutor = join(folder, "bin", "tutor");
  if (existsSync(tutor)) return tutor;
  report(`installing Tutor ${TUTOR_VERSION} from the Python package index`);
  await runCommand("python3", ["-m", "venv", "--clear", folder], { timeoutSeconds: 120 });
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", `tutor==${TUTOR_VERSION}`];
  await runCommand(join(folder, "bin", "python"), pip, { timeoutSeconds: 600 });
  return tutor;
}
