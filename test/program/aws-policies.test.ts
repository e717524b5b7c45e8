import { readFileSync } from "node:fs";
import { join } from "node:path";
import { anonymousPrincipal, runSimulation, type SimulationRequestPrincipal } from "@cloud-copilot/iam-simulate";
import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { runProgram } from "./program";

// The policies as they are written, decided by a simulator of AWS's own rules; nothing is asked of AWS.

const BUCKET = "arn:aws:s3:::example-production-maintenance-pages";
const STATE = "arn:aws:s3:::example-production-state";
const PAGE = `${BUCKET}/pages/shared/unscheduled.html`;
const ACCOUNT = "123456789012";
const ROLE = `arn:aws:iam::${ACCOUNT}:role/maintenance-pages`;
const STRANGER = "arn:aws:iam::999999999999:user/stranger";

interface Call {
  readonly principal: SimulationRequestPrincipal;
  readonly action: string;
  readonly resource: string;
  readonly context?: Readonly<Record<string, string>>;
  /** What the principal may do by itself. */
  readonly identityPolicy?: unknown;
  readonly resourcePolicy?: unknown;
}

/** What AWS would decide. A call that the simulator does not know, or part of it, is an error and never a denial. */
async function decided(call: Call): Promise<string> {
  const { principal, action, resource, context = {}, identityPolicy, resourcePolicy } = call;
  const answer = await runSimulation(
    {
      request: { principal, action, resource: { resource, accountId: ACCOUNT }, contextVariables: { ...context } },
      identityPolicies: identityPolicy === undefined ? [] : [{ name: "role", policy: identityPolicy }],
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      ...(resourcePolicy === undefined ? {} : { resourcePolicy }),
    },
    {},
  );
  const unknown = answer.resultType === "single" ? answer.result.ignoredContextKeys : [];
  if (answer.resultType === "error" || (unknown ?? []).length > 0)
    throw new Error(`${action}: ${JSON.stringify(answer)}`);
  return answer.overallResult;
}

const [ALLOWED, DENIED] = ["Allowed", "ImplicitlyDenied"] as const;

const TLS = { "aws:SecureTransport": "true" };
const PLAIN = { "aws:SecureTransport": "false" };

describe("the bucket's policy", () => {
  let resourcePolicy: unknown;
  beforeAll(async () => {
    const run = await runProgram("production");
    const { policy } = run.find("aws:s3/bucketPolicy:BucketPolicy", "pages-policy").inputs;
    resourcePolicy = JSON.parse(String(policy));
  });

  it.each([
    ["anybody", "s3:GetObject", PAGE, TLS, ALLOWED],
    ["anybody", "s3:GetObject", `${BUCKET}/pages/instances/acme/0000000000000001/scheduled.html`, TLS, ALLOWED],
    ["anybody", "s3:GetObject", `${BUCKET}/pages/status.json`, TLS, ALLOWED],
    // The pages are public and the page server may read them from a mirror without TLS: nothing is gained by a refusal.
    ["anybody", "s3:GetObject", PAGE, PLAIN, ALLOWED],
    ["anybody", "s3:GetObject", `${BUCKET}/pages`, TLS, DENIED],
    ["anybody", "s3:GetObject", `${BUCKET}/other/secret.txt`, TLS, DENIED],
    ["anybody", "s3:GetObject", `${BUCKET}/pages-of-others/a.html`, TLS, DENIED],
    ["anybody", "s3:GetObject", `${BUCKET}/Pages/shared/unscheduled.html`, TLS, DENIED],
    ["anybody", "s3:GetObject", `${BUCKET}-2/pages/shared/unscheduled.html`, TLS, DENIED],
    ["anybody", "s3:GetObjectVersion", PAGE, TLS, DENIED],
    ["anybody", "s3:GetObjectAcl", PAGE, TLS, DENIED],
    ["anybody", "s3:GetObjectTagging", PAGE, TLS, DENIED],
    ["anybody", "s3:GetObjectAttributes", PAGE, TLS, DENIED],
    ["anybody", "s3:PutObject", PAGE, TLS, DENIED],
    ["anybody", "s3:PutObjectAcl", PAGE, TLS, DENIED],
    ["anybody", "s3:DeleteObject", PAGE, TLS, DENIED],
    ["anybody", "s3:AbortMultipartUpload", PAGE, TLS, DENIED],
    ["anybody", "s3:RestoreObject", PAGE, TLS, DENIED],
    ["anybody", "s3:ListBucket", BUCKET, TLS, DENIED],
    ["anybody", "s3:ListBucketVersions", BUCKET, TLS, DENIED],
    ["anybody", "s3:ListBucketMultipartUploads", BUCKET, TLS, DENIED],
    ["anybody", "s3:GetBucketPolicy", BUCKET, TLS, DENIED],
    ["anybody", "s3:GetBucketAcl", BUCKET, TLS, DENIED],
    ["anybody", "s3:GetBucketLocation", BUCKET, TLS, DENIED],
    ["anybody", "s3:PutBucketPolicy", BUCKET, TLS, DENIED],
    ["anybody", "s3:PutBucketPublicAccessBlock", BUCKET, TLS, DENIED],
    ["anybody", "s3:DeleteBucket", BUCKET, TLS, DENIED],
    ["a stranger", "s3:PutObject", PAGE, TLS, DENIED],
    ["a stranger", "s3:DeleteObject", PAGE, TLS, DENIED],
    ["a stranger", "s3:ListBucket", BUCKET, TLS, DENIED],
    ["a stranger", "s3:GetObject", PAGE, TLS, ALLOWED],
    ["a stranger", "s3:GetObject", `${BUCKET}/other/secret.txt`, TLS, DENIED],
  ] as const)("%s, %s on %s with %j: %s", async (who, action, resource, context, expected) => {
    // Another account's administrator, whose own policies stand in the way of nothing.
    const principal =
      who === "anybody" ? { principal: anonymousPrincipal } : { principal: STRANGER, identityPolicy: EVERYTHING };
    expect(await decided({ ...principal, action, resource, context, resourcePolicy })).toBe(expected);
  });
});

const EVERYTHING = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] };

// --- the roles of docs/ci.md

const DOCUMENT = readFileSync(join(__dirname, "..", "..", "docs", "ci.md"), "utf8");

const policySchema = z.object({
  Version: z.literal("2012-10-17"),
  Statement: z.array(z.looseObject({ Effect: z.string(), Action: z.union([z.string(), z.array(z.string())]) })),
});

const [trust, up, ...others] = [...DOCUMENT.matchAll(/^```json\n(.*?)^```$/gms)].map(([, block = ""]) =>
  policySchema.parse(JSON.parse(block)),
);

/** The actions in the sentence about previews. */
const PREVIEW_ACTIONS = [
  ...(/A preview's role\s+needs only (.*?) of these/s.exec(DOCUMENT)?.[1]?.matchAll(/`(.+?)`/g) ?? []),
].map(([, action]) => action);

/** "Only … of these": the statements of `up` with fewer actions. */
const preview = {
  ...up,
  Statement: up?.Statement.map((statement) => ({
    ...statement,
    Action: [statement.Action].flat().filter((action) => PREVIEW_ACTIONS.includes(action)),
  })),
};

describe("the roles that docs/ci.md gives to pipelines", () => {
  it("are a trust and one policy, and the preview's actions are among those of up", () => {
    expect(others).toEqual([]);
    expect(trust?.Statement).toHaveLength(1);
    expect(PREVIEW_ACTIONS).not.toEqual([]);
    expect(up?.Statement.flatMap(({ Action }) => Action)).toEqual(expect.arrayContaining(PREVIEW_ACTIONS));
  });

  it.each([
    // What Pulumi reads to see what changed, which a preview does as well.
    ["s3:ListBucket", BUCKET, ALLOWED, ALLOWED],
    ["s3:GetBucketPolicy", BUCKET, ALLOWED, ALLOWED],
    ["s3:GetBucketPublicAccessBlock", BUCKET, ALLOWED, ALLOWED],
    ["s3:GetBucketOwnershipControls", BUCKET, ALLOWED, ALLOWED],
    ["s3:GetEncryptionConfiguration", BUCKET, ALLOWED, ALLOWED],
    ["s3:GetBucketCORS", BUCKET, ALLOWED, ALLOWED],
    ["s3:GetBucketLocation", BUCKET, ALLOWED, ALLOWED],
    ["s3:GetBucketTagging", BUCKET, ALLOWED, ALLOWED],
    ["s3:GetLifecycleConfiguration", BUCKET, ALLOWED, ALLOWED],
    ["s3:GetObject", PAGE, ALLOWED, ALLOWED],
    ["s3:GetObjectTagging", PAGE, ALLOWED, ALLOWED],
    // What a person does.
    ["s3:DeleteBucket", BUCKET, DENIED, DENIED],
    ["s3:DeleteBucketPolicy", BUCKET, DENIED, DENIED],
    // What only `up` changes: everything that the program declares, and nothing else.
    ["s3:CreateBucket", BUCKET, DENIED, ALLOWED],
    ["s3:PutBucketPolicy", BUCKET, DENIED, ALLOWED],
    ["s3:PutBucketPublicAccessBlock", BUCKET, DENIED, ALLOWED],
    ["s3:PutBucketOwnershipControls", BUCKET, DENIED, ALLOWED],
    ["s3:PutEncryptionConfiguration", BUCKET, DENIED, ALLOWED],
    ["s3:PutBucketCORS", BUCKET, DENIED, ALLOWED],
    ["s3:PutObject", PAGE, DENIED, ALLOWED],
    ["s3:DeleteObject", PAGE, DENIED, ALLOWED],
    ["s3:PutBucketAcl", BUCKET, DENIED, DENIED],
    ["s3:PutObjectAcl", PAGE, DENIED, DENIED],
    ["s3:DeleteObjectVersion", PAGE, DENIED, DENIED],
    ["s3:PutBucketVersioning", BUCKET, DENIED, DENIED],
    ["s3:PutBucketWebsite", BUCKET, DENIED, DENIED],
    ["s3:PutReplicationConfiguration", BUCKET, DENIED, DENIED],
    ["s3:PutBucketNotification", BUCKET, DENIED, DENIED],
    ["s3:PutLifecycleConfiguration", BUCKET, DENIED, DENIED],
    // What is in the bucket beside the pages.
    ["s3:GetObject", `${BUCKET}/other/secret.txt`, DENIED, DENIED],
    ["s3:PutObject", `${BUCKET}/other/secret.txt`, DENIED, DENIED],
    ["s3:DeleteObject", `${BUCKET}/pages-of-others/a.html`, DENIED, DENIED],
    // Other buckets, one whose name only begins alike among them.
    ["s3:ListBucket", STATE, DENIED, DENIED],
    ["s3:GetObject", `${STATE}/pages/stack.json`, DENIED, DENIED],
    ["s3:PutObject", `${STATE}/pages/stack.json`, DENIED, DENIED],
    ["s3:DeleteBucket", STATE, DENIED, DENIED],
    ["s3:GetBucketPolicy", `${BUCKET}-2`, DENIED, DENIED],
    ["s3:PutBucketPolicy", `${BUCKET}-2`, DENIED, DENIED],
    ["s3:PutObject", `${BUCKET}-2/pages/a.html`, DENIED, DENIED],
    ["s3:ListAllMyBuckets", "*", DENIED, DENIED],
    ["s3:PutAccountPublicAccessBlock", "*", DENIED, DENIED],
    // Other services.
    ["iam:CreateUser", `arn:aws:iam::${ACCOUNT}:user/mallory`, DENIED, DENIED],
    ["iam:CreateAccessKey", `arn:aws:iam::${ACCOUNT}:user/admin`, DENIED, DENIED],
    ["iam:AttachRolePolicy", ROLE, DENIED, DENIED],
    ["iam:PutRolePolicy", ROLE, DENIED, DENIED],
    ["iam:UpdateAssumeRolePolicy", ROLE, DENIED, DENIED],
    ["iam:PassRole", ROLE, DENIED, DENIED],
    ["sts:AssumeRole", `arn:aws:iam::${ACCOUNT}:role/admin`, DENIED, DENIED],
    ["ec2:RunInstances", `arn:aws:ec2:eu-central-1:${ACCOUNT}:instance/*`, DENIED, DENIED],
    ["kms:Decrypt", `arn:aws:kms:eu-central-1:${ACCOUNT}:key/00000000-0000-0000-0000-000000000000`, DENIED, DENIED],
    [
      "secretsmanager:GetSecretValue",
      `arn:aws:secretsmanager:eu-central-1:${ACCOUNT}:secret:pulumi-AbCdEf`,
      DENIED,
      DENIED,
    ],
  ] as const)("%s on %s: %s to a preview, %s to up", async (action, resource, toPreview, toUp) => {
    const call = { principal: ROLE, action, resource };
    expect(await decided({ ...call, identityPolicy: preview })).toBe(toPreview);
    expect(await decided({ ...call, identityPolicy: up })).toBe(toUp);
  });

  const SUBJECT = "repo:example/cluster:environment:production";
  const GITHUB = "token.actions.githubusercontent.com";
  // The simulator does not know the claims of GitHub's tokens and would drop them; under this name it takes any.
  const CLAIM = "aws:PrincipalTag/";

  it.each([
    [GITHUB, "sts.amazonaws.com", SUBJECT, ALLOWED],
    [GITHUB, "sts.amazonaws.com", `${SUBJECT}-preview`, DENIED],
    [GITHUB, "sts.amazonaws.com", "repo:example/cluster:pull_request", DENIED],
    [GITHUB, "sts.amazonaws.com", "repo:example/cluster:ref:refs/heads/main", DENIED],
    [GITHUB, "sts.amazonaws.com", "repo:example/cluster2:environment:production", DENIED],
    [GITHUB, "sts.amazonaws.com", "repo:stranger/cluster:environment:production", DENIED],
    [GITHUB, "https://github.com/stranger", SUBJECT, DENIED],
    ["gitlab.com", "sts.amazonaws.com", SUBJECT, DENIED],
  ] as const)("trust a token of %s for %s about %s: %s", async (provider, audience, subject, expected) => {
    const call = {
      principal: `arn:aws:iam::${ACCOUNT}:oidc-provider/${provider}`,
      action: "sts:AssumeRoleWithWebIdentity",
      resource: ROLE,
      context: { [`${CLAIM}aud`]: audience, [`${CLAIM}sub`]: subject },
      resourcePolicy: JSON.parse(JSON.stringify(trust).replaceAll(`${GITHUB}:`, CLAIM)),
    };
    expect(await decided(call)).toBe(expected);
  });
});
