import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { mapSome } from "./at-once";

it("keeps the order, and does no more at a time than it may", async () => {
  let running = 0;
  let most = 0;
  const results = await mapSome([5, 1, 3, 2, 4], 2, async (milliseconds) => {
    running += 1;
    most = Math.max(most, running);
    await sleep(milliseconds);
    running -= 1;
    return milliseconds * 10;
  });
  expect(results).toStrictEqual([50, 10, 30, 20, 40]);
  expect(most).toBe(2);
});

it("fails with the first error", async () => {
  await expect(mapSome([1, 2], 2, async (one) => Promise.reject(new Error(`no ${one}`)))).rejects.toThrow("no 1");
});
