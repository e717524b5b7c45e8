import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { z } from "zod";
import { ClusterApi, failureIn, Unreachable } from "../components/cluster-api";
import { serviceOf } from "../model/instances";
import { isShown } from "../model/maintenance";
import type { Settings } from "../settings/read";

/** One thing that an account may do in the cluster, such as `watch pods in maintenance-pages`. */
export interface Right {
  readonly group: string;
  /** With its subresource, such as `services/proxy`. */
  readonly resource: string;
  readonly verb: string;
  /** Of one object alone. @default all of them */
  readonly name?: string | undefined;
  /** `undefined` for all of them. */
  readonly namespace: string | undefined;
}

const kindSchema = z.object({ kind: z.enum(["Role", "ClusterRole"]) });

const roleSchema = z.object({
  kind: z.enum(["Role", "ClusterRole"]),
  metadata: z.object({ name: z.string() }),
  rules: z.array(
    z.object({
      apiGroups: z.array(z.string()),
      resources: z.array(z.string()),
      verbs: z.array(z.string()),
      resourceNames: z.array(z.string()).optional(),
    }),
  ),
});

type Role = z.output<typeof roleSchema>;

/**
 * The rights that an `up` of this stack needs: those of the roles in docs/kubernetes-roles.yaml, of which a test shows that
 * they suffice.
 */
export function rightsFor({
  pageServer,
  maintenance,
  edges,
  admissionPolicy,
}: {
  readonly pageServer: Pick<Settings["pageServer"], "namespace">;
  readonly maintenance: Settings["maintenance"];
  readonly edges: Readonly<Record<string, Pick<Settings["edges"][string], "kind">>>;
  readonly admissionPolicy: Settings["admissionPolicy"];
}): readonly Right[] {
  const roles = readRoles();
  const bypassed = maintenance.filter((entry) => isShown(entry) && entry.bypass);
  const kinds = Object.values(edges).map(({ kind }) => kind);
  const all = [
    ...rightsOf(roles, "maintenance-pages-look", undefined),
    ...rightsOf(roles, "maintenance-pages-namespace", undefined),
    ...rightsOf(roles, "maintenance-pages-change", pageServer.namespace),
    ...bypassed.flatMap(({ instance }) => rightsOf(roles, "maintenance-pages-bypass", serviceOf(instance).namespace)),
    ...(admissionPolicy ? rightsOf(roles, "maintenance-pages-admission-policy", undefined) : []),
  ];
  return all
    .filter(({ group }) => {
      const kind = KINDS_OF_GROUPS.get(group);
      return kind === undefined || kinds.includes(kind);
    })
    .map(({ name, ...right }) => ({ ...right, name: name?.replace(NAMESPACE_IN_ROLES, pageServer.namespace) }));
}

/** In the roles' names of objects. With another `pageServer.namespace`, the objects have other names. */
const NAMESPACE_IN_ROLES = /maintenance-pages$/;

/** The groups of the API that only edges of one kind need. */
const KINDS_OF_GROUPS: ReadonlyMap<string, Settings["edges"][string]["kind"]> = new Map([
  ["traefik.io", "traefik"],
  ["gateway.networking.k8s.io", "gateway-api"],
  ["gateway.envoyproxy.io", "gateway-api"],
]);

function readRoles(): readonly Role[] {
  const text = readFileSync(join(__dirname, "..", "docs", "kubernetes-roles.yaml"), "utf8");
  return parseAllDocuments(text)
    .map((document): unknown => document.toJS())
    .filter((manifest) => kindSchema.safeParse(manifest).success)
    .map((manifest) => roleSchema.parse(manifest));
}

function rightsOf(roles: readonly Role[], name: string, namespace: string | undefined): readonly Right[] {
  const role = roles.find(({ metadata }) => metadata.name === name);
  if (role === undefined) throw new Error(`docs/kubernetes-roles.yaml has no role ${name}`);
  return role.rules.flatMap(({ apiGroups, resources, verbs, resourceNames = [undefined] }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        verbs.flatMap((verb) => resourceNames.map((one) => ({ group, resource, verb, namespace, name: one }))),
      ),
    ),
  );
}

const AT_ONCE = 10;

const reviewSchema = z.object({ status: z.object({ allowed: z.boolean() }) });

/**
 * Asks the cluster's API which of the rights this account lacks. Without the right to watch, Pulumi's Kubernetes plugin waits for
 * ever for what it may not see (pkg/await/informers/factory.go in pulumi/pulumi-kubernetes, Subscribe), and says nothing.
 *
 * @throws {Unreachable} when the API can't be reached, or does not tell.
 */
export async function missingRights(
  settings: Pick<Settings, "kubernetes">,
  rights: readonly Right[],
): Promise<readonly Right[]> {
  const api = await ClusterApi.open(settings);
  const missing: Right[] = [];
  // A few at a time; the first one alone, as a kubeconfig may have a program give out the token for all.
  for (let next = 0, many = 1; next < rights.length; next += many, many = AT_ONCE) {
    const some = rights.slice(next, next + many);
    const allowed = await Promise.all(some.map((right) => isAllowed(api, right)));
    missing.push(...some.filter((_, index) => allowed[index] === false));
  }
  return missing;
}

// https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/self-subject-access-review-v1/
async function isAllowed(api: ClusterApi, { group, resource: path, verb, namespace, name }: Right): Promise<boolean> {
  const [resource = "", subresource] = path.split("/");
  const answer = await api.review("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SelfSubjectAccessReview",
    spec: { resourceAttributes: { group, resource, subresource, verb, namespace, name } },
  });
  const failure = failureIn(answer);
  if (failure !== undefined) throw new Unreachable(failure.message ?? `status ${answer.status}`);
  const review = reviewSchema.safeParse(answer.json());
  if (!review.success) throw new Unreachable("the answer is no review of a right");
  return review.data.status.allowed;
}

/**
 * Rights in a person's words, the verbs of one resource in one line.
 *
 * @example
 * rightsText([{ group: "", resource: "pods", verb: "watch", namespace: undefined }]); // ["watch pods in every namespace"]
 */
export function rightsText(rights: readonly Right[]): readonly string[] {
  const verbs = new Map<string, string[]>();
  for (const { group, resource, verb, namespace, name } of rights) {
    const place = name === undefined ? `in ${namespace ?? "every namespace"}` : name;
    const what = `${resource}${group === "" ? "" : `.${group}`} ${place}`;
    verbs.set(what, [...(verbs.get(what) ?? []), verb]);
  }
  return [...verbs].map(([what, all]) => `${all.join(", ")} ${what}`);
}
