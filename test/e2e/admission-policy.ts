import type { KubernetesObject } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import type { Finding } from "../../cli/check/finding";
import { EXIT } from "../../cli/errors";
import { policyManifests } from "../../components/admission-policy/model";
import { DEFAULT_EDGE, ownDomain, selfTestOf } from "../../components/edges/edge";
import { parkedDomain } from "../../components/edges/gateway-api/manifests";
import { reservations as ofGatewayApi } from "../../components/edges/gateway-api/reservations";
import { bypassNameOf, OVERRIDE_PATH } from "../../components/edges/ingress-nginx/manifests";
import { reservations as ofIngressNginx } from "../../components/edges/ingress-nginx/reservations";
import { PRIORITIES, NAMES as TRAEFIK_NAMES } from "../../components/edges/traefik/manifests";
import { reservations as ofTraefik } from "../../components/edges/traefik/reservations";
import { PAGE_SERVER } from "../../components/page-server/contract";
import { statusOf } from "../../lab/cluster/kube";
import { withRightsOf } from "../../lab/cluster/roles";
import { waitFor } from "../../lab/cluster/waiting";
import { GATEWAY } from "../../lab/edges/gateway-api/objects";
import type { Lab } from "../../lab/lab";
import { ruleFor, type Sample, type Samples } from "../../lab/samples";
import { messageOf } from "../../model/problems";

// The setting `admissionPolicy` on a real API server: what it does to somebody with rights in one namespace only.

/** The page server's. */
const NAMESPACE = "maintenance-pages";

const POLICIES = policyManifests([...ofIngressNginx(NAMESPACE), ...ofTraefik(), ...ofGatewayApi(NAMESPACE)], NAMESPACE);
const KINDS = ["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"] as const;

/** The policies and bindings in the cluster, as `Samples.left` writes them. */
const IN_CLUSTER = KINDS.flatMap((kind) => POLICIES.map(({ policy }) => `${kind} ${policy.metadata.name}`)).sort();

/** What an `up` does when it makes all of them, or deletes them. */
const changesOf = (operation: "create" | "delete") =>
  KINDS.flatMap((kind) => POLICIES.map(({ name }) => `${operation} ${kind} admission-policy-${name}`)).sort();

const isOfPolicies = (text: string) => KINDS.some((kind) => text.split(" ").includes(kind));

const policyHeader = (name: string) => ({
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "ValidatingAdmissionPolicy",
  metadata: { name },
});

const policySchema = z.object({
  metadata: z.object({ generation: z.number() }),
  spec: z.object({ failurePolicy: z.string() }),
  // A controller writes it a moment after the policy.
  status: z
    .object({
      observedGeneration: z.number().optional(),
      typeChecking: z.object({ expressionWarnings: z.array(z.unknown()).default([]) }).prefault({}),
    })
    .prefault({}),
});

// --- what a tenant makes

const CANARY = {
  "nginx.ingress.kubernetes.io/canary": "true",
  "nginx.ingress.kubernetes.io/canary-weight": "100",
} as const;
const PRIORITY_ANNOTATION = "traefik.ingress.kubernetes.io/router.priority";

/** A host of beta's namespace that no sample has. */
const SHOP = "shop.beta.localhost";

type Annotations = Readonly<Record<string, string>>;

const ingress = (
  rule: object,
  annotations: Annotations = {},
  { name = "shop", namespace = "beta" }: { readonly name?: string; readonly namespace?: Sample } = {},
): KubernetesObject => {
  const manifest = {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { name, namespace, annotations },
    spec: { ingressClassName: "nginx", rules: [rule] },
  };
  return manifest;
};

/** A rule with an override's path. */
const overridden = (host: string) => ({
  host,
  http: {
    paths: [
      {
        path: OVERRIDE_PATH,
        pathType: "ImplementationSpecific",
        backend: { service: { name: "caddy", port: { number: 80 } } },
      },
    ],
  },
});

const ingressRoute = (priority?: number): KubernetesObject => {
  const route = { kind: "Rule", match: `Host(\`${SHOP}\`)`, services: [{ name: "caddy", port: 80 }] };
  const manifest = {
    apiVersion: "traefik.io/v1alpha1",
    kind: "IngressRoute",
    metadata: { name: "shop", namespace: "beta" },
    spec: { routes: [priority === undefined ? route : { ...route, priority }] },
  };
  return manifest;
};

const httpRoute = (host: string): KubernetesObject => {
  const manifest = {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "HTTPRoute",
    metadata: { name: "shop", namespace: "beta" },
    spec: { parentRefs: [GATEWAY], hostnames: [host], rules: [{ backendRefs: [{ name: "caddy", port: 80 }] }] },
  };
  return manifest;
};

const selfTestHost = (edge: string) => selfTestOf(edge, NAMESPACE).hosts.join();

/** What the cluster says, by the policy. */
const SAYS = {
  hosts: "maintenance-pages reserves every host that ends with .maintenance-pages.invalid: ",
  paths: "maintenance-pages reserves the paths of its overrides: ",
  priorities: "maintenance-pages reserves every priority of 1000000000 or more: ",
  annotations: `maintenance-pages reserves every priority of 1000000000 or more in the annotation ${PRIORITY_ANNOTATION}: `,
  routes:
    "maintenance-pages reserves every host that ends with .maintenance-pages.invalid or contains .parked.maintenance-pages.: ",
} as const;

interface Attempt {
  readonly name: string;
  readonly object: KubernetesObject;
}

const CANARY_OF_OVERRIDES = ingress(overridden("beta.localhost"), CANARY);

const REFUSED: readonly (Attempt & { readonly says: string })[] = [
  {
    name: "a canary Ingress with the override's path, for its own host",
    object: CANARY_OF_OVERRIDES,
    says: SAYS.paths,
  },
  {
    name: "an Ingress for the standby's host",
    object: ingress(ruleFor(`${PAGE_SERVER}.${ownDomain(NAMESPACE)}`, "caddy")),
    says: SAYS.hosts,
  },
  ...[DEFAULT_EDGE, "traefik", "gateway-api"].map((edge) => ({
    name: `an Ingress for the host of the self-test of the edge ${edge}`,
    object: ingress(ruleFor(selfTestHost(edge), "caddy")),
    says: SAYS.hosts,
  })),
  {
    name: "an IngressRoute with the override's priority",
    object: ingressRoute(PRIORITIES.override),
    says: SAYS.priorities,
  },
  {
    name: "an IngressRoute with a higher priority",
    object: ingressRoute(2_000_000_000),
    says: SAYS.priorities,
  },
  {
    name: "an Ingress with the override's priority in an annotation",
    object: ingress(ruleFor(SHOP, "caddy"), { [PRIORITY_ANNOTATION]: "1000000000" }),
    says: SAYS.annotations,
  },
  {
    name: "an Ingress with that annotation in another case",
    object: ingress(ruleFor(SHOP, "caddy"), { "Traefik.Ingress.Kubernetes.io/Router.Priority": "1000000000" }),
    says: SAYS.annotations,
  },
  {
    name: "an HTTPRoute for the host of a self-test",
    object: httpRoute(selfTestHost("gateway-api")),
    says: SAYS.routes,
  },
  {
    name: "an HTTPRoute for the host of a parked override",
    object: httpRoute(`acme.gateway-api.${parkedDomain(NAMESPACE)}.invalid`),
    says: SAYS.routes,
  },
  {
    name: "an HTTPRoute for the host of a parked override below another domain",
    object: httpRoute(`acme.gateway-api.${parkedDomain(NAMESPACE)}.example.org`),
    says: SAYS.routes,
  },
];

const ADMITTED: readonly Attempt[] = [
  { name: "an ordinary Ingress", object: ingress(ruleFor(SHOP, "caddy")) },
  {
    name: "a canary Ingress of its own with an ordinary path",
    object: ingress(ruleFor("beta.localhost", "caddy"), CANARY),
  },
  {
    name: "an Ingress with a priority below the override's",
    object: ingress(ruleFor(SHOP, "caddy"), { [PRIORITY_ANNOTATION]: "999999999" }),
  },
  { name: "an ordinary IngressRoute", object: ingressRoute() },
  { name: "an IngressRoute with a priority below the override's", object: ingressRoute(PRIORITIES.override - 1) },
  { name: "an ordinary HTTPRoute", object: httpRoute(SHOP) },
];

// --- accounts

const RBAC = "rbac.authorization.k8s.io";
const TENANT = "tenant";

/** An account that may do all with routes in a namespace, and nothing else. */
function tenantObjects(namespace: Sample): readonly KubernetesObject[] {
  const metadata = { name: TENANT, namespace };
  const verbs = ["get", "list", "watch", "create", "update", "patch", "delete"];
  const role = {
    apiVersion: `${RBAC}/v1`,
    kind: "Role",
    metadata,
    rules: [
      { apiGroups: ["networking.k8s.io"], resources: ["ingresses"], verbs },
      { apiGroups: ["traefik.io"], resources: ["ingressroutes"], verbs },
      { apiGroups: ["gateway.networking.k8s.io"], resources: ["httproutes"], verbs },
    ],
  };
  const binding = {
    apiVersion: `${RBAC}/v1`,
    kind: "RoleBinding",
    metadata,
    roleRef: { apiGroup: RBAC, kind: "Role", name: TENANT },
    subjects: [{ kind: "ServiceAccount", ...metadata }],
  };
  return [{ apiVersion: "v1", kind: "ServiceAccount", metadata }, role, binding];
}

const ROLES = ["kubernetes-roles.yaml"] as const;

/** As the command in docs/kubernetes-roles.yaml makes it. */
const BINDING_FOR_POLICIES: KubernetesObject = (() => {
  const name = "maintenance-pages-admission-policy";
  const manifest = {
    apiVersion: `${RBAC}/v1`,
    kind: "ClusterRoleBinding",
    metadata: { name },
    roleRef: { apiGroup: RBAC, kind: "ClusterRole", name },
    subjects: [{ kind: "ServiceAccount", name: "up", namespace: NAMESPACE }],
  };
  return manifest;
})();

type Environment = Readonly<Record<string, string>>;

/** Lets somebody work as the account `up` of docs/kubernetes-roles.yaml, with the role for policies. */
function asPipeline<T>(samples: Samples, work: (environment: Environment) => Promise<T>): Promise<T> {
  return withRightsOf(samples, "up", ROLES, async (environment) => {
    await samples.apply(BINDING_FOR_POLICIES);
    try {
      return await work(environment);
    } finally {
      await samples.delete(BINDING_FOR_POLICIES);
    }
  });
}

// --- what is seen

/** The API server knows of a new role, and of a new policy, a few seconds later. */
const PATIENCE = { timeoutSeconds: 60, everyMilliseconds: 500 } as const;

function untilAdmitted(who: Samples, object: KubernetesObject): Promise<true> {
  const attempt = async () => {
    const refusal = await who.refusalOf(object);
    if (refusal !== undefined) throw new Error(refusal);
    return true as const;
  };
  return waitFor(attempt, { what: `the cluster to admit ${object.kind} ${object.metadata?.name}`, ...PATIENCE });
}

function untilRefused(who: Samples, { name, object, says }: (typeof REFUSED)[number]): Promise<true> {
  const attempt = async () => {
    const refusal = (await who.refusalOf(object)) ?? "it is admitted";
    if (!refusal.includes(says)) throw new Error(refusal);
    return true as const;
  };
  return waitFor(attempt, { what: `the cluster to refuse ${name}`, ...PATIENCE });
}

/** A request has to be refused as forbidden, with these words. */
async function expectRefusal(request: Promise<void>, says: string): Promise<void> {
  const error: unknown = await request.then(
    () => new Error("it was admitted"),
    (reason: unknown) => reason,
  );
  expect(messageOf(error)).toContain(says);
  expect(statusOf(error)).toBe(403);
}

/**
 * Declares the tests, for a lab with an edge of each kind. Nothing is in maintenance before them, and nothing after them.
 *
 * @param lab called when the tests run.
 */
export function testAdmissionPolicy(lab: () => Lab): void {
  const set = (value: boolean) => lab().stack.type(["config", "set", "admissionPolicy", String(value)]);

  async function check(environment: Environment = {}): Promise<readonly Finding[]> {
    const { stdout, output } = await lab().stack.tryMaintenanceIn(environment, "check", "--json");
    expect(stdout, output).toMatch(/^\[/);
    return JSON.parse(stdout) as readonly Finding[];
  }
  const rowsOf = (findings: readonly Finding[], name: string) => findings.filter((finding) => finding.check === name);

  const policiesInCluster = async () => (await lab().samples.left("maintenance-pages")).filter(isOfPolicies).sort();

  const readPolicy = async (name: string) =>
    policySchema.parse(await lab().cluster.kube.objects.read(policyHeader(name)));

  /** An account with rights in one namespace, when the API server knows it. */
  async function tenantIn(namespace: Sample): Promise<Samples> {
    const { samples } = lab();
    for (const manifest of tenantObjects(namespace)) await samples.apply(manifest);
    const tenant = await samples.as(TENANT, namespace);
    await untilAdmitted(tenant, ingress(ruleFor(`shop.${namespace}.localhost`, "caddy"), {}, { namespace }));
    return tenant;
  }

  describe("the setting admissionPolicy", () => {
    let tenant: Samples;

    /** From before the policy. Something waits for its deletion. */
    const old = {
      apiVersion: "networking.k8s.io/v1",
      kind: "Ingress",
      metadata: { name: "from-before", namespace: "beta" },
    } as const;
    const change = (fields: object, metadata: object = {}) => {
      const manifest: KubernetesObject = { ...old, metadata: { ...old.metadata, ...metadata }, ...fields };
      return tenant.patch(manifest);
    };

    beforeAll(async () => {
      const { metadata, ...canary } = ingress(overridden("old.beta.localhost"), CANARY, { name: old.metadata.name });
      await lab().samples.apply({ ...canary, metadata: { ...metadata, finalizers: ["example.org/cleanup"] } });
      tenant = await tenantIn("beta");
    });
    afterAll(async () => {
      const { stack, samples } = lab();
      await stack.type(["config", "rm", "admissionPolicy"]);
      for (const namespace of ["beta", "acme"] as const) {
        // That in acme is made by one of the tests.
        for (const one of [...tenantObjects(namespace)].reverse()) await samples.delete(one).catch(() => undefined);
      }
    });

    it("is off by default, and check says so", async () => {
      expect(rowsOf(await check(), "admission policy")).toMatchObject([
        { result: "ok", text: expect.stringMatching(/^off /) },
      ]);
      expect(await policiesInCluster()).toStrictEqual([]);
      for (const { object } of REFUSED) expect(await tenant.refusalOf(object)).toBeUndefined();
    });

    it("makes a policy for each reservation of each kind of edge, with its binding, and check finds them", async () => {
      await set(true);
      const { changes } = await lab().stack.up();
      expect(changes.filter(isOfPolicies).sort()).toStrictEqual(changesOf("create"));
      expect(await policiesInCluster()).toStrictEqual(IN_CLUSTER);
      expect(rowsOf(await check(), "admission policy")).toMatchObject([
        { result: "ok", text: `the cluster has its ${POLICIES.length} policies` },
      ]);
      expect((await lab().stack.up()).changes).toStrictEqual([]);
    });

    for (const { policy } of POLICIES) {
      const { name } = policy.metadata;
      it(`the API server finds no wrong type in the expressions of ${name}`, async () => {
        const attempt = async () => {
          const { metadata, status } = await readPolicy(name);
          return status.observedGeneration === metadata.generation ? status : undefined;
        };
        const { typeChecking } = await waitFor(attempt, { what: `the types of ${name} to be checked`, ...PATIENCE });
        expect(typeChecking.expressionWarnings).toStrictEqual([]);
      });
    }

    for (const attempt of REFUSED) {
      it(`refuses a tenant ${attempt.name}`, async () => {
        await untilRefused(tenant, attempt);
        await expectRefusal(tenant.apply(attempt.object), attempt.says);
      });
    }

    for (const { name, object } of ADMITTED) {
      it(`admits what else a tenant makes: ${name}`, async () => {
        await tenant.apply(object);
        await tenant.delete(object);
      });
    }

    it("refuses to turn an ordinary Ingress of a tenant into another", async () => {
      const own = ingress(ruleFor(SHOP, "caddy"));
      await tenant.apply(own);
      await expectRefusal(tenant.apply(CANARY_OF_OVERRIDES), SAYS.paths);
      await expectRefusal(
        tenant.apply(ingress(ruleFor(SHOP, "caddy"), { [PRIORITY_ANNOTATION]: "1000000000" })),
        SAYS.annotations,
      );
      await tenant.apply(ingress(ruleFor("cafe.beta.localhost", "caddy"), { team: "shop" }));
      await tenant.delete(own);
    });

    it("an object from before the policy gets another label, and what kubectl apply writes", async () => {
      const annotations = { "kubectl.kubernetes.io/last-applied-configuration": "{}" };
      await change({}, { labels: { team: "shop" }, annotations });
      expect(await lab().cluster.kube.objects.read(old)).toMatchObject({
        metadata: { labels: { team: "shop" }, annotations: { ...annotations, ...CANARY } },
      });
    });

    it("but no other spec and no other annotation", async () => {
      await expectRefusal(change({ spec: { rules: [overridden("acme.localhost")] } }), SAYS.paths);
      await expectRefusal(change({ spec: { ingressClassName: "traefik" } }), SAYS.paths);
      const annotations = [
        { "nginx.ingress.kubernetes.io/canary-weight": "50" },
        { "nginx.ingress.kubernetes.io/use-regex": "true" },
        { [PRIORITY_ANNOTATION]: "1000000000" },
      ];
      for (const some of annotations)
        await expectRefusal(change({}, { annotations: some }), "maintenance-pages reserves ");
    });

    it("and its owner deletes it, with what waits for that", async () => {
      const { objects } = lab().cluster.kube;
      await tenant.delete(old);
      expect((await objects.read(old)).metadata?.deletionTimestamp).toBeDefined();
      await change({}, { finalizers: [] });
      expect(await objects.read(old).catch(statusOf)).toBe(404);
    });

    it("an account with the roles of docs/kubernetes-roles.yaml deletes the policies, makes them, and puts a changed one right", async () => {
      const { stack, samples } = lab();
      const changed = POLICIES[0];
      if (changed === undefined) throw new Error("there is no policy");
      const { name } = changed.policy.metadata;
      const { findings, deleted, created, updated } = await asPipeline(samples, async (environment) => {
        const findings = await check(environment);
        await set(false);
        const deleted = await stack.up(environment);
        await set(true);
        const created = await stack.up(environment);
        const manifest = { ...policyHeader(name), spec: { failurePolicy: "Fail" } };
        await samples.apply(manifest);
        await stack.refresh(environment);
        return { findings, deleted, created, updated: await stack.up(environment) };
      });
      expect(rowsOf(findings, "rights")).toMatchObject([
        { result: "ok", text: expect.stringMatching(/^this account has all \d+ rights that `pulumi up` needs/) },
      ]);
      expect(rowsOf(findings, "admission policy")).toMatchObject([{ result: "ok" }]);
      expect(deleted.changes.filter(isOfPolicies).sort()).toStrictEqual(changesOf("delete"));
      expect(created.changes.filter(isOfPolicies).sort()).toStrictEqual(changesOf("create"));
      expect(updated.changes).toContain(`update ValidatingAdmissionPolicy admission-policy-${changed.name}`);
      expect((await readPolicy(name)).spec.failurePolicy).toBe("Ignore");
      for (const attempt of REFUSED) await untilRefused(tenant, attempt);
    });

    it("the same account enables acme with a bypass", async () => {
      const { stack, samples } = lab();
      const { code, output } = await asPipeline(samples, (environment) =>
        stack.tryMaintenanceIn(environment, "enable", "acme", "--bypass", "--yes"),
      );
      expect(code, output).toBe(EXIT.done);
    });

    it("a tenant with rights in acme's namespace can't turn the bypass there into something else", async () => {
      const ofAcme = await tenantIn("acme");
      const canary = {
        apiVersion: "networking.k8s.io/v1",
        kind: "Ingress",
        metadata: { name: bypassNameOf("acme", DEFAULT_EDGE), namespace: "acme" },
      };
      const defaultBackend = { service: { name: "caddy", port: { number: 80 } } };
      const withSpec = (spec: object): KubernetesObject => {
        const manifest = { ...canary, spec };
        return manifest;
      };
      await expectRefusal(ofAcme.patch(withSpec({ defaultBackend })), SAYS.paths);
      await expectRefusal(ofAcme.patch(withSpec({ rules: [overridden("beta.localhost")] })), SAYS.paths);
      await expectRefusal(
        ofAcme.patch({ ...canary, metadata: { ...canary.metadata, annotations: { ...CANARY } } }),
        SAYS.paths,
      );
      const route = {
        apiVersion: "traefik.io/v1alpha1",
        kind: "IngressRoute",
        metadata: { name: TRAEFIK_NAMES.bypass("acme", "traefik"), namespace: "acme" },
        spec: {
          routes: [
            {
              kind: "Rule",
              match: "Host(`beta.localhost`)",
              priority: PRIORITIES.bypass,
              services: [{ name: "caddy", port: 80 }],
            },
          ],
        },
      };
      await expectRefusal(ofAcme.patch(route), SAYS.priorities);
    });

    it("and the same account disables acme", async () => {
      const { stack, samples } = lab();
      const { code, output } = await asPipeline(samples, (environment) =>
        stack.tryMaintenanceIn(environment, "disable", "acme", "--yes"),
      );
      expect(code, output).toBe(EXIT.done);
      expect((await samples.left("maintenance-pages")).filter((one) => one.includes("bypass-acme"))).toStrictEqual([]);
    });

    it("check names what an account without the role for policies lacks, and nothing else", async () => {
      const findings = await withRightsOf(lab().samples, "up", ROLES, check);
      const group = "admissionregistration.k8s.io";
      const lacks = ["validatingadmissionpolicies", "validatingadmissionpolicybindings"].flatMap((resource) => [
        `get, list, watch, create ${resource}.${group} in every namespace`,
        ...POLICIES.map(({ policy }) => `update, patch, delete ${resource}.${group} ${policy.metadata.name}`),
      ]);
      const [rights, ...others] = rowsOf(findings, "rights");
      expect(others).toStrictEqual([]);
      expect(rights?.result).toBe("problem");
      const [before, text = ""] = rights?.text.split(/(?<=^this account may not: )/) ?? [];
      expect(before).toBe("this account may not: ");
      expect(text.split("; ").sort()).toStrictEqual(lacks.sort());
      expect(rowsOf(findings, "admission policy")).toMatchObject([{ result: "unknown" }]);
    });

    it("takes the policies away again, and a tenant's canary is admitted", async () => {
      await set(false);
      const { changes } = await lab().stack.up();
      expect(changes.filter(isOfPolicies).sort()).toStrictEqual(changesOf("delete"));
      expect(await policiesInCluster()).toStrictEqual([]);
      await untilAdmitted(tenant, CANARY_OF_OVERRIDES);
      await tenant.apply(CANARY_OF_OVERRIDES);
      await tenant.delete(CANARY_OF_OVERRIDES);
    });
  });
}
