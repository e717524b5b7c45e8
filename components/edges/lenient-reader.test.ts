import { expect, it } from "vitest";
import { z } from "zod";
import type { ClusterReader } from "./edge";
import { lenientReader } from "./lenient-reader";

const LISTS: Readonly<Record<string, readonly unknown[] | undefined>> = { "/pods": ["a"], "/absent": undefined };

/** A cluster with these lists. It refuses every other. */
const cluster: ClusterReader = {
  async list(path, item) {
    if (!(path in LISTS)) throw new Error(`${path} is forbidden`);
    return LISTS[path]?.map((one) => item.parse(one));
  },
};

it("reads what the cluster has, and notes nothing of it", async () => {
  const { list, unread } = lenientReader(cluster);
  expect(await list("/pods", z.string())).toStrictEqual(["a"]);
  expect(await list("/absent", z.string())).toBeUndefined();
  expect(unread).toStrictEqual([]);
});

it("returns nothing for a list that could not be read, and keeps the message of each error", async () => {
  const { list, unread } = lenientReader(cluster);
  const lists = ["/secrets", "/pods", "/nodes"].map((path) => list(path, z.string()));
  expect(await Promise.all(lists)).toStrictEqual([undefined, ["a"], undefined]);
  expect(unread).toStrictEqual(["/secrets is forbidden", "/nodes is forbidden"]);
});

it("keeps what was thrown, if it is no error", async () => {
  const { list, unread } = lenientReader({ list: () => Promise.reject("closed") });
  expect(await list("/pods", z.string())).toBeUndefined();
  expect(unread).toStrictEqual(["closed"]);
});
