import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { PROJECT } from "../../cli/project";
import { tryCommand } from "../../lab/cluster/commands";
import { ensureProgram } from "../../lab/tools/tools";

it("the workflows pass actionlint", async () => {
  const { path } = await ensureProgram("actionlint", (line) => console.log(line));
  const { code, output } = await tryCommand(path, ["-no-color"], { cwd: PROJECT });
  expect(output).toBe("");
  expect(code).toBe(0);
});

const WORKFLOWS = join(PROJECT, ".github", "workflows");
const ACTIONS = join(PROJECT, ".github", "actions");
const files = [
  ...readdirSync(WORKFLOWS).map((name) => join(WORKFLOWS, name)),
  ...readdirSync(ACTIONS).map((name) => join(ACTIONS, name, "action.yml")),
];

it("every action of somebody else is pinned by its commit", () => {
  for (const file of files) {
    for (const [, used = ""] of readFileSync(file, "utf8").matchAll(/uses: (\S+)/g)) {
      if (!used.startsWith("./")) expect(used, file).toMatch(/^[\w.-]+\/[\w.-]+@[0-9a-f]{40}$/);
    }
  }
});

it.each([
  ...readdirSync(WORKFLOWS).map((name) => join(WORKFLOWS, name)),
  join(PROJECT, "docs", "gitlab-ci.example.yml"),
])("%s calls scripts that there are", (file) => {
  const text = readFileSync(file, "utf8");
  expect(() => parse(text)).not.toThrow();
  const scripts = [...text.matchAll(/ci\/\w+\.sh/g)].map(([script]) => script);
  expect(scripts).not.toStrictEqual([]);
  for (const script of scripts) expect(readdirSync(join(PROJECT, "ci"))).toContain(script.slice(3));
});
