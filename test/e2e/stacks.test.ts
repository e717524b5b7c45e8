import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { EXIT } from "../../cli/errors";
import { PROJECT } from "../../cli/project";
import { runCommand, tryCommand } from "../../lab/cluster/commands";
import { findPulumi } from "../../lab/plugins/find";
import { copyProject } from "../../lab/project-copy";

// Which stack the command works on, with the real Pulumi CLI and a folder as its backend; without a cluster. The hosts are of no zone that
// there is (RFC 6761), so no request leaves this machine.

let folder: string;
let project: string;
let environment: NodeJS.ProcessEnv;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "maintenance-pages-stacks-"));
  project = join(folder, "project");
  const state = join(folder, "state");
  mkdirSync(state);
  const pulumi = await findPulumi(join(folder, "plugins"), (line) => console.log(line));
  await copyProject(project);
  symlinkSync(join(PROJECT, "node_modules"), join(project, "node_modules"));
  const { PULUMI_STACK: _, ...inherited } = process.env;
  environment = {
    ...inherited,
    ...pulumi.environment,
    PATH: [...pulumi.path, process.env.PATH].join(delimiter),
    PULUMI_CREDENTIALS_PATH: join(folder, "credentials"),
    PULUMI_BACKEND_URL: `file://${state}`,
    PULUMI_CONFIG_PASSPHRASE: "",
    KUBECONFIG: "/nonexistent",
  };
  // The examples: they name acme and beta, and have no stack.
  for (const stack of ["production", "staging"]) rmSync(join(project, `Pulumi.${stack}.yaml`));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const write = (stack: string, text: string) => writeFileSync(join(project, `Pulumi.${stack}.yaml`), text);

const fileOf = (stack: string, instances: readonly string[], entries: readonly string[] = []) => `config:
  maintenance-pages:kubernetes: { context: ${stack} }
  maintenance-pages:bucket: { profile: aws, name: ${stack}-pages, region: eu-central-1 }
  maintenance-pages:hostPatterns: ["{instance}.${stack}.invalid"]
  maintenance-pages:instances: [${instances.join(", ")}]
  maintenance-pages:maintenance: [${entries.join(", ")}]
`;

const pulumi = (...args: readonly string[]) =>
  runCommand("pulumi", [...args, "--non-interactive"], { cwd: project, env: environment });

const type = (args: readonly string[], more: NodeJS.ProcessEnv = {}) =>
  tryCommand(process.execPath, [join("cli", "maintenance.js"), ...args], {
    cwd: project,
    env: { ...environment, ...more },
    timeoutSeconds: 120,
  });

/** Gives a stack one resource, as its first `up` does. */
async function apply(stack: string): Promise<void> {
  const exported = JSON.parse(await pulumi("stack", "export", "--stack", stack));
  const urn = `urn:pulumi:${stack}::maintenance-pages::pulumi:pulumi:Stack::maintenance-pages-${stack}`;
  exported.deployment.resources = [{ urn, custom: false, type: "pulumi:pulumi:Stack" }];
  const file = join(folder, "state.json");
  writeFileSync(file, JSON.stringify(exported));
  await pulumi("stack", "import", "--stack", stack, "--file", file);
}

describe("two stacks in one folder", () => {
  beforeAll(async () => {
    for (const stack of ["east", "west"]) {
      await pulumi("stack", "init", stack);
      await apply(stack);
    }
    await pulumi("stack", "select", "west");
  });
  beforeEach(() => {
    write("east", fileOf("east", ["acme", "beta", "shared"], ["beta"]));
    write("west", fileOf("west", ["omega", "shared"]));
  });

  it("the one that owns the instance is used, and not the selected one", async () => {
    const preview = await type(["preview", "acme", "--out", join(folder, "page.html")]);
    expect(preview.output).toMatch(/^Stack east: it owns acme\.\n/);
    expect(preview.code, preview.output).toBe(EXIT.done);
    const disable = await type(["disable", "acme", "--yes"]);
    expect(disable.output).toMatch(/^Stack east: it owns acme\.\nNothing was changed: acme is not in maintenance\. In/);
    expect(disable.code).toBe(EXIT.refused);
  });

  it("--json says it where it is in no program's way", async () => {
    const { stdout, output, code } = await type(["preview", "omega", "--out", join(folder, "page.html"), "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ instance: "omega" });
    expect(output).toContain("Stack west: it owns omega.");
    expect(code).toBe(EXIT.done);
  });

  it("an instance of both, and instances of each, are refused with the list", async () => {
    const both = await type(["enable", "shared", "--yes"]);
    expect(both.output).toBe(
      [
        "Nothing was changed: more than one stack has shared. Name the stack that you mean:",
        "  --stack east  shared: shared.east.invalid",
        "  --stack west  shared: shared.west.invalid  (selected)",
        "",
      ].join("\n"),
    );
    const each = await type(["enable", "acme", "omega", "--yes"]);
    expect(each.output).toMatch(/^Nothing was changed: these instances are of different stacks\./);
    expect([both.code, each.code]).toStrictEqual([EXIT.refused, EXIT.refused]);
  });

  it("a mistyped name is laid beside those of both", async () => {
    const { code, output } = await type(["enable", "acm", "--yes"]);
    expect(output).toMatch(/found: +"acm"\n.*of stack east.*of stack west\n +nearest: +acme of stack east$/m);
    expect(code).toBe(EXIT.refused);
  });

  it("a named stack stays the named one, and says where the instance is", async () => {
    for (const named of [
      await type(["enable", "acme", "--yes", "--stack", "west"]),
      await type(["enable", "acme", "--yes"], { PULUMI_STACK: "west" }),
    ]) {
      expect(named.output).toContain("\nacme is an instance of stack east: --stack east.\n");
      expect(named.code).toBe(EXIT.refused);
    }
  });

  it("a file that can't be read stops nothing silently", async () => {
    write("west", "config: [\n");
    const { code, output } = await type(["enable", "acme", "--yes"]);
    write("west", fileOf("west", ["omega", "shared"]));
    expect(output).toMatch(
      /can't be read, so another stack may have acme, too[\s\S]*--stack east[\s\S]*Pulumi\.west\.yaml/,
    );
    expect(code).toBe(EXIT.refused);
  });

  it("a file without a stack is told apart", async () => {
    write("north", fileOf("north", ["acme", "polar"]));
    const preview = await type(["preview", "acme", "--out", join(folder, "page.html")]);
    const enable = await type(["enable", "polar", "--yes"]);
    rmSync(join(project, "Pulumi.north.yaml"));
    expect(preview.output).toMatch(
      /^Stack east: it owns acme\.\nNot meant: Pulumi\.north\.yaml has acme, too, but there is no stack north in the backend file:/,
    );
    expect(preview.code).toBe(EXIT.done);
    expect(enable.output).toMatch(/Pulumi has no such stack: north, in the backend file:/);
    expect(enable.code).toBe(EXIT.refused);
  });

  it("list --all-stacks shows each, and what fails hides no other", async () => {
    const list = await type(["list", "--all-stacks"]);
    expect(list.output).toMatch(/^Stack east\ninstance .*\nbeta [\s\S]*\n\nStack west\nNothing is in maintenance/);
    expect(list.code, list.output).toBe(EXIT.done);
    write("east", "config: [\n");
    const broken = await type(["list", "--all-stacks", "--json"]);
    write("east", fileOf("east", ["acme"]));
    expect(JSON.parse(broken.stdout)).toMatchObject([
      { stack: "east", applied: true, entries: [], error: expect.stringContaining("no YAML") },
      { stack: "west", applied: true, entries: [], error: null },
    ]);
    expect(broken.code).toBe(EXIT.refused);
  });

  it("status --all-stacks ends with the worst code", async () => {
    const status = await type(["status", "--all-stacks", "--json"]);
    expect(JSON.parse(status.stdout)).toMatchObject([
      { stack: "east", instances: [{ name: "acme" }, { name: "beta" }, { name: "shared" }] },
      { stack: "west", instances: [{ name: "omega" }, { name: "shared" }] },
    ]);
    expect(status.code).toBe(EXIT.attention);
    const both = await type(["status", "--all-stacks", "--stack", "east"]);
    expect(both.output).toMatch(/--all-stacks, --stack\n +found: +"both"/);
    expect(both.code).toBe(EXIT.refused);
  });

  it("completion offers the instances of both, prints nothing else, and runs nothing", async () => {
    const all = await type(["--get-yargs-completions", "maintenance", "enable", ""]);
    expect(all.output.trim().split("\n").sort()).toStrictEqual(["acme", "beta", "omega", "shared"]);
    const one = await type([
      "--get-yargs-completions",
      "maintenance",
      "enable",
      "acme",
      "--yes",
      "--stack",
      "west",
      "o",
    ]);
    expect([one.output, one.code]).toStrictEqual(["omega\n", EXIT.done]);
  });
});
