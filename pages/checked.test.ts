import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { checkedOnce } from "./checked";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "checked-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const problem = { path: "pages/clients/acme", found: "a script", allowed: "none" };

it("does not check the same input again, if it had no problem", () => {
  const check = vi.fn(() => []);
  for (const input of [["a"], ["a"], ["b"]]) expect(checkedOnce(input, check, folder)).toStrictEqual([]);
  expect(check).toHaveBeenCalledTimes(2);
});

it("checks an input with a problem each time", () => {
  const check = vi.fn(() => [problem]);
  for (const input of [["a"], ["a"]]) expect(checkedOnce(input, check, folder)).toStrictEqual([problem]);
  expect(check).toHaveBeenCalledTimes(2);
});

it("checks each time where nothing can be written", () => {
  const file = join(folder, "file");
  writeFileSync(file, "");
  const check = vi.fn(() => []);
  for (const input of [["a"], ["a"]]) expect(checkedOnce(input, check, join(file, "below"))).toStrictEqual([]);
  expect(check).toHaveBeenCalledTimes(2);
});
