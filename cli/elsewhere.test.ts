import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { containsCommit, elsewhereText, enabledElsewhere, isUncommitted } from "./elsewhere";

const applied = [
  { instance: "acme", state: "active" },
  { instance: "beta", state: "planned" },
  { instance: "gamma", state: "ended" },
] as const;
const update = {
  time: new Date("2026-12-01T20:00:00Z"),
  commit: "abc",
  author: "Kim",
  isCommitted: true,
  result: "succeeded",
};

describe("an instance that was put into maintenance elsewhere", () => {
  it.each([
    [
      "is one that is applied, and not in the list, from a checkout with other changes",
      { ...update, isCommitted: false },
      true,
      ["acme", "beta"],
    ],
    ["is one from a commit that is not here", update, false, ["acme", "beta"]],
    ["is none whose entry was taken out here", update, true, []],
    ["is none where no commit is known", { ...update, commit: undefined }, false, []],
    ["is none before the first change", undefined, false, []],
  ])("%s", async (_, last, isAncestor, expected) => {
    expect(await enabledElsewhere(applied, ["delta"], last, async () => isAncestor)).toStrictEqual(expected);
  });

  it("is none that is in the list", async () => {
    const dirty = { ...update, isCommitted: false };
    expect(await enabledElsewhere(applied, ["acme", "beta"], dirty, async () => false)).toStrictEqual([]);
  });

  it("is named with who did it, and what to do", () => {
    expect(elsewhereText(["acme"], update, "UTC")).toBe(
      "acme was put into maintenance by Kim, 1 Dec 2026, 20:00 UTC, and that is not committed here.\n" +
        "An `up` of this checkout would open it to visitors. Commit its entry; or, if its maintenance is over: `npx maintenance disable`, there or here.",
    );
  });
});

describe("in a checkout", () => {
  let folder: string;
  const git = (...args: readonly string[]) =>
    execFileSync("git", ["-c", "user.name=Test", "-c", "user.email=test@example.org", ...args], {
      cwd: folder,
      encoding: "utf8",
    });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "elsewhere-"));
    git("init", "--quiet");
    writeFileSync(join(folder, "a.yaml"), "a\n");
    git("add", "--all");
    git("commit", "--quiet", "--message", "First");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("knows whether it contains a commit", async () => {
    expect(await containsCommit(folder, git("rev-parse", "HEAD").trim())).toBe(true);
    expect(await containsCommit(folder, "0".repeat(40))).toBe(false);
    expect(await containsCommit(tmpdir(), "0".repeat(40))).toBe(false);
  });

  it("knows whether a file has changes that are not committed", async () => {
    expect(await isUncommitted(folder, "a.yaml")).toBe(false);
    writeFileSync(join(folder, "a.yaml"), "b\n");
    expect(await isUncommitted(folder, "a.yaml")).toBe(true);
    writeFileSync(join(folder, "new.yaml"), "b\n");
    // Pulumi.local.yaml, for example, is not meant to be committed.
    expect(await isUncommitted(folder, "new.yaml")).toBe(false);
    expect(await isUncommitted(tmpdir(), "a.yaml")).toBe(false);
  });
});
