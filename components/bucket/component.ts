import * as s3 from "@pulumi/aws/s3/index.js";
import * as pulumi from "@pulumi/pulumi";
import type { Client } from "../../pages/clients";
import { CONTENT_TYPES, PAGE_DISPOSITION, untilMetadata } from "../../pages/kinds";
import { pathOf } from "../../pages/paths";
import type { PageObject } from "../../pages/render";
import { bucketArn, FEED, PAGES_PREFIX } from "../../settings/bucket-address";
import type { BucketSettings } from "../../settings/schema";

export interface PagesBucketArgs {
  readonly bucket: BucketSettings;
  /** The objects of all pages. */
  readonly pages: readonly PageObject[];
  /** The clients. Their assets are stored in the bucket as well. */
  readonly clients: readonly Client[];
}

/**
 * The bucket with the rendered pages. Each object is public, if the setting `publicPolicy` says so; the list of objects is not.
 *
 * @example
 * new PagesBucket("pages", { bucket: settings.bucket, pages }, { provider: aws });
 */
export class PagesBucket extends pulumi.ComponentResource {
  private readonly objects: ReadonlyMap<string, s3.BucketObjectv2>;
  private readonly settings: BucketSettings;
  private readonly name: string;
  private readonly bucket: s3.Bucket;
  private readonly restrictions: readonly pulumi.Resource[];

  constructor(name: string, args: PagesBucketArgs, options: pulumi.ComponentResourceOptions) {
    super("maintenance-pages:index:PagesBucket", name, {}, options);
    this.settings = args.bucket;

    this.name = name;

    this.bucket = this.createBucket(name);
    this.restrictions = this.createRestrictions(name, this.bucket);
    if (args.bucket.publicPolicy) this.createPolicy(name, this.bucket, this.restrictions);
    this.objects = this.createObjects(name, this.bucket, args.pages, this.restrictions);
    this.createAssets(name, this.bucket, args.clients, this.restrictions);
    this.registerOutputs({});
  }

  /**
   * Declares the feed. A script of any site may read it.
   *
   * @param after the resources that come before it: the pages must not wait for the feed.
   */
  createFeed(content: string, after: readonly pulumi.Resource[]): void {
    const { bucket } = this.bucket;
    new s3.BucketObjectv2(
      `${this.name}/${FEED}`,
      {
        bucket,
        key: `${PAGES_PREFIX}/${FEED}`,
        content,
        contentType: "application/json",
        cacheControl: "no-cache",
      },
      { parent: this, dependsOn: [...this.restrictions, ...after] },
    );
    // Other stores configure this differently, or allow it by default.
    if (this.settings.profile !== "aws") return;
    new s3.BucketCorsConfiguration(
      `${this.name}-cors`,
      { bucket, corsRules: [{ allowedMethods: ["GET", "HEAD"], allowedOrigins: ["*"] }] },
      { parent: this },
    );
  }

  /** The objects of these pages, for resources that must come after them. */
  objectsOf(pages: readonly PageObject[]): readonly pulumi.Resource[] {
    return pages.flatMap(({ key }) => this.objects.get(key) ?? []);
  }

  private createBucket(name: string): s3.Bucket {
    return new s3.Bucket(name, { bucket: this.settings.name }, { parent: this });
  }

  /** Only for AWS: many S3-compatible stores do not implement these calls and answer with an error. */
  private createRestrictions(name: string, bucket: s3.Bucket): readonly pulumi.Resource[] {
    if (this.settings.profile !== "aws") return [];
    const options = { parent: this };
    return [
      new s3.BucketOwnershipControls(
        `${name}-ownership`,
        { bucket: bucket.bucket, rule: { objectOwnership: "BucketOwnerEnforced" } },
        options,
      ),
      new s3.BucketServerSideEncryptionConfiguration(
        `${name}-encryption`,
        {
          bucket: bucket.bucket,
          // AES256 instead of KMS: the pages are public, and an anonymous reader has no key.
          rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }],
        },
        options,
      ),
      // Blocks all public access. Only the policy below, if there is one, allows one action on one prefix.
      new s3.BucketPublicAccessBlock(
        `${name}-public-access`,
        {
          bucket: bucket.bucket,
          blockPublicAcls: true,
          ignorePublicAcls: true,
          blockPublicPolicy: !this.settings.publicPolicy,
          restrictPublicBuckets: !this.settings.publicPolicy,
        },
        options,
      ),
    ];
  }

  private createPolicy(name: string, bucket: s3.Bucket, dependsOn: readonly pulumi.Resource[]): s3.BucketPolicy {
    const pages = `${bucketArn(this.settings)}/${PAGES_PREFIX}/*`;
    const policy = {
      Version: "2012-10-17",
      Statement: [{ Sid: "ReadPages", Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: pages }],
    };
    return new s3.BucketPolicy(
      `${name}-policy`,
      { bucket: bucket.bucket, policy: JSON.stringify(policy) },
      // AWS rejects a public policy while the account's default access block is still in effect.
      { parent: this, dependsOn: [...dependsOn] },
    );
  }

  private createObjects(
    name: string,
    bucket: s3.Bucket,
    pages: readonly PageObject[],
    dependsOn: readonly pulumi.Resource[],
  ): ReadonlyMap<string, s3.BucketObjectv2> {
    // A page that is stored in advance can also be one that is shown now. It is the same object.
    const byKey = new Map(pages.map((page) => [page.key, page]));
    return new Map(
      [...byKey.values()].map((page) => [
        page.key,
        new s3.BucketObjectv2(
          `${name}/${page.key}`,
          {
            bucket: bucket.bucket,
            key: `${PAGES_PREFIX}/${page.key}`,
            content: page.body,
            contentType: CONTENT_TYPES[page.format],
            contentDisposition: PAGE_DISPOSITION,
            // A page in the cache of Caddy or a CDN would outlive the maintenance. The page server has its own cache.
            cacheControl: "no-store",
            ...(page.until === undefined ? {} : { metadata: { ...untilMetadata(page.until) } }),
          },
          { parent: this, dependsOn: [...dependsOn] },
        ),
      ]),
    );
  }

  private createAssets(
    name: string,
    bucket: s3.Bucket,
    clients: readonly Client[],
    dependsOn: readonly pulumi.Resource[],
  ): void {
    for (const { name: instance, assets } of clients) {
      for (const asset of assets) {
        const key = `instances/${instance}/assets/${asset.name}`;
        new s3.BucketObjectv2(
          `${name}/${key}`,
          {
            bucket: bucket.bucket,
            key: `${PAGES_PREFIX}/${key}`,
            // Relative to the project's folder, in which the program runs. So the state is the same on every machine.
            source: new pulumi.asset.FileAsset(pathOf(asset.file)),
            contentType: asset.contentType,
            cacheControl: "no-store",
          },
          { parent: this, dependsOn: [...dependsOn] },
        );
      }
    }
  }
}
