import { z } from "zod";
import { policyManifests } from "../../components/admission-policy/model";
import type { ClusterApi } from "../../components/cluster-api";
import type { Edge } from "../../components/edges/edge";
import { listed } from "../../model/problems";
import type { Settings } from "../../settings/read";
import type { Finding } from "./finding";

const CHECK = "admission policy";
const PATH = "/apis/admissionregistration.k8s.io/v1";

const namedSchema = z.object({ metadata: z.object({ name: z.string() }) });

/**
 * Whether the policies against objects of others that reach into the overrides are in the cluster, if the stack has them.
 *
 * @throws {Unreachable} when they can't be read.
 */
export async function admissionPolicyFindings(
  api: Pick<ClusterApi, "list">,
  { admissionPolicy, pageServer }: Pick<Settings, "admissionPolicy" | "pageServer">,
  edges: readonly Pick<Edge, "reservationsOf">[],
): Promise<readonly Finding[]> {
  if (!admissionPolicy)
    return [
      { check: CHECK, result: "ok", text: "off: whoever may create routes in a namespace can reach into overrides" },
    ];
  const { namespace } = pageServer;
  const wanted = policyManifests(
    edges.flatMap((edge) => edge.reservationsOf(namespace)),
    namespace,
  ).map(({ policy }) => policy.metadata.name);
  const [policies = [], bindings = []] = await Promise.all([
    api.list(`${PATH}/validatingadmissionpolicies`, namedSchema),
    api.list(`${PATH}/validatingadmissionpolicybindings`, namedSchema),
  ]);
  const missing = wanted.filter(
    (name) => ![policies, bindings].every((objects) => objects.some(({ metadata }) => metadata.name === name)),
  );
  if (missing.length === 0) return [{ check: CHECK, result: "ok", text: `the cluster has it (${wanted.length})` }];
  return [
    {
      check: CHECK,
      result: "problem",
      text: `the cluster does not have ${listed(missing)}`,
      remedy: "`pulumi up --refresh` makes it. Kubernetes has such policies since 1.30.",
    },
  ];
}
