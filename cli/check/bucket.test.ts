import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { PAGE_DISPOSITION } from "../../pages/kinds";
import type { BucketSettings } from "../../settings/schema";
import { bucketFindings } from "./bucket";

// A stand-in for a store: one page, and the list of the bucket.
interface Answer {
  readonly status: number;
  readonly disposition?: string;
}
let page: Answer = { status: 200 };
let list = { status: 403, text: "<Error/>" };
let server: Server;
beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url === "/pages?list-type=2&max-keys=1") response.writeHead(list.status).end(list.text);
    else if (request.url !== "/pages/pages/shared/unscheduled.html") response.writeHead(404).end();
    else {
      const { status, disposition } = page;
      response.writeHead(status, disposition === undefined ? {} : { "content-disposition": disposition });
      response.end("a long page ".repeat(10_000));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => server.close());

const bucketAt = (endpoint: string): BucketSettings => ({
  profile: "s3-compatible",
  name: "pages",
  region: "us-east-1",
  endpoint,
  pathStyle: true,
  publicPolicy: true,
});
const here = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const NOWHERE = "http://127.0.0.1:1";

const [OURS, FORBIDDEN, MISSING, FAILING]: readonly Answer[] = [
  { status: 200, disposition: PAGE_DISPOSITION },
  { status: 403 },
  { status: 404 },
  { status: 503 },
] as const;
const LISTED = "<?xml?><ListBucketResult><Contents><Key>pages/shared/50x.html</Key></Contents></ListBucketResult>";

/** The findings about the page, by what the store answers. */
async function found(answer: Answer | undefined, doPodsRead: boolean | undefined) {
  page = answer ?? { status: 200 };
  const [finding] = await bucketFindings(bucketAt(answer === undefined ? NOWHERE : here()), doPodsRead);
  return finding;
}

it.each([
  ["is there", OURS, undefined, "ok", /answers 200$/],
  ["may not be read", FORBIDDEN, false, "problem", /answers 403, and the page server can't read it either$/],
  ["is not there", MISSING, false, "problem", /answers 404, and the page server/],
  [
    "may not be read from here",
    FORBIDDEN,
    true,
    "warning",
    /answers 403\. The page server shows the page, and may have kept it/,
  ],
  ["may not be read, as far as is known", FORBIDDEN, undefined, "warning", /answers 403$/],
  ["is somebody else's", { status: 200 }, false, "problem", /answers 200 without the header Content-Disposition/],
  ["has lost its mark", { status: 200, disposition: "inline" }, undefined, "warning", /without the header/],
  ["is in a store that fails", FAILING, undefined, "unknown", /can't be reached from this computer \(status 503\)$/],
  ["can't be reached", undefined, undefined, "unknown", /can't be reached from this computer \(connect ECONNREFUSED/],
  ["can't be reached from here", undefined, true, "ok", /^not reachable from this computer \(.*\); the pods reach it$/],
])("a page that %s", async (_, answer, doPodsRead, result, text) => {
  const finding = await found(answer, doPodsRead);
  expect(finding?.result).toBe(result);
  expect(finding?.text).toMatch(text);
  expect(finding?.remedy === undefined).toBe(result === "ok");
});

it.each([
  ["may be listed by anybody", { status: 200, text: LISTED }, "warning", /^anybody can list the bucket pages: /],
  ["may not be listed", { status: 403, text: "<Error/>" }, "ok", /^nobody lists/],
  ["has nothing to list", { status: 200, text: "<ListBucketResult></ListBucketResult>" }, "ok", /^nobody lists/],
  ["is a website", { status: 200, text: "<html><Key>" }, "ok", /^nobody lists/],
])("a bucket that %s", async (_, answer, result, text) => {
  [page, list] = [{ status: 200, disposition: PAGE_DISPOSITION }, answer];
  // The list is the store's, wherever the page server reads.
  const [, finding] = await bucketFindings({ ...bucketAt(here()), readUrl: NOWHERE }, true);
  expect(finding?.result).toBe(result);
  expect(finding?.text).toMatch(text);
});

it("nothing is said of the list of a store that does not answer", async () => {
  expect(await bucketFindings(bucketAt(NOWHERE), true)).toHaveLength(1);
});

it.each(["http://10.77.0.1:7070/pages", "http://[fd00::1]/pages", "http://minio.storage.svc.cluster.local:9000/pages"])(
  "reads at the store itself if the page server reads at %s, which only the cluster reaches",
  async (readUrl) => {
    page = OURS ?? page;
    const [finding] = await bucketFindings({ ...bucketAt(here()), readUrl }, true);
    expect(finding).toMatchObject({ result: "ok", text: `${here()}/pages/pages/shared/unscheduled.html answers 200` });
  },
);
