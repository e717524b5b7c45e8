import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { BinaryName } from "../tools/tools";
import { type Authority, makeAuthority, makeServiceAccountKeys } from "./certificates";
import { CONTEXT, Kube, writeKubeconfig } from "./kube";
import { flags } from "./processes";
import type { Relays } from "./relays";
import type { Sandbox, SandboxProcess } from "./sandbox";
import { waitFor } from "./waiting";

/** The addresses of the sandbox, see sandbox.sh. */
export const CONTROL_ADDRESS = "10.77.0.1";
export const EDGE_ADDRESS = "10.77.0.2";

export const NODE_NAME = "node1";
/** Where Services have their addresses; the first is the API server's, which pods ask. */
export const SERVICE_RANGE = "10.96.0.0/16";
const API_SERVICE_ADDRESS = "10.96.0.1";
const apiPort = 6443;
const etcd = "http://127.0.0.1:2379";

/** Who may talk to the API server, with which groups; RBAC's own roles are bound to most of these names. */
const users = {
  admin: ["admin", ["system:masters"]],
  "controller-manager": ["system:kube-controller-manager", []],
  scheduler: ["system:kube-scheduler", []],
  kubelet: [`system:node:${NODE_NAME}`, ["system:nodes"]],
  "kube-proxy": ["system:kube-proxy", []],
  "kube-router": ["kube-router", ["system:masters"]],
  coredns: ["coredns", ["system:masters"]],
  "ingress-nginx": ["ingress-nginx", []],
  traefik: ["traefik", []],
  // The chart's own accounts, so that its roles hold for them as they are.
  "envoy-gateway": ["system:serviceaccount:envoy-gateway-system:envoy-gateway", []],
  "envoy-gateway-certgen": ["system:serviceaccount:envoy-gateway-system:eg-gateway-helm-certgen", []],
} as const satisfies Record<string, readonly [name: string, groups: readonly string[]]>;

type User = keyof typeof users;

export interface ControlPlane {
  readonly authority: Authority;
  /** Path of the administrator's kubeconfig, for use on this machine. */
  readonly kubeconfig: string;
  readonly context: string;
  /** Path of a user's kubeconfig, for use in the sandbox. */
  kubeconfigInside(user: User): string;
  readonly kube: Kube;
  readonly apiServer: {
    /** Connections are refused, or reset when they come from this machine. */
    stop(): Promise<void>;
    /** Returns when it is ready again. */
    start(): Promise<void>;
  };
}

/** Starts etcd, the API server, the controllers and the scheduler; returns when the API server is ready. */
export async function startControlPlane(
  sandbox: Sandbox,
  relays: Relays,
  binaries: Readonly<Record<BinaryName, string>>,
): Promise<ControlPlane> {
  const inside = (file: string) => `${sandbox.stateInside}/${file}`;
  sandbox.start("etcd", [
    binaries.etcd,
    ...flags({
      "data-dir": inside("etcd"),
      "unsafe-no-fsync": "true", // the data ends with the run anyway
      "listen-client-urls": etcd,
      "advertise-client-urls": etcd,
      "listen-peer-urls": "http://127.0.0.1:2380",
    }),
  ]);
  const [authority, port] = await Promise.all([
    makeAuthority(sandbox.state),
    relays.open(CONTROL_ADDRESS, apiPort),
    makeServiceAccountKeys(sandbox.state),
  ]);
  const names = ["IP:127.0.0.1", "DNS:localhost", `IP:${CONTROL_ADDRESS}`, `IP:${API_SERVICE_ADDRESS}`];
  await Promise.all([
    authority.issue("apiserver", { subject: "/CN=kube-apiserver", alternativeNames: names }),
    authority.issue("apiserver-to-kubelet", { subject: "/CN=kube-apiserver" }),
  ]);
  const { kubeconfig, kubeconfigInside } = await writeUsers(sandbox, authority, port);

  const command = [
    binaries["kube-apiserver"],
    ...flags({
      "etcd-servers": etcd,
      // Not loopback: the address is the endpoint of the Service "kubernetes", and those cannot be loopback.
      "bind-address": CONTROL_ADDRESS,
      "advertise-address": CONTROL_ADDRESS,
      "secure-port": String(apiPort),
      "tls-cert-file": inside("apiserver.crt"),
      "tls-private-key-file": inside("apiserver.key"),
      "client-ca-file": inside("ca.crt"),
      "token-auth-file": inside("tokens.csv"),
      "authorization-mode": "Node,RBAC",
      "enable-admission-plugins": "NodeRestriction",
      // For a cluster that changes what is written to it; both are needed until the API is stable.
      "feature-gates": "MutatingAdmissionPolicy=true",
      "runtime-config": "admissionregistration.k8s.io/v1beta1=true",
      "kubelet-certificate-authority": inside("ca.crt"),
      "kubelet-client-certificate": inside("apiserver-to-kubelet.crt"),
      "kubelet-client-key": inside("apiserver-to-kubelet.key"),
      // Not the node's name first, as is the default: there is no DNS in the sandbox.
      "kubelet-preferred-address-types": "InternalIP",
      "service-cluster-ip-range": SERVICE_RANGE,
      "service-account-issuer": "https://kubernetes.default.svc",
      "service-account-key-file": inside("service-accounts.pub"),
      "service-account-signing-key-file": inside("service-accounts.key"),
    }),
  ];
  const kube = Kube.ofFile(kubeconfig);
  let running: SandboxProcess | undefined;
  const apiServer = {
    async stop() {
      await running?.stop();
    },
    async start() {
      running = sandbox.start("kube-apiserver", command);
      await waitFor(async () => ((await kube.isReady()) ? true : undefined), {
        what: "the API server to be ready",
        timeoutSeconds: 90,
        logFile: running.logFile,
        check: sandbox.check,
      });
    },
  };
  await apiServer.start();

  const common = (user: User) => ({
    kubeconfig: kubeconfigInside(user),
    "authentication-kubeconfig": kubeconfigInside(user),
    "authorization-kubeconfig": kubeconfigInside(user),
    "bind-address": "127.0.0.1",
    "leader-elect": "false",
  });
  sandbox.start("kube-controller-manager", [
    binaries["kube-controller-manager"],
    ...flags({
      ...common("controller-manager"),
      "root-ca-file": inside("ca.crt"),
      "service-account-private-key-file": inside("service-accounts.key"),
      "use-service-account-credentials": "true", // RBAC's bootstrap roles are for the controllers one by one
    }),
  ]);
  sandbox.start("kube-scheduler", [binaries["kube-scheduler"], ...flags(common("scheduler"))]);
  return { authority, kubeconfig, context: CONTEXT, kubeconfigInside, kube, apiServer };
}

/** Gives every user a random token, the API server the list of them, and each a kubeconfig. */
async function writeUsers(sandbox: Sandbox, authority: Authority, port: number) {
  const lines: string[] = [];
  const kubeconfig = join(sandbox.state, "kubeconfig");
  for (const [user, [name, groups]] of Object.entries(users)) {
    const token = randomBytes(24).toString("hex");
    lines.push(`${token},${name},${user},"${groups.join(",")}"`);
    const access = { certificateAuthority: authority.certificate, user, token };
    const server = `https://${CONTROL_ADDRESS}:${apiPort}`;
    writeKubeconfig(join(sandbox.state, `${user}.kubeconfig`), { ...access, server });
    if (user === "admin") {
      writeKubeconfig(kubeconfig, { ...access, server: `https://127.0.0.1:${port}` });
    }
  }
  await writeFile(join(sandbox.state, "tokens.csv"), `${lines.join("\n")}\n`, { mode: 0o600 });
  return { kubeconfig, kubeconfigInside: (user: User) => `${sandbox.stateInside}/${user}.kubeconfig` };
}
