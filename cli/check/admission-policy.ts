import { z } from "zod";
import { type PolicyManifests, policyManifests } from "../../components/admission-policy/model";
import type { ClusterApi } from "../../components/cluster-api";
import type { Edge } from "../../components/edges/edge";
import { listed } from "../../model/problems";
import type { Settings } from "../../settings/read";
import { changesBetween } from "../admission";
import type { Finding } from "./finding";

const CHECK = "admission policy";
const PATH = "/apis/admissionregistration.k8s.io/v1";

const objectSchema = z.object({ metadata: z.object({ name: z.string() }), spec: z.unknown() });

/**
 * Whether the policies against objects of others that reach into the overrides are in the cluster as declared, if the stack has them.
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
      {
        check: CHECK,
        result: "ok",
        text: "off (the setting admissionPolicy). An account with rights to routes in one namespace can reach into overrides",
      },
    ];
  const { namespace } = pageServer;
  const wanted = policyManifests(
    edges.flatMap((edge) => edge.reservationsOf(namespace)),
    namespace,
  );
  const [policies = [], bindings = []] = await Promise.all([
    api.list(`${PATH}/validatingadmissionpolicies`, objectSchema),
    api.list(`${PATH}/validatingadmissionpolicybindings`, objectSchema),
  ]);
  const missing: string[] = [];
  const changed: string[] = [];
  for (const { policy, binding } of wanted) {
    const { name } = policy.metadata;
    const ofName = ({ metadata }: { readonly metadata: { readonly name: string } }) => metadata.name === name;
    const [present, bound] = [policies.find(ofName), bindings.find(ofName)];
    if (present === undefined || bound === undefined) {
      missing.push(name);
      continue;
    }
    const changes = [
      ...changesBetween(withoutExemptions(policy.spec), present.spec, ["spec"]),
      ...changesBetween({ ...binding.spec, matchResources: undefined }, bound.spec, ["the binding's spec"]),
    ];
    if (changes.length > 0) changed.push(`${name} at ${listed(changes, 3)}`);
  }
  if (missing.length + changed.length === 0)
    return [{ check: CHECK, result: "ok", text: `the cluster has its ${wanted.length} policies` }];
  const texts = [
    ...(missing.length > 0 ? [`the cluster does not have ${listed(missing)}`] : []),
    ...(changed.length > 0 ? [`the cluster has otherwise than declared: ${listed(changed)}`] : []),
  ];
  return [
    {
      check: CHECK,
      result: "problem",
      text: texts.join("; "),
      remedy:
        changed.length > 0
          ? "`pulumi up --refresh` makes it as declared."
          : "`pulumi up` makes it, on Kubernetes 1.30 or newer.",
    },
  ];
}

/** The policy's spec, with the fields that would exempt objects as `undefined`: a cluster that has them has another policy. */
function withoutExemptions(spec: PolicyManifests["policy"]["spec"]) {
  const { matchConstraints } = spec;
  return {
    ...spec,
    matchConditions: undefined,
    matchConstraints: {
      ...matchConstraints,
      excludeResourceRules: undefined,
      objectSelector: { matchLabels: undefined, matchExpressions: undefined },
    },
  };
}
