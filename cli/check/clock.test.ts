import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Unreachable } from "../../components/cluster-api";
import type { BucketSettings } from "../../settings/schema";
import { clockFindings } from "./clock";

const NOW = Date.parse("2026-12-01T21:00:00.400Z");

// A stand-in for a store: it says what the time is.
let storeHeaders: Record<string, string> = {};
let server: Server;
beforeAll(async () => {
  server = createServer((_, response) => {
    response.sendDate = false;
    response.writeHead(403, storeHeaders).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => server.close());

const utc = (time: number) => new Date(time).toUTCString();

/** What is found when the other clocks are ahead by so many seconds; `undefined` if they can't be read. */
function found(api: number | undefined, store: number | undefined, { age = "", took = 0 } = {}) {
  storeHeaders = {
    ...(store === undefined ? {} : { date: utc(NOW + store * 1000) }),
    ...(age === "" ? {} : { age }),
  };
  const { port } = server.address() as AddressInfo;
  const bucket: BucketSettings = {
    profile: "s3-compatible",
    name: "pages",
    region: "us-east-1",
    endpoint: `http://127.0.0.1:${port}`,
    pathStyle: true,
    publicPolicy: true,
  };
  const times = [NOW, NOW, NOW + took, NOW + took];
  return clockFindings(
    {
      get: async () => {
        if (api === undefined) throw new Unreachable("no answer");
        return { status: 200, headers: { date: utc(NOW + api * 1000) }, text: "", json: () => ({}) };
      },
    },
    bucket,
    () => times.shift() ?? NOW,
  );
}

const texts = async (...given: Parameters<typeof found>) => (await found(...given)).map(({ text }) => text);

it.each([
  ["the same", 0, 0],
  ["a minute ahead", 60, 60],
  ["a minute behind", -60, -60],
])("agrees with clocks that are %s", async (_, api, store) => {
  expect(await texts(api, store)).toStrictEqual([
    "this computer's clock agrees with that of the cluster's API and the store",
  ]);
});

it("says how far it is from each clock", async () => {
  const findings = await found(-180, 240);
  expect(findings.map(({ result }) => result)).toStrictEqual(["warning", "warning"]);
  expect(findings.map(({ text }) => text)).toStrictEqual([
    expect.stringMatching(
      /^this computer's clock is at least 2 min ahead of that of the cluster's API: by it windows begin/,
    ),
    expect.stringMatching(/^this computer's clock is at least 3 min behind that of the store: /),
  ]);
});

it("allows for the time that a request took", async () => {
  expect(await texts(70, 70, { took: 20_000 })).toStrictEqual([
    "this computer's clock agrees with that of the cluster's API and the store",
  ]);
});

it("compares with one clock if the other can't be read, or is a cache's", async () => {
  expect(await texts(undefined, 0)).toStrictEqual(["this computer's clock agrees with that of the store"]);
  expect(await texts(0, -5000, { age: "5000" })).toStrictEqual([
    "this computer's clock agrees with that of the cluster's API",
  ]);
});

it("says what time it is if there is nothing to compare it with", async () => {
  const [finding] = await found(undefined, undefined);
  expect(finding?.result).toBe("unknown");
  expect(finding?.remedy).toBe("Compare this computer's clock with a good one: it is 2026-12-01T21:00:00.400Z.");
});
