import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { KubernetesObject } from "@kubernetes/client-node";
import { parseAllDocuments } from "yaml";
import { PROJECT } from "../../cli/project";
import type { Samples } from "../samples";

/**
 * Lets somebody work as an account that has the rights of files in docs/ and no other.
 *
 * @param work gets the environment in which the cluster is reached as that account.
 */
export async function withRightsOf<T>(
  samples: Samples,
  account: string,
  files: readonly string[],
  work: (environment: Readonly<Record<string, string>>) => Promise<T>,
): Promise<T> {
  const manifests = files.flatMap((file) =>
    parseAllDocuments(readFileSync(join(PROJECT, "docs", file), "utf8")).map(
      (document) => document.toJS() as KubernetesObject,
    ),
  );
  const kubeconfig = join(PROJECT, ".local", `${account}.kubeconfig`);
  try {
    for (const manifest of manifests) await samples.apply(manifest);
    writeFileSync(kubeconfig, await samples.kubeconfigOf(account), { mode: 0o600 });
    return await work({ KUBECONFIG: kubeconfig });
  } finally {
    rmSync(kubeconfig, { force: true });
    for (const manifest of [...manifests].reverse()) await samples.delete(manifest);
  }
}
