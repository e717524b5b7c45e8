import * as pulumi from "@pulumi/pulumi";
import type { FileAsset } from "@pulumi/pulumi/asset";
import { beforeAll, describe, expect, it } from "vitest";
import { bypassKey } from "../../model/bypass";
import { FORMATS } from "../../pages/kinds";
import { type Run, runProgram } from "./program";

const INGRESS = "kubernetes:networking.k8s.io/v1:Ingress";
const SECRET = "a-secret-of-more-than-thirty-two-characters";

let run: Run;
beforeAll(async () => {
  run = await runProgram("production", {
    maintenance: JSON.stringify([
      "acme",
      { instance: "delta", bypass: true },
      { instance: "gamma", kind: "scheduled", until: "2026-12-01T14:00:00Z", message: "Back <soon>" },
    ]),
    bypassSecret: SECRET,
    maintenanceLimit: "3",
  });
});

const path = `/(?#${"x".repeat(435)})(?!\\.well-known/acme-challenge/)(?:\\.maintenance-page/([a-z0-9._/-]+)$)?`;

const linkPath = `/(?#${"x".repeat(482)})\\.maintenance-page/bypass$`;

function pathTo(port: string, one = path) {
  return {
    path: one,
    pathType: "ImplementationSpecific",
    backend: { service: { name: "page-server", port: { name: port } } },
  };
}

function ingress(
  instance: string,
  told: Readonly<Record<string, string>>,
  hosts: readonly string[],
  paths: readonly object[] = [pathTo("maintenance")],
) {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: {
      name: `maintenance-${instance}`,
      namespace: "maintenance-pages",
      labels: {
        "app.kubernetes.io/name": "maintenance-override",
        "app.kubernetes.io/part-of": "maintenance-pages",
        "app.kubernetes.io/managed-by": "pulumi",
        "maintenance-pages/instance": instance,
      },
      annotations: {
        "nginx.ingress.kubernetes.io/use-regex": "true",
        ...told,
        "nginx.ingress.kubernetes.io/enable-global-auth": "false",
        "nginx.ingress.kubernetes.io/custom-http-errors": "418",
        "nginx.ingress.kubernetes.io/ssl-redirect": "false",
        "nginx.ingress.kubernetes.io/force-ssl-redirect": "false",
        "nginx.ingress.kubernetes.io/proxy-next-upstream": "error timeout",
        "nginx.ingress.kubernetes.io/proxy-body-size": "0",
        "nginx.ingress.kubernetes.io/proxy-request-buffering": "off",
        "nginx.ingress.kubernetes.io/proxy-connect-timeout": "1",
        "nginx.ingress.kubernetes.io/proxy-next-upstream-tries": "10",
        "nginx.ingress.kubernetes.io/proxy-next-upstream-timeout": "5",
        "nginx.ingress.kubernetes.io/enable-modsecurity": "false",
        "external-dns.alpha.kubernetes.io/controller": "none",
        "pulumi.com/patchForce": "true",
        "pulumi.com/skipAwait": "true",
        "pulumi.com/deletionPropagationPolicy": "background",
      },
    },
    spec: {
      ingressClassName: "nginx",
      rules: hosts.map((host) => ({
        host,
        http: { paths },
      })),
    },
  };
}

const rewritten = (target: string) => ({ "nginx.ingress.kubernetes.io/rewrite-target": target });
const hostsOf = (name: string) => [`${name}.example.org`, `studio.${name}.example.org`, `apps.${name}.example.org`];

describe("three instances in maintenance", () => {
  it("declares one override each", () => {
    const overrides = run.resources.filter(({ type, name }) => type.endsWith(":Ingress") && /^maintenance-/.test(name));
    const own = run.resources.find(({ name }) => /^pages\/instances\/gamma\/[0-9a-f]{16}\/scheduled\.html$/.test(name));
    const revision = own?.name.split("/")[3];
    expect(overrides.map(({ name, inputs }) => [name, inputs]).sort()).toStrictEqual([
      ["maintenance-acme", ingress("acme", rewritten("/acme/unscheduled/-/"), hostsOf("acme"))],
      [
        "maintenance-delta",
        ingress(
          "delta",
          {
            ...rewritten("$uri"),
            "nginx.ingress.kubernetes.io/x-forwarded-prefix":
              "/delta/unscheduled/-/bypass/delta.example.org/studio.delta.example.org/apps.delta.example.org/delta.example.org/",
          },
          hostsOf("delta"),
          [pathTo("announced", linkPath), pathTo("bypass-3")],
        ),
      ],
      [
        "maintenance-gamma",
        ingress("gamma", rewritten(`/gamma/scheduled/${revision}/$1`), [
          "courses.gamma.example",
          "*.courses.gamma.example",
        ]),
      ],
    ]);
  });

  it("declares a bypass for the one that has it, in its own namespace, and its key a secret", () => {
    const metadata = {
      name: "bypass-delta",
      namespace: "delta",
      labels: {
        "app.kubernetes.io/name": "maintenance-bypass",
        "app.kubernetes.io/part-of": "maintenance-pages",
        "app.kubernetes.io/managed-by": "pulumi",
        "maintenance-pages/instance": "delta",
      },
    };
    const annotations = {
      "nginx.ingress.kubernetes.io/use-regex": "true",
      "nginx.ingress.kubernetes.io/canary": "true",
      "nginx.ingress.kubernetes.io/canary-by-header": "X-Maintenance-Bypass",
      "nginx.ingress.kubernetes.io/canary-by-header-value": bypassKey(SECRET, "delta").header,
      "nginx.ingress.kubernetes.io/canary-by-cookie": bypassKey(SECRET, "delta").cookie,
      "external-dns.alpha.kubernetes.io/controller": "none",
      "pulumi.com/patchForce": "true",
      "pulumi.com/skipAwait": "true",
      "pulumi.com/deletionPropagationPolicy": "background",
    };
    expect(run.find(INGRESS, "bypass-delta").inputs.metadata).toStrictEqual({
      // How a secret is marked on its way to the engine.
      [pulumi.runtime.specialSigKey]: pulumi.runtime.specialSecretSig,
      value: { ...metadata, annotations },
    });
    expect(run.find(INGRESS, "bypass-delta").inputs.spec).toStrictEqual({
      ingressClassName: "nginx",
      rules: hostsOf("delta").map((host) => ({
        host,
        http: {
          paths: [
            {
              path,
              pathType: "ImplementationSpecific",
              backend: { service: { name: "bypass-delta", port: { number: 80 } } },
            },
          ],
        },
      })),
    });
    expect(run.find("kubernetes:core/v1:Service", "bypass-delta").inputs).toStrictEqual({
      apiVersion: "v1",
      kind: "Service",
      metadata: {
        ...metadata,
        annotations: {
          "pulumi.com/patchForce": "true",
          "pulumi.com/skipAwait": "true",
          "pulumi.com/deletionPropagationPolicy": "background",
        },
      },
      spec: { selector: { app: "caddy" }, ports: [{ name: "bypass", port: 80, targetPort: 8000 }] },
    });
    expect(run.resources.filter(({ name }) => name.startsWith("bypass-"))).toHaveLength(2);
    expect(JSON.stringify(run.outputs)).not.toContain(bypassKey(SECRET, "delta").header);
  });

  it("has a path longer than anybody writes", () => {
    expect(path).toHaveLength(512);
    // The longest comes first.
    expect(linkPath).toHaveLength(513);
  });

  it("writes objects only for the instance that says more than the shared page", () => {
    const own = run.resources.filter(({ name }) => name.startsWith("pages/instances/"));
    expect(own.map(({ name }) => name.replace(/[0-9a-f]{16}/, "*")).sort()).toStrictEqual(
      [
        ...FORMATS.map((format) => `pages/instances/gamma/*/scheduled.${format}`),
        // What its folder brings is there all the time, with the page for an unscheduled maintenance.
        ...FORMATS.map((format) => `pages/instances/gamma/*/unscheduled.${format}`),
        "pages/instances/gamma/assets/campus.svg",
        ...FORMATS.map((format) => `pages/instances/gamma/50x.${format}`),
        "pages/instances/gamma/50x.en.html",
      ].sort(),
    );
    expect(own.find(({ name }) => name.endsWith("/scheduled.html"))?.inputs).toMatchObject({
      content: expect.stringContaining("Back &lt;soon&gt;"),
      metadata: { "retry-after": "Tue, 01 Dec 2026 14:00:00 GMT", until: "1796133600" },
    });
  });

  it("uploads a client's files as they are, with their media types", async () => {
    const { source, ...rest } = run.find(
      "aws:s3/bucketObjectv2:BucketObjectv2",
      "pages/instances/gamma/assets/campus.svg",
    ).inputs;
    // From the project's folder, so that the state is the same wherever that is.
    await expect((source as FileAsset).path).resolves.toBe("pages/clients/gamma/assets/campus.svg");
    expect(rest).toStrictEqual({
      bucket: "example-production-maintenance-pages",
      key: "pages/instances/gamma/assets/campus.svg",
      contentType: "image/svg+xml",
      cacheControl: "no-store",
    });
  });
});
