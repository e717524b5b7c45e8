import * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, it } from "vitest";
import { bypassKey } from "../../model/bypass";
import { type Run, runProgram } from "./program";

const SECRET = "a-secret-of-more-than-thirty-two-characters";

let run: Run;
beforeAll(async () => {
  run = await runProgram("staging", {
    edges: JSON.stringify({
      old: { kind: "ingress-nginx" },
      new: { kind: "traefik", routersWithTls: ["websecure"] },
    }),
    instances: JSON.stringify({ acme: {}, beta: { edges: ["old"] }, gamma: { edges: ["new"] } }),
    maintenance: JSON.stringify([{ instance: "acme", bypass: true }, "beta", "gamma"]),
    maintenanceLimit: "3",
    bypassSecret: SECRET,
    admissionPolicy: "true",
  });
});

describe("an edge of each kind, in the middle of a migration", () => {
  it("declares the overrides of each instance at its edges", () => {
    const routing = /^kubernetes:(?:networking.k8s.io\/v1:Ingress|traefik.io\/v1alpha1:\w+)$/;
    const declared = run.resources.filter(({ type }) => routing.test(type));
    expect(declared.map(({ type, name }) => `${type.split(":").at(-1)} ${name}`).sort()).toStrictEqual([
      "Ingress bypass-acme.old",
      "Ingress maintenance-acme.old",
      "Ingress maintenance-beta.old",
      "Ingress page-server-self-test.old",
      "Ingress page-server-standby.old",
      "IngressRoute bypass-acme.new",
      "IngressRoute link-acme.new",
      "IngressRoute maintenance-acme.new",
      "IngressRoute maintenance-gamma.new",
      "IngressRoute page-server-not-found.new",
      "IngressRoute page-server-self-test.new",
      "IngressRoute tls.bypass-acme.new",
      "IngressRoute tls.link-acme.new",
      "IngressRoute tls.maintenance-acme.new",
      "IngressRoute tls.maintenance-gamma.new",
      "IngressRoute tls.page-server-not-found.new",
      "IngressRoute tls.page-server-self-test.new",
      "Middleware link-acme.new",
      "Middleware maintenance-acme.new",
      "Middleware maintenance-gamma.new",
      "Middleware page-server-closed.new",
      "Middleware page-server-retry.new",
      "Middleware page-server-self-test.new",
      "ServersTransport page-server-transport.new",
    ]);
  });

  it("declares the key of a bypass a secret", () => {
    const key = bypassKey(SECRET, "acme").header;
    for (const name of ["bypass-acme.new", "tls.bypass-acme.new"]) {
      const { spec } = run.find("kubernetes:traefik.io/v1alpha1:IngressRoute", name).inputs;
      expect(spec).toMatchObject({ [pulumi.runtime.specialSigKey]: pulumi.runtime.specialSecretSig });
      expect(JSON.stringify(spec)).toContain(key);
    }
    expect(JSON.stringify(run.outputs)).not.toContain(key);
    for (const { name, inputs } of run.resources)
      if (!name.includes("bypass-acme")) expect(JSON.stringify(inputs), name).not.toContain(key);
  });

  it("lets both controllers reach the page server, and no other", () => {
    const policy = run.find("kubernetes:networking.k8s.io/v1:NetworkPolicy", "page-server-network-policy").inputs;
    expect(JSON.stringify(policy)).toContain('"kubernetes.io/metadata.name":"traefik"');
    expect(JSON.stringify(policy)).toContain('"kubernetes.io/metadata.name":"ingress-nginx"');
  });

  it("declares the policies of both kinds, each with its binding", () => {
    const declared = run.resources.filter(({ type }) => type.startsWith("kubernetes:admissionregistration.k8s.io/"));
    expect(declared.map(({ type, name }) => `${type.split(":").at(-1)} ${name}`).sort()).toStrictEqual([
      "ValidatingAdmissionPolicy admission-policy-ingress-hosts",
      "ValidatingAdmissionPolicy admission-policy-ingress-paths",
      "ValidatingAdmissionPolicy admission-policy-ingress-priorities",
      "ValidatingAdmissionPolicy admission-policy-ingressroute-priorities",
      "ValidatingAdmissionPolicyBinding admission-policy-ingress-hosts",
      "ValidatingAdmissionPolicyBinding admission-policy-ingress-paths",
      "ValidatingAdmissionPolicyBinding admission-policy-ingress-priorities",
      "ValidatingAdmissionPolicyBinding admission-policy-ingressroute-priorities",
    ]);
    const binding = "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding";
    expect(run.find(binding, "admission-policy-ingress-hosts").inputs).toMatchObject({
      metadata: { name: "reserved-ingress-hosts.maintenance-pages" },
      spec: { policyName: "reserved-ingress-hosts.maintenance-pages", validationActions: ["Deny"] },
    });
  });

  it("gives out the Helm values of each edge", () => {
    expect(run.outputs.helmValues).toMatchObject({
      old: { controller: {} },
      new: { providers: { kubernetesCRD: { enabled: true, allowEmptyServices: true } } },
    });
  });
});
