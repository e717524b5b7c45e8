/**
 * Everything the embedded cluster is made of, found or made: Go programs built from the pinned modules in tools/, and
 * Debian packages. Nothing is downloaded as a ready binary, so the Go module proxy and a Debian mirror are all it needs.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { accessSync, constants, existsSync } from "node:fs";
import { chmod, cp, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, delimiter, join } from "node:path";
import { runCommand, tryCommand } from "../cluster/commands";
import { LocalError } from "../cluster/errors";
import { cacheFolder } from "./cache";

const clusterBinaries = [
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kubelet",
  "nginx-ingress-controller",
  "versitygw",
  "helm",
] as const;

/** The programs of the embedded cluster. */
export type BinaryName = (typeof clusterBinaries)[number];

/** The programs that are built alone, when somebody needs them. */
export type ProgramName =
  | "pulumi"
  | "pulumi-resource-kubernetes"
  | "kubectl"
  | "actionlint"
  | "alertmanager"
  | "kube-proxy"
  | "kube-router"
  | "coredns"
  | "traefik"
  | "envoy-gateway"
  | "wait-shutdown"
  | "webhook-certgen";

/** The releases of Caddy that are tried with: those that Tutor 22, and 18 to 21, run. */
export const CADDY_RELEASES = ["2.11", "2.7"] as const;

export type CaddyRelease = (typeof CADDY_RELEASES)[number];

export interface Tools {
  /** Absolute paths. */
  readonly binaries: Readonly<Record<BinaryName, string>>;
  /** A copy of the k8s.io/ingress-nginx module's `charts/ingress-nginx` and `rootfs/etc/nginx`, at those same paths. */
  readonly ingressNginxModule: string;
  /** Seconds spent building; 0 when everything was in the cache. */
  readonly buildSeconds: number;
}

interface ToolSet {
  readonly name: string;
  /** The folder under tools/ with go.mod and go.sum. @default name */
  readonly source?: string;
  /** The modules whose versions name the set, first the one people know it by. */
  readonly modules: readonly string[];
  readonly binaries: readonly { readonly name: BinaryName | ProgramName | "caddy"; readonly package: string }[];
  /** Linker flags that stamp the version in: without them Pulumi and Kubernetes take themselves for unreleased builds. */
  readonly linkerFlags?: (version: string) => string;
  readonly buildFlags?: readonly string[];
  /** A module of which folders are kept beside the binaries. */
  readonly keep?: { readonly module: string; readonly folders: readonly string[] };
  /** Measured on 2 cores with an empty Go cache; for the progress line only. */
  readonly minutesOnTwoCores: number;
}

const kubernetesVersion = "k8s.io/component-base/version";

/** In the order in which the cluster needs them. */
const clusterSets: readonly ToolSet[] = [
  {
    name: "etcd",
    modules: ["go.etcd.io/etcd/server/v3"],
    binaries: [{ name: "etcd", package: "go.etcd.io/etcd/server/v3" }],
    minutesOnTwoCores: 1,
  },
  {
    name: "kubernetes",
    modules: ["k8s.io/kubernetes"],
    binaries: [
      { name: "kube-apiserver", package: "k8s.io/kubernetes/cmd/kube-apiserver" },
      { name: "kube-controller-manager", package: "k8s.io/kubernetes/cmd/kube-controller-manager" },
      { name: "kube-scheduler", package: "k8s.io/kubernetes/cmd/kube-scheduler" },
      { name: "kubelet", package: "k8s.io/kubernetes/cmd/kubelet" },
    ],
    linkerFlags: (version) => {
      const [major = "", minor = ""] = version.split(".");
      return [
        `-X ${kubernetesVersion}.gitVersion=v${version}`,
        `-X ${kubernetesVersion}.gitMajor=${major}`,
        `-X ${kubernetesVersion}.gitMinor=${minor}`,
        `-X ${kubernetesVersion}.gitTreeState=clean`,
      ].join(" ");
    },
    minutesOnTwoCores: 7,
  },
  {
    name: "s3-and-helm",
    modules: ["github.com/versity/versitygw", "helm.sh/helm/v3"],
    binaries: [
      { name: "versitygw", package: "github.com/versity/versitygw/cmd/versitygw" },
      { name: "helm", package: "helm.sh/helm/v3/cmd/helm" },
    ],
    minutesOnTwoCores: 2,
  },
  {
    name: "ingress-nginx",
    modules: ["k8s.io/ingress-nginx"],
    binaries: [{ name: "nginx-ingress-controller", package: "k8s.io/ingress-nginx/cmd/nginx" }],
    buildFlags: ["-mod=mod"], // the module's own go.mod has replacements that a module depending on it does not inherit
    keep: { module: "k8s.io/ingress-nginx", folders: ["charts/ingress-nginx", "rootfs/etc/nginx"] },
    minutesOnTwoCores: 2,
  },
];

const programSets: Readonly<Record<ProgramName, ToolSet>> = {
  pulumi: {
    name: "pulumi",
    modules: ["github.com/pulumi/pulumi/pkg/v3"],
    binaries: [{ name: "pulumi", package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi" }],
    linkerFlags: (version) => `-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=${version}`,
    minutesOnTwoCores: 5,
  },
  "pulumi-resource-kubernetes": {
    name: "pulumi-kubernetes",
    modules: ["github.com/pulumi/pulumi-kubernetes/provider/v4"],
    binaries: [{ name: "pulumi-resource-kubernetes", package: "." }],
    linkerFlags: (version) => `-s -w -X main.version=${version}`,
    minutesOnTwoCores: 8,
  },
  "kube-proxy": {
    name: "kube-proxy",
    modules: ["k8s.io/kubernetes"],
    binaries: [{ name: "kube-proxy", package: "k8s.io/kubernetes/cmd/kube-proxy" }],
    minutesOnTwoCores: 1,
  },
  "kube-router": {
    name: "kube-router",
    modules: ["github.com/cloudnativelabs/kube-router/v2"],
    binaries: [{ name: "kube-router", package: "github.com/cloudnativelabs/kube-router/v2/cmd/kube-router" }],
    minutesOnTwoCores: 2,
  },
  coredns: {
    name: "coredns",
    modules: ["github.com/coredns/coredns"],
    binaries: [{ name: "coredns", package: "." }],
    minutesOnTwoCores: 1,
  },
  "wait-shutdown": {
    name: "wait-shutdown",
    source: "ingress-nginx",
    modules: ["k8s.io/ingress-nginx"],
    binaries: [{ name: "wait-shutdown", package: "k8s.io/ingress-nginx/cmd/waitshutdown" }],
    buildFlags: ["-mod=mod"], // as for the controller itself
    minutesOnTwoCores: 1,
  },
  "webhook-certgen": {
    name: "webhook-certgen",
    modules: [],
    binaries: [{ name: "webhook-certgen", package: "." }],
    minutesOnTwoCores: 1,
  },
  traefik: {
    name: "traefik",
    modules: ["github.com/traefik/traefik/v3"],
    binaries: [{ name: "traefik", package: "github.com/traefik/traefik/v3/cmd/traefik" }],
    linkerFlags: (version) => `-s -w -X github.com/traefik/traefik/v3/pkg/version.Version=${version}`,
    keep: {
      module: "github.com/traefik/traefik/v3",
      folders: ["docs/content/reference/dynamic-configuration"],
    },
    minutesOnTwoCores: 5,
  },
  "envoy-gateway": {
    name: "envoy-gateway",
    modules: ["github.com/envoyproxy/gateway"],
    binaries: [{ name: "envoy-gateway", package: "github.com/envoyproxy/gateway/cmd/envoy-gateway" }],
    linkerFlags: (version) =>
      `-s -w -X github.com/envoyproxy/gateway/internal/cmd/version.envoyGatewayVersion=v${version}`,
    keep: { module: "github.com/envoyproxy/gateway", folders: ["charts/gateway-helm", "charts/gateway-crds-helm"] },
    minutesOnTwoCores: 5,
  },
  kubectl: {
    name: "kubectl",
    modules: ["k8s.io/kubernetes"],
    binaries: [{ name: "kubectl", package: "k8s.io/kubernetes/cmd/kubectl" }],
    minutesOnTwoCores: 2,
  },
  alertmanager: {
    name: "alertmanager",
    // The last release that can be built from its module alone: later ones embed a user interface that npm has to build first (ui/web.go).
    modules: ["github.com/prometheus/alertmanager"],
    binaries: [{ name: "alertmanager", package: "github.com/prometheus/alertmanager/cmd/alertmanager" }],
    minutesOnTwoCores: 3,
  },
  actionlint: {
    name: "actionlint",
    modules: ["github.com/rhysd/actionlint"],
    binaries: [{ name: "actionlint", package: "github.com/rhysd/actionlint/cmd/actionlint" }],
    minutesOnTwoCores: 1,
  },
};

const caddySet = (release: CaddyRelease): ToolSet => ({
  name: `caddy-${release}`,
  modules: ["github.com/caddyserver/caddy/v2"],
  binaries: [{ name: "caddy", package: "github.com/caddyserver/caddy/v2/cmd/caddy" }],
  minutesOnTwoCores: 2,
});

const debianPackages: readonly string[] = [
  "nginx",
  "libnginx-mod-http-lua",
  "libnginx-mod-http-headers-more-filter",
  "libnginx-mod-http-modsecurity",
  "lua-cjson",
  "lua-resty-core",
  "lua-resty-lrucache",
  "containerd",
  "runc",
  "containernetworking-plugins",
  "iptables",
  "ipset",
  "iproute2",
  "gcc",
  "libc6-dev",
  "openssl",
  "busybox-static",
];

const oldestGo = [1, 26] as const; // the `go` line of the go.mod files under tools/

/**
 * Why this machine cannot make the embedded cluster, as one message that also says what to do instead; `undefined` when
 * it can. Changes nothing and takes well under a second.
 */
export function whatIsMissing(): string | undefined {
  const problems: string[] = [];
  if (process.platform !== "linux" || process.arch !== "x64") {
    problems.push(`Linux on x86-64 (this is ${process.platform} on ${process.arch})`);
  } else {
    if (process.getuid?.() !== 0) {
      problems.push("root, for network namespaces and containers");
    } else if (
      onPath("unshare") &&
      spawnSync("unshare", ["--net", "--pid", "--mount", "--fork", "true"]).status !== 0
    ) {
      problems.push("the right to make namespaces (inside a container: a privileged one)");
    }
    for (const program of ["bash", "unshare", "nsenter", "mount", "tar"]) {
      if (!onPath(program)) {
        problems.push(`the program ${program}`);
      }
    }
    const go = goVersion();
    if (go === undefined || go[0] < oldestGo[0] || (go[0] === oldestGo[0] && go[1] < oldestGo[1])) {
      const found = go === undefined ? "none found" : `found ${go.join(".")}`;
      problems.push(`Go ${oldestGo.join(".")} or newer on the PATH (${found})`);
    }
    if (!onPath("apt-get")) {
      const packages = missingPackages();
      if (packages.length > 0) {
        problems.push(`apt-get, or these Debian packages: ${packages.join(" ")}`);
      }
    }
  }
  if (problems.length === 0) {
    return undefined;
  }
  return [
    `This machine cannot make the embedded cluster. It needs ${problems.join("; and ")}.`,
    "Use any other cluster instead, for example kind (kind.sigs.k8s.io) with Docker:",
    "  kind create cluster",
    "  KUBECONFIG=$HOME/.kube/config npm run local",
  ].join("\n");
}

/**
 * Finds or makes what the embedded cluster is made of.
 *
 * @param report gets one line of progress at a time
 * @throws LocalError when a package cannot be installed or a program cannot be built
 */
export async function ensureTools(report: (line: string) => void): Promise<Tools> {
  await ensurePackages(report);
  const binaries: Partial<Record<BinaryName, string>> = {};
  let buildSeconds = 0;
  let ingressNginxModule = "";
  for (const set of clusterSets) {
    const built = await ensureToolSet(set, report);
    buildSeconds += built.seconds;
    for (const { name } of set.binaries) {
      if (isOfCluster(name)) binaries[name] = join(built.folder, "bin", name);
    }
    if (set.keep !== undefined) {
      ingressNginxModule = join(built.folder, "module");
    }
  }
  return { binaries: complete(binaries), ingressNginxModule, buildSeconds };
}

/** A program that was found or made. */
export interface Program {
  /** Its absolute path; its name there is the one by which others look for it. */
  readonly path: string;
  /** The folder with what is kept of its module, at the same paths as there. */
  readonly module: string;
  /** Its version, in words for people. */
  readonly version: string;
  /** Seconds spent building it; 0 when it was in the cache. */
  readonly seconds: number;
}

/**
 * Finds or makes one program.
 *
 * @throws LocalError when it cannot be built
 */
export async function ensureProgram(name: ProgramName, report: (line: string) => void): Promise<Program> {
  if (goVersion() === undefined) throw new LocalError(`${name} is missing, and so is Go, to build it with.`);
  const { folder, seconds, versions } = await ensureToolSet(programSets[name], report);
  return {
    path: join(folder, "bin", name),
    module: join(folder, "module"),
    version: versions.map(shortVersion).join(" and "),
    seconds,
  };
}

/**
 * Finds or makes a Caddy.
 *
 * @returns the path of the program.
 * @throws LocalError when it cannot be built
 */
export async function ensureCaddy(release: CaddyRelease, report: (line: string) => void): Promise<string> {
  return join((await ensureToolSet(caddySet(release), report)).folder, "bin", "caddy");
}

function isOfCluster(name: string): name is BinaryName {
  return clusterBinaries.some((one) => one === name);
}

function complete(binaries: Partial<Record<BinaryName, string>>): Record<BinaryName, string> {
  const missing = clusterBinaries.filter((name) => binaries[name] === undefined);
  if (missing.length > 0) throw new LocalError(`no set under lab/tools builds ${missing.join(", ")}`);
  return binaries as Record<BinaryName, string>;
}

async function ensureToolSet(
  set: ToolSet,
  report: (line: string) => void,
): Promise<{ readonly folder: string; readonly seconds: number; readonly versions: readonly string[] }> {
  const source = join(__dirname, set.source ?? set.name);
  const goMod = await readFile(join(source, "go.mod"), "utf8");
  const goSum = await readFile(join(source, "go.sum"), "utf8");
  const main = await readFile(join(source, "main.go"), "utf8").catch(() => "");
  const versions = set.modules.map((module) => requiredVersion(goMod, module));
  const linkerFlags = set.linkerFlags?.(versions[0] ?? "");
  const flags = [...(set.buildFlags ?? []), ...(linkerFlags === undefined ? [] : ["-ldflags", linkerFlags])];
  const environment = { GOFLAGS: "-buildvcs=false", CGO_ENABLED: "0" };
  const hash = createHash("sha256")
    .update(goMod + goSum + main + JSON.stringify([flags, environment, set.binaries, set.keep]))
    .digest("hex")
    .slice(0, 12);
  const cache = join(cacheFolder(), "tools");
  const folder = join(cache, [set.name, ...versions, hash].join("-"));
  if (existsSync(folder)) {
    return { folder, seconds: 0, versions };
  }

  const title = [set.name, versions.map(shortVersion).join(" and ")].join(" ").trim();
  report(`building ${title} (about ${minutes(set.minutesOnTwoCores)} on 2 cores) ...`);
  const begin = Date.now();
  const seconds = () => Math.round((Date.now() - begin) / 1000);
  const heartbeat = setInterval(() => report(`still building ${title}, ${seconds()} s so far`), 30_000);
  // Built beside its final place and renamed when complete: an interrupted build is never taken for a whole one.
  const unfinished = `${folder}.${process.pid}.unfinished`;
  try {
    const module = join(unfinished, "source");
    await mkdir(module, { recursive: true });
    // A copy, because -mod=mod may rewrite go.mod and go.sum, and a build must not change the checkout.
    await writeFile(join(module, "go.mod"), goMod);
    await writeFile(join(module, "go.sum"), goSum);
    for (const name of await readdir(source)) {
      if (name.endsWith(".go")) await cp(join(source, name), join(module, name));
    }
    const go = (args: readonly string[]) =>
      runCommand("go", args, {
        cwd: module,
        env: { ...GARBAGE_COLLECTION, ...process.env, ...environment },
        timeoutSeconds: 3600,
      });
    // Together, so that one is linked while another is compiled; Go names them by their packages' last word.
    const together = set.binaries.filter(({ name, package: path }) => basename(path) === name);
    const programs = join(unfinished, "bin");
    // -s -w: without the tables for debuggers a program is linked sooner, is a third smaller, and starts sooner. It does the same,
    // so they are not part of the hash.
    const build = ["build", ...(set.buildFlags ?? []), "-ldflags", `-s -w ${linkerFlags ?? ""}`];
    if (together.length > 0) {
      await mkdir(programs);
      await go([...build, "-o", programs, ...together.map(({ package: path }) => path)]);
    }
    for (const { name, package: path } of set.binaries.filter((binary) => !together.includes(binary))) {
      await go([...build, "-o", join(programs, name), path]);
    }
    if (set.keep !== undefined) {
      const kept = (await go(["list", "-mod=mod", "-m", "-f", "{{.Dir}}", set.keep.module])).trim();
      for (const part of set.keep.folders) {
        await cp(join(kept, part), join(unfinished, "module", part), { recursive: true });
      }
      await runCommand("chmod", ["-R", "u+w", join(unfinished, "module")]); // the Go module cache is read-only
    }
    await rm(module, { recursive: true });
    await rename(unfinished, folder).catch(async (error: unknown) => {
      if (!existsSync(folder)) {
        throw error; // else: another run was faster, and its result is as good
      }
    });
  } catch (error) {
    if (error instanceof LocalError) {
      throw new LocalError(`${title} cannot be built. ${error.message}`);
    }
    throw error;
  } finally {
    clearInterval(heartbeat);
    await rm(unfinished, { recursive: true, force: true });
  }
  report(`built ${title} in ${seconds()} s`);
  return { folder, seconds: seconds(), versions };
}

/**
 * Go's compiler is a short-lived program that mostly makes garbage. Without collecting it below a gigabyte, etcd was built in 67 s
 * instead of 96 s on 2 cores (https://pkg.go.dev/runtime, GOGC and GOMEMLIMIT).
 */
const GARBAGE_COLLECTION = { GOGC: "off", GOMEMLIMIT: "1GiB" };

/** The version a go.mod requires of a module, without its `v`. */
function requiredVersion(goMod: string, module: string): string {
  for (const line of goMod.split("\n")) {
    const [path, version] = line
      .replace(/^require\s+/, "")
      .trim()
      .split(/\s+/);
    if (path === module && version !== undefined) {
      return version.replace(/^v/, "");
    }
  }
  throw new LocalError(`go.mod under lab/tools does not require ${module}`);
}

/** A pseudo-version (a commit between releases) is told by its date: v0.0.0-20240708192948-52c50467d67d. */
function shortVersion(version: string): string {
  const date = /-(\d{4})(\d{2})(\d{2})\d{6}-[0-9a-f]{12}$/.exec(version);
  return date === null ? version : `of ${date[1]}-${date[2]}-${date[3]}`;
}

function minutes(count: number): string {
  return count === 1 ? "1 minute" : `${count} minutes`;
}

async function ensurePackages(report: (line: string) => void): Promise<void> {
  const missing = missingPackages();
  if (missing.length === 0) {
    return;
  }
  report(`installing Debian packages: ${missing.join(" ")}`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const options = { env, timeoutSeconds: 900 };
  await withoutStartingServices(async () => {
    // Lists that are out of date are better than none: a mirror that cannot be reached is told by the install itself.
    await tryCommand("apt-get", ["update", "-q"], options);
    await runCommand("apt-get", ["install", "-y", "-q", "--no-install-recommends", ...missing], options);
  });
}

/**
 * Debian packages start their services when installed. invoke-rc.d asks /usr/sbin/policy-rc.d first, and exit code 101
 * forbids it (invoke-rc.d(8)). A policy that is there already is the machine's own and stays in force.
 */
async function withoutStartingServices(action: () => Promise<void>): Promise<void> {
  const policy = "/usr/sbin/policy-rc.d";
  const own = await writeFile(
    policy,
    "#!/bin/sh\n# written by maintenance-pages while it installs packages\nexit 101\n",
    {
      flag: "wx",
    },
  ).then(
    () => true,
    () => false,
  );
  try {
    if (own) {
      await chmod(policy, 0o755);
    }
    await action();
  } finally {
    if (own) {
      await rm(policy, { force: true });
    }
  }
}

function missingPackages(): readonly string[] {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own placeholders
  const query = spawnSync("dpkg-query", ["-W", "-f", "${Package} ${db:Status-Status}\n", ...debianPackages], {
    encoding: "utf8",
  });
  const installed = new Set<string>();
  for (const line of (query.stdout ?? "").split("\n")) {
    const [name, status] = line.split(" ");
    if (name !== undefined && status === "installed") {
      installed.add(name);
    }
  }
  return debianPackages.filter((name) => !installed.has(name));
}

function goVersion(): readonly [number, number] | undefined {
  const found = spawnSync("go", ["env", "GOVERSION"], { encoding: "utf8", cwd: "/" });
  const version = /^go(\d+)\.(\d+)/.exec(found.stdout ?? "");
  return version === null ? undefined : [Number(version[1]), Number(version[2])];
}

function onPath(program: string): boolean {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
