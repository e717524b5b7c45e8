import * as s3 from "@pulumi/aws/s3/index.js";
import * as pulumi from "@pulumi/pulumi";
import type { Client } from "../../pages/clients";
import { CONTENT_TYPES, PAGE_DISPOSITION } from "../../pages/kinds";
import { pathOf } from "../../pages/paths";
import type { PageObject } from "../../pages/render";
import { bucketArn, FEED, PAGES_PREFIX } from "../../settings/bucket-address";
import type { BucketSettings } from "../../settings/schema";

export interface PagesBucketArgs {
  readonly bucket: BucketSettings;
  /** Every page's object. */
  readonly pages: readonly PageObject[];
  /** The clients, whose assets are kept there as well. */
  readonly clients: readonly Client[];
}

/**
 * The bucket with the rendered pages: public, one object at a time, and not listable.
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
    this.createPolicy(name, this.bucket, this.restrictions);
    this.objects = this.createObjects(name, this.bucket, args.pages, this.restrictions);
    this.createAssets(name, this.bucket, args.clients, this.restrictions);
    this.registerOutputs({});
  }

  /**
   * Declares the feed, an object that any site's script may read.
   *
   * @param after what comes before it: the pages themselves must not wait for it.
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
    // Other stores have other ways, or allow it anyway.
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

  /** What many S3-compatible stores do not implement, and answer with an error. */
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
          // AES256 and not KMS: an anonymous reader has no key, and these pages are public.
          rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }],
        },
        options,
      ),
      // Everything is blocked but what the policy below needs: being public for one action on one prefix.
      new s3.BucketPublicAccessBlock(
        `${name}-public-access`,
        {
          bucket: bucket.bucket,
          blockPublicAcls: true,
          ignorePublicAcls: true,
          blockPublicPolicy: false,
          restrictPublicBuckets: false,
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
      // AWS refuses a public policy while the account's default access block still stands.
      { parent: this, dependsOn: [...dependsOn] },
    );
  }

  private createObjects(
    name: string,
    bucket: s3.Bucket,
    pages: readonly PageObject[],
    dependsOn: readonly pulumi.Resource[],
  ): ReadonlyMap<string, s3.BucketObjectv2> {
    // An instance's page that is there beforehand, and shown: it is the same one.
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
            // A page that Caddy or a CDN kept would outlive the maintenance. The page server has a cache of its own.
            cacheControl: "no-store",
            ...(page.retryAfter === undefined ? {} : { metadata: { "retry-after": page.retryAfter } }),
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
            // From the project's folder, in which the program runs: wherever that is, the state says the same.
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
