import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  DeleteBucketPolicyCommand,
  GetBucketPolicyCommand,
  PutBucketPolicyCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import type { KubernetesObject } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import type { Finding } from "../../cli/check/finding";
import { EXIT } from "../../cli/errors";
import { PROJECT } from "../../cli/project";
import { OVERRIDE_PATH } from "../../components/edges/ingress-nginx/manifests";
import { EDGE_ADDRESS } from "../../lab/cluster/control-plane";
import { PageServerPods } from "../../lab/cluster/page-server-pods";
import { envoyProxy, GATEWAY, gateway, LISTENERS } from "../../lab/edges/gateway-api/objects";
import { ingressClass } from "../../lab/edges/traefik/objects";
import { type Lab, startLab } from "../../lab/lab";
import { hostsOf, ingressOf, ruleFor, SAMPLES } from "../../lab/samples";
import { untilAnswer, visit } from "../../lab/traffic/visitor";
import { testAdmissionPolicy } from "./admission-policy";

// `maintenance check` on a cluster with a real ingress-nginx, a real Traefik and a real Envoy Gateway: first healthy, and then with one fault after the
// other. Writes docs/check-examples.md.

let lab: Lab;
let pods: PageServerPods;

beforeAll(async () => {
  lab = await startLab({
    report: (line) => console.log(line),
    edges: ["ingress-nginx", "traefik", "gateway-api"],
  });
  pods = new PageServerPods(lab.cluster.kube);
});
afterAll(() => lab?.stop());

const type = (...args: readonly string[]) => lab.stack.tryMaintenance(...args);
const set = (path: string, value: string) => lab.stack.type(["config", "set", "--path", path, value]);
const unset = (path: string) => lab.stack.type(["config", "rm", "--path", path]);

/** What a check finds that is not ok. */
async function found(...args: readonly string[]): Promise<readonly Finding[]> {
  const { stdout, output } = await type("check", ...args, "--json");
  expect(stdout, output).toMatch(/^\[/);
  return (JSON.parse(stdout) as readonly Finding[]).filter(({ result }) => result !== "ok");
}

/** What a check finds when it has settled: a controller needs some seconds for a change. */
async function foundWhen(isThere: (findings: readonly Finding[]) => boolean): Promise<readonly Finding[]> {
  const end = Date.now() + 40_000;
  for (;;) {
    const findings = await found();
    if (isThere(findings) || Date.now() > end) return findings;
  }
}

const line = ({ result, check, edge, instances, text, remedy }: Finding) =>
  `${result.toUpperCase()} ${[check, edge, instances?.join(", ")].filter((part) => part !== undefined).join(", ")}: ${text}${remedy === undefined ? "" : ` → ${remedy}`}`;

/** The document, part by part. */
const examples: string[] = [];

describe("a healthy cluster", () => {
  it("is nothing but ok", async () => {
    const { code, stdout, output } = await type("check");
    expect(output).not.toMatch(/^(?:WARNING|PROBLEM|UNKNOWN)/m);
    expect(code).toBe(EXIT.done);
    examples.push("## A healthy cluster", "", "```", "$ npx maintenance check", stdout.trimEnd(), "```", "");
  });
});

/** A fault that somebody else made. */
interface Fault {
  readonly name: string;
  /** Made, and taken away again. */
  readonly objects?: readonly KubernetesObject[];
  /** What is done besides, and how it is undone. */
  readonly put?: () => Promise<unknown>;
  readonly take?: () => Promise<unknown>;
  /** All that is found: each text once. */
  readonly finds: readonly RegExp[];
  /** Whether `enable acme` says the same words before it asks. */
  readonly isSaidByEnable?: true;
}

const object = (apiVersion: string, kind: string, namespace: string, name: string, spec: object): KubernetesObject => {
  const manifest = { apiVersion, kind, metadata: { name, namespace }, spec };
  return manifest;
};

/** acme's Ingress with annotations. */
const annotated = (annotations: Readonly<Record<string, string>>, hosts = hostsOf("acme")): KubernetesObject => {
  const ingress = ingressOf("acme");
  const own = Object.fromEntries(
    Object.entries(annotations).map(([name, value]) => [`nginx.ingress.kubernetes.io/${name}`, value]),
  );
  const all = { ...ingress.metadata.annotations, ...own };
  const rules = ingress.spec.rules.filter(({ host }) => hosts.includes(host));
  const manifest = {
    ...ingress,
    metadata: { ...ingress.metadata, annotations: all },
    spec: { ...ingress.spec, rules },
  };
  return manifest;
};

const restoreIngress = async () => {
  await lab.samples.delete(ingressOf("acme"));
  await lab.samples.apply(ingressOf("acme"));
};

/** Of acme's Ingress, for as long as the fault is there. */
const withAnnotations = (annotations: Readonly<Record<string, string>>): Pick<Fault, "put" | "take"> => ({
  put: () => lab.samples.apply(annotated(annotations)),
  take: restoreIngress,
});

const withSetting = (path: string, value: string, before?: string): Pick<Fault, "put" | "take"> => ({
  put: () => set(path, value),
  take: () => (before === undefined ? unset(path) : set(path, before)),
});

const ingressRoute = (name: string, match: string, more: object = {}, spec: object = {}): KubernetesObject =>
  object("traefik.io/v1alpha1", "IngressRoute", "acme", name, {
    ...spec,
    routes: [{ kind: "Rule", match, ...more, services: [{ name: "caddy", port: 80 }] }],
  });

/** A pod of Traefik that serves nobody: what counts are its arguments. */
const traefikPod = (...args: readonly string[]): KubernetesObject =>
  object("v1", "Pod", "traefik", "another", {
    schedulerName: "nobody",
    containers: [{ name: "traefik", image: "maintenance-pages.local/none:1", args }],
  });

const ENTRY_POINTS = [
  "--entryPoints.web.address=:80",
  "--entryPoints.websecure.address=:443",
  "--entryPoints.websecure.http.tls=true",
] as const;

const labelled = (manifest: KubernetesObject, labels: Readonly<Record<string, string>>): KubernetesObject => ({
  ...manifest,
  metadata: { ...manifest.metadata, labels },
});

const TRAEFIK = { "app.kubernetes.io/name": "traefik" };

/** A policy that refuses Ingresses for hosts that have one already, as Gatekeeper's K8sUniqueIngressHost does. */
const POLICY: readonly KubernetesObject[] = (() => {
  const policy = {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingAdmissionPolicy",
    metadata: { name: "one-ingress-a-host" },
    spec: {
      matchConstraints: {
        resourceRules: [
          {
            apiGroups: ["networking.k8s.io"],
            apiVersions: ["v1"],
            operations: ["CREATE", "UPDATE"],
            resources: ["ingresses"],
          },
        ],
      },
      validations: [
        {
          expression: "!object.metadata.name.startsWith('maintenance-')",
          message: "the host has an Ingress already",
        },
      ],
    },
  };
  const binding = {
    apiVersion: policy.apiVersion,
    kind: "ValidatingAdmissionPolicyBinding",
    metadata: policy.metadata,
    spec: { policyName: policy.metadata.name, validationActions: ["Deny"] },
  };
  return [policy, binding];
})();

/** A policy that moves every override to another class. */
const REWRITING_POLICY: readonly KubernetesObject[] = (() => {
  const policy = {
    apiVersion: "admissionregistration.k8s.io/v1beta1",
    kind: "MutatingAdmissionPolicy",
    metadata: { name: "another-class" },
    spec: {
      matchConstraints: {
        resourceRules: [
          { apiGroups: ["networking.k8s.io"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["ingresses"] },
        ],
        namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "maintenance-pages" } },
      },
      failurePolicy: "Fail",
      reinvocationPolicy: "Never",
      mutations: [
        {
          patchType: "JSONPatch",
          jsonPatch: { expression: '[JSONPatch{op: "replace", path: "/spec/ingressClassName", value: "another"}]' },
        },
      ],
    },
  };
  const binding = {
    apiVersion: policy.apiVersion,
    kind: "MutatingAdmissionPolicyBinding",
    metadata: policy.metadata,
    spec: { policyName: policy.metadata.name },
  };
  return [policy, binding];
})();

/** A canary of a tenant's that takes every request. */
const canary = (name: string, rule: object): KubernetesObject => {
  const annotations = {
    "nginx.ingress.kubernetes.io/canary": "true",
    "nginx.ingress.kubernetes.io/canary-weight": "100",
  };
  const spec = { ingressClassName: "nginx", rules: [rule] };
  const manifest = {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { name, namespace: "beta", annotations },
    spec,
  };
  return manifest;
};

/** A pod as ingress-nginx's chart makes it, which serves nobody: what counts are its arguments. The lab's controller is a process. */
const controllerPod = (...args: readonly string[]): KubernetesObject => controllerPodIn("ingress-nginx", {}, ...args);

const controllerPodIn = (namespace: string, spec: object, ...args: readonly string[]): KubernetesObject =>
  labelled(
    object("v1", "Pod", namespace, "of-others", {
      ...spec,
      schedulerName: "nobody",
      containers: [
        {
          name: "controller",
          image: "maintenance-pages.local/controller:v1.11.1",
          args: ["/nginx-ingress-controller", "--configmap=ingress-nginx/of-others", ...args],
        },
      ],
    }),
    { "app.kubernetes.io/name": "ingress-nginx", "app.kubernetes.io/component": "controller" },
  );

/** Said of that pod, which does not start. */
const NOT_READY = /^WARNING controller, default: No pod of the controller of the class nginx is ready/;

const controllerConfig = (data: Readonly<Record<string, string>>): KubernetesObject => {
  const manifest = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "of-others", namespace: "ingress-nginx" },
    data,
  };
  return manifest;
};

/** As strict as a login can be: nobody has one. */
const LOGIN = object("gateway.envoyproxy.io/v1alpha1", "SecurityPolicy", "gateways", "login", {
  targetRefs: [{ group: "gateway.networking.k8s.io", kind: "Gateway", name: "edge" }],
  authorization: { defaultAction: "Deny" },
});

const UNREAD = /^PROBLEM bucket, read by the pods: these pods show their own copy of the page/;

/** A pod keeps what it has read once. */
async function renewPods(): Promise<void> {
  for (const name of await pods.names()) await pods.delete(name);
  await pods.untilReady();
}

const BUCKET = { Bucket: "maintenance-pages" };
let store: S3Client;
/** The bucket's policy, as the stack has made it. */
let policyOfStack: string;
beforeAll(async () => {
  const { endpoint, accessKey, secretKey } = lab.cluster.objectStore;
  const credentials = { accessKeyId: accessKey, secretAccessKey: secretKey };
  store = new S3Client({ endpoint, credentials, region: "us-east-1", forcePathStyle: true });
  policyOfStack = (await store.send(new GetBucketPolicyCommand(BUCKET))).Policy ?? "";
});
afterAll(() => store?.destroy());

const restorePolicy = () => store.send(new PutBucketPolicyCommand({ ...BUCKET, Policy: policyOfStack }));

/** The bucket's policy, and a statement with which anybody may list it. */
function policyThatLists(): string {
  const { Statement, ...rest } = JSON.parse(policyOfStack);
  const list = { Effect: "Allow", Principal: "*", Action: "s3:ListBucket", Resource: "arn:aws:s3:::maintenance-pages" };
  return JSON.stringify({ ...rest, Statement: [...Statement, list] });
}

const FAULTS: readonly Fault[] = [
  {
    name: "acme's Ingress redirects `/` to another path (app-root)",
    ...withAnnotations({ "app-root": "/dashboard" }),
    finds: [/^WARNING routes, default, acme: Ingress acme\/acme has the annotation app-root\./],
    isSaidByEnable: true,
  },
  {
    name: "HTTPS goes through to acme's pods unread (ssl-passthrough)",
    ...withAnnotations({ "ssl-passthrough": "true" }),
    finds: [
      /^PROBLEM routes, default, acme: Ingress acme\/acme has the annotation ssl-passthrough\./,
      /^PROBLEM routes, traefik, acme: Ingress acme\/acme takes the encrypted connections for acme\.localhost/,
    ],
    isSaidByEnable: true,
  },
  {
    name: "acme asks for client certificates (auth-tls-secret)",
    ...withAnnotations({ "auth-tls-secret": "acme/authority" }),
    finds: [/^WARNING routes, default, acme: Ingress acme\/acme has the annotation auth-tls-secret\./],
  },
  {
    name: "the controller knows a host of acme's only by an alias (server-alias)",
    put: () => lab.samples.apply(annotated({ "server-alias": "studio.acme.localhost" }, ["acme.localhost"])),
    take: restoreIngress,
    finds: [
      /^WARNING routes, default, acme: Ingress acme\/acme makes studio\.acme\.localhost known by its annotation server-alias\./,
    ],
  },
  {
    name: "a path of acme's is longer than that of an override",
    objects: [
      object("networking.k8s.io/v1", "Ingress", "acme", "long", {
        ingressClassName: "nginx",
        rules: [
          {
            host: "acme.localhost",
            http: { paths: [{ ...ruleFor("acme.localhost", "caddy").http.paths[0], path: `/${"long".repeat(200)}` }] },
          },
        ],
      }),
    ],
    finds: [
      /^PROBLEM routes, default, acme: Ingress acme\/long has a path of acme\.localhost with 512 characters or more/,
    ],
    isSaidByEnable: true,
  },
  {
    name: "a tenant has made a canary on the path of an override",
    objects: [
      canary("canary", {
        host: "acme.localhost",
        http: {
          paths: [
            {
              path: OVERRIDE_PATH,
              pathType: "ImplementationSpecific",
              backend: { service: { name: "caddy", port: { number: 80 } } },
            },
          ],
        },
      }),
    ],
    finds: [/^PROBLEM routes, default, acme: Ingress beta\/canary is a canary of overrides, for acme\.localhost/],
    isSaidByEnable: true,
  },
  {
    name: "the controller's ConfigMap refuses words that every override has",
    objects: [controllerPod(), controllerConfig({ "annotation-value-word-blocklist": "unscheduled" })],
    finds: [
      /^PROBLEM controller, default: ConfigMap ingress-nginx\/of-others has "unscheduled" in annotation-value-word-blocklist/,
      NOT_READY,
    ],
    isSaidByEnable: true,
  },
  {
    name: "the controller's ConfigMap hides headers of the page, and has configuration for every host",
    objects: [controllerPod(), controllerConfig({ "hide-headers": "Retry-After", "server-snippet": "return 418;" })],
    finds: [
      /^WARNING controller, default: ConfigMap ingress-nginx\/of-others has Retry-After in hide-headers\./,
      /^WARNING controller, default: ConfigMap ingress-nginx\/of-others has server-snippet\./,
      NOT_READY,
    ],
    isSaidByEnable: true,
  },
  {
    name: "the controller watches one namespace alone",
    objects: [controllerPod("--watch-namespace=acme")],
    finds: [/^PROBLEM controller, default: The controller in ingress-nginx watches only the namespace acme/, NOT_READY],
  },
  {
    name: "the controller runs in another namespace than the one that the page server lets in",
    objects: [controllerPodIn("kube-system", {})],
    finds: [
      /^WARNING controller, default: The controller in kube-system serves the class nginx, and the page server lets in only requests from ingress-nginx/,
      NOT_READY,
    ],
    isSaidByEnable: true,
  },
  {
    name: "the controller uses the network of its node",
    objects: [controllerPodIn("ingress-nginx", { hostNetwork: true })],
    finds: [/^WARNING controller, default: The controller in ingress-nginx uses its node's network/, NOT_READY],
    isSaidByEnable: true,
  },
  {
    name: "beta is at a second controller, whose class no edge has",
    objects: [
      ingressClass("nginx-internal", "k8s.io/internal-ingress-nginx"),
      object("networking.k8s.io/v1", "Ingress", "beta", "internal", {
        ingressClassName: "nginx-internal",
        rules: [ruleFor("beta.localhost", "caddy")],
      }),
    ],
    finds: [
      /^PROBLEM routes, default, beta: Ingress beta\/internal has beta\.localhost at the class nginx-internal, which no edge of beta has/,
    ],
  },
  {
    name: "the class belongs to another controller",
    objects: [ingressClass("of-f5", "nginx.org/ingress-controller")],
    ...withSetting("edges.default.className", "of-f5", "nginx"),
    finds: [
      /^PROBLEM controller, default: IngressClass of-f5 is served by .*, and not by ingress-nginx/,
      /^PROBLEM routes, default, \w+: Ingress \S+ has .* at the class nginx, which no edge of \w+ has/,
      /^WARNING pulumi preview: changes are pending/,
    ],
  },
  {
    name: "an admission policy refuses a second Ingress for a host",
    objects: POLICY,
    finds: [/^PROBLEM admission, default, acme, beta, gamma: the cluster refuses the override: .*already/],
    isSaidByEnable: true,
  },
  {
    name: "an admission policy changes overrides",
    objects: REWRITING_POLICY,
    finds: [
      /^PROBLEM admission, default, acme, beta, gamma: the cluster would change the override .* at spec\.ingressClassName/,
    ],
    isSaidByEnable: true,
  },
  {
    name: "Traefik answers where ingress-nginx should, and the other way round",
    put: async () => {
      await set("edges.default.address", lab.edges[1]?.url ?? "");
      await set("edges.traefik.address", lab.edge);
    },
    take: async () => {
      await set("edges.default.address", lab.edge);
      await set("edges.traefik.address", lab.edges[1]?.url ?? "");
    },
    finds: [
      /^PROBLEM self-test, default: http:\/\/127\.0\.0\.1:\d+ does not show it/,
      /^PROBLEM self-test, traefik: http:\/\/127\.0\.0\.1:\d+ does not show it/,
    ],
  },
  {
    name: "a route of acme's at Traefik has a higher priority than an override",
    objects: [ingressRoute("rival", "Host(`acme.localhost`)", { priority: 2_000_000_000 })],
    finds: [/^PROBLEM routes, traefik, acme: IngressRoute acme\/rival has a higher priority/],
    isSaidByEnable: true,
  },
  {
    name: "a route for TCP takes acme's encrypted connections at Traefik",
    objects: [
      object("traefik.io/v1alpha1", "IngressRouteTCP", "acme", "passthrough", {
        entryPoints: ["websecure"],
        routes: [{ match: "HostSNI(`acme.localhost`)", services: [{ name: "caddy", port: 80 }] }],
        tls: { passthrough: true },
      }),
    ],
    finds: [/^PROBLEM routes, traefik, acme: IngressRouteTCP acme\/passthrough takes the encrypted connections/],
  },
  {
    name: "acme is at an entry point of Traefik that the edge does not list",
    objects: [ingressRoute("office", "Host(`acme.localhost`)", {}, { entryPoints: ["web", "office"] })],
    finds: [/^PROBLEM routes, traefik, acme: IngressRoute acme\/office has acme\.localhost at the entry point office/],
  },
  {
    name: "Traefik drops routes without pods (allowEmptyServices: false)",
    objects: [labelled(traefikPod(...ENTRY_POINTS, "--providers.kubernetesCRD=true"), TRAEFIK)],
    finds: [
      /^WARNING controller, traefik: Pod traefik\/another: its option providers\.kubernetesCRD\.allowEmptyServices/,
    ],
    isSaidByEnable: true,
  },
  {
    name: "the Gateway's listeners admit routes of their own namespace alone",
    put: () => lab.samples.apply(gateway(LISTENERS.map(({ allowedRoutes: _, ...one }) => one))),
    take: () => lab.samples.apply(gateway()),
    finds: [
      /^PROBLEM controller, gateway-api: Gateway gateways\/edge does not admit routes of the namespace maintenance-pages/,
      /^WARNING controller, gateway-api: Gateway gateways\/edge rejects the HTTPRoute page-server-not-found\.gateway-api/,
      /^PROBLEM self-test, gateway-api: /,
      /^WARNING unknown hosts, gateway-api: /,
    ],
  },
  {
    name: "Envoy Gateway keeps routes in the order in which they were written (preserveRouteOrder)",
    put: () => lab.samples.apply(envoyProxy({ preserveRouteOrder: true })),
    take: () => lab.samples.apply(envoyProxy({ preserveRouteOrder: false })),
    finds: [/^PROBLEM controller, gateway-api: Gateway gateways\/edge keeps routes in the order/],
    isSaidByEnable: true,
  },
  {
    name: "a TLSRoute takes acme's encrypted connections",
    objects: [
      object("gateway.networking.k8s.io/v1", "TLSRoute", "acme", "passthrough", {
        parentRefs: [GATEWAY],
        hostnames: ["acme.localhost"],
        rules: [{ backendRefs: [{ name: "caddy", port: 80 }] }],
      }),
    ],
    finds: [/^PROBLEM routes, gateway-api, acme: TLSRoute acme\/passthrough takes the encrypted connections/],
  },
  {
    name: "a route of acme's is attached to a Gateway that no edge has, too",
    objects: [
      object("gateway.networking.k8s.io/v1", "Gateway", "gateways", "office", {
        gatewayClassName: "eg",
        listeners: LISTENERS.slice(0, 1),
      }),
      object("gateway.networking.k8s.io/v1", "HTTPRoute", "acme", "office", {
        parentRefs: [GATEWAY, { name: "office", namespace: "gateways" }],
        hostnames: hostsOf("acme"),
        rules: [{ backendRefs: [{ name: "caddy", port: 80 }] }],
      }),
    ],
    finds: [
      /^PROBLEM routes, gateway-api, acme: HTTPRoute acme\/office is attached to the listener http of the Gateway gateways\/office, too/,
    ],
  },
  {
    name: "a login stands before everything at the Gateway",
    objects: [LOGIN],
    finds: [
      /^WARNING controller, gateway-api: SecurityPolicy gateways\/login of Gateway gateways\/edge decides about requests/,
      /^PROBLEM self-test, gateway-api: .* answers it with 403/,
      /^WARNING unknown hosts, gateway-api: /,
    ],
  },
  {
    name: "the stack says that the Gateway is of another implementation",
    ...withSetting("edges.gateway-api.implementation", "istio"),
    finds: [
      /^PROBLEM controller, gateway-api: Gateway gateways\/edge is served by envoy-gateway/,
      /^PROBLEM pulumi preview: /,
    ],
  },
  {
    name: "a host has a route in acme's namespace, and no owner",
    objects: [
      object("gateway.networking.k8s.io/v1", "HTTPRoute", "acme", "shop", {
        parentRefs: [GATEWAY],
        hostnames: ["shop.acme.localhost"],
        rules: [{ backendRefs: [{ name: "caddy", port: 80 }] }],
      }),
    ],
    finds: [
      /^WARNING registry, .*in the namespace of acme, and owned by no instance: shop\.acme\.localhost \(HTTPRoute acme\/shop\)/,
    ],
  },
  {
    name: "beta has no route at any edge",
    put: () => lab.samples.deleteIngress("beta"),
    take: () => lab.samples.createIngress("beta"),
    finds: [/^WARNING registry, .*no route leads to beta\.localhost/],
  },
  {
    name: "acme has a host without an address in DNS, and without a route",
    ...withSetting(
      "instances",
      JSON.stringify({ acme: { hosts: [...hostsOf("acme"), "missing.example.org"] }, beta: {}, gamma: {} }),
      JSON.stringify(SAMPLES),
    ),
    finds: [/^WARNING DNS, .*no such name in DNS: missing\.example\.org/, /^WARNING registry, .*missing\.example\.org/],
  },
  {
    name: "a change is pending that is no maintenance",
    ...withSetting("retryAfter", "600"),
    finds: [/^WARNING pulumi preview: changes are pending that are no maintenance/],
  },
  {
    name: "the stack names another cluster than the kubeconfig",
    put: () => set("kubernetes.clusterName", "another"),
    take: () => set("kubernetes.clusterName", lab.cluster.clusterName),
    finds: [/^PROBLEM cluster: /, /^PROBLEM pulumi preview: /],
  },
  {
    name: "somebody has scaled the page server to one pod",
    put: () => pods.scale(1).then(() => pods.untilReady(1)),
    take: () => pods.scale(2).then(() => pods.untilReady()),
    finds: [/^WARNING page server: 1 of 2 pods of the page server are ready/],
  },
  {
    name: "new pods of the page server can't reach the bucket",
    put: () => lab.cluster.objectStore.stop().then(renewPods),
    take: () => lab.cluster.objectStore.start().then(renewPods),
    finds: [UNREAD, /^UNKNOWN bucket, read from here: .* can't be reached from this computer/],
  },
  {
    name: "the bucket's policy is gone, and nobody may read the pages",
    put: () => store.send(new DeleteBucketPolicyCommand(BUCKET)).then(renewPods),
    take: () => restorePolicy().then(renewPods),
    finds: [UNREAD, /^PROBLEM bucket, read from here: .* answers 403, and the page server can't read it either/],
  },
  {
    name: "anybody may list the bucket",
    put: () => store.send(new PutBucketPolicyCommand({ ...BUCKET, Policy: policyThatLists() })),
    take: () => restorePolicy(),
    finds: [/^WARNING bucket's list: anybody can list the bucket maintenance-pages/],
  },
  {
    name: "the store has a certificate that the page server does not trust",
    // Traefik's own, of no authority. It has no pages, but nothing of it is read without trust.
    put: () => set("bucket.readUrl", `https://${EDGE_ADDRESS}:9443/maintenance-pages`).then(() => lab.stack.up()),
    take: () =>
      set("bucket.readUrl", `${lab.cluster.objectStore.endpointInCluster}/maintenance-pages`).then(() =>
        lab.stack.up(),
      ),
    finds: [UNREAD],
  },
];

describe("a fault of somebody else's is found, named and explained", () => {
  it.each(FAULTS)("$name", async ({ name, objects = [], put, take, finds, isSaidByEnable }) => {
    await put?.();
    for (const one of objects) await lab.samples.apply(one);
    try {
      const isComplete = (lines: readonly string[]) =>
        finds.every((text) => lines.some((one) => text.test(one))) &&
        lines.every((one) => finds.some((text) => text.test(one)));
      const findings = await foundWhen((some) => some.length > 0 && isComplete(some.map(line)));
      const lines = findings.map(line);
      console.log(`${name}\n  ${lines.join("\n  ")}`);
      expect(lines.filter((one) => !finds.some((text) => text.test(one)))).toStrictEqual([]);
      for (const text of finds) expect(lines).toContainEqual(expect.stringMatching(text));
      examples.push(`### ${name[0]?.toUpperCase()}${name.slice(1)}`, "", ...lines.map((one) => `- ${one}`), "");
      if (isSaidByEnable) {
        const { code, output } = await type("enable", "acme"); // there is nobody who could say yes
        expect(code, output).toBe(EXIT.refused);
        // What stops it is all that it says then.
        const problems = findings.filter(({ result }) => result === "problem");
        for (const { text } of problems.length > 0 ? problems : findings) expect(output).toContain(text);
      }
    } finally {
      for (const one of [...objects].reverse()) await lab.samples.delete(one);
      await take?.();
    }
  });

  it("but not a login at the Gateway, where overrides have the policy of docs/gateway-api.md", async () => {
    const document = readFileSync(join(PROJECT, "docs", "gateway-api.md"), "utf8");
    const [, policy = ""] = /```yaml\n(apiVersion: gateway\.envoyproxy\.io[^`]*)```/.exec(document) ?? [];
    const objects = [LOGIN, parse(policy) as KubernetesObject];
    for (const one of objects) await lab.samples.apply(one);
    try {
      await untilAnswer(
        () => visit(lab.edges[2]?.url ?? "", "acme.localhost"),
        ({ status }) => status === 403,
        30,
      );
      expect((await foundWhen((findings) => findings.length === 0)).map(line)).toStrictEqual([]);
    } finally {
      for (const one of objects) await lab.samples.delete(one);
    }
  });

  it("and all is ok again", async () => {
    expect((await foundWhen((findings) => findings.length === 0)).map(line)).toStrictEqual([]);
  });
});

describe("an account that is not the administrator", () => {
  const roles = parseAllDocuments(readFileSync(join(PROJECT, "docs", "kubernetes-roles.yaml"), "utf8")).map(
    (document) => document.toJS() as KubernetesObject,
  );
  const nobody: KubernetesObject = {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name: "nobody", namespace: "maintenance-pages" },
  };
  beforeAll(async () => {
    for (const manifest of [...roles, nobody]) await lab.samples.apply(manifest);
  });
  afterAll(async () => {
    for (const manifest of [...roles, nobody].reverse()) await lab?.samples.delete(manifest);
  });

  /** What a check by this account finds that is not ok. */
  const foundBy = async (account: string) => {
    const file = join(PROJECT, ".local", `${account}.kubeconfig`);
    writeFileSync(file, await lab.samples.kubeconfigOf(account), { mode: 0o600 });
    try {
      const { stdout, output } = await lab.stack.tryMaintenanceIn({ KUBECONFIG: file }, "check", "--json");
      expect(stdout, output).toMatch(/^\[/);
      return (JSON.parse(stdout) as readonly Finding[]).filter(({ result }) => result !== "ok").map(line);
    } finally {
      rmSync(file, { force: true });
    }
  };

  it("finds nothing but ok with the rights of a pipeline's `up`", async () => {
    expect(await foundBy("up")).toStrictEqual([]);
  });

  it("says that an account with the rights of a preview may only look", async () => {
    const lines = await foundBy("preview");
    const [rights, ...admission] = lines;
    expect(rights).toMatch(/^WARNING rights: this account may only look/);
    expect(admission).not.toStrictEqual([]);
    for (const one of admission) expect(one).toMatch(/^UNKNOWN admission, .*: this account may not try it/);
  });

  it("names the missing rights, and what could not be checked", async () => {
    const lines = await foundBy("nobody");
    expect(lines).toContainEqual(expect.stringMatching(/^PROBLEM rights: this account may not: /));
    expect(lines).toContainEqual(expect.stringMatching(/^UNKNOWN /));
  });
});

testAdmissionPolicy(() => lab);

it("docs/check-examples.md is what it said", async () => {
  const text = [
    "# What `check` says",
    "",
    "Written by test/e2e/check.test.ts, on a cluster with ingress-nginx, Traefik and Envoy Gateway. [check.md](check.md) explains it.",
    "",
    ...examples,
  ].join("\n");
  // What is another one in each run, or with each change of the page server's configuration.
  const same = text
    .replaceAll(/127\.0\.0\.1:\d+/g, "127.0.0.1:…")
    .replaceAll(/\bpage-server-[0-9a-f]+-[a-z0-9]{5}\b/g, "page-server-…")
    .replaceAll(/\bpage-server-nginx-[0-9a-f]{10}\b/g, "page-server-nginx-…")
    .replaceAll(/(?:read|connect) ECONNRESET(?: 127\.0\.0\.1:…)?/g, "ECONNRESET");
  await expect(same).toMatchFileSnapshot(join(PROJECT, "docs", "check-examples.md"));
});
