import type { BucketSettings } from "./schema";

/** The key prefix of every page. The bucket's policy makes the objects below it public. */
export const PAGES_PREFIX = "pages";

/** The name of the feed's object, after the prefix. */
export const FEED = "status.json";

/**
 * The bucket's address for readers, without a slash at the end.
 *
 * @example
 * bucketUrl({ profile: "aws", name: "acme-pages", region: "eu-central-1" }); // "https://acme-pages.s3.eu-central-1.amazonaws.com"
 */
export function bucketUrl(bucket: BucketSettings): string {
  if (bucket.readUrl !== undefined) return withoutSlash(bucket.readUrl);
  switch (bucket.profile) {
    case "aws":
      // https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html; China has another domain:
      // https://docs.amazonaws.cn/en_us/aws/latest/userguide/endpoints-Beijing.html
      return `https://${bucket.name}.s3.${bucket.region}.amazonaws.com${bucket.region.startsWith("cn-") ? ".cn" : ""}`;
    case "s3-compatible": {
      const endpoint = withoutSlash(bucket.endpoint);
      return bucket.pathStyle ? `${endpoint}/${bucket.name}` : endpoint.replace("://", `://${bucket.name}.`);
    }
  }
}

/** The URL above the pages' objects: the bucket's address with the prefix. */
export function pagesUrl(bucket: BucketSettings): string {
  return `${bucketUrl(bucket)}/${PAGES_PREFIX}`;
}

/**
 * The bucket's ARN. China and the US government regions are separate partitions
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html).
 */
export function bucketArn(bucket: BucketSettings): string {
  const partition = bucket.region.startsWith("cn-")
    ? "aws-cn"
    : bucket.region.startsWith("us-gov-")
      ? "aws-us-gov"
      : "aws";
  return `arn:${bucket.profile === "aws" ? partition : "aws"}:s3:::${bucket.name}`;
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, "");
}
