import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { plainEntry } from "../model/maintenance";
import { forgottenIn, isForgotten } from "./authorship";

const settings = { now: new Date("2026-12-02T20:00:00Z"), forgottenAfter: 24 };
const entry = { kind: "unscheduled", from: undefined, until: undefined } as const;
const by = (time: string) => ({ author: "Kim", time: new Date(time) });

it.each([
  [true, entry, by("2026-12-01T19:00:00Z")],
  [false, entry, by("2026-12-01T21:00:00Z")],
  // Not committed yet: the time is not known.
  [false, entry, undefined],
  [true, { ...entry, from: new Date("2026-12-01T19:00:00Z") }, undefined],
  // With an end it is not forgotten; after that it is overdue.
  [false, { ...entry, until: new Date("2026-12-03T20:00:00Z") }, by("2026-12-01T19:00:00Z")],
  [false, { ...entry, kind: "scheduled" as const }, by("2026-12-01T19:00:00Z")],
  [false, undefined, undefined],
])("%s: %o since %o is forgotten", (expected, one, since) => {
  expect(isForgotten(one, since, settings)).toBe(expected);
});

it("the forgotten ones are known by git, and by their window, where somebody is notified", async () => {
  const folder = mkdtempSync(join(tmpdir(), "authorship-"));
  try {
    const file = join(folder, "Pulumi.test.yaml");
    writeFileSync(file, "config:\n  maintenance-pages:maintenance:\n    - acme\n    - instance: beta\n");
    const git = (...args: readonly string[]) =>
      execFileSync("git", ["-c", "user.name=Kim", "-c", "user.email=kim@example.org", ...args], {
        cwd: folder,
        env: { ...process.env, GIT_AUTHOR_DATE: "2026-12-01T19:00:00Z" },
      });
    git("init", "--quiet");
    git("add", "--all");
    git("commit", "--quiet", "--message", "Maintenance");
    const named = (name: string) => plainEntry({ name, hosts: [] }, "unscheduled");
    const maintenance = [
      named("acme"),
      { ...named("beta"), from: new Date("2026-12-02T19:00:00Z") },
      { ...named("gamma"), from: new Date("2026-12-01T19:00:00Z") },
      named("unwritten"),
    ];
    const of = async (hasReceivers: boolean, path = file) => [
      ...(await forgottenIn({ ...settings, maintenance }, path, hasReceivers)),
    ];
    expect(await of(true)).toStrictEqual(["acme", "gamma"]);
    expect(await of(true, join(folder, "missing.yaml"))).toStrictEqual(["gamma"]);
    expect(await of(false)).toStrictEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
