import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { findStack } from "./project";

// The Pulumi CLI is a stand-in here.

let project: string;
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), "project-"));
  for (const stack of ["east", "west"]) writeFileSync(join(project, `Pulumi.${stack}.yaml`), "config: {}\n");
  mkdirSync(join(project, "bin"));
  vi.stubEnv("PATH", `${project}/bin${delimiter}${process.env.PATH}`);
  vi.stubEnv("PULUMI_STACK", undefined);
  select("west");
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(project, { recursive: true });
});

function select(stack: string): void {
  const file = join(project, "bin", "pulumi");
  writeFileSync(file, `#!/bin/sh\necho '${stack}'\n`);
  chmodSync(file, 0o755);
}

describe("the stack to work on", () => {
  it("is the option, then $PULUMI_STACK, then the selected one; an empty variable counts as unset", async () => {
    expect(await findStack(undefined, project)).toBe("west");
    vi.stubEnv("PULUMI_STACK", "");
    expect(await findStack(undefined, project)).toBe("west");
    vi.stubEnv("PULUMI_STACK", "east");
    expect(await findStack(undefined, project)).toBe("east");
    expect(await findStack("west", project)).toBe("west");
  });

  it("is refused without a file, with the place that names it", async () => {
    const allowed = "\n  allowed:  a stack with a file in this folder: east, west\n  nearest:  west";
    await expect(findStack("wets", project)).rejects.toThrow(`--stack\n  found:    "wets"${allowed}`);
    await expect(findStack("", project)).rejects.toThrow('--stack\n  found:    ""');
    select("wst");
    await expect(findStack(undefined, project)).rejects.toThrow(`the selected stack\n  found:    "wst"${allowed}`);
    vi.stubEnv("PULUMI_STACK", "weest");
    await expect(findStack(undefined, project)).rejects.toThrow('$PULUMI_STACK\n  found:    "weest"');
  });

  it("is refused when none is named or selected, with the stacks of the folder", async () => {
    select("");
    await expect(findStack(undefined, project)).rejects.toThrow("Stacks with a file in this folder: east, west.");
  });

  it("is refused in a folder without the file of a stack, with how to get one", async () => {
    for (const stack of ["east", "west"]) rmSync(join(project, `Pulumi.${stack}.yaml`));
    await expect(findStack(undefined, project)).rejects.toThrow(/^This folder has no file of a stack.*docs\/guide\.md/);
  });
});
