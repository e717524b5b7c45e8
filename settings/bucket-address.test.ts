import { expect, it } from "vitest";
import { bucketArn, bucketUrl } from "./bucket-address";
import type { BucketSettings } from "./schema";

const aws = (region: string): BucketSettings => ({ profile: "aws", name: "pages", region, publicPolicy: true });
const other = (more: object): BucketSettings => ({
  profile: "s3-compatible",
  name: "pages",
  region: "us-east-1",
  endpoint: "https://s3.example.org/",
  pathStyle: true,
  publicPolicy: true,
  ...more,
});

it.each([
  [aws("eu-central-1"), "https://pages.s3.eu-central-1.amazonaws.com"],
  [aws("cn-north-1"), "https://pages.s3.cn-north-1.amazonaws.com.cn"],
  [other({}), "https://s3.example.org/pages"],
  [other({ pathStyle: false, endpoint: "https://s3.example.org:9000" }), "https://pages.s3.example.org:9000"],
  [other({ readUrl: "https://cdn.example.org/" }), "https://cdn.example.org"],
])("%j is read at %s", (bucket, url) => {
  expect(bucketUrl(bucket)).toBe(url);
});

it.each([
  ["eu-central-1", "arn:aws:s3:::pages"],
  ["cn-north-1", "arn:aws-cn:s3:::pages"],
  ["us-gov-west-1", "arn:aws-us-gov:s3:::pages"],
])("a bucket in %s is %s", (region, arn) => {
  expect(bucketArn(aws(region))).toBe(arn);
});
