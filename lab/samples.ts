import { KubeConfig, type KubernetesObject } from "@kubernetes/client-node";
import { z } from "zod";
import { messageOf } from "../model/problems";
import { Kube } from "./cluster/kube";
import { GATEWAY } from "./edges/gateway-api/objects";

/** A path of certificate renewal: what the override leaves to the instance, and so tells how the instance itself is. */
export const CHALLENGE = "/.well-known/acme-challenge/token";

/** The instances that the local cluster has: small web servers that say their own name. The last has client pages. */
export const SAMPLES = ["acme", "beta", "gamma"] as const;

export type Sample = (typeof SAMPLES)[number];

/** The hosts of an instance, as the local stack's `hostPatterns` say. */
export const HOST_PATTERNS = ["{instance}.localhost", "studio.{instance}.localhost"] as const;

export function hostsOf(sample: Sample): readonly string[] {
  return HOST_PATTERNS.map((pattern) => pattern.replace("{instance}", sample));
}

/** The name of what the lab makes for the whole cluster. */
const NAME = "maintenance-pages-samples";

/** Every kind of object that the program makes. */
const KINDS = [
  ["v1", "Namespace"],
  ["v1", "ConfigMap"],
  ["v1", "Service"],
  ["apps/v1", "Deployment"],
  ["policy/v1", "PodDisruptionBudget"],
  ["networking.k8s.io/v1", "NetworkPolicy"],
  ["networking.k8s.io/v1", "Ingress"],
  ["traefik.io/v1alpha1", "IngressRoute"],
  ["traefik.io/v1alpha1", "Middleware"],
  ["gateway.networking.k8s.io/v1", "HTTPRoute"],
  ["gateway.envoyproxy.io/v1alpha1", "BackendTrafficPolicy"],
  ["admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy"],
  ["admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding"],
] as const;

/** Groups of types that not every cluster has: those of an edge, and the policies, which are new in Kubernetes 1.30. */
const NOT_EVERYWHERE = [
  "traefik.io",
  "gateway.networking.k8s.io",
  "gateway.envoyproxy.io",
  "admissionregistration.k8s.io",
] as const;

const routeSchema = z.object({
  metadata: z.object({ name: z.string() }),
  spec: z.object({ hostnames: z.array(z.string()).default([]) }),
});

/** The cluster's API, for what somebody would do with kubectl. */
export class Samples {
  private hasRoutes = false;

  constructor(
    private readonly kube: Kube,
    private readonly image: string,
  ) {}

  /** Creates the samples; does not wait for their pods. */
  async deploy(): Promise<void> {
    for (const sample of SAMPLES) {
      for (const manifest of [...serverOf(sample, this.image, 1), ingressOf(sample)]) await this.apply(manifest);
    }
  }

  /** Creates the samples' HTTPRoutes beside their Ingresses, in a cluster that has the types of Gateway API. */
  async deployRoutes(): Promise<void> {
    this.hasRoutes = true;
    for (const manifest of SAMPLES.flatMap(routesOf)) await this.apply(manifest);
  }

  /**
   * Has the cluster change what is written to a namespace's Deployments, as a mirror of registries or an autopilot does.
   *
   * @param values what is there after each write, by JSON pointer.
   * @returns what was made for it, to be deleted again.
   */
  async mutate(
    namespace: string,
    values: readonly { readonly path: string; readonly value: string }[],
  ): Promise<readonly KubernetesObject[]> {
    const metadata = { name: NAME };
    const patches = values.map(({ path, value }) => `JSONPatch{op: "replace", path: "${path}", value: "${value}"}`);
    const deployments = {
      apiGroups: ["apps"],
      apiVersions: ["v1"],
      operations: ["CREATE", "UPDATE"],
      resources: ["deployments"],
    };
    const policy = {
      apiVersion: "admissionregistration.k8s.io/v1beta1",
      kind: "MutatingAdmissionPolicy",
      metadata,
      spec: {
        matchConstraints: {
          resourceRules: [deployments],
          namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
        },
        failurePolicy: "Fail",
        reinvocationPolicy: "Never",
        mutations: [{ patchType: "JSONPatch", jsonPatch: { expression: `[${patches.join(", ")}]` } }],
      },
    };
    const binding = {
      apiVersion: policy.apiVersion,
      kind: "MutatingAdmissionPolicyBinding",
      metadata,
      spec: { policyName: NAME },
    };
    for (const manifest of [policy, binding]) await this.apply(manifest);
    return [binding, policy];
  }

  /** Sets the number of an instance's pods. */
  async scale(sample: Sample, pods: number): Promise<void> {
    for (const manifest of serverOf(sample, this.image, pods)) await this.apply(manifest);
  }

  /** Takes an instance's way in away: its Ingress, and its HTTPRoutes where there are any. */
  async deleteIngress(sample: Sample): Promise<void> {
    for (const manifest of this.waysTo(sample)) await this.kube.objects.delete(manifest);
  }

  async createIngress(sample: Sample): Promise<void> {
    for (const manifest of this.waysTo(sample)) await this.apply(manifest);
  }

  private waysTo(sample: Sample): readonly KubernetesObject[] {
    return [ingressOf(sample), ...(this.hasRoutes ? routesOf(sample) : [])];
  }

  /** Creates or changes an object. Errors carry what the API server or an admission webhook said. */
  async apply(manifest: KubernetesObject): Promise<void> {
    await this.kube.apply(manifest);
  }

  async delete(manifest: KubernetesObject): Promise<void> {
    await this.kube.objects.delete(manifest);
  }

  /** Changes an object as somebody would with `kubectl edit`. */
  async edit(kind: string, namespace: string, name: string, change: (text: string) => string): Promise<void> {
    const [apiVersion = ""] = KINDS.find(([, known]) => known === kind) ?? [];
    const found = await this.kube.objects.read({ apiVersion, kind, metadata: { name, namespace } });
    await this.kube.objects.replace(JSON.parse(change(JSON.stringify(found))) as KubernetesObject);
  }

  /** Sets fields of an object as somebody would with `kubectl patch --type merge`, and leaves its other fields. */
  async patch(fields: KubernetesObject): Promise<void> {
    await this.kube.merge(fields);
  }

  /** What the cluster says if it refuses an object; `undefined` if it admits it. It keeps nothing. */
  async refusalOf(manifest: KubernetesObject): Promise<string | undefined> {
    try {
      await this.kube.tryApply(manifest);
      return undefined;
    } catch (error) {
      return messageOf(error);
    }
  }

  /** The same API, for a service account. */
  async as(account: string, namespace: string): Promise<Samples> {
    const config = new KubeConfig();
    config.loadFromString(await this.kubeconfigOf(account, namespace));
    return new Samples(new Kube(config), this.image);
  }

  /**
   * A kubeconfig's text for a service account.
   *
   * @param namespace the account's. @default this project's
   */
  async kubeconfigOf(account: string, namespace = "maintenance-pages"): Promise<string> {
    const token = await this.tokenOf(account, namespace);
    const config = new KubeConfig();
    config.loadFromString(this.kube.config.exportConfig());
    config.users = config.users.map(({ name }) => ({ name, token }));
    return config.exportConfig();
  }

  private async tokenOf(account: string, namespace: string): Promise<string> {
    const request = { name: account, namespace, body: { spec: { audiences: [] } } };
    const { status } = await this.kube.core.createNamespacedServiceAccountToken(request);
    return status?.token ?? "";
  }

  /** A token of somebody who may do everything, and is not the one who made the cluster. */
  async administratorToken(): Promise<string> {
    const [name, namespace] = ["administrator", "default"] as const;
    await this.apply({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace } });
    const rbac = "rbac.authorization.k8s.io";
    const binding = {
      apiVersion: `${rbac}/v1`,
      kind: "ClusterRoleBinding",
      metadata: { name: NAME },
      roleRef: { apiGroup: rbac, kind: "ClusterRole", name: "cluster-admin" },
      subjects: [{ kind: "ServiceAccount", name, namespace }],
    };
    await this.apply(binding);
    return this.tokenOf(name, namespace);
  }

  /** The pods of a namespace, as the API tells of them. */
  async pods(namespace: string): Promise<readonly KubernetesObject[]> {
    return (await this.kube.objects.list("v1", "Pod", namespace)).items;
  }

  /** The images of a namespace's pods that are there to stay. */
  async imagesOf(namespace: string): Promise<readonly string[]> {
    const { items } = await this.kube.core.listNamespacedPod({ namespace });
    return items
      .filter(({ metadata }) => metadata?.deletionTimestamp === undefined)
      .flatMap(({ spec }) => spec?.containers.map(({ image = "" }) => image) ?? []);
  }

  /** The names of a namespace's pods that are there to stay. */
  async podsOf(namespace: string): Promise<readonly string[]> {
    return (await this.pods(namespace))
      .filter(({ metadata }) => metadata?.deletionTimestamp === undefined)
      .map(({ metadata }) => metadata?.name ?? "");
  }

  /** What carries the label `app.kubernetes.io/part-of` with this value, in any namespace. */
  async left(partOf: string): Promise<readonly string[]> {
    const found: string[] = [];
    for (const [apiVersion, kind] of KINDS) {
      const items = await this.list(apiVersion, kind, undefined, `app.kubernetes.io/part-of=${partOf}`);
      found.push(...items.map(({ metadata }) => `${kind} ${metadata?.name}`));
    }
    return found;
  }

  /** The HTTPRoutes of a namespace, with the hosts that they take; none in a cluster without their type. */
  async hostnamesOfRoutes(
    namespace: string,
  ): Promise<readonly { readonly name: string; readonly hostnames: readonly string[] }[]> {
    const routes = await this.list("gateway.networking.k8s.io/v1", "HTTPRoute", namespace);
    return routes.map((route) => {
      const { metadata, spec } = routeSchema.parse(route);
      return { name: metadata.name, hostnames: spec.hostnames };
    });
  }

  private async list(
    apiVersion: string,
    kind: string,
    namespace?: string,
    selector?: string,
  ): Promise<readonly KubernetesObject[]> {
    const none = undefined;
    try {
      return (await this.kube.objects.list(apiVersion, kind, namespace, none, none, none, none, selector)).items;
    } catch (error) {
      const mayMiss = NOT_EVERYWHERE.some((group) => apiVersion.startsWith(`${group}/`));
      if (mayMiss && /unrecognized|404/i.test(messageOf(error))) return [];
      throw error;
    }
  }

  /** Removes the samples with their namespaces. */
  async remove(): Promise<void> {
    for (const sample of SAMPLES) await this.kube.objects.delete(namespaceOf(sample)).catch(() => undefined);
  }
}

function namespaceOf(sample: Sample) {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name: sample } };
}

// Answers everything: any method, any size, every path with the instance's name and the path.
const configuration = (sample: Sample) => `pid /tmp/nginx.pid;
error_log /dev/stderr warn;
events {}
http {
  access_log off;
  client_max_body_size 0;
  client_body_temp_path /tmp/body;
  proxy_temp_path /tmp/proxy;
  fastcgi_temp_path /tmp/fastcgi;
  uwsgi_temp_path /tmp/uwsgi;
  scgi_temp_path /tmp/scgi;
  server {
    listen 8000;
    default_type text/plain;
    # What an application may say itself.
${[404, 500, 502, 503].map((status) => `    location = /own/${status} { return ${status} "this is ${sample}: its own ${status}\\n"; }`).join("\n")}
    location = /hang-up { return 444; }
    location = /slow {
      resolver 127.0.0.1:1; # nobody is there, so the name is waited for
      resolver_timeout 30s;
      set $nobody nobody.invalid;
      proxy_pass http://$nobody;
    }
    location / { return 200 "this is ${sample}: $request_method $uri\\n"; }
  }
}
`;

function serverOf(sample: Sample, image: string, replicas: number): readonly KubernetesObject[] {
  const metadata = { name: "caddy", namespace: sample };
  const labels = { "app.kubernetes.io/name": "caddy" };
  const manifests = [
    namespaceOf(sample),
    { apiVersion: "v1", kind: "ConfigMap", metadata, data: { "nginx.conf": configuration(sample) } },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata,
      spec: { selector: labels, ports: [{ name: "http", port: 80, targetPort: 8000 }] },
    },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata,
      spec: {
        replicas,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            containers: [
              {
                name: "web",
                image,
                command: ["nginx", "-c", "/etc/sample/nginx.conf", "-g", "daemon off;"],
                readinessProbe: { httpGet: { path: "/", port: 8000 }, periodSeconds: 1 },
                // Until the controller asks it no longer: it would wait for the answer of an address that is gone.
                lifecycle: { preStop: { exec: { command: ["/bin/sleep", "2"] } } },
                volumeMounts: [{ name: "configuration", mountPath: "/etc/sample" }],
              },
            ],
            volumes: [{ name: "configuration", configMap: { name: "caddy" } }],
          },
        },
      },
    },
  ];
  return manifests;
}

/**
 * The Ingress that Tutor and Grove would make: every host, path `/`, to the instance's Caddy.
 *
 * @param className its ingress class, which another controller may have.
 */
export function ingressOf(sample: Sample, className = "nginx") {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: {
      name: className === "nginx" ? sample : `${sample}-${className}`,
      namespace: sample,
      // A visitor of the slow path gets the 504 after 2 s, not after a minute.
      annotations: { "nginx.ingress.kubernetes.io/proxy-read-timeout": "2" },
    },
    spec: { ingressClassName: className, rules: hostsOf(sample).map((host) => ruleFor(host, "caddy")) },
  };
}

/** A rule for every path of a host. */
export function ruleFor(host: string, service: string) {
  return {
    host,
    http: { paths: [{ path: "/", pathType: "Prefix", backend: { service: { name: service, port: { number: 80 } } } }] },
  };
}

/** A path of 200 characters. */
export const LONG_PATH = "/long-path".repeat(20);

/** The HTTPRoutes of an instance: every path to its Caddy, as its Ingress has it, and for acme alone what is hard to take over. */
export function routesOf(sample: Sample): readonly KubernetesObject[] {
  const route = (name: string, matches: readonly object[]) => ({
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "HTTPRoute",
    metadata: { name, namespace: sample },
    spec: {
      parentRefs: [GATEWAY],
      hostnames: hostsOf(sample),
      // A rule for each, as an application that gives them their own timeouts has.
      rules: matches.map((match) => ({ matches: [match], backendRefs: [{ name: "caddy", port: 80 }] })),
    },
  });
  const prefix = (value: string) => ({ path: { type: "PathPrefix", value } });
  const exact = (value: string) => ({ path: { type: "Exact", value } });
  const simple = route(sample, [prefix("/")]);
  if (sample !== "acme") return [simple];
  return [
    simple,
    route("acme-special", [
      prefix(LONG_PATH),
      exact("/exact"),
      exact("/exact/deeper"),
      { ...prefix("/"), headers: [{ name: "x-beta", value: "yes" }] },
      { ...exact("/submit"), method: "POST" },
      { ...prefix("/"), queryParams: [{ name: "beta", value: "yes" }] },
    ]),
  ];
}
