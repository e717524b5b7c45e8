import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import type { KubernetesSettings } from "./schema";

/**
 * Reads the kubeconfig that Pulumi's Kubernetes provider will read: the configured one (text or path), else the files
 * of `$KUBECONFIG`, else `~/.kube/config`. Files that do not exist are left out, as kubectl does.
 *
 * @returns the files' texts; empty when there is none.
 */
export function readKubeconfig(
  settings: KubernetesSettings,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): readonly string[] {
  if (settings.kubeconfig !== undefined && isText(settings.kubeconfig)) return [settings.kubeconfig];
  const paths = (settings.kubeconfig ?? environment.KUBECONFIG ?? join(homedir(), ".kube", "config"))
    .split(delimiter)
    .map((path) => path.replace(/^~(?=\/)/, homedir()));
  return paths.filter((path) => path !== "" && existsSync(path)).map((path) => readFileSync(path, "utf8"));
}

/** Whether a configured kubeconfig is the text itself and not a path to it. */
export function isText(kubeconfig: string): boolean {
  return kubeconfig.includes("\n") || kubeconfig.trimStart().startsWith("{");
}
