import { type ControlPlane, NODE_NAME, SERVICE_RANGE } from "./control-plane";
import { flags } from "./processes";
import type { Sandbox } from "./sandbox";
import { waitFor } from "./waiting";

/**
 * Starts kube-router, which enforces NetworkPolicies and does nothing else here; returns when it does.
 *
 * @param kubeRouter the path of the program
 */
export async function startNetworkPolicies(
  sandbox: Sandbox,
  controlPlane: ControlPlane,
  kubeRouter: string,
): Promise<void> {
  // What pods on one bridge send each other passes by the rules otherwise.
  await sandbox.run(["sh", "-c", "echo 1 > /proc/sys/net/bridge/bridge-nf-call-iptables"]);
  const { logFile } = sandbox.start("kube-router", [
    kubeRouter,
    ...flags({
      kubeconfig: controlPlane.kubeconfigInside("kube-router"),
      "hostname-override": NODE_NAME,
      "service-cluster-ip-range": SERVICE_RANGE,
      "run-firewall": "true",
      "run-router": "false",
      "run-service-proxy": "false",
      "health-port": "0",
    }),
  ]);
  const rules = async () => {
    const listed = await sandbox.run(["iptables", "--list-rules", "FORWARD"]);
    return listed.includes("KUBE-ROUTER-FORWARD") ? true : undefined;
  };
  await waitFor(rules, { what: "NetworkPolicies", timeoutSeconds: 30, logFile, check: sandbox.check });
}
