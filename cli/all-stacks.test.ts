import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { headingOf, ofEachStack, stacksWithoutFile, worstOf } from "./all-stacks";
import { CommandError, EXIT } from "./errors";
import type { BackendStacks } from "./owner";

let project: string;
beforeEach(() => {
  vi.stubEnv("PULUMI_BACKEND_URL", "file:///state");
  project = mkdtempSync(join(tmpdir(), "all-stacks-"));
  for (const stack of ["a", "b", "c", "d"]) writeFileSync(join(project, `Pulumi.${stack}.yaml`), "config: {}\n");
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(project, { recursive: true });
});

const BACKEND: BackendStacks = new Map([
  ["a", { isSelected: false, isApplied: true }],
  ["b", { isSelected: false, isApplied: true }],
  ["c", { isSelected: false, isApplied: false }],
]);

async function work(stack: string) {
  if (stack === "a") throw new CommandError("It is broken.");
  return { value: stack.toUpperCase(), code: EXIT.attention };
}

async function results(backend: BackendStacks, withUnapplied: boolean) {
  const found = [];
  for await (const { stack, value, error, code } of ofEachStack(project, backend, work, withUnapplied)) {
    found.push([stack, value ?? error, code]);
  }
  return found;
}

describe("of all stacks", () => {
  it("the failure of one hides no other, and what was never applied is left out", async () => {
    expect(await results(BACKEND, false)).toStrictEqual([
      ["a", "It is broken.", EXIT.refused],
      ["b", "B", EXIT.attention],
      ["c", undefined, EXIT.done],
      ["d", undefined, EXIT.done],
    ]);
  });

  it("all are there where the files are what is shown, and where Pulumi does not tell", async () => {
    const names = async (...args: Parameters<typeof results>) => (await results(...args)).map(([, value]) => value);
    expect(await names(BACKEND, true)).toStrictEqual(["It is broken.", "B", "C", "D"]);
    expect(await names({ unknown: "not logged in" }, false)).toStrictEqual(["It is broken.", "B", "C", "D"]);
  });

  it("none of which is applied is refused: it is another backend, or another folder", async () => {
    await expect(results(new Map(), false)).rejects.toThrow(/No stack of this folder is applied in the backend file:/);
  });

  it("an unexpected error is that stack's alone, too", async () => {
    const broken = async () => {
      throw new Error("a bug");
    };
    const codes = [];
    for await (const { code, error } of ofEachStack(project, BACKEND, broken, false)) codes.push([code, error]);
    expect(codes).toMatchObject([
      [EXIT.failed, expect.stringContaining("a bug")],
      [EXIT.failed, expect.stringContaining("a bug")],
      [EXIT.done, undefined],
      [EXIT.done, undefined],
    ]);
  });
});

it("an applied stack without a file in the folder is named", () => {
  const backend = new Map([...BACKEND, ["north", { isSelected: false, isApplied: true }] as const]);
  backend.set("empty", { isSelected: true, isApplied: false });
  expect(stacksWithoutFile(project, backend)).toStrictEqual(["north"]);
  expect(stacksWithoutFile(project, { unknown: "not logged in" })).toStrictEqual([]);
});

it.each([
  ["a", true, undefined, "Stack a"],
  ["a", undefined, undefined, "Stack a"],
  ["a", true, "It is broken.", "Stack a: FAILED"],
  ["c", false, undefined, "Stack c: not applied (it has no resources)."],
  [
    "d",
    false,
    undefined,
    "Stack d: not applied (the backend file:///state has no such stack, only Pulumi.d.yaml is here).",
  ],
])("the heading of stack %s, applied: %s, error: %s", (stack, isApplied, error, expected) => {
  expect(headingOf({ stack, isApplied, value: undefined, error, code: 0 }, BACKEND)).toBe(expected);
});

it.each([
  [[], EXIT.done],
  [[EXIT.done, EXIT.attention, EXIT.done], EXIT.attention],
  [[EXIT.attention, EXIT.refused], EXIT.refused],
  [[EXIT.refused, EXIT.failed, EXIT.attention], EXIT.failed],
])("the worst of %j is %i", (codes, expected) => {
  expect(worstOf(codes)).toBe(expected);
});
