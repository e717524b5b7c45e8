import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { stringify } from "yaml";
import { StackFile } from "../../cli/project";
import { runCommand } from "../../lab/cluster/commands";
import { findPulumi } from "../../lab/plugins/find";

// Configuration in Pulumi.yaml, as the real Pulumi CLI tells it.

const BUCKET = { profile: "aws", name: "example-pages", region: "eu-central-1" };

let folder: string;
let project: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "base-config-"));
  project = join(folder, "project");
  const state = join(folder, "state");
  for (const path of [project, state]) mkdirSync(path);
  const pulumi = await findPulumi(join(folder, "plugins"), (line) => console.log(line));
  for (const [name, value] of Object.entries({
    ...pulumi.environment,
    PATH: [...pulumi.path, process.env.PATH].join(delimiter),
    PULUMI_BACKEND_URL: `file://${state}`,
    PULUMI_CONFIG_PASSPHRASE: "",
  })) {
    vi.stubEnv(name, value);
  }
  const config = { "maintenance-pages:bucket": { value: BUCKET }, retryAfter: { type: "integer", default: 60 } };
  writeFileSync(join(project, "Pulumi.yaml"), stringify({ name: "maintenance-pages", runtime: "nodejs", config }));
  const type = (...args: readonly string[]) => runCommand("pulumi", [...args, "--non-interactive"], { cwd: project });
  await type("stack", "init", "prod");
  await type("config", "set", "--path", "kubernetes.context", "prod");
  await type("config", "set", "instances", '["acme", "beta"]');
  await type("config", "set", "hostPatterns", '["{instance}.example.org"]');
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

it("the command has the settings that the program has, and writes only the stack's file", () => {
  const file = StackFile.open("prod", project);
  const { bucket, retryAfter, instances } = file.content.settings(new Date());
  expect(bucket).toMatchObject(BUCKET);
  expect(retryAfter).toBe(60);
  expect(instances.map(({ name }) => name)).toStrictEqual(["acme", "beta"]);

  const enabled = file.content.enable(["acme"], {});
  expect(enabled.settings(new Date()).maintenance).toMatchObject([{ instance: { name: "acme" }, state: "active" }]);
  file.write(enabled);
  const text = readFileSync(join(project, "Pulumi.prod.yaml"), "utf8");
  expect(text).toContain("maintenance-pages:maintenance:");
  expect(text).not.toMatch(/bucket|retryAfter/);
});
