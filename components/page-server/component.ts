import { createHash } from "node:crypto";
import { basename } from "node:path";
import { Deployment } from "@pulumi/kubernetes/apps/v1/deployment.js";
import { ConfigMap } from "@pulumi/kubernetes/core/v1/configMap.js";
import { Namespace } from "@pulumi/kubernetes/core/v1/namespace.js";
import { Service } from "@pulumi/kubernetes/core/v1/service.js";
import { NetworkPolicy } from "@pulumi/kubernetes/networking/v1/networkPolicy.js";
import { PodDisruptionBudget } from "@pulumi/kubernetes/policy/v1/podDisruptionBudget.js";
import * as pulumi from "@pulumi/pulumi";
import type { Instance } from "../../model/instances";
import type { PageObject } from "../../pages/render";
import { podResources } from "../../settings/pod-resources";
import type { PageServerSettings } from "../../settings/schema";
import type { Edge, ServicePort } from "../edges/edge";
import { labels, NOT_AWAITED, OURS, selector } from "../names";
import { BYPASS_PORT, PAGE_SERVER, SERVICE_PORTS } from "./contract";
import { CERTIFICATE_AUTHORITY, nginxConfiguration, PATHS, PORTS } from "./model";
import { START } from "./start";

export interface PageServerArgs {
  readonly pageServer: PageServerSettings;
  /** The edges from which requests come. */
  readonly edges: readonly Pick<Edge, "source" | "ports">[];
  /** The URL above the pages' objects, without a slash at the end. */
  readonly pagesUrl: string;
  /** The certificate authority of the bucket's store, in PEM, if it is a private one. */
  readonly certificateAuthority: string | undefined;
  /** The pages that are stored in the cluster, for when the bucket can't be reached. */
  readonly embeddedPages: readonly PageObject[];
  /** The value of Retry-After when the end of the window is not known, in seconds. */
  readonly retryAfter: number;
  /** The languages of the pages, the default language first. */
  readonly languages: readonly string[];
  /** The instances whose pages differ from the shared ones. */
  readonly clients: readonly Pick<Instance, "name" | "hosts">[];
  /** The hosts of all other instances. */
  readonly otherHosts: readonly string[];
  /** The mark that distinguishes this stack's answers from those of another stack. */
  readonly mark: string;
  /** Whether Pulumi refuses to delete or replace the namespace, the Service and the Deployment. */
  readonly protect: boolean;
}

// The user of the official image (https://github.com/nginx/docker-nginx-unprivileged). It is a number, so that the kubelet can
// check that it is not root.
const USER = 101;

/**
 * The page server: an nginx in the cluster. It answers with the right status, and with the page from the bucket or from its own
 * copy. A bucket alone would answer 200.
 *
 * @example
 * new PageServer("page-server", { pageServer, edges, pagesUrl, embeddedPages, retryAfter: 300, languages: ["en"], clients: [], mark, protect: true });
 */
export class PageServer extends pulumi.ComponentResource {
  /**
   * The Service with the ports `not-found` (first, as the controller requires) and `maintenance`. The controller must come after
   * it: it exits at its start when its default backend's Service is missing.
   */
  readonly service: Service;
  /** The pods. Resources that send visitors here wait for them. */
  readonly deployment: Deployment;
  private readonly name: string;
  private readonly namespace: string;

  constructor(name: string, args: PageServerArgs, options: pulumi.ComponentResourceOptions) {
    super("maintenance-pages:index:PageServer", name, {}, options);
    this.name = name;
    this.namespace = args.pageServer.namespace;

    const namespace = this.createNamespace(args);
    this.service = this.createService(args, namespace);
    const configuration = this.createConfiguration(args, namespace);
    const embeddedPages = this.createEmbeddedPages(args, namespace);
    this.deployment = this.createDeployment(args, configuration, embeddedPages);
    this.createDisruptionBudget(namespace);
    this.createNetworkPolicy(args, namespace);
    this.registerOutputs({});
  }

  private createNamespace({ protect }: PageServerArgs): Namespace {
    return new Namespace(
      `${this.name}-namespace`,
      {
        metadata: {
          name: this.namespace,
          labels: { ...labels(PAGE_SERVER), "pod-security.kubernetes.io/enforce": "restricted" },
          annotations: { ...OURS },
        },
      },
      { parent: this, protect },
    );
  }

  private createService({ edges, protect }: PageServerArgs, namespace: Namespace): Service {
    return new Service(
      `${this.name}-service`,
      {
        metadata: {
          ...this.metadata(PAGE_SERVER),
          // Otherwise Pulumi would wait for the pods' addresses. But the pods come after the Service.
          annotations: { ...OURS, ...NOT_AWAITED },
        },
        spec: {
          selector: selector(PAGE_SERVER),
          ports: [
            { ...SERVICE_PORTS.notFound, targetPort: SERVICE_PORTS.notFound.name },
            { ...SERVICE_PORTS.maintenance, targetPort: SERVICE_PORTS.maintenance.name },
            ...portsOf(edges).map((port) => ({ ...port, targetPort: BYPASS_PORT })),
          ],
        },
      },
      { parent: this, protect, dependsOn: [namespace] },
    );
  }

  /**
   * The name contains a digest of the configuration, and the ConfigMap never changes. So a pod that restarts during a rollout still
   * reads its own configuration, and a new configuration causes a rollout.
   */
  private createConfiguration(args: PageServerArgs, namespace: Namespace): ConfigMap {
    const { certificateAuthority } = args;
    const text = nginxConfiguration({ ...args, hasCertificateAuthority: certificateAuthority !== undefined });
    const data = {
      "nginx.conf": text,
      ...(certificateAuthority === undefined ? {} : { [CERTIFICATE_AUTHORITY]: certificateAuthority }),
    };
    const digest = createHash("sha256").update(Object.values(data).join("")).digest("hex").slice(0, 10);
    return new ConfigMap(
      `${this.name}-nginx-${digest}`,
      { metadata: this.metadata(`${PAGE_SERVER}-nginx-${digest}`), immutable: true, data },
      { parent: this, dependsOn: [namespace] },
    );
  }

  /** Changed in place: the kubelet updates the pages in the running pods. A new text restarts nothing. */
  private createEmbeddedPages({ embeddedPages }: PageServerArgs, namespace: Namespace): ConfigMap {
    return new ConfigMap(
      `${this.name}-pages`,
      {
        metadata: this.metadata(`${PAGE_SERVER}-pages`),
        data: Object.fromEntries(embeddedPages.map(({ key, body }) => [basename(key), body])),
      },
      { parent: this, dependsOn: [namespace] },
    );
  }

  private createDeployment(args: PageServerArgs, configuration: ConfigMap, embeddedPages: ConfigMap): Deployment {
    const probe = { httpGet: { path: "/healthz", port: "health" }, timeoutSeconds: 2 };
    return new Deployment(
      `${this.name}-deployment`,
      {
        metadata: this.metadata(PAGE_SERVER),
        spec: {
          replicas: args.pageServer.replicas,
          selector: { matchLabels: selector(PAGE_SERVER) },
          // The new pod is ready before an old one stops, so there is always a pod that answers.
          strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
          template: {
            metadata: { labels: labels(PAGE_SERVER) },
            spec: {
              ...schedulingOf(args.pageServer.pod),
              automountServiceAccountToken: false,
              enableServiceLinks: false,
              securityContext: {
                runAsNonRoot: true,
                runAsUser: USER,
                runAsGroup: USER,
                seccompProfile: { type: "RuntimeDefault" },
              },
              topologySpreadConstraints: [
                {
                  maxSkew: 1,
                  topologyKey: "kubernetes.io/hostname",
                  // On a cluster with one node, both pods run there. Otherwise one of them would not run.
                  whenUnsatisfiable: "ScheduleAnyway",
                  labelSelector: { matchLabels: selector(PAGE_SERVER) },
                },
              ],
              containers: [
                {
                  name: "nginx",
                  image: args.pageServer.image,
                  command: ["/bin/sh", "-c", START],
                  ports: [
                    { name: SERVICE_PORTS.notFound.name, containerPort: PORTS.notFound },
                    { name: SERVICE_PORTS.maintenance.name, containerPort: PORTS.maintenance },
                    { name: BYPASS_PORT, containerPort: PORTS.bypass },
                    { name: "health", containerPort: PORTS.health },
                  ],
                  startupProbe: { ...probe, periodSeconds: 1, failureThreshold: 30 },
                  readinessProbe: { ...probe, periodSeconds: 5, failureThreshold: 2 },
                  livenessProbe: { ...probe, periodSeconds: 10, failureThreshold: 3 },
                  // The controller learns later than the kubelet that a pod stops. The pod still answers meanwhile.
                  lifecycle: { preStop: { exec: { command: ["/bin/sleep", "5"] } } },
                  resources: podResources(args.pageServer.pod.resources),
                  securityContext: {
                    allowPrivilegeEscalation: false,
                    readOnlyRootFilesystem: true,
                    capabilities: { drop: ["ALL"] },
                  },
                  volumeMounts: [
                    { name: "configuration", mountPath: PATHS.configuration, readOnly: true },
                    { name: "embedded-pages", mountPath: PATHS.embeddedPages, readOnly: true },
                    { name: "scratch", mountPath: PATHS.scratch },
                  ],
                },
              ],
              volumes: [
                { name: "configuration", configMap: { name: configuration.metadata.name } },
                { name: "embedded-pages", configMap: { name: embeddedPages.metadata.name } },
                { name: "scratch", emptyDir: { sizeLimit: "256Mi" } },
              ],
            },
          },
        },
      },
      { parent: this, protect: args.protect },
    );
  }

  private createDisruptionBudget(namespace: Namespace): PodDisruptionBudget {
    return new PodDisruptionBudget(
      `${this.name}-disruption-budget`,
      {
        metadata: this.metadata(PAGE_SERVER),
        spec: { minAvailable: 1, selector: { matchLabels: selector(PAGE_SERVER) } },
      },
      { parent: this, dependsOn: [namespace] },
    );
  }

  /** In: the controllers of the edges, on the visitors' ports. Out: DNS, and the bucket. The kubelet's probes need no rule. */
  private createNetworkPolicy(args: PageServerArgs, namespace: Namespace): NetworkPolicy {
    const sources = sourcesOf(args.edges);
    return new NetworkPolicy(
      `${this.name}-network-policy`,
      {
        metadata: this.metadata(PAGE_SERVER),
        spec: {
          podSelector: { matchLabels: selector(PAGE_SERVER) },
          policyTypes: ["Ingress", "Egress"],
          ingress: [
            {
              ports: [{ port: PORTS.notFound }, { port: PORTS.maintenance }, { port: PORTS.bypass }],
              // A controller on the host's network has the address of its node. No selector can match that.
              ...(sources === undefined ? {} : { from: sources }),
            },
          ],
          egress: [
            {
              ports: [
                { port: 53, protocol: "UDP" },
                { port: 53, protocol: "TCP" },
              ],
            },
            egressTo(args.pagesUrl),
          ],
        },
      },
      { parent: this, dependsOn: [namespace] },
    );
  }

  private metadata(name: string) {
    return { name, namespace: this.namespace, labels: labels(PAGE_SERVER), annotations: { ...OURS } };
  }
}

/** The ports for the edges, without duplicates: two edges of one kind use the same ports. */
function portsOf(edges: PageServerArgs["edges"]): readonly ServicePort[] {
  return [...new Map(edges.flatMap(({ ports }) => ports).map((port) => [port.name, port])).values()];
}

/** The selectors of the controllers' pods; `undefined` when a controller has the address of its node. */
function sourcesOf(edges: PageServerArgs["edges"]) {
  const namespaces = new Set<string>();
  for (const { source } of edges) {
    if (source === "nodes") return undefined;
    namespaces.add(source.namespace);
  }
  return [...namespaces].map((name) => ({
    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": name } },
  }));
}

/** The part of a pod's specification that decides where it runs. */
function schedulingOf({ imagePullSecrets, ...pod }: PageServerSettings["pod"]) {
  const { tolerations, nodeSelector, affinity, priorityClassName } = pod;
  return {
    ...(tolerations === undefined ? {} : { tolerations }),
    ...(nodeSelector === undefined ? {} : { nodeSelector }),
    ...(affinity === undefined ? {} : { affinity }),
    ...(priorityClassName === undefined ? {} : { priorityClassName }),
    ...(imagePullSecrets === undefined ? {} : { imagePullSecrets: imagePullSecrets.map((name) => ({ name })) }),
  };
}

/**
 * The rule for the bucket. For a Service of this cluster it has no port: a rule applies to the pods' port, which may differ from the
 * Service's (https://kubernetes.io/docs/concepts/services-networking/network-policies/).
 */
function egressTo(pagesUrl: string) {
  const { hostname, port, protocol } = new URL(pagesUrl);
  const [, namespace] = /\.([^.]+)\.svc\./.exec(hostname) ?? [];
  if (namespace !== undefined) {
    return { to: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } } }] };
  }
  return { ports: [{ port: port === "" ? (protocol === "https:" ? 443 : 80) : Number(port), protocol: "TCP" }] };
}
