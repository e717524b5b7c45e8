import { cpSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { runCommand, tryCommand } from "../cluster/commands";
import { cacheFolder } from "../tools/cache";
import type { CaddyRelease } from "../tools/tools";

/** The releases of Tutor that are tried with, the current one first, each with the Caddy that it runs. */
export const TUTOR_RELEASES = [
  { tutor: "22.0.3", caddy: "2.11" },
  { tutor: "21.0.9", caddy: "2.7" },
] as const satisfies readonly { readonly tutor: string; readonly caddy: CaddyRelease }[];

export type TutorRelease = (typeof TUTOR_RELEASES)[number]["tutor"];

/**
 * The real Tutor, in a Python environment of its own that is kept from run to run.
 *
 * @returns the path of the command.
 * @throws {LocalError} when Python or the package can't be had.
 */
export async function ensureTutor(
  report: (line: string) => void,
  release: TutorRelease = TUTOR_RELEASES[0].tutor,
): Promise<string> {
  const folder = join(cacheFolder(), `tutor-${release}`);
  const tutor = join(folder, "bin", "tutor");
  if (existsSync(tutor)) return tutor;
  report(`installing Tutor ${release} from the Python package index`);
  await runCommand("python3", ["-m", "venv", "--clear", folder], { timeoutSeconds: 120 });
  await install(folder, `tutor==${release}`);
  return tutor;
}

/**
 * Makes a Python environment as if a release of Tutor had just been installed into it. It lies over the one that is kept, which stays
 * as it is whatever is installed into this one.
 */
export async function makeEnvironment(
  folder: string,
  release: TutorRelease,
  report: (line: string) => void,
): Promise<void> {
  const kept = dirname(await ensureTutor(report, release));
  await runCommand("python3", ["-m", "venv", "--clear", "--without-pip", folder]);
  await writeFile(join(await packagesOf(join(folder, "bin")), "kept.pth"), `${await packagesOf(kept)}\n`);
  for (const name of ["pip", "tutor"]) {
    const script = await readFile(join(kept, name), "utf8");
    const file = join(folder, "bin", name);
    await writeFile(file, script.replace(/^#!.*/, `#!${join(folder, "bin", "python")}`), { mode: 0o755 });
  }
}

/** Where the Python in a folder has its packages. */
async function packagesOf(programs: string): Promise<string> {
  const program = "import sysconfig; print(sysconfig.get_path('purelib'))";
  return (await runCommand(join(programs, "python"), ["-c", program])).trim();
}

async function install(environment: string, ...what: readonly string[]): Promise<void> {
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...what];
  await runCommand(join(environment, "bin", "python"), pip, { timeoutSeconds: 600 });
}

const PLUGIN = join(__dirname, "..", "..", "tutor");

/** A Tutor with this project's plugin, in an environment and with a root that are thrown away. */
export class TutorProject {
  private constructor(
    private readonly folder: string,
    readonly python: string,
  ) {}

  /**
   * Makes a new environment, with a release of Tutor and the plugin as `pip install ./tutor` installs it.
   *
   * @param folder an empty folder, to which all of it goes.
   */
  static async create(
    folder: string,
    release: TutorRelease,
    report: (line: string) => void = console.log,
  ): Promise<TutorProject> {
    const environment = join(folder, "environment");
    // A copy, because building a package leaves files beside its source.
    cpSync(PLUGIN, join(folder, "tutor"), { recursive: true });
    for (const name of ["root", "plugins"]) mkdirSync(join(folder, name));
    await makeEnvironment(environment, release, report);
    await install(environment, join(folder, "tutor"));
    return new TutorProject(folder, join(environment, "bin", "python"));
  }

  /** Installs more packages into the environment, as `pip install` with these arguments does. */
  async install(...args: readonly string[]): Promise<void> {
    await install(join(this.folder, "environment"), ...args);
  }

  /** Runs `tutor` as typed, to its end. */
  async type(...args: readonly string[]) {
    const env = {
      ...process.env,
      TUTOR_ROOT: join(this.folder, "root"),
      TUTOR_PLUGINS_ROOT: join(this.folder, "plugins"),
    };
    const { code, output } = await tryCommand(join(this.folder, "environment", "bin", "tutor"), args, { env });
    return {
      code,
      output: output
        .split("\n")
        .filter((line) => !IRRELEVANT.test(line))
        .join("\n"),
    };
  }

  /** Saves settings, which have to be right. */
  async save(settings: Readonly<Record<string, string>>): Promise<void> {
    const args = Object.entries(settings).flatMap(([key, value]) => ["--set", `${key}=${value}`]);
    const { code, output } = await this.type("config", "save", ...args);
    if (code !== 0) throw new Error(output);
  }

  /** The Caddyfile that Tutor rendered. */
  caddyfile(): string {
    return readFileSync(join(this.folder, "root", "env", "apps", "caddy", "Caddyfile"), "utf8");
  }
}

// What Tutor says without the plugin as well: that it runs as root, and that the plugins it enables by default are not here.
const IRRELEVANT = /running Tutor as root|'(?:indigo|mfe)'/;
