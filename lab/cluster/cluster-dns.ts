import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CONTROL_ADDRESS, type ControlPlane } from "./control-plane";
import { flags } from "./processes";
import type { Sandbox } from "./sandbox";
import { waitFor } from "./waiting";

/** What pods have in their resolv.conf, in the kubelet's words. */
export const CLUSTER_DNS = { clusterDNS: [CONTROL_ADDRESS], clusterDomain: "cluster.local" } as const;

/**
 * Starts CoreDNS, so that Services have names; returns when the first one does.
 *
 * @param coreDns the path of the program
 */
export async function startClusterDns(sandbox: Sandbox, controlPlane: ControlPlane, coreDns: string): Promise<void> {
  const file = "Corefile";
  await writeFile(
    join(sandbox.state, file),
    `. {
  errors
  kubernetes ${CLUSTER_DNS.clusterDomain} {
    kubeconfig ${controlPlane.kubeconfigInside("coredns")}
  }
}
`,
  );
  const { logFile } = sandbox.start("coredns", [coreDns, ...flags({ conf: `${sandbox.stateInside}/${file}` })]);
  const name = `kubernetes.default.svc.${CLUSTER_DNS.clusterDomain}`;
  const answered = () => sandbox.run(["busybox", "nslookup", name, CONTROL_ADDRESS]);
  await waitFor(answered, { what: "names of Services", timeoutSeconds: 30, logFile, check: sandbox.check });
}
