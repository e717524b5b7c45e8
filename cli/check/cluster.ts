import { type ClusterApi, failureIn, strangerText } from "../../components/cluster-api";
import type { Finding } from "./finding";
import { infoSchema } from "./versions";

/** The name of the check. */
export const CLUSTER = "cluster";

export const CLUSTER_REMEDY =
  "Does `kubectl version` reach the cluster with the same kubeconfig and context? Until this command reaches it, nothing that the cluster's API tells is checked.";

/**
 * Checks that the kubeconfig leads to a Kubernetes API.
 *
 * @throws {Unreachable} when nothing answers.
 */
export async function clusterFindings(api: Pick<ClusterApi, "get">): Promise<readonly Finding[]> {
  const answer = await api.get("/version");
  if (answer.status === 200 && infoSchema.safeParse(answer.json()).success)
    return [{ check: CLUSTER, result: "ok", text: "the kubeconfig leads to the one that the stack names" }];
  const failure = failureIn(answer);
  const text = failure === undefined ? strangerText(answer) : (failure.message ?? `status ${answer.status}`);
  return [{ check: CLUSTER, result: "problem", text, remedy: CLUSTER_REMEDY }];
}
