import { beforeAll, describe, expect, it } from "vitest";
import { feedSchema } from "../../outputs";
import { type Run, runProgram } from "./program";

let run: Run;
beforeAll(async () => {
  run = await runProgram("production", { feed: true });
});

describe("the production example: AWS, a controller of its own, a window that is only planned", () => {
  it("restricts the bucket as far as the policy allows", () => {
    const bucket = "example-production-maintenance-pages";
    expect(run.find("aws:s3/bucketOwnershipControls:BucketOwnershipControls", "pages-ownership").inputs).toStrictEqual({
      bucket,
      rule: { objectOwnership: "BucketOwnerEnforced" },
    });
    expect(
      run.find(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "pages-encryption",
      ).inputs,
    ).toStrictEqual({ bucket, rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }] });
    expect(
      run.find("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "pages-public-access").inputs,
    ).toStrictEqual({
      bucket,
      blockPublicAcls: true,
      ignorePublicAcls: true,
      blockPublicPolicy: false,
      restrictPublicBuckets: false,
    });
  });

  it("works in the configured account alone", () => {
    expect(run.find("pulumi:providers:aws", "store").inputs).toMatchObject({
      region: "eu-central-1",
      allowedAccountIds: JSON.stringify(["123456789012"]),
    });
  });

  it("installs the controller with the values that make the page server its default backend", () => {
    expect(run.find("kubernetes:helm.sh/v3:Release", "ingress-nginx-release").inputs).toMatchObject({
      name: "ingress-nginx",
      chart: "ingress-nginx",
      version: "4.15.1",
      repositoryOpts: { repo: "https://kubernetes.github.io/ingress-nginx" },
      namespace: "ingress-nginx",
      createNamespace: true,
      values: {
        controller: { replicaCount: 2, extraArgs: { "default-backend-service": "maintenance-pages/page-server" } },
        defaultBackend: { enabled: false },
      },
    });
  });

  it("tells any site's script what is planned, where the feed is asked for", () => {
    const { content, ...object } = run.find("aws:s3/bucketObjectv2:BucketObjectv2", "pages/status.json").inputs;
    expect(object).toStrictEqual({
      bucket: "example-production-maintenance-pages",
      key: "pages/status.json",
      contentType: "application/json",
      cacheControl: "no-cache",
    });
    const feed: unknown = JSON.parse(String(content));
    expect(feedSchema.parse(feed)).toMatchObject({
      maintenance: [{ instance: "beta", state: "planned", from: "2027-01-10T19:00:00.000Z" }],
    });
    expect(run.find("aws:s3/bucketCorsConfiguration:BucketCorsConfiguration", "pages-cors").inputs).toStrictEqual({
      bucket: "example-production-maintenance-pages",
      corsRules: [{ allowedMethods: ["GET", "HEAD"], allowedOrigins: ["*"] }],
    });
  });

  it("opens no override before its time, and says when", () => {
    const ingresses = run.resources.filter(({ type }) => type.endsWith(":Ingress"));
    expect(ingresses.map(({ name }) => name).sort()).toStrictEqual(["page-server-self-test", "page-server-standby"]);
    expect(run.resources.filter(({ name }) => name.startsWith("pages/instances/beta"))).toEqual([]);
    expect(run.outputs.maintenance).toStrictEqual([
      {
        instance: "beta",
        state: "planned",
        kind: "scheduled",
        hosts: ["beta.example.org", "studio.beta.example.org", "apps.beta.example.org"],
        from: "2027-01-10T19:00:00.000Z",
        until: "2027-01-10T22:00:00.000Z",
      },
    ]);
  });
});
