import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { findOwner, readBackend, readStackNames } from "./stacks";

// The Pulumi CLI is a stand-in here; test/e2e/stacks.test.ts has the real one.

let project: string;
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), "stacks-"));
  vi.stubEnv("PATH", `${project}/bin${delimiter}${process.env.PATH}`);
  write("Pulumi.yaml", "name: maintenance-pages\n");
  answer(`touch ${project}/asked; echo 'asked' >&2; exit 1`);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(project, { recursive: true });
});

function write(name: string, text: string): void {
  mkdirSync(dirname(join(project, name)), { recursive: true });
  writeFileSync(join(project, name), text);
}

function answer(script: string): void {
  write("bin/pulumi", `#!/bin/sh\n${script}\n`);
  chmodSync(join(project, "bin", "pulumi"), 0o755);
}

const file = (stack: string, ...lines: readonly string[]) =>
  write(`Pulumi.${stack}.yaml`, ["config:", ...lines.map((line) => `  maintenance-pages:${line}`), ""].join("\n"));

async function read() {
  const stacks = await readStackNames(project);
  return Object.fromEntries(stacks.map(({ stack, names, unread }) => [stack, unread ?? [...names].join(" ")]));
}

describe("the instances of each stack of the folder", () => {
  it("are read without Pulumi, and without a word of what else is wrong", async () => {
    file("a", "instances: [acme, beta]", "bucket: nonsense", "maintenance: [gone]");
    file("b", `instances: '["omega"]' # as \`pulumi config set\` writes it`);
    file("c", "instancesDirectory: folder");
    for (const name of ["dora", "Eve_1", "broken"]) write(`folder/${name}/config.yml`, "[");
    expect(await read()).toStrictEqual({ a: "acme beta gone", b: "omega", c: "broken dora eve-1" });
  });

  it("are not known of a file that is no YAML, or can't be read, or has no instances that can be understood", async () => {
    write("Pulumi.a.yaml", "config: [\n");
    mkdirSync(join(project, "Pulumi.b.yaml"));
    file("c", "instances: acme");
    file("d", "instancesDirectory: nowhere");
    file("e", "instances: [*acme]");
    const found = await read();
    expect(found.a).toMatch(/^The stack's file can't be read: it is no YAML\. Flow sequence .* at line \d/);
    expect(found.b).toMatch(/EISDIR/);
    expect(found.c).toMatch(/^instances is "acme"; allowed: a list/);
    expect(found.d).toMatch(/^instancesDirectory is "nowhere"; allowed: a folder/);
    expect(found.e).toMatch(/alias that leads nowhere/);
  });

  it.each([
    ["plain", "  maintenance-pages:instances: [acme, beta]\n"],
    ["as a value", "  maintenance-pages:instances: { value: [acme, beta] }\n"],
    ["as a default, without a namespace", '  instances: { type: string, default: \'["acme", "beta"]\' }\n'],
  ])("come from Pulumi.yaml, too: %s", async (_, text) => {
    write("Pulumi.yaml", `name: maintenance-pages\nconfig:\n${text}`);
    file("a", "instances: [omega]");
    file("b", "retryAfter: 60");
    expect(await read()).toStrictEqual({ a: "omega", b: "acme beta" });
  });

  it("come from Pulumi where a stack has an environment", async () => {
    write("Pulumi.a.yaml", "environment: [shared]\nconfig:\n  maintenance-pages:maintenance: [acme]\n");
    answer(`echo '${JSON.stringify({ "maintenance-pages:instances": { value: '["acme","beta"]', secret: false } })}'`);
    expect(await read()).toStrictEqual({ a: "acme beta" });
    answer("echo 'error: no stack named a found' >&2; exit 255");
    expect((await read()).a).toBe("Pulumi does not tell what its environment has: error: no stack named a found");
  });
});

describe("the stacks in the backend", () => {
  const list = (stacks: unknown) => answer(`echo '${JSON.stringify(stacks)}'`);

  it("are applied when they have resources, in one organization at least", async () => {
    list([
      { name: "a", current: true, lastUpdate: "2026-12-01T20:00:00.000Z", resourceCount: 12 },
      { name: "b", current: false, lastUpdate: "2026-12-01T20:00:00.000Z", resourceCount: 0 },
      { name: "example/c", current: false, lastUpdate: "2026-12-01T20:00:00.000Z" },
      { name: "d", current: false },
      { name: "e", current: false, updateInProgress: true },
      { name: "example/b", current: true, resourceCount: 3 },
      { name: "other/a", current: false, resourceCount: 0 },
    ]);
    const backend = await readBackend(project);
    expect("unknown" in backend ? [] : [...backend]).toStrictEqual([
      ["a", { isSelected: true, isApplied: true }],
      ["b", { isSelected: true, isApplied: true }],
      ["c", { isSelected: false, isApplied: true }],
      ["d", { isSelected: false, isApplied: false }],
      ["e", { isSelected: false, isApplied: true }],
    ]);
  });

  it("are not known when Pulumi says nothing, or is not there", async () => {
    answer("echo 'error: not logged in' >&2; exit 255");
    expect(await readBackend(project)).toStrictEqual({ unknown: "not logged in" });
    vi.stubEnv("PATH", `${project}/nothing`);
    expect(await readBackend(project)).toStrictEqual({ unknown: expect.stringContaining("can't be started") });
  });
});

it("Pulumi is not asked for the owner when the files tell it, and once when they don't", async () => {
  file("a", "instances: [acme, beta]", 'hostPatterns: ["{instance}.a.example"]');
  file("b", "instances: [acme]");
  answer("exit 9");
  expect(await findOwner(["beta"], [], project)).toStrictEqual({ stack: "a", notes: [] });
  answer(`echo '[{"name":"b","current":false,"resourceCount":3}]'; echo x >> ${project}/asked`);
  const { stack, notes } = await findOwner(["acme"], [], project);
  expect([stack, notes.length]).toStrictEqual(["b", 1]);
});
