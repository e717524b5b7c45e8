import { spawnSync } from "node:child_process";
import { lookup } from "node:dns/promises";
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { version as awsVersion } from "@pulumi/aws/package.json";
import { version as kubernetesVersion } from "@pulumi/kubernetes/package.json";
import { buildSync } from "esbuild";
import { cacheFolder } from "../tools/cache";
import { ensureProgram, type ProgramName } from "../tools/tools";

/** How this machine runs Pulumi. */
export interface Pulumi {
  /** The folders to put before `PATH`, for whoever runs `pulumi`. */
  readonly path: readonly string[];
  /** What `pulumi` needs in its environment besides that. */
  readonly environment: Readonly<Record<string, string>>;
  /** What the engine and its plugins are, a line each, for what is measured with them. */
  readonly parts: readonly string[];
  /** Seconds spent building; 0 when everything was there. */
  readonly buildSeconds: number;
}

// Where Pulumi gets its official plugins.
const DOWNLOADS = "get.pulumi.com";

/**
 * Finds the Pulumi CLI and its plugins: what the person has on the PATH, else what Pulumi can download, else what can be built
 * from source, else the stand-ins of this folder. Says which.
 *
 * @param folder where the stand-ins' executables are written.
 * @throws {LocalError} when the CLI or the Kubernetes plugin is missing and can't be built.
 */
export async function findPulumi(folder: string, report: (line: string) => void): Promise<Pulumi> {
  const parts: string[] = [];
  const path: string[] = [];
  let buildSeconds = 0;
  const say = (part: string) => {
    parts.push(part);
    report(part);
  };
  const build = async (name: ProgramName, what: string): Promise<string> => {
    const built = await ensureProgram(name, report);
    buildSeconds += built.seconds;
    path.push(dirname(built.path));
    say(`${what}, built here from its source ${built.version}`);
    return built.path;
  };

  const installed = onPath("pulumi");
  if (installed !== undefined) say(`Pulumi CLI: ${versionOf(installed)}, on the PATH`);
  const cli = installed ?? (await build("pulumi", "Pulumi CLI: the official one"));
  const home = join(cacheFolder(), "pulumi-home");
  const online = await canDownload();
  const kubernetes = onPath("pulumi-resource-kubernetes");
  if (kubernetes !== undefined) say("Pulumi's Kubernetes plugin: the one on the PATH");
  else if (online && install(cli, home, "kubernetes", kubernetesVersion)) {
    say(`Pulumi's Kubernetes plugin: the official one, ${kubernetesVersion}, downloaded by Pulumi`);
  } else await build("pulumi-resource-kubernetes", "Pulumi's Kubernetes plugin: the official one");

  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const standIns = [
    // The official host comes with the official CLI, and can't be had alone.
    ...(onPath("pulumi-language-nodejs") === undefined ? ["language-nodejs"] : []),
    ...(onPath("pulumi-resource-aws") !== undefined || (online && install(cli, home, "aws", awsVersion))
      ? []
      : ["aws"]),
  ];
  for (const name of standIns) {
    writeStandIn(folder, name);
    say(`stand-in: Pulumi's plugin ${name}, from lab/plugins (the official one can't be had here)`);
  }
  return {
    path: [...(standIns.length === 0 ? [] : [folder]), ...path],
    environment: {
      PULUMI_HOME: home,
      PULUMI_SKIP_UPDATE_CHECK: "true",
      ...(online ? {} : { PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true" }),
    },
    parts,
    buildSeconds,
  };
}

/** Asked first, since Pulumi retries a download that can't work for ten seconds. */
async function canDownload(): Promise<boolean> {
  if (process.env.HTTPS_PROXY ?? process.env.https_proxy) return true;
  return lookup(DOWNLOADS).then(
    () => true,
    () => false,
  );
}

function versionOf(cli: string): string {
  return spawnSync(cli, ["version"], { encoding: "utf8" }).stdout.trim();
}

function install(cli: string, home: string, name: string, version: string): boolean {
  const { status } = spawnSync(cli, ["plugin", "install", "resource", name, version], {
    env: { ...process.env, PULUMI_HOME: home, PULUMI_SKIP_UPDATE_CHECK: "true" },
    stdio: "ignore",
    timeout: 180_000,
  });
  return status === 0;
}

function onPath(name: string): string | undefined {
  return (process.env.PATH ?? "")
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
}

/**
 * The engine looks for plugins by the name of an executable, and starts each one anew at every run of it: in one file they
 * are there a second sooner than in a thousand.
 */
function writeStandIn(folder: string, name: string): void {
  const executable = join(folder, name.startsWith("language-") ? `pulumi-${name}` : `pulumi-resource-${name}`);
  const program = join(folder, `${name}.cjs`);
  buildSync({
    entryPoints: [join(__dirname, `${name}.ts`)],
    outfile: program,
    bundle: true,
    platform: "node",
    logLevel: "error",
  });
  writeFileSync(executable, `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`);
  chmodSync(executable, 0o755);
}
