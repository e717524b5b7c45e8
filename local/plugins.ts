import { spawnSync } from "node:child_process";
import { lookup } from "node:dns/promises";
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { version as awsVersion } from "@pulumi/aws/package.json";
import { version as kubernetesVersion } from "@pulumi/kubernetes/package.json";
import { buildSync } from "esbuild";
import { cacheFolder } from "./cache";
import { LocalError } from "./cluster/errors";

/** How this machine runs Pulumi. */
export interface Pulumi {
  /** The plugins that are stand-ins of this folder: language-nodejs, kubernetes, aws. */
  readonly standIns: readonly string[];
  /** The folders to put before `PATH`, for whoever runs `pulumi`. */
  readonly path: readonly string[];
  /** What `pulumi` needs in its environment besides that. */
  readonly environment: Readonly<Record<string, string>>;
}

// Where Pulumi gets its official plugins.
const DOWNLOADS = "get.pulumi.com";

/**
 * Finds the Pulumi CLI and its plugins: what the person has installed, else the official plugins if they can be
 * downloaded, else the stand-ins of this folder. Says which.
 *
 * @param built the CLI that was built here, if any, for machines that have none.
 * @param folder where the stand-ins' executables are written.
 */
export async function findPulumi(
  built: string | undefined,
  folder: string,
  report: (line: string) => void,
): Promise<Pulumi> {
  const installed = onPath("pulumi");
  const cli = installed ?? built;
  if (cli === undefined) throw new LocalError("The Pulumi CLI is missing; see https://www.pulumi.com/docs/install.");
  const home = join(cacheFolder(), "pulumi-home");
  const environment = { PULUMI_HOME: home, PULUMI_SKIP_UPDATE_CHECK: "true" };
  report(`Pulumi CLI: ${installed === undefined ? "built here from its source" : installed}`);

  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const online = await canDownload();
  const standIns = [
    // The official host comes with the official CLI, and can't be had alone.
    ...(onPath("pulumi-language-nodejs") === undefined ? ["language-nodejs"] : []),
    ...(online && install(cli, home, "kubernetes", kubernetesVersion) ? [] : ["kubernetes"]),
    ...(online && install(cli, home, "aws", awsVersion) ? [] : ["aws"]),
  ];
  for (const name of standIns) writeStandIn(folder, name);
  report(
    standIns.length === 0
      ? "Pulumi plugins: the official ones"
      : `Pulumi plugins: STAND-INS from local/plugins for ${standIns.join(", ")} (the official ones can't be had here)`,
  );
  return {
    standIns,
    path: [...(standIns.length === 0 ? [] : [folder]), ...(installed === undefined ? [dirname(cli)] : [])],
    environment: {
      ...environment,
      ...(standIns.length === 0 ? {} : { PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true" }),
    },
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
    entryPoints: [join(__dirname, "plugins", `${name}.ts`)],
    outfile: program,
    bundle: true,
    platform: "node",
    logLevel: "error",
  });
  writeFileSync(executable, `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`);
  chmodSync(executable, 0o755);
}
