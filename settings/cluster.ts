import { parse } from "yaml";
import { z } from "zod";
import { listed, nearest, type Problem } from "../model/problems";
import type { KubernetesSettings } from "./schema";

/** The cluster that the kubeconfig leads to, with the names of the kubeconfig. */
export interface Cluster {
  readonly context: string;
  readonly clusterName: string;
  readonly server: string;
}

// The part that says where a context leads. Only the provider reads the rest of a kubeconfig. Shape:
// https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
const kubeconfigSchema = z.object({
  "current-context": z.string().optional(),
  contexts: z
    .array(z.object({ name: z.string(), context: z.object({ cluster: z.string() }) }))
    .nullish()
    .transform((list) => list ?? []),
  clusters: z
    .array(z.object({ name: z.string(), cluster: z.object({ server: z.string() }) }))
    .nullish()
    .transform((list) => list ?? []),
});

/**
 * Follows the kubeconfig to the cluster and compares it with the configuration. It does not use the network: a wrong
 * cluster is rejected before Pulumi starts a provider.
 *
 * @param texts the texts of the kubeconfig files, in the order of `$KUBECONFIG`. The first mention of a name counts. Empty
 *   when there is no file to read, and `undefined` when they were not read; `cluster` is `undefined` then.
 *
 * @example
 * identifyCluster({ context: "prod", server: "https://10.0.0.1:6443" }, [text]).problems; // [] when prod leads there
 */
export function identifyCluster(
  expected: KubernetesSettings,
  texts: readonly string[] | undefined,
): { readonly cluster: Cluster | undefined; readonly problems: readonly Problem[] } {
  if (texts === undefined) return { cluster: undefined, problems: [] };
  if (texts.length === 0)
    return { cluster: undefined, problems: expected.context === undefined ? [NO_KUBECONFIG] : [] };
  const files: z.output<typeof kubeconfigSchema>[] = [];
  for (const text of texts) {
    const file = kubeconfigSchema.safeParse(parseYaml(text));
    if (!file.success) {
      const found = "a file of another format";
      return { cluster: undefined, problems: [{ path: "kubernetes.kubeconfig", found, allowed: "a kubeconfig" }] };
    }
    files.push(file.data);
  }
  const contexts = files.flatMap((file) => file.contexts);
  const clusters = files.flatMap((file) => file.clusters);
  const name = expected.context ?? files.map((file) => file["current-context"]).find((current) => current);
  const context = contexts.find((candidate) => candidate.name === name);
  const cluster = clusters.find((candidate) => candidate.name === context?.context.cluster);
  if (name === undefined || context === undefined || cluster === undefined) {
    const names = contexts.map((candidate) => candidate.name);
    return {
      cluster: undefined,
      problems: [
        {
          path: "kubernetes.context",
          found: name,
          allowed: `a context of the kubeconfig with a cluster: ${listed(names)}. Or is $KUBECONFIG the kubeconfig of another cluster?`,
          // Another context may lead to another cluster, so none is proposed unless it is a misspelling.
          nearest: nearest(name ?? "", names, 2),
        },
      ],
    };
  }
  const reached = { context: name, clusterName: cluster.name, server: cluster.cluster.server };
  return { cluster: reached, problems: mismatches(expected, reached) };
}

/** Without a kubeconfig the provider would take the cluster of the pod that it runs in, if it runs in one. With a context it fails. */
const NO_KUBECONFIG: Problem = {
  path: "kubernetes",
  found: "no kubeconfig",
  allowed:
    "a kubeconfig that leads to the cluster of this stack: in $KUBECONFIG, ~/.kube/config or kubernetes.kubeconfig",
};

function mismatches(expected: KubernetesSettings, reached: Cluster): readonly Problem[] {
  const problems: Problem[] = [];
  if (expected.clusterName !== undefined && expected.clusterName !== reached.clusterName) {
    problems.push({
      path: "kubernetes.clusterName",
      found: expected.clusterName,
      allowed: `the cluster to which context ${reached.context} leads: ${reached.clusterName}. Or is that the wrong context?`,
    });
  }
  if (expected.server !== undefined && normalized(expected.server) !== normalized(reached.server)) {
    problems.push({
      path: "kubernetes.server",
      found: expected.server,
      allowed: `the API server to which context ${reached.context} leads: ${reached.server}. Or is that the wrong context?`,
    });
  }
  return problems;
}

/** Normalizes a URL, so that two spellings of one address are equal. */
function normalized(url: string): string {
  return URL.canParse(url) ? new URL(url).href.replace(/\/+$/, "") : url;
}

function parseYaml(text: string): unknown {
  try {
    return parse(text, { logLevel: "error" });
  } catch {
    return undefined;
  }
}
