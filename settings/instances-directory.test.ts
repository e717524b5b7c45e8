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

const CORE = ["acme.example.org", "studio.acme.example.org"];
const ASSUMED = ["apps.acme.example.org", "preview.acme.example.org", "meilisearch.acme.example.org"];

/** An instance's hosts: those that it certainly has, and those that are assumed. */
function hostsOf(name: string) {
  const { hosts = [], assumedHosts = [] } = read().instances[name] ?? {};
  return { certain: hosts.filter((host) => !assumedHosts.includes(host)), assumed: assumedHosts };
}

it("reads an instance's hosts from Tutor's settings and from Tutor's defaults", () => {
  write("acme", "LMS_HOST: acme.example.org\nMYSQL_HOST: mysql.example.org\nOPENEDX_SECRET_KEY: s3cret\n");
  write("beta", 'LMS_HOST: beta.example.org\nCMS_HOST: "cms.{{ LMS_HOST }}"\nPLUGINS: []\nRUN_MEILISEARCH: false\n');
  expect(hostsOf("acme")).toStrictEqual({ certain: CORE, assumed: ASSUMED });
  expect(hostsOf("beta")).toStrictEqual({
    certain: ["beta.example.org", "cms.beta.example.org"],
    assumed: ["preview.beta.example.org"],
  });
  expect(read()).toMatchObject({ warnings: [], problems: [], unreadable: new Map() });
});

it("reads the hosts that the enabled plugins have by default", () => {
  write("acme", "LMS_HOST: acme.example.org\nPLUGINS: [mfe, minio, discovery, credentials, notes, indigo, aspects]\n");
  expect(
    hostsOf("acme")
      .certain.map((host) => host.replace(/\.acme\.example\.org$/, ""))
      .sort(),
  ).toStrictEqual(
    ["acme.example.org", "apps", "credentials", "discovery", "files", "minio", "notes", "studio", "superset"].sort(),
  );
});

it("names a plugin that is not known in a warning", () => {
  write("acme", "LMS_HOST: acme.example.org\nPLUGINS: [mfe, shop]\n");
  expect(read().warnings).toStrictEqual([
    expect.stringMatching(/^instances\/acme\/config\.yml: the plugin shop is not known/),
  ]);
});

it.each([
  ["GROVE_ADDITIONAL_DOMAINS", "[{ domain: campus.example.net, proxy: lms:8000 }]", ["campus.example.net"]],
  [
    "K8S_HARMONY_ADDITIONAL_INGRESS_HOST_LIST",
    '["{{ NOTES_HOST }}", forum.acme.example.org]',
    ["notes.acme.example.org", "forum.acme.example.org"],
  ],
  ["DRYDOCK_INGRESS_EXTRA_HOSTS", "[a.example.net]", ["a.example.net"]],
  [
    "DRYDOCK_INGRESS_LMS_EXTRA_HOSTS",
    '["b.example.net", "*.acme.example.org"]',
    ["b.example.net", "*.acme.example.org"],
  ],
  ["MAINTENANCE_PAGES_EXTRA_HOSTS", "[shop.example.org, acme.example.org]", ["shop.example.org"]],
])("reads more hosts from %s", (setting, value, more) => {
  write("acme", `LMS_HOST: acme.example.org\n${setting}: ${value}\n`);
  expect(hostsOf("acme").certain).toStrictEqual([...CORE, ...more]);
  expect(read().warnings).toStrictEqual([]);
});

it.each([
  ["SHOP_HOST", "shop.example.org", true],
  ["EXTRA_DOMAINS", "[{ name: a.example.org }]", true],
  ["SHOP_HOSTNAME", '"shop.{{ LMS_HOST }}"', true],
  ["EXTRA_DOMAINS", "a.example.net,b.example.net", true],
  ["CADDY_EXTRA_HOSTS", "[Www.acme.example.org]", true],
  ["EXTRA_HOSTS", "{ a.example.net: lms }", true],
  ["SHOP_HOST", "shop", false],
  ["SHOP_MYSQL_HOST", "db.example.org", false],
  ["SMTP_HOST", "smtp.example.org", false],
  ["SHOP_HOST", "http://shop.svc.cluster.local:80", false],
])("names %s: %s in a warning: %s", (setting, value, isNamed) => {
  write("acme", `LMS_HOST: acme.example.org\n${setting}: ${value}\n`);
  const { warnings } = read();
  expect(warnings).toHaveLength(isNamed ? 1 : 0);
  if (isNamed) expect(warnings[0]).toContain(`${setting} is not known, and looks like a host`);
  expect(warnings.join()).not.toContain("shop.example.org");
});

it("leaves out an address inside the cluster, and nothing else", () => {
  write("acme", "LMS_HOST: acme.example.org\nMEILISEARCH_HOST: search.openedx-harmony:7700\nPLUGINS: []\n");
  expect(hostsOf("acme")).toStrictEqual({ certain: CORE, assumed: ["preview.acme.example.org"] });
  expect(read().warnings).toStrictEqual([
    "instances/acme/config.yml: MEILISEARCH_HOST is left out: it is not a host name.",
  ]);
});

it("takes the last of two keys, as Tutor does", () => {
  write("acme", "LMS_HOST: old.example.org\nLMS_HOST: acme.example.org\n");
  expect(hostsOf("acme").certain).toStrictEqual(CORE);
});

it("merges keys, as Tutor does", () => {
  write("acme", "base: &base { LMS_HOST: acme.example.org }\n<<: *base\n");
  expect(hostsOf("acme").certain).toStrictEqual(CORE);
});

it("reads the namespace from Tutor's settings", () => {
  write("acme", 'LMS_HOST: a.example.org\nNAME: acme\nK8S_NAMESPACE: "{{ NAME }}-prod"\n');
  write("beta", "LMS_HOST: b.example.org\nK8S_NAMESPACE: A_B\n");
  expect(read().instances.acme?.namespace).toBe("acme-prod");
  expect(read().instances.beta?.namespace).toBeUndefined();
  expect(read().warnings.join()).toContain("beta/config.yml: K8S_NAMESPACE is left out");
});

it("ignores folders that are not an instance", () => {
  write("acme", "LMS_HOST: a.example.org\n");
  mkdirSync(join(project, "instances", "no-config"));
  mkdirSync(join(project, "instances", ".git"));
  expect(Object.keys(read().instances)).toStrictEqual(["acme"]);
});

it("takes a folder under the nearest name, and says so", () => {
  write("My_School", "LMS_HOST: a.example.org\n");
  write("acme.example.org", "LMS_HOST: b.example.org\n");
  write("my-school", "LMS_HOST: c.example.org\n");
  write("___", "LMS_HOST: d.example.org\n");
  expect(Object.keys(read().instances).sort()).toStrictEqual(["acme-example-org", "my-school"]);
  expect(read().instances["my-school"]?.hosts).toContain("c.example.org");
  expect(read().warnings).toStrictEqual([
    "instances/My_School/config.yml is left out: its name would be my-school, which is taken.",
    "instances/___/config.yml is left out: its folder's name can't be an instance's name.",
    "instances/acme.example.org/config.yml is the instance acme-example-org.",
  ]);
});

it("gives a host that two instances name to the one whose LMS_HOST is above it", () => {
  write("acme", "LMS_HOST: acme.example.org\nPLUGINS: [mfe]\n");
  write("beta", "LMS_HOST: beta.example.org\nPLUGINS: [mfe]\nMFE_HOST: apps.acme.example.org\n");
  expect(hostsOf("acme").certain).toContain("apps.acme.example.org");
  expect(hostsOf("beta").certain).toStrictEqual(["beta.example.org", "studio.beta.example.org"]);
  expect(read().warnings).toStrictEqual([
    "instances/beta/config.yml: apps.acme.example.org is left out: it belongs to acme.",
  ]);
});

it.each([
  [
    "an assumed host is another's LMS_HOST",
    "LMS_HOST: example.org\n",
    "LMS_HOST: preview.example.org\n",
    "preview.example.org",
  ],
  [
    "the longest LMS_HOST above it counts",
    "LMS_HOST: example.org\nMAINTENANCE_PAGES_EXTRA_HOSTS: [studio.beta.example.org]\n",
    "LMS_HOST: beta.example.org\n",
    "studio.beta.example.org",
  ],
  [
    "an assumed host is another's that names it",
    "LMS_HOST: example.org\n",
    "LMS_HOST: beta.example.net\nMAINTENANCE_PAGES_EXTRA_HOSTS: [preview.example.org]\n",
    "preview.example.org",
  ],
])("%s, and both can be used", (_, acme, beta, host) => {
  write("acme", acme);
  write("beta", beta);
  expect(read().unreadable.size).toBe(0);
  expect(read().instances.beta?.hosts).toContain(host);
  expect(read().instances.acme?.hosts).not.toContain(host);
});

it("leaves out a host that nobody owns clearly, for everybody", () => {
  write("acme", "LMS_HOST: acme.example.org\nPLUGINS: [minio]\nMINIO_HOST: files.example.net\n");
  write("beta", "LMS_HOST: beta.example.org\nPLUGINS: [minio]\nMINIO_HOST: files.example.net\n");
  const { instances, unreadable, warnings } = read();
  expect(unreadable.size).toBe(0);
  expect(Object.values(instances).flatMap(({ hosts }) => hosts)).not.toContain("files.example.net");
  expect(warnings).toContain("instances/acme/config.yml: files.example.net is left out: beta has it, too.");
});

it("reads a host in upper case, and one with a number of the settings", () => {
  write("acme", "LMS_HOST: Learn{{ SITE }}.Example.org\nSITE: 3\nCMS_HOST: STUDIO.example.org\n");
  expect(read().instances.acme?.hosts).toEqual(expect.arrayContaining(["learn3.example.org", "studio.example.org"]));
});

it("proposes the host that a LMS_HOST may mean", () => {
  write("acme", "LMS_HOST: https://acme.example.org:8000/\n");
  expect(read().unreadable.get("acme")).toBe(
    'instances/acme/config.yml: LMS_HOST is "https://acme.example.org:8000/", and not a host name such as acme.example.org',
  );
});

it("leaves out a wildcard that is below no host of the instance", () => {
  write("acme", "LMS_HOST: acme.example.org\n");
  write("beta", 'LMS_HOST: beta.example.org\nGROVE_ADDITIONAL_DOMAINS: [{ domain: "*.campus.example.net" }]\n');
  expect(read().instances.beta?.hosts).not.toContain("*.campus.example.net");
  expect(read().warnings).toStrictEqual([
    "instances/beta/config.yml: *.campus.example.net is left out: it is below no other host of the instance.",
  ]);
});

it("reads yes and on as Tutor does, and any text as true", () => {
  const ralph = "LMS_HOST: acme.example.org\nPLUGINS: [aspects]\nRALPH_HOST: ralph.acme.example.org\n";
  write("acme", `${ralph}RUN_RALPH: yes\nRALPH_ENABLE_PUBLIC_URL: on\n`);
  write("beta", `${ralph.replaceAll("acme", "beta")}RUN_RALPH: "true"\nRALPH_ENABLE_PUBLIC_URL: 1\n`);
  write("gamma", `${ralph.replaceAll("acme", "gamma")}RUN_RALPH: no\nRALPH_ENABLE_PUBLIC_URL: yes\n`);
  const { instances } = read();
  expect(instances.acme?.hosts).toContain("ralph.acme.example.org");
  expect(instances.beta?.hosts).toContain("ralph.beta.example.org");
  expect(instances.gamma?.hosts).not.toContain("ralph.gamma.example.org");
});

it.each(["mfe, minio", "{ mfe: true }", "'[\"mfe\"]'", ""])(
  "says that PLUGINS: %s is no list, and assumes what Tutor enables",
  (text) => {
    write("acme", `LMS_HOST: acme.example.org\nPLUGINS: ${text}\n`);
    expect(hostsOf("acme").assumed).toStrictEqual(ASSUMED);
    expect(read().warnings).toStrictEqual([expect.stringContaining("PLUGINS is not a list")]);
  },
);

it("names a folder whose file has another name", () => {
  write("acme", "LMS_HOST: acme.example.org\n");
  mkdirSync(join(project, "instances", "beta"));
  writeFileSync(join(project, "instances", "beta", "config.yaml"), "LMS_HOST: beta.example.org\n");
  expect(read().warnings).toStrictEqual([
    "instances/beta is left out: Tutor's file is config.yml, and it is not there.",
  ]);
});

it("uses neither of two instances with the same LMS_HOST, and all others", () => {
  write("acme", "LMS_HOST: acme.example.org\n");
  write("beta", "LMS_HOST: acme.example.org\n");
  write("gamma", "LMS_HOST: gamma.example.org\n");
  expect(Object.keys(read().instances)).toStrictEqual(["gamma"]);
  expect([...read().unreadable.keys()]).toStrictEqual(["acme", "beta"]);
});

it.each<[string, string, RegExp]>([
  ["no LMS_HOST", "CMS_HOST: studio.example.org\n", /LMS_HOST is missing/],
  ["only a namespace", "K8S_NAMESPACE: acme\n", /LMS_HOST is missing/],
  [
    "an invalid host",
    "LMS_HOST: https://a.example.org/\n",
    /LMS_HOST is "https:\/\/a.example.org\/", and not a host name/,
  ],
  [
    "a template with other syntax",
    'LMS_HOST: "{% if X %}a{% endif %}.example.org"\n',
    /LMS_HOST is .* not a host name/,
  ],
  ["a host that names itself", 'LMS_HOST: "{{ CMS_HOST }}"\n', /LMS_HOST is .* not a host name/],
  ["no YAML", "LMS_HOST: [a\nSECRET: s3cret\n", /line 2, column 1 is no YAML \(BAD_INDENT\)/],
  [
    "an alias of itself",
    "LMS_HOST: a.example.org\nSITE_DOMAINS: &x { a: *x }\n",
    /an alias that leads nowhere, to itself/,
  ],
  ["nothing", "", /it has no settings of Tutor/],
  ["a wildcard without quotes", "LMS_HOST: a.example.org\nHOSTS: [*.example.org]\n", /begins with \* needs quotes/],
])("%s concerns that instance alone, without secrets", (_, text, reason) => {
  write("acme", text);
  write("beta", "LMS_HOST: beta.example.org\n");
  const { instances, unreadable, warnings, problems } = read();
  expect(problems).toStrictEqual([]);
  expect(Object.keys(instances)).toStrictEqual(["beta"]);
  expect(unreadable.get("acme")).toMatch(reason);
  expect(unreadable.get("acme")).toMatch(/^instances\/acme\/config\.yml: /);
  expect([unreadable.get("acme"), ...warnings].join()).not.toContain("s3cret");
});

it("a file that can't be read concerns that instance alone", () => {
  write("beta", "LMS_HOST: beta.example.org\n");
  mkdirSync(join(project, "instances", "acme", "config.yml"), { recursive: true });
  const { instances, unreadable } = read();
  expect(Object.keys(instances)).toStrictEqual(["beta"]);
  expect(unreadable.get("acme")).toContain("it can't be read (EISDIR)");
});

it("reports a directory that does not exist or has no instance", () => {
  expect(read().problems).toMatchObject([{ path: "instancesDirectory", found: "instances" }]);
  mkdirSync(join(project, "instances"));
  expect(read().problems).toMatchObject([
    { path: "instancesDirectory", allowed: expect.stringContaining("config.yml") },
  ]);
});
