import { BlockList, isIP } from "node:net";
import { messageOf } from "../../model/problems";
import { PAGE_DISPOSITION } from "../../pages/kinds";
import { bucketUrl, pagesUrl } from "../../settings/bucket-address";
import type { BucketSettings } from "../../settings/schema";
import { type Finding, orOk } from "./finding";
import { requestStore } from "./store";

const PAGES = "bucket, read from here";
const LIST = "bucket's list";

/** A page that every stack has; docs/stores.md names it, too. */
const PAGE = "shared/unscheduled.html";

/**
 * Reads a page in the bucket from this computer, as anybody may; and tries to list the bucket, which nobody may.
 *
 * @param doPodsRead whether the page server reads the bucket; `undefined` if that is not known.
 */
export async function bucketFindings(
  bucket: BucketSettings,
  doPodsRead: boolean | undefined,
): Promise<readonly Finding[]> {
  const [page, list] = await Promise.all([pageFinding(bucket, doPodsRead), listFindings(bucket)]);
  return [page, ...list];
}

async function pageFinding(bucket: BucketSettings, doPodsRead: boolean | undefined): Promise<Finding> {
  const url = `${pagesUrl(addressedFromHere(bucket))}/${PAGE}`;
  try {
    const { status, headers } = await requestStore(url, bucket.certificateAuthority);
    if (status >= 500) return unreachedFinding(url, `status ${status}`, doPodsRead);
    if (status !== 200) return unreadFinding(`${url} answers ${status}`, doPodsRead);
    if (headers["content-disposition"] === PAGE_DISPOSITION)
      return { check: PAGES, result: "ok", text: `${url} answers 200` };
    return unreadFinding(`${url} answers 200 without the header Content-Disposition of our pages`, doPodsRead);
  } catch (error) {
    return unreachedFinding(url, messageOf(error), doPodsRead);
  }
}

/** As the page server reads it, unless that is by an address that only the cluster's network has: then at the store itself. */
function addressedFromHere(bucket: BucketSettings): BucketSettings {
  const hostname = new URL(bucketUrl(bucket)).hostname.replace(/^\[|\]$/g, "");
  return isOfCluster(hostname) ? { ...bucket, readUrl: undefined } : bucket;
}

/** The addresses of private networks (RFC 1918, RFC 4193). */
const PRIVATE = new BlockList();
PRIVATE.addSubnet("10.0.0.0", 8, "ipv4");
PRIVATE.addSubnet("172.16.0.0", 12, "ipv4");
PRIVATE.addSubnet("192.168.0.0", 16, "ipv4");
PRIVATE.addSubnet("fc00::", 7, "ipv6");

function isOfCluster(hostname: string): boolean {
  const version = isIP(hostname);
  if (version === 0) return hostname.endsWith(".cluster.local");
  return PRIVATE.check(hostname, version === 4 ? "ipv4" : "ipv6");
}

function unreachedFinding(url: string, reason: string, doPodsRead: boolean | undefined): Finding {
  if (doPodsRead === true)
    return { check: PAGES, result: "ok", text: `not reachable from this computer (${reason}); the pods reach it` };
  return {
    check: PAGES,
    result: "unknown",
    text: `${url} can't be reached from this computer (${reason})`,
    remedy: "Is it an address that only the cluster knows? If not, see docs/stores.md.",
  };
}

function unreadFinding(text: string, doPodsRead: boolean | undefined): Finding {
  if (doPodsRead === false) {
    return {
      check: PAGES,
      result: "problem",
      text: `${text}, and the page server can't read it either`,
      remedy:
        "Run pulumi up, which stores the pages; and let anybody read them: docs/stores.md says how, for each kind of store.",
    };
  }
  return {
    check: PAGES,
    result: "warning",
    text: doPodsRead === true ? `${text}. The page server shows the page, and may have kept it from before` : text,
    remedy: "That is fine if only the cluster may read the bucket. If not, let anybody read the pages: docs/stores.md.",
  };
}

/** At the store itself, also if the page server reads from a CDN. Nothing if it does not answer. */
async function listFindings(bucket: BucketSettings): Promise<readonly Finding[]> {
  // https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
  const url = new URL(bucketUrl({ ...bucket, readUrl: undefined }));
  url.search = "list-type=2&max-keys=1";
  const answer = await requestStore(url, bucket.certificateAuthority).catch(() => undefined);
  if (answer === undefined) return [];
  const isListed = answer.status === 200 && /<ListBucketResult\b/.test(answer.text) && /<Key>/.test(answer.text);
  const found: readonly Finding[] = [
    {
      check: LIST,
      result: "warning",
      text: `anybody can list the bucket ${bucket.name}: the names of all instances, and which of them have a maintenance planned`,
      remedy:
        "Take the right to list objects (s3:ListBucket) away from anonymous readers, in the store. The stack does not give it.",
    },
  ];
  return orOk(LIST, isListed ? found : [], "nobody lists the bucket without a signature");
}
