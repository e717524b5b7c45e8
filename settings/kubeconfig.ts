import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { messageOf, SettingsError } from "../model/problems";
import type { KubernetesSettings } from "./schema";

/**
 * Reads the same kubeconfig as Pulumi's Kubernetes provider: the configured one (text or path), else the files of
 * `$KUBECONFIG`, else `~/.kube/config`. In the last two cases files that do not exist are ignored, as in kubectl.
 *
 * @returns the files' texts; empty when there is none.
 * @throws {SettingsError} when the configured file does not exist, or a file can't be read.
 */
export function readKubeconfig(
  settings: KubernetesSettings,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): readonly string[] {
  const { kubeconfig } = settings;
  if (kubeconfig !== undefined) return [isText(kubeconfig) ? kubeconfig : read(kubeconfig, "kubernetes.kubeconfig")];
  // An empty variable counts as unset, as in kubectl.
  const variable = environment.KUBECONFIG || undefined;
  return (variable ?? join(homedir(), ".kube", "config"))
    .split(delimiter)
    .filter((path) => path !== "" && existsSync(path))
    .map((path) => read(path, variable === undefined ? "~/.kube/config" : "$KUBECONFIG"));
}

function read(path: string, source: string): string {
  try {
    return readFileSync(path.replace(/^~(?=\/)/, homedir()), "utf8");
  } catch (error) {
    const reason = messageOf(error);
    throw new SettingsError([{ path: source, found: path, allowed: `a file that can be read (${reason})` }]);
  }
}

/** Whether a configured kubeconfig is the text itself, not a path. */
function isText(kubeconfig: string): boolean {
  return kubeconfig.includes("\n") || kubeconfig.trimStart().startsWith("{");
}
