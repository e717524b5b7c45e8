import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { TutorProject } from "../../lab/tutor/tutor";
import { readInstancesDirectory } from "../../settings/instances-directory";
import { PLUGIN_HOSTS } from "../../settings/tutor-hosts";

// The hosts of settings/tutor-hosts.ts against those that the real Tutor renders with the real plugins: the sites of its Caddyfile, and the
// Ingresses of Harmony and drydock.

/** The packages, as the Python package index has them for this release of Tutor or the one before. */
const PACKAGES: Readonly<Record<string, string>> = {
  android: "tutor-android==22.0.0",
  aspects: "tutor-contrib-aspects==6.1.0",
  cairn: "tutor-cairn==22.0.0",
  celery: "tutor-contrib-celery==22.0.0",
  credentials: "tutor-credentials==22.0.0",
  discovery: "tutor-discovery==22.0.0",
  forum: "tutor-forum==22.0.0",
  indigo: "tutor-indigo==22.0.0",
  jupyter: "tutor-jupyter==22.0.0",
  mfe: "tutor-mfe==22.1.0",
  minio: "tutor-minio==22.0.0",
  notes: "tutor-notes==22.0.0",
  phpmyadmin: "tutor-contrib-phpmyadmin==2.0.0",
  wordpress: "tutor-contrib-wordpress==1.2.0",
  xqueue: "tutor-xqueue==22.0.0",
  drydock: "tutor-contrib-drydock==22.2.0",
  k8s_harmony: "tutor-contrib-harmony==18.0.1",
};

/** Plugins that no longer exist for this release of Tutor. Their hosts are those of their last release: 19.0.0 and 14.0.0. */
const OLD = ["ecommerce", "richie"];

let folder: string;
let project: TutorProject;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tutor-hosts-"));
  project = await TutorProject.create(folder, "22.0.3");
  // Without what they depend on, which includes other releases of Tutor; but for what the plugin aspects imports.
  await project.install("--no-deps", ...Object.values(PACKAGES));
  await project.install("bcrypt", "shandy-sqlfmt[jinjafmt]", "ruamel-yaml");
  await project.save({ LMS_HOST: "acme.example.org", K8S_NAMESPACE: "acme", K8S_HARMONY_NAMESPACE: "harmony" });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Saves an instance with these plugins, and reads it back as an instance of a directory. */
async function saved(plugins: readonly string[], settings: Readonly<Record<string, string>>, written = "") {
  const { code, output } = await project.type("plugins", "enable", ...plugins);
  expect(code, output).toBe(0);
  appendFileSync(join(folder, "root", "config.yml"), written);
  await project.save({ LMS_HOST: "acme.example.org", ENABLE_HTTPS: "true", ENABLE_WEB_PROXY: "false", ...settings });
  const { instances, warnings } = readInstancesDirectory(".", join(folder));
  return { ...instances.root, warnings };
}

const sites = () =>
  [...project.caddyfile().matchAll(/^(\S+)\{\$default_site_port\} \{/gm)].map(([, host = ""]) => host);

const withoutPreview = (hosts: readonly string[] = []) => hosts.filter((host) => !host.startsWith("preview.")).sort();

const all = Object.keys(PLUGIN_HOSTS).filter((plugin) => !OLD.includes(plugin));

it("are the sites of the Caddyfile, with every plugin that has one", async () => {
  const { hosts, warnings } = await saved(all, {});
  expect(warnings).toStrictEqual([]);
  // Tutor 22 has no preview host, which config.yml does not say.
  expect(withoutPreview(hosts)).toStrictEqual([...new Set(sites())].sort());
});

it("are those sites too, with everything that can be turned on", async () => {
  const { hosts } = await saved(all, {
    RUN_RALPH: "true",
    RALPH_ENABLE_PUBLIC_URL: "true",
    RALPH_HOST: "ralph.{{ LMS_HOST }}",
    RUN_ASPECTS_DOCS: "true",
    CELERY_FLOWER: "true",
    CELERY_FLOWER_EXPOSE_SERVICE: "true",
  });
  expect(withoutPreview(hosts)).toStrictEqual([...new Set(sites())].sort());
});

it("are those of the Ingresses that Harmony and drydock render", async () => {
  const { hosts = [], assumedHosts = [] } = await saved(
    ["drydock", "k8s_harmony", "forum", "indigo", "notes", "mfe", "minio", "discovery"],
    {},
    // Before it knows its plugins, Tutor resolves all references: so their settings must be in the file.
    [
      'NOTES_HOST: "notes.{{ LMS_HOST }}"',
      'K8S_HARMONY_ADDITIONAL_INGRESS_HOST_LIST: ["{{ NOTES_HOST }}", "forum.acme.example.org"]',
      "DRYDOCK_INGRESS_EXTRA_HOSTS: [a.example.net]",
      "DRYDOCK_INGRESS_LMS_EXTRA_HOSTS: [b.example.net]\n",
    ].join("\n"),
  );
  const environment = join(folder, "root", "env");
  const files = [
    join(environment, "k8s", "services.yml"),
    ...readdirSync(join(environment, "plugins", "drydock", "k8s", "ingress")).map((name) =>
      join(environment, "plugins", "drydock", "k8s", "ingress", name),
    ),
  ];
  const rendered = files.flatMap((file) =>
    [...readFileSync(file, "utf8").matchAll(/^ +- host: "?([^"\s]+)"?$/gm)].map(([, host = ""]) => host),
  );
  expect(rendered.length).toBeGreaterThan(4);
  expect(rendered.filter((host) => !hosts.includes(host))).toStrictEqual([]);
  const certain = hosts.filter((host) => !assumedHosts.includes(host));
  expect(certain.filter((host) => !rendered.includes(host) && !sites().includes(host))).toStrictEqual([]);
});

it("every plugin of the table is one of these, or no longer exists", () => {
  const known = [...Object.keys(PACKAGES), ...OLD];
  expect(Object.keys(PLUGIN_HOSTS).filter((plugin) => !known.includes(plugin))).toStrictEqual([]);
});
