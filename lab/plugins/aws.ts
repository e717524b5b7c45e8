import { readFileSync } from "node:fs";
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteBucketPolicyCommand,
  DeleteObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { version } from "@pulumi/aws/package.json";
import { at, type Properties, type ResourceKind, serve, text } from "./provider-server";

// A stand-in for pulumi-resource-aws, for machines that can't have the official plugin: buckets, their policies and
// their objects, on any S3 API.

let client: S3Client | undefined;

function s3(): S3Client {
  if (client === undefined) throw new Error("the provider is not configured");
  return client;
}

/** The engine hands a provider its configuration as strings; what is not one is JSON. */
function configure(configuration: Properties): void {
  const endpoints: unknown = JSON.parse(String(configuration.endpoints ?? "[]"));
  const endpoint = at(endpoints, "0.s3");
  client = new S3Client({
    region: String(configuration.region ?? "us-east-1"),
    ...(typeof endpoint === "string" ? { endpoint } : {}),
    forcePathStyle: String(configuration.s3UsePathStyle) === "true",
    maxAttempts: 2,
  });
}

const bucketKind: ResourceKind = {
  replaceOn: ["bucket"],
  async create(inputs) {
    const Bucket = text(inputs, "bucket");
    await s3().send(new CreateBucketCommand({ Bucket }));
    return { id: Bucket, outputs: { ...inputs, arn: `arn:aws:s3:::${Bucket}` } };
  },
  update: async (id, inputs) => ({ ...inputs, arn: `arn:aws:s3:::${id}` }),
  read: async (id, outputs) => found(s3().send(new HeadBucketCommand({ Bucket: id })), outputs),
  async delete(id) {
    await gone(s3().send(new DeleteBucketCommand({ Bucket: id })));
  },
};

async function putPolicy(inputs: Properties): Promise<void> {
  await s3().send(new PutBucketPolicyCommand({ Bucket: text(inputs, "bucket"), Policy: text(inputs, "policy") }));
}

const policyKind: ResourceKind = {
  replaceOn: ["bucket"],
  async create(inputs) {
    await putPolicy(inputs);
    return { id: text(inputs, "bucket"), outputs: inputs };
  },
  async update(_, inputs) {
    await putPolicy(inputs);
    return inputs;
  },
  read: async (_, outputs) => outputs,
  async delete(id) {
    await gone(s3().send(new DeleteBucketPolicyCommand({ Bucket: id })));
  },
};

async function putObject(inputs: Properties): Promise<void> {
  const metadata = inputs.metadata as Record<string, string> | undefined;
  const language = at(inputs, "contentLanguage");
  const disposition = at(inputs, "contentDisposition");
  await s3().send(
    new PutObjectCommand({
      Bucket: text(inputs, "bucket"),
      Key: text(inputs, "key"),
      // A FileAsset comes as its path, from the project's folder, in which the engine starts plugins.
      Body: inputs.source === undefined ? text(inputs, "content") : readFileSync(text(inputs, "source.path")),
      ContentType: text(inputs, "contentType"),
      CacheControl: text(inputs, "cacheControl"),
      ...(typeof disposition === "string" ? { ContentDisposition: disposition } : {}),
      ...(typeof language === "string" ? { ContentLanguage: language } : {}),
      ...(metadata === undefined ? {} : { Metadata: metadata }),
    }),
  );
}

const objectKind: ResourceKind = {
  replaceOn: ["bucket", "key"],
  async create(inputs) {
    await putObject(inputs);
    return { id: text(inputs, "key"), outputs: inputs };
  },
  async update(_, inputs) {
    await putObject(inputs);
    return inputs;
  },
  read: async (id, outputs) =>
    found(s3().send(new HeadObjectCommand({ Bucket: text(outputs, "bucket"), Key: id })), outputs),
  async delete(id, outputs) {
    await gone(s3().send(new DeleteObjectCommand({ Bucket: text(outputs, "bucket"), Key: id })));
  },
};

async function found(request: Promise<unknown>, outputs: Properties): Promise<Properties | undefined> {
  try {
    await request;
    return outputs;
  } catch (error) {
    if (at(error, "$metadata.httpStatusCode") === 404) return undefined;
    throw error;
  }
}

async function gone(request: Promise<unknown>): Promise<void> {
  await found(request, {});
}

const kinds: ReadonlyMap<string, ResourceKind> = new Map([
  ["aws:s3/bucket:Bucket", bucketKind],
  ["aws:s3/bucketPolicy:BucketPolicy", policyKind],
  ["aws:s3/bucketObjectv2:BucketObjectv2", objectKind],
]);

serve({ name: "aws", version, configure, kind: (type) => kinds.get(type) });
