import { beforeAll, describe, expect, it } from "vitest";
import { FORMATS } from "../../pages/kinds";
import { type Run, runProgram } from "./program";

let run: Run;
beforeAll(async () => {
  run = await runProgram("staging");
});

const labels = {
  "app.kubernetes.io/name": "page-server",
  "app.kubernetes.io/part-of": "maintenance-pages",
  "app.kubernetes.io/managed-by": "pulumi",
};
const KINDS = ["50x", "not-found", "provisioning", "scheduled", "unscheduled"];
const PAGE_FILES = KINDS.flatMap((kind) => FORMATS.map((format) => `${kind}.${format}`)).sort();
const annotations = { "pulumi.com/patchForce": "true" };
const metadata = (name: string) => ({ name, namespace: "maintenance-pages", labels, annotations });

const slots = Array.from({ length: 16 }, (_, slot) => slot);

describe("the staging example: an S3-compatible store, a controller that is there already, nothing in maintenance", () => {
  it("declares exactly these resources", () => {
    expect(run.resources.map(({ type, name }) => `${type} ${name}`).sort()).toStrictEqual([
      "aws:s3/bucket:Bucket pages",
      "aws:s3/bucketObjectv2:BucketObjectv2 pages/shared/50x.en.html",
      ...PAGE_FILES.map((file) => `aws:s3/bucketObjectv2:BucketObjectv2 pages/shared/${file}`),
      "aws:s3/bucketPolicy:BucketPolicy pages-policy",
      "kubernetes:apps/v1:Deployment page-server-deployment",
      `kubernetes:core/v1:ConfigMap ${nginxName()}`,
      "kubernetes:core/v1:ConfigMap page-server-pages",
      "kubernetes:core/v1:Namespace page-server-namespace",
      "kubernetes:core/v1:Service page-server-service",
      "kubernetes:networking.k8s.io/v1:Ingress page-server-self-test",
      "kubernetes:networking.k8s.io/v1:Ingress page-server-standby",
      "kubernetes:networking.k8s.io/v1:NetworkPolicy page-server-network-policy",
      "kubernetes:policy/v1:PodDisruptionBudget page-server-disruption-budget",
      "maintenance-pages:index:DestroyProtection the-setting-protect",
      "maintenance-pages:index:DestroyProtection the-setting-protect-of-overrides",
      "maintenance-pages:index:MaintenanceOverrides maintenance",
      "maintenance-pages:index:PageServer page-server",
      "maintenance-pages:index:PagesBucket pages",
      "pulumi:providers:aws store",
      "pulumi:providers:kubernetes cluster",
    ]);
  });

  it("uses its own two providers for everything", () => {
    const declared = run.resources.filter(({ type }) => /^(?:aws|kubernetes):/.test(type));
    expect(new Set(declared.map(({ provider }) => provider.split("::").slice(-3, -1).join(" ")))).toStrictEqual(
      new Set(["pulumi:providers:aws store", "pulumi:providers:kubernetes cluster"]),
    );
    // Nothing of this machine: the path in $KUBECONFIG is not among them.
    expect(run.find("pulumi:providers:kubernetes", "cluster").inputs).toStrictEqual({
      context: "staging",
      clusterIdentifier: "the cluster of this stack",
      enableServerSideApply: "true",
      enableConfigMapMutable: "true",
      upsertExistingObjects: "true",
    });
    expect(run.find("pulumi:providers:aws", "store").inputs).toMatchObject({
      region: "us-east-1",
      endpoints: JSON.stringify([{ s3: "https://s3.example.org" }]),
      s3UsePathStyle: "true",
      skipCredentialsValidation: "true",
      skipRegionValidation: "true",
      skipRequestingAccountId: "true",
      skipMetadataApiCheck: "true",
    });
  });

  it("lets the world read the pages, and list nothing", () => {
    const { policy } = run.find("aws:s3/bucketPolicy:BucketPolicy", "pages-policy").inputs;
    expect(JSON.parse(String(policy))).toStrictEqual({
      Version: "2012-10-17",
      Statement: [
        {
          Sid: "ReadPages",
          Effect: "Allow",
          Principal: "*",
          Action: "s3:GetObject",
          Resource: "arn:aws:s3:::example-staging-maintenance-pages/pages/*",
        },
      ],
    });
  });

  it("stores each page with its media type", () => {
    const { content, ...rest } = run.find("aws:s3/bucketObjectv2:BucketObjectv2", "pages/shared/scheduled.html").inputs;
    expect(content).toContain("<!DOCTYPE html>");
    expect(rest).toStrictEqual({
      bucket: "example-staging-maintenance-pages",
      key: "pages/shared/scheduled.html",
      contentType: "text/html; charset=utf-8",
      cacheControl: "no-store",
      contentDisposition: 'inline; filename="maintenance-page"',
    });
    expect(run.find("aws:s3/bucketObjectv2:BucketObjectv2", "pages/shared/scheduled.json").inputs).toMatchObject({
      contentType: "application/problem+json",
    });
  });

  it("declares the namespace under the restricted pod security standard", () => {
    expect(run.find("kubernetes:core/v1:Namespace", "page-server-namespace").inputs).toStrictEqual({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: {
        name: "maintenance-pages",
        labels: { ...labels, "pod-security.kubernetes.io/enforce": "restricted" },
        annotations,
      },
    });
  });

  it("declares the Service with the default backend's port first", () => {
    expect(run.find("kubernetes:core/v1:Service", "page-server-service").inputs).toStrictEqual({
      apiVersion: "v1",
      kind: "Service",
      metadata: {
        ...metadata("page-server"),
        annotations: {
          "pulumi.com/patchForce": "true",
          "pulumi.com/skipAwait": "true",
          "pulumi.com/deletionPropagationPolicy": "background",
        },
      },
      spec: {
        selector: { "app.kubernetes.io/name": "page-server" },
        ports: [
          { name: "not-found", port: 80, targetPort: "not-found" },
          { name: "maintenance", port: 81, targetPort: "maintenance" },
          { name: "announced", port: 82, targetPort: "bypass" },
          ...slots.map((slot) => ({ name: `bypass-${slot}`, port: 100 + slot, targetPort: "bypass" })),
        ],
      },
    });
  });

  it("embeds every shared page, far from the largest ConfigMap that there may be (1 MiB)", () => {
    const { data } = run.find("kubernetes:core/v1:ConfigMap", "page-server-pages").inputs;
    expect(Object.keys(data as object).sort()).toStrictEqual(PAGE_FILES);
    expect(Buffer.byteLength(JSON.stringify(data))).toBeLessThan(500_000);
  });

  it("declares a Deployment that holds no privilege and loses no visitor", () => {
    const probe = { httpGet: { path: "/healthz", port: "health" }, timeoutSeconds: 2 };
    expect(run.find("kubernetes:apps/v1:Deployment", "page-server-deployment").inputs).toStrictEqual({
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: metadata("page-server"),
      spec: {
        replicas: 2,
        selector: { matchLabels: { "app.kubernetes.io/name": "page-server" } },
        strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
        template: {
          metadata: { labels },
          spec: {
            automountServiceAccountToken: false,
            enableServiceLinks: false,
            securityContext: {
              runAsNonRoot: true,
              runAsUser: 101,
              runAsGroup: 101,
              seccompProfile: { type: "RuntimeDefault" },
            },
            topologySpreadConstraints: [
              {
                maxSkew: 1,
                topologyKey: "kubernetes.io/hostname",
                whenUnsatisfiable: "ScheduleAnyway",
                labelSelector: { matchLabels: { "app.kubernetes.io/name": "page-server" } },
              },
            ],
            containers: [
              {
                name: "nginx",
                image: "nginxinc/nginx-unprivileged:1.29-alpine",
                command: ["/bin/sh", "-c", expect.stringContaining("exec nginx -c /etc/page-server/nginx.conf")],
                ports: [
                  { name: "not-found", containerPort: 8080 },
                  { name: "maintenance", containerPort: 8081 },
                  { name: "bypass", containerPort: 8083 },
                  { name: "health", containerPort: 8082 },
                ],
                startupProbe: { ...probe, periodSeconds: 1, failureThreshold: 30 },
                readinessProbe: { ...probe, periodSeconds: 5, failureThreshold: 2 },
                livenessProbe: { ...probe, periodSeconds: 10, failureThreshold: 3 },
                lifecycle: { preStop: { exec: { command: ["/bin/sleep", "5"] } } },
                resources: { requests: { cpu: "20m", memory: "32Mi" }, limits: { memory: "128Mi" } },
                securityContext: {
                  allowPrivilegeEscalation: false,
                  readOnlyRootFilesystem: true,
                  capabilities: { drop: ["ALL"] },
                },
                volumeMounts: [
                  { name: "configuration", mountPath: "/etc/page-server", readOnly: true },
                  { name: "embedded-pages", mountPath: "/etc/embedded-pages", readOnly: true },
                  { name: "scratch", mountPath: "/tmp" },
                ],
              },
            ],
            volumes: [
              { name: "configuration", configMap: { name: nginxName() } },
              { name: "embedded-pages", configMap: { name: "page-server-pages" } },
              { name: "scratch", emptyDir: { sizeLimit: "256Mi" } },
            ],
          },
        },
      },
    });
  });

  it("keeps one pod at least", () => {
    expect(run.find("kubernetes:policy/v1:PodDisruptionBudget", "page-server-disruption-budget").inputs).toStrictEqual({
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata: metadata("page-server"),
      spec: { minAvailable: 1, selector: { matchLabels: { "app.kubernetes.io/name": "page-server" } } },
    });
  });

  it("lets in the controller, and out to names and the bucket", () => {
    expect(
      run.find("kubernetes:networking.k8s.io/v1:NetworkPolicy", "page-server-network-policy").inputs,
    ).toStrictEqual({
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: metadata("page-server"),
      spec: {
        podSelector: { matchLabels: { "app.kubernetes.io/name": "page-server" } },
        policyTypes: ["Ingress", "Egress"],
        ingress: [
          {
            ports: [{ port: 8080 }, { port: 8081 }, { port: 8083 }],
            from: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "ingress-nginx" } } }],
          },
        ],
        egress: [
          {
            ports: [
              { port: 53, protocol: "UDP" },
              { port: 53, protocol: "TCP" },
            ],
          },
          { ports: [{ port: 443, protocol: "TCP" }] },
        ],
      },
    });
  });

  it("keeps the page server known to the controller while nothing is in maintenance", () => {
    expect(run.find("kubernetes:networking.k8s.io/v1:Ingress", "page-server-standby").inputs).toStrictEqual({
      apiVersion: "networking.k8s.io/v1",
      kind: "Ingress",
      metadata: {
        name: "page-server-standby",
        namespace: "maintenance-pages",
        labels: { ...labels, "app.kubernetes.io/name": "maintenance-standby" },
        annotations: {
          "external-dns.alpha.kubernetes.io/controller": "none",
          "pulumi.com/patchForce": "true",
          "pulumi.com/skipAwait": "true",
          "pulumi.com/deletionPropagationPolicy": "background",
        },
      },
      spec: {
        ingressClassName: "nginx",
        rules: [
          {
            host: "page-server.maintenance-pages.invalid",
            http: {
              paths: ["maintenance", "announced", ...slots.map((slot) => `bypass-${slot}`)].map((name) => ({
                path: `/${name}`,
                pathType: "Exact",
                backend: { service: { name: "page-server", port: { name } } },
              })),
            },
          },
        ],
      },
    });
  });

  it("gives out what a person needs", () => {
    expect(run.outputs).toStrictEqual({
      maintenance: [],
      bucketAddress: "https://s3.example.org/example-staging-maintenance-pages",
      tutorSettings: {
        MAINTENANCE_PAGES_URL: "https://s3.example.org/example-staging-maintenance-pages/pages",
        MAINTENANCE_PAGES_INSTANCE: "{instance}",
        MAINTENANCE_PAGES_LANGUAGE: "en",
      },
      helmValues: {
        default: {
          controller: {
            extraArgs: { "default-backend-service": "maintenance-pages/page-server" },
            config: { "custom-http-errors": "502,503,504", "disable-proxy-intercept-errors": "true" },
          },
          defaultBackend: { enabled: false },
        },
      },
    });
  });
});

function nginxName(): string {
  const found = run.resources.find(({ name }) => name.startsWith("page-server-nginx-"));
  expect(found?.name).toMatch(/^page-server-nginx-[0-9a-f]{10}$/);
  return found?.name ?? "";
}
