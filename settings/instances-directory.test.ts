import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readInstancesDirectory } from "./instances-directory";

let project: string;
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), "project-"));
});
afterEach(() => rmSync(project, { recursive: true }));

function write(name: string, text: string): void {
  mkdirSync(join(project, "instances", name), { recursive: true });
  writeFileSync(join(project, "instances", name, "config.yml"), text);
}

const read = () => readInstancesDirectory("instances", project);

it("reads an instance's hosts from Tutor's settings and from Tutor's defaults", () => {
  write("acme", "LMS_HOST: acme.example.org\nMYSQL_HOST: mysql\nOPENEDX_SECRET_KEY: s3cret\n");
  write("beta", 'LMS_HOST: beta.example.org\nCMS_HOST: "cms.{{ LMS_HOST }}"\nNOTES_HOST: notes.example.org\n');
  expect(read()).toStrictEqual({
    instances: {
      acme: {
        hosts: [
          "acme.example.org",
          "studio.acme.example.org",
          "preview.acme.example.org",
          "apps.acme.example.org",
          "meilisearch.acme.example.org",
        ],
      },
      beta: {
        hosts: [
          "beta.example.org",
          "cms.beta.example.org",
          "preview.beta.example.org",
          "apps.beta.example.org",
          "meilisearch.beta.example.org",
          "notes.example.org",
        ],
      },
    },
    problems: [],
  });
});

it("reads additional hosts from a list, each host once", () => {
  write("acme", "LMS_HOST: a.example.org\nMAINTENANCE_PAGES_EXTRA_HOSTS: [shop.example.org, a.example.org]\n");
  expect(read().instances.acme?.hosts).toContain("shop.example.org");
  expect(read().instances.acme?.hosts.filter((host) => host === "a.example.org")).toHaveLength(1);
});

it("reads the namespace from Tutor's settings", () => {
  write("acme", 'LMS_HOST: a.example.org\nNAME: acme\nK8S_NAMESPACE: "{{ NAME }}-prod"\n');
  expect(read().instances.acme?.namespace).toBe("acme-prod");
});

it("ignores folders that are not an instance", () => {
  write("acme", "LMS_HOST: a.example.org\n");
  mkdirSync(join(project, "instances", "no-config"));
  write(".git", "x");
  expect(Object.keys(read().instances)).toStrictEqual(["acme"]);
});

it.each<[string, string, string, unknown]>([
  ["no LMS_HOST", "CMS_HOST: studio.example.org\n", "instances/acme/config.yml: LMS_HOST", undefined],
  [
    "an invalid host",
    "LMS_HOST: https://a.example.org/\n",
    "instances/acme/config.yml: LMS_HOST",
    "https://a.example.org/",
  ],
  [
    "a template with other syntax",
    'LMS_HOST: "{% if X %}a{% endif %}.example.org"\n',
    "instances/acme/config.yml: LMS_HOST",
    "{% if X %}a{% endif %}.example.org",
  ],
  ["a host that names itself", 'LMS_HOST: "{{ CMS_HOST }}"\n', "instances/acme/config.yml: LMS_HOST", "{{ CMS_HOST }}"],
  [
    "an invalid namespace",
    "LMS_HOST: a.example.org\nK8S_NAMESPACE: A_B\n",
    "instances/acme/config.yml: K8S_NAMESPACE",
    "A_B",
  ],
  ["a number", "LMS_HOST: a.example.org\nCMS_HOST: 7\n", "instances/acme/config.yml: CMS_HOST", 7],
  ["no YAML", "LMS_HOST: [a\nSECRET: s3cret\n", "instances/acme/config.yml:2:1", "BAD_INDENT"],
  ["nothing", "", "instances/acme/config.yml", undefined],
])("%s is reported with file and key, and without secrets", (_, text, path, found) => {
  write("acme", text);
  const { problems } = read();
  expect(problems.map((problem) => [problem.path, problem.found])).toStrictEqual([[path, found]]);
  expect(JSON.stringify(problems)).not.toContain("s3cret");
});

it("reports a directory that does not exist or has no instance", () => {
  expect(read().problems).toMatchObject([{ path: "instancesDirectory", found: "instances" }]);
  mkdirSync(join(project, "instances"));
  expect(read().problems).toMatchObject([
    { path: "instancesDirectory", allowed: expect.stringContaining("config.yml") },
  ]);
});
