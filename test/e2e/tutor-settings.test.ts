import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { runCommand } from "../../lab/cluster/commands";
import { ensureTutor } from "../../lab/tutor/tutor";
import { readInstancesDirectory } from "../../settings/instances-directory";

// Three instances whose settings the real Tutor saved, as a cluster's own repository keeps them.

let project: string;

beforeAll(async () => {
  const tutor = await ensureTutor((line) => console.log(line));
  project = mkdtempSync(join(tmpdir(), "cluster-"));
  const save = (name: string, ...settings: readonly string[]) =>
    runCommand(tutor, [
      "--root",
      join(project, "instances", name),
      "config",
      "save",
      ...settings.flatMap((one) => ["--set", one]),
    ]);
  await save("acme", "LMS_HOST=acme.example.org", "CMS_HOST=studio.acme.example.org");
  await save("beta", "LMS_HOST=learn.beta.example", "CMS_HOST=authoring.{{ LMS_HOST }}", "MFE_HOST=mfe.beta.example");
  await save("broken", "LMS_HOST=Broken Host");
});
afterAll(() => rmSync(project, { recursive: true, force: true }));

it("the instances are what Tutor was told, and the broken one is told by file and key", () => {
  const { instances, unreadable } = readInstancesDirectory("instances", project);
  expect(instances).toMatchObject({
    acme: { hosts: expect.arrayContaining(["acme.example.org", "studio.acme.example.org", "apps.acme.example.org"]) },
    beta: { hosts: expect.arrayContaining(["learn.beta.example", "authoring.learn.beta.example", "mfe.beta.example"]) },
  });
  expect([...unreadable]).toStrictEqual([
    ["broken", 'instances/broken/config.yml: LMS_HOST is "Broken Host", and not a host name'],
  ]);
});

it("no message quotes a secret of a file that is no YAML any more", () => {
  const file = join(project, "instances", "acme", "config.yml");
  const text = readFileSync(file, "utf8");
  const secrets = [...text.matchAll(/^[A-Z_]*(?:SECRET|PASSWORD|KEY)[A-Z_]*: (\S{8,})$/gm)].map((match) => match[1]);
  expect(secrets.length).toBeGreaterThan(3);
  for (const [index, line] of text.split("\n").entries()) {
    if (!/^[A-Z_]+: \S{8,}$/.test(line)) continue;
    const lines = text.split("\n");
    lines[index] = `${line}: [`;
    writeFileSync(file, lines.join("\n"));
    const { unreadable, warnings } = readInstancesDirectory("instances", project);
    const said = JSON.stringify([...unreadable, warnings]);
    expect(said).toMatch(/instances\/acme\/config\.yml: line \d+, column \d+ is no YAML/);
    for (const secret of secrets) expect(said).not.toContain(secret);
  }
  writeFileSync(file, text);
});
