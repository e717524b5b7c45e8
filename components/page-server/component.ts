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
import type { PageServerSettings } from "../../settings/schema";
import type { Edge, ServicePort } from "../edges/edge";
import { labels, NOT_AWAITED, OURS, selector } from "../names";
import { BYPASS_PORT, PAGE_SERVER, SERVICE_PORTS } from "./contract";
import { nginxConfiguration, PATHS, PORTS } from "./model";

export interface PageServerArgs {
  readonly pageServer: PageServerSettings;
  /** The edges from which requests come. */
  readonly edges: readonly Pick<Edge, "source" | "ports">[];
  /** Where the pages' objects are read, without a slash at the end. */
  readonly pagesUrl: string;
  /** The pages to keep in the cluster for when the bucket can't be reached. */
  readonly embeddedPages: readonly PageObject[];
  /** Retry-After where no window's end is known, in seconds. */
  readonly retryAfter: number;
  /** The languages of the pages, the default language first. */
  readonly languages: readonly string[];
  /** The instances whose pages differ from the shared ones. */
  readonly clients: readonly Pick<Instance, "name" | "hosts">[];
  /** What the pages are marked with, to tell this stack's from another's. */
  readonly mark: string;
  /** Whether Pulumi refuses to delete or replace what answers visitors: the namespace, the Service and the Deployment. */
  readonly protect: boolean;
}

// The official image's user (https://github.com/nginx/docker-nginx-unprivileged); named by number, so that the kubelet
// can see that it is not root.
const USER = 101;

/**
 * The page server: an nginx in the cluster that answers with the right status and the page from the bucket, or from its
 * own copy. A bucket alone would answer 200.
 *
 * @example
 * new PageServer("page-server", { pageServer, edges, pagesUrl, embeddedPages, retryAfter: 300, languages: ["en"], clients: [], mark, protect: true });
 */
export class PageServer extends pulumi.ComponentResource {
  /**
   * The Service with the ports `not-found` (first, as the controller wants it) and `maintenance`. The controller exits
   * at its start when its default backend's Service is missing, so it must come after this.
   */
  readonly service: Service;
  /** The pods; whatever sends visitors here waits for them. */
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
          // Pulumi would wait for the pods' addresses, and so make the Service wait for what comes after it.
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
   * The configuration is named by its content and never changed in place: a pod that restarts while a new one is being
   * rolled out reads the one it was made for, and a change of it is what rolls the pods.
   */
  private createConfiguration(args: PageServerArgs, namespace: Namespace): ConfigMap {
    const text = nginxConfiguration(args);
    const digest = createHash("sha256").update(text).digest("hex").slice(0, 10);
    return new ConfigMap(
      `${this.name}-nginx-${digest}`,
      { metadata: this.metadata(`${PAGE_SERVER}-nginx-${digest}`), immutable: true, data: { "nginx.conf": text } },
      { parent: this, dependsOn: [namespace] },
    );
  }

  /** Changed in place: the kubelet brings new pages to the running pods, and nothing is restarted for a page's text. */
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
          // The new pod is ready before an old one goes: there is never a moment without a page.
          strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
          template: {
            metadata: { labels: labels(PAGE_SERVER) },
            spec: {
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
                  // A cluster of one node runs both pods there rather than one of them nowhere.
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
                  // The controller learns a moment later than the kubelet that a pod is going: it still answers then.
                  lifecycle: { preStop: { exec: { command: ["/bin/sleep", "5"] } } },
                  resources: { requests: { cpu: "20m", memory: "32Mi" }, limits: { memory: "128Mi" } },
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

  /** In: the edges' controllers, on the visitors' ports. Out: names, and the bucket's port. (The kubelet's probes need no rule.) */
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
              // A controller on the host's network has its node's address, which no selector can name.
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
            { ports: [{ port: portOf(args.pagesUrl), protocol: "TCP" }] },
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

/** The ports that edges need, each once: two edges of one kind have the same. */
function portsOf(edges: PageServerArgs["edges"]): readonly ServicePort[] {
  return [...new Map(edges.flatMap(({ ports }) => ports).map((port) => [port.name, port])).values()];
}

/** What selects the controllers' pods, or `undefined` when one of them has its node's address. */
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

// nginx takes name servers only from its own configuration, and which ones a cluster has the container's resolv.conf
// tells. An IPv6 address goes in brackets; one with a zone (%eth0) nginx does not take. An nginx that was killed leaves its
// socket behind, on which the next one of the same pod could not listen.
const START = [
  `rm -f ${Object.values(PATHS.sockets).join(" ")} &&`,
  `awk '$1 == "nameserver" && $2 !~ /%/ { all = all " " ($2 ~ /:/ ? "[" $2 "]" : $2) }`,
  `END { print "resolver" (all == "" ? " 127.0.0.1" : all) " valid=30s;" }' /etc/resolv.conf > ${PATHS.resolver}`,
  `&& exec nginx -c ${PATHS.configuration}/nginx.conf -g 'daemon off;'`,
].join(" ");

function portOf(url: string): number {
  const { port, protocol } = new URL(url);
  return port === "" ? (protocol === "https:" ? 443 : 80) : Number(port);
}
