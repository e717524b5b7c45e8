import { type ControlPlane, NODE_NAME, SERVICE_RANGE } from "./control-plane";
import { flags } from "./processes";
import type { Sandbox } from "./sandbox";
import { waitFor } from "./waiting";

/**
 * Starts kube-proxy, so that pods and the API server reach Services at their addresses; returns when the first ones do.
 *
 * @param kubeProxy the path of the program
 */
export async function startServiceAddresses(
  sandbox: Sandbox,
  controlPlane: ControlPlane,
  kubeProxy: string,
): Promise<void> {
  // Any route will do, but there has to be one: the kernel looks for it before the rules that change the address.
  await sandbox.run(["ip", "route", "add", SERVICE_RANGE, "dev", "control"]);
  const { logFile } = sandbox.start("kube-proxy", [
    kubeProxy,
    ...flags({
      kubeconfig: controlPlane.kubeconfigInside("kube-proxy"),
      "hostname-override": NODE_NAME,
      "proxy-mode": "iptables",
      // A pod's answer to another pod on the same bridge would pass by the rules, and come from the wrong address.
      "masquerade-all": "true",
      "healthz-bind-address": "127.0.0.1:10256",
      "metrics-bind-address": "127.0.0.1:10249",
      // The limits of connection tracking are the machine's own, and stay as they are.
      "conntrack-max-per-core": "0",
      "conntrack-tcp-timeout-established": "0s",
      "conntrack-tcp-timeout-close-wait": "0s",
    }),
  ]);
  const rules = async () => {
    const listed = await sandbox.run(["iptables", "--table", "nat", "--list-rules", "KUBE-SERVICES"]);
    return listed.includes("default/kubernetes:https") ? true : undefined;
  };
  await waitFor(rules, { what: "Service addresses", timeoutSeconds: 30, logFile, check: sandbox.check });
}
