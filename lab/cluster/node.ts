import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import type { BinaryName } from "../tools/tools";
import { CLUSTER_DNS } from "./cluster-dns";
import { CONTROL_ADDRESS, type ControlPlane, NODE_NAME } from "./control-plane";
import { makeNginxImage, makePauseImage, PAUSE_IMAGE } from "./node-images";
import { flags } from "./processes";
import type { Sandbox } from "./sandbox";
import { waitFor } from "./waiting";

const containerdSocket = "/run/mp-containerd.sock"; // in the sandbox's own /run

export interface ContainerRuntimeOptions {
  /** Names under which the nginx image is known to the node. */
  readonly images: readonly string[];
  /** Makes more images. @returns the paths of their archives, in the sandbox's `state` */
  readonly moreImages?: ((sandbox: Sandbox) => Promise<readonly string[]>) | undefined;
  readonly report: (line: string) => void;
}

/** Starts containerd and imports the images. Needs no control plane, so it can run beside that one's start. */
export async function startContainerRuntime(sandbox: Sandbox, options: ContainerRuntimeOptions): Promise<void> {
  const inside = (file: string) => `${sandbox.stateInside}/${file}`;
  await mkdir(join(sandbox.state, "cni"), { recursive: true });
  await writeFile(join(sandbox.state, "cni", "10-pods.conflist"), JSON.stringify(podNetwork));
  await writeFile(join(sandbox.state, "containerd.toml"), containerdConfiguration(sandbox));
  const { logFile } = sandbox.start("containerd", ["containerd", "--config", inside("containerd.toml")]);
  const [pause, nginx, more = []] = await Promise.all([
    makePauseImage(sandbox),
    makeNginxImage(sandbox, options.images),
    options.moreImages?.(sandbox),
  ]);
  const ctr = ["ctr", "--address", containerdSocket, "--namespace", "k8s.io"];
  await waitFor(() => sandbox.run([...ctr, "version"]), {
    what: "containerd to answer",
    timeoutSeconds: 30,
    logFile,
    check: sandbox.check,
  });
  for (const archive of [pause, nginx.archive, ...more]) {
    const path = inside(archive.slice(sandbox.state.length + 1));
    await sandbox.run([...ctr, "images", "import", "--snapshotter", "native", path]);
  }
  for (const name of options.images) {
    options.report(`stand-in: Debian's nginx ${nginx.version} as image ${name}`);
  }
}

/** Starts the kubelet; returns when the node is ready and pods can be scheduled to it. */
export async function startNode(
  sandbox: Sandbox,
  controlPlane: ControlPlane,
  binaries: Readonly<Record<BinaryName, string>>,
  { hasDns }: { readonly hasDns: boolean },
): Promise<void> {
  const inside = (file: string) => `${sandbox.stateInside}/${file}`;
  await controlPlane.authority.issue("kubelet", {
    subject: `/CN=system:node:${NODE_NAME}/O=system:nodes`,
    alternativeNames: [`IP:${CONTROL_ADDRESS}`],
  });
  await mkdir(join(sandbox.logs, "pods"), { recursive: true });
  await writeFile(
    join(sandbox.state, "kubelet.yaml"),
    stringify({ ...kubeletConfiguration(sandbox), ...(hasDns ? CLUSTER_DNS : {}) }),
  );
  const { logFile } = sandbox.start("kubelet", [
    binaries.kubelet,
    ...flags({
      config: inside("kubelet.yaml"),
      kubeconfig: controlPlane.kubeconfigInside("kubelet"),
      "hostname-override": NODE_NAME,
      "node-ip": CONTROL_ADDRESS,
      "root-dir": inside("kubelet"),
      "cert-dir": inside("kubelet-certificates"),
    }),
  ]);
  const ready = async () => {
    const node = await controlPlane.kube.core.readNode({ name: NODE_NAME });
    const condition = node.status?.conditions?.find(({ type }) => type === "Ready");
    // The controller manager takes the taint off a moment after the node is ready; until then no pod is scheduled.
    return condition?.status === "True" && (node.spec?.taints ?? []).length === 0 ? true : undefined;
  };
  await waitFor(ready, { what: "the node to be ready", timeoutSeconds: 90, logFile, check: sandbox.check });
}

/**
 * Pods get addresses in 10.88.0.0/24 and reach each other and the sandbox's own addresses, nothing else. Services have names and
 * addresses, and NetworkPolicies are enforced, only where that is asked for (`NetworkPrograms`). ingress-nginx needs neither, as it
 * sends requests to the endpoints themselves.
 */
const podNetwork = {
  cniVersion: "0.4.0",
  name: "pods",
  plugins: [
    {
      type: "bridge",
      bridge: "pods",
      isGateway: true,
      ipam: { type: "host-local", ranges: [[{ subnet: "10.88.0.0/24" }]], routes: [{ dst: "0.0.0.0/0" }] },
    },
  ],
};

/** For containerd 1.6 and 1.7 (version 2 of the format); see docs/cri/config.md in its repository. */
function containerdConfiguration(sandbox: Sandbox): string {
  return `
version = 2
root = "${sandbox.stateInside}/containerd"
state = "/run/mp-containerd"
[grpc]
  address = "${containerdSocket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE_IMAGE}"
  # No profile is loaded for these containers.
  disable_apparmor = true
  # Without it runc fails where this program runs with a higher oom_score_adj than it may lower again.
  restrict_oom_score_adj = true
  # A controller that does not run as root listens on 80 and 443. Containerd 2 allows it by default.
  enable_unprivileged_ports = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    # Plain copies: the images are small, and overlayfs cannot lie on every file system that a run folder can be on.
    snapshotter = "native"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${sandbox.stateInside}/cni"
`;
}

/** See the KubeletConfiguration (v1beta1) reference. */
function kubeletConfiguration(sandbox: Sandbox): Readonly<Record<string, unknown>> {
  const inside = (file: string) => `${sandbox.stateInside}/${file}`;
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    address: CONTROL_ADDRESS,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: false },
      x509: { clientCAFile: inside("ca.crt") },
    },
    authorization: { mode: "AlwaysAllow" }, // of those with a certificate of this authority: the API server alone
    tlsCertFile: inside("kubelet.crt"),
    tlsPrivateKeyFile: inside("kubelet.key"),
    cgroupDriver: "cgroupfs",
    cgroupRoot: `/${sandbox.name}`,
    enforceNodeAllocatable: [],
    failCgroupV1: false, // both versions: many machines still have version 1
    failSwapOn: false,
    containerRuntimeEndpoint: `unix://${containerdSocket}`,
    localStorageCapacityIsolation: false, // its measuring of disks fails on some file systems
    evictionHard: { "nodefs.available": "1%", "imagefs.available": "1%" }, // a full disk is for its owner to see to
    podLogsDir: "/run/mp/logs/pods",
    resolvConf: "", // the sandbox has no DNS of its own
  };
}
