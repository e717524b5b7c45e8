import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it, vi } from "vitest";
import { mapGently, mapSome } from "./at-once";

afterEach(() => vi.useRealTimers());

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

it("begins nothing else after an error", async () => {
  const begun: number[] = [];
  const work = async (one: number) => {
    begun.push(one);
    await sleep(5);
    if (one === 1) throw new Error("no 1");
    await sleep(5);
  };
  await expect(mapSome([1, 2, 3, 4], 2, work)).rejects.toThrow("no 1");
  await sleep(30);
  expect(begun).toStrictEqual([1, 2]);
});

it("begins nothing else when its time is over, and finishes what it has begun", async () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  const work = async (one: number) => {
    vi.advanceTimersByTime(10);
    return one;
  };
  expect(await mapSome([1, 2, 3, 4, 5], 2, work, 30)).toStrictEqual([1, 2, 3]);
  expect(await mapSome([1, 2, 3, 4, 5], 2, work)).toStrictEqual([1, 2, 3, 4, 5]);
});

describe("a gentle run", () => {
  /** How many were done at most at a time, and which results there are. */
  async function run(milliseconds: number, quickMilliseconds: number, mostMilliseconds: number) {
    let running = 0;
    let most = 0;
    const results = await mapGently([1, 2, 3, 4], { atOnce: 3, quickMilliseconds, mostMilliseconds }, async (one) => {
      running += 1;
      most = Math.max(most, running);
      await sleep(milliseconds);
      running -= 1;
      return [one];
    });
    return { most, results };
  }

  it("does many at a time if the first one was quick", async () => {
    expect(await run(5, 60_000, 60_000)).toStrictEqual({ most: 3, results: [[1], [2], [3], [4]] });
  });

  it("does one at a time if the first one was slow", async () => {
    expect(await run(5, 1, 60_000)).toStrictEqual({ most: 1, results: [[1], [2], [3], [4]] });
  });

  it("leaves out the last ones if there is no time for them, and always does the first", async () => {
    expect(await run(5, 1, 1)).toStrictEqual({ most: 1, results: [[1]] });
  });

  it("has nothing to do without items", async () => {
    expect(await mapGently([], { atOnce: 3, quickMilliseconds: 1, mostMilliseconds: 1 }, async () => 1)).toStrictEqual(
      [],
    );
  });
});
