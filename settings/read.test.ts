import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { serviceOf } from "../model/instances";
import { LANGUAGES } from "../model/languages";
import { SettingsError } from "../model/problems";
import { readSettings } from "./read";

const NOW = new Date("2026-12-01T12:00:00Z");

const valid = {
  instances: { acme: {}, beta: {} },
  hostPatterns: ["{instance}.example.org"],
  bucket: { profile: "s3-compatible", name: "pages", endpoint: "https://s3.example.org" },
  kubernetes: { context: "staging" },
};

/** The configuration as Pulumi hands it over: strings, JSON where it was an object or a list. */
const configuration = (values: object): Record<string, string> =>
  Object.fromEntries(
    Object.entries(values).map(([key, value]) => [
      `maintenance-pages:${key}`,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );

const read = (more: object = {}) => readSettings(configuration({ ...valid, ...more }), NOW, { kubeconfigs: () => [] });

const problemsOf = (more: object) => problemsIn(() => read(more));

function problemsIn(reading: () => unknown) {
  try {
    reading();
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  return [];
}

function messageOf(reading: () => unknown): string {
  try {
    reading();
  } catch (error) {
    if (error instanceof SettingsError) return error.message;
    throw error;
  }
  return "";
}

describe("reading the settings", () => {
  it("fills in the defaults", () => {
    expect(read()).toStrictEqual({
      instances: [
        { name: "acme", hosts: ["acme.example.org"] },
        { name: "beta", hosts: ["beta.example.org"] },
      ],
      maintenance: [],
      timeZone: "UTC",
      links: {},
      languages: LANGUAGES,
      forgottenAfter: 24,
      notify: [],
      feed: false,
      retryAfter: 300,
      bucket: {
        profile: "s3-compatible",
        name: "pages",
        region: "us-east-1",
        endpoint: "https://s3.example.org",
        pathStyle: true,
        publicPolicy: true,
      },
      edges: {
        default: {
          kind: "ingress-nginx",
          className: "nginx",
          namespace: "ingress-nginx",
          hostNetwork: false,
          gatewayErrors: true,
          install: false,
          version: "4.15.1",
          chart: "ingress-nginx",
          repository: "https://kubernetes.github.io/ingress-nginx",
          releaseName: "ingress-nginx",
          values: {},
        },
      },
      admissionPolicy: false,
      pageServer: {
        namespace: "maintenance-pages",
        image: "nginxinc/nginx-unprivileged:1.29-alpine",
        replicas: 2,
        pod: { resources: { requests: {}, limits: {} } },
      },
      kubernetes: { context: "staging" },
      cluster: undefined,
      protect: true,
      now: NOW,
      unreadable: new Map(),
      kept: new Map(),
      faults: [],
      warnings: [],
    });
  });

  it("accepts what Kubernetes accepts of a pod", () => {
    const pod = {
      nodeSelector: { "kubernetes.io/arch": "arm64", Pool_1: "" },
      tolerations: [{ key: "example.com/web", value: "A_1.b" }],
      resources: { limits: { "ephemeral-storage": "1Gi", "example.com/eni": "1" } },
    };
    const images = [
      "nginx",
      "localhost:5000/a/b__c/nginx:v1",
      "123.dkr.ecr.eu-central-1.amazonaws.com/mirror/nginx-unprivileged:1.29-alpine",
      `registry.example.org/nginx@sha256:${"0a".repeat(32)}`,
      `Registry.Example.org/nginx@sha512:${"0a".repeat(64)}`,
    ];
    for (const image of images) expect(read({ pageServer: { pod, image } }).pageServer).toMatchObject({ pod, image });
  });

  it("accepts the value that `pulumi config set maintenance '[\"acme\"]'` writes", () => {
    expect(read({ maintenance: '["acme"]' }).maintenance).toMatchObject([
      { instance: { name: "acme" }, state: "active" },
    ]);
  });

  it("reads instances from a directory, and prefers the configured values", () => {
    const directory = () => ({
      instances: {
        acme: { hosts: ["acme.example.com"], assumedHosts: [] },
        delta: { hosts: ["delta.example.com", "apps.delta.example.com"], assumedHosts: ["apps.delta.example.com"] },
      },
      unreadable: new Map(),
      warnings: [],
      problems: [],
    });
    const { instances: _, ...rest } = valid;
    const more = { instancesDirectory: "../cluster/instances", instances: { acme: { title: "Acme" }, beta: {} } };
    const names = (values: object) =>
      readSettings(configuration({ ...rest, ...values }), NOW, { kubeconfigs: () => [], readDirectory: directory })
        .instances;
    expect(names(more)).toStrictEqual([
      { name: "acme", hosts: ["acme.example.com"], title: "Acme" },
      { name: "beta", hosts: ["beta.example.org"] },
      {
        name: "delta",
        hosts: ["delta.example.com", "apps.delta.example.com"],
        assumedHosts: ["apps.delta.example.com"],
      },
    ]);
    expect(names({ instancesDirectory: "../cluster/instances" }).map(({ name }) => name)).toStrictEqual([
      "acme",
      "delta",
    ]);
  });

  it("puts all but an unreadable instance of the directory into maintenance, and says why not that one", () => {
    const directory = () => ({
      instances: { acme: { hosts: ["acme.example.com"], assumedHosts: [] } },
      unreadable: new Map([["delta", "../instances/delta/config.yml: LMS_HOST is missing"]]),
      warnings: [],
      problems: [],
    });
    const { instances: _, ...rest } = valid;
    const all = (values: object) =>
      readSettings(configuration({ ...rest, instancesDirectory: "../instances", ...values }), NOW, {
        kubeconfigs: () => [],
        readDirectory: directory,
      });
    expect(all({ maintenance: ["acme"] }).warnings).toStrictEqual([
      "delta can't be put into maintenance: its hosts are not known. ../instances/delta/config.yml: LMS_HOST is missing.",
    ]);
    expect(() => all({ maintenance: ["acme", "delta"] })).toThrow(
      /maintenance\[1\]\s+found: +"delta"\s+allowed: .*LMS_HOST is missing\. Repair that file, or set instances\.delta\.hosts/,
    );
    const own = { instances: { delta: { hosts: ["delta.example.org"] } }, maintenance: ["delta"] };
    expect(all(own)).toMatchObject({ maintenance: [{ instance: { name: "delta" } }], faults: [] });
  });

  it("gives a host to the instance of the stack's own file, and not to one of the directory that names it", () => {
    const directory = () => ({
      instances: {
        delta: { hosts: ["delta.example.com", "acme.example.org"], assumedHosts: [] },
        epsilon: { hosts: ["acme.example.org"], assumedHosts: [] },
      },
      unreadable: new Map(),
      warnings: [],
      problems: [],
    });
    const more = { instancesDirectory: "../instances", instances: { acme: { hosts: ["acme.example.org"] } } };
    const { instances, unreadable, warnings } = readSettings(configuration({ ...valid, ...more }), NOW, {
      kubeconfigs: () => [],
      readDirectory: directory,
    });
    expect(instances.map(({ name, hosts }) => [name, hosts])).toStrictEqual([
      ["acme", ["acme.example.org"]],
      ["delta", ["delta.example.com"]],
    ]);
    expect(unreadable.get("epsilon")).toContain("its LMS_HOST, acme.example.org, belongs to acme");
    expect(warnings).toContain("instancesDirectory: acme.example.org of delta is left out: it belongs to acme.");
  });

  it("says why no instance of the directory can be used", () => {
    const directory = () => ({
      instances: {},
      unreadable: new Map([["delta", "../instances/delta/config.yml: LMS_HOST is missing"]]),
      warnings: [],
      problems: [],
    });
    const { instances: _, ...rest } = valid;
    const values = configuration({ ...rest, instancesDirectory: "../instances" });
    expect(() => readSettings(values, NOW, { kubeconfigs: () => [], readDirectory: directory })).toThrow(
      /^The configuration has 1 problem[\s\S]*instancesDirectory\s+found: +"..\/instances"\s+allowed: .*LMS_HOST is missing/,
    );
  });

  it("rejects a configuration without instances", () => {
    const { instances: _, ...rest } = valid;
    expect(() => readSettings(configuration(rest), NOW, { kubeconfigs: () => [] })).toThrow(
      /instances\s+found: +nothing\s+allowed: .*instancesDirectory/,
    );
  });

  it("ignores other namespaces", () => {
    const other = { "aws:region": "eu-central-1", "pulumi:disable-default-providers": '["*"]' };
    expect(readSettings({ ...configuration(valid), ...other }, NOW, { kubeconfigs: () => [] }).maintenance).toEqual([]);
  });

  it.each([
    ["acme", '["acme"]'],
    ["acme, beta", '["acme","beta"]'],
    ['["acme"', '["acme"]'],
    ["[acme]", '["acme"]'],
    ["[acme, beta]", '["acme","beta"]'],
  ])("shows how to write %s", (maintenance, nearest) => {
    expect(problemsOf({ maintenance })).toStrictEqual([
      { path: "maintenance", found: maintenance, allowed: "a list, as JSON", nearest },
    ]);
  });

  it("rejects a misspelled setting and shows the nearest", () => {
    expect(problemsOf({ maintenence: ["acme"] })).toMatchObject([
      { path: "maintenence", found: ["acme"], nearest: "maintenance" },
    ]);
    expect(problemsOf({ maintenance: [{ instance: "acme", untill: "2027-01-01T00:00:00Z" }] })).toMatchObject([
      { path: "maintenance[0].untill", nearest: "until" },
    ]);
    expect(problemsOf({ instances: { acme: { host: ["a.example"] } } })).toMatchObject([
      { path: "instances.acme.host", nearest: "hosts" },
    ]);
  });

  it.each([
    [{ maintenance: { acme: true } }, "maintenance", `a list, such as '["acme"]'; an empty list is []`],
    [
      { maintenance: [7] },
      "maintenance[0]",
      "the name of an instance, or an object with instance, kind, from, until, message, ends, bypass",
    ],
    [{ maintenance: [{ kind: "scheduled" }] }, "maintenance[0].instance", "the name of an instance"],
    [{ maintenance: [{ instance: "acme", kind: "planned" }] }, "maintenance[0].kind", "one of scheduled, unscheduled"],
    [
      { maintenance: [{ instance: "acme", from: "2026-12-01T22:00:00" }] },
      "maintenance[0].from",
      expect.stringContaining("offset"),
    ],
    [
      { maintenance: [{ instance: "acme", until: "tomorrow" }] },
      "maintenance[0].until",
      expect.stringContaining("ISO 8601"),
    ],
    [
      { maintenance: [{ instance: "acme", message: "a\u0007b" }] },
      "maintenance[0].message",
      expect.stringContaining("control"),
    ],
    [
      { maintenance: [{ instance: "acme", message: { enn: "Hello" } }] },
      "maintenance[0].message.enn",
      expect.stringContaining("a language of the pages: en, ar,"),
    ],
    [{ languages: ["en", "xx"] }, "languages[1]", expect.stringContaining("a language of the pages")],
    [{ languages: ["en", "fr", "en"] }, "languages", "each language once"],
    [{ theme: { accent: "#ffff00" } }, "theme.accent", expect.stringContaining("a contrast of 4.5:1")],
    [{ theme: { dark: { text: "blu" } } }, "theme.dark.text", expect.stringContaining("an opaque CSS colour")],
    [{ bucket: { ...valid.bucket, profile: "aws3" } }, "bucket.profile", "aws or s3-compatible"],
    [{ bucket: { profile: "aws", name: "pages" } }, "bucket.region", "a region, such as eu-central-1"],
    [{ bucket: { ...valid.bucket, name: "My.Bucket" } }, "bucket.name", expect.stringContaining("without dots")],
    [
      { bucket: { ...valid.bucket, endpoint: "https://x.example/;evil" } },
      "bucket.endpoint",
      expect.stringContaining("http(s)"),
    ],
    [
      { bucket: { ...valid.bucket, readUrl: "https://x.example/$host" } },
      "bucket.readUrl",
      expect.stringContaining("http(s)"),
    ],
    [
      { bucket: { ...valid.bucket, endpoint: "http://10.0.0.1:9000", pathStyle: false } },
      "bucket.pathStyle",
      expect.stringContaining("IP address"),
    ],
    [
      { pageServer: { namespace: "kube-system" } },
      "pageServer.namespace",
      expect.stringContaining("nothing else uses"),
    ],
    [
      { pageServer: { pod: { tolerations: [{}] } } },
      "pageServer.pod.tolerations[0].operator",
      "Exists, where there is no key",
    ],
    [
      { pageServer: { pod: { tolerations: [{ key: "a", effect: "NoSchedule", tolerationSeconds: 5 }] } } },
      "pageServer.pod.tolerations[0].tolerationSeconds",
      expect.stringContaining("NoExecute"),
    ],
    [{ pageServer: { replicas: 1 } }, "pageServer.replicas", "a whole number of pods from 2 to 20"],
    ...["nginx:", "https://registry.example.org/nginx", "Nginx", "registry.example.org/nginx:1.29 "].map(
      (image): [object, string, unknown] => [
        { pageServer: { image } },
        "pageServer.image",
        expect.stringContaining("nginx:1.29"),
      ],
    ),
    [
      { pageServer: { pod: { nodeSelector: { "node pool": "web" } } } },
      'pageServer.pod.nodeSelector["node pool"]',
      expect.stringContaining("a label: letters"),
    ],
    [
      { pageServer: { pod: { nodeSelector: { pool: "web/1" } } } },
      "pageServer.pod.nodeSelector.pool",
      expect.stringContaining("63 at most"),
    ],
    [
      { pageServer: { pod: { tolerations: [{ key: "a/b/c", operator: "Exists" }] } } },
      "pageServer.pod.tolerations[0].key",
      expect.stringContaining("a taint's key"),
    ],
    [
      { pageServer: { pod: { resources: { limits: { cpus: "1" } } } } },
      "pageServer.pod.resources.limits.cpus",
      "a resource: cpu, memory, ephemeral-storage",
    ],
    [
      { pageServer: { pod: { resources: { requests: { memory: "1Gi" } } } } },
      "pageServer.pod.resources.requests.memory",
      "the limit, 128Mi, at most",
    ],
    [
      { pageServer: { pod: { resources: { limits: { memory: "16M" } } } } },
      "pageServer.pod.resources.limits.memory",
      "the request, 32Mi, at least",
    ],
    [
      { pageServer: { pod: { resources: { requests: { cpu: "1.5" }, limits: { cpu: "1500m" } } } }, retryAfter: 0 },
      "retryAfter",
      "a whole number of seconds from 1 to 86400",
    ],
    [{ timeZone: "Berlin" }, "timeZone", expect.stringContaining("IANA")],
    [{ links: { contact: "javascript:alert(1)" } }, "links.contact", expect.stringContaining("mail address")],
    [{ links: { contact: "https://x.example/\u0001" } }, "links.contact", expect.stringContaining("mail address")],
    [{ links: { status: "status.example.org" } }, "links.status", expect.stringContaining("http(s)")],
    [{ provisioning: ["gamma"] }, "provisioning[0]", "the name of an instance: acme, beta"],
    [
      { provisioning: ["acme"], maintenance: ["acme"] },
      "provisioning[0]",
      expect.stringContaining("each instance once"),
    ],
    [{ kubernetes: {} }, "kubernetes", expect.stringContaining("never used unchecked")],
    [{ retryAfter: "soon" }, "retryAfter", "a whole number of seconds from 1 to 86400"],
    [{ maintenance: "{acme: 1}" }, "maintenance", "a list, such as '[\"acme\"]'; an empty list is []"],
    [
      { instances: { acme: { service: { port: 0 } } } },
      "instances.acme.service.port",
      "a port number, or the name of a port",
    ],
    [
      { instances: { acme: { service: { host: "x" } } } },
      "instances.acme.service.host",
      expect.stringContaining("name"),
    ],
    [
      { edges: edge({ values: controllerConfig({ "custom-http-errors": "502" }) }) },
      "edges.default.values.controller.config.custom-http-errors",
      expect.stringContaining("gatewayErrors sets it"),
    ],
    [
      { edges: edge({ values: controllerConfig({ "disable-proxy-intercept-errors": "false" }) }) },
      "edges.default.values.controller.config.disable-proxy-intercept-errors",
      expect.stringContaining("gatewayErrors sets it"),
    ],
    [
      { edges: edge({ gatewayErrors: false, values: controllerConfig({ "custom-http-errors": "502, 404" }) }) },
      "edges.default.values.controller.config.custom-http-errors",
      expect.stringContaining("without 404"),
    ],
    [
      { edges: edge({ gatewayErrors: false, values: controllerConfig({ "custom-http-errors": "502,503" }) }) },
      "edges.default.values.controller.config.custom-http-errors",
      expect.stringContaining("without 503"),
    ],
  ])("rejects %j at %s", (more, path, allowed) => {
    expect(problemsOf(more)).toMatchObject([{ path, allowed }]);
  });

  it.each([
    { "use-gzip": "true" },
    { "custom-http-errors": "502,504" },
    { "custom-http-errors": "502,503", "disable-proxy-intercept-errors": "true" },
  ])("accepts the user's own %j without gatewayErrors", (config) => {
    const values = controllerConfig(config);
    expect(read({ edges: edge({ gatewayErrors: false, values }) }).edges.default).toMatchObject({ values });
  });

  it.each(["https://x.example/\0", "https://x.example/\ud800", "https://me:secret@x.example"])(
    "rejects the address %j",
    (readUrl) => {
      expect(problemsOf({ bucket: { ...valid.bucket, readUrl } })).toMatchObject([
        { path: "bucket.readUrl", allowed: expect.stringContaining("http(s)") },
      ]);
    },
  );

  // JavaScript throws an error when this object is converted to a text or a number.
  const formless = { toString: 1, valueOf: 1 };

  it("rejects an object with a length that is not a list", () => {
    expect(problemsOf({ languages: { length: formless } })).toMatchObject([{ path: "languages" }]);
    expect(problemsOf({ instances: { acme: { title: { length: formless } } } })).toMatchObject([
      { path: "instances.acme.title" },
    ]);
  });

  it("leaves a controller setting of another type to Helm", () => {
    const values = controllerConfig({ "custom-http-errors": formless, "disable-proxy-intercept-errors": formless });
    expect(read({ edges: edge({ gatewayErrors: false, values }) }).edges.default).toMatchObject({ values });
  });

  it("rejects a value that is nested too deeply", () => {
    const deep = "[".repeat(20_000) + "]".repeat(20_000);
    const edges = `{"default":{"values":{"controller":${deep}}}}`;
    expect(problemsOf({ edges })).toMatchObject([{ path: "edges", allowed: "JSON of 50 levels at most" }]);
  });

  it("reports only once that the instances are not JSON", () => {
    expect(problemsOf({ instances: "acme" })).toStrictEqual([
      { path: "instances", found: "acme", allowed: "a list, as JSON", nearest: '["acme"]' },
    ]);
  });

  it("rejects a host with very many labels quickly", () => {
    const host = "a.".repeat(200_000);
    expect(problemsOf({ instances: { acme: { hosts: [host] } } })).toMatchObject([{ path: "instances.acme.hosts[0]" }]);
  });

  it("escapes characters that a terminal acts on, at every place", () => {
    const name = "\u001b[2J\u202e\u{e0001}";
    const shown = String.raw`\u001b[2J\u202e\udb40\udc01`;
    const written = [{ instances: { acme: {}, [name]: {} } }, { [`feed${name}`]: 1 }, { provisioning: [name] }];
    for (const message of written.map((more) => messageOf(() => read(more)))) {
      expect(message).toContain(shown);
      expect(message).not.toMatch(/[^\P{Cc}\n]|\p{Cf}/u);
    }
  });

  it("never shows a secret, with any problem", () => {
    const bypassSecret = "Tr0ub4dor&3";
    const plain = configuration({ ...valid, bypassSecret });
    const problems = [
      ...problemsOf({ bypassSecret }),
      ...problemsIn(() => readSettings(plain, NOW, { kubeconfigs: () => [], isEncrypted: () => false })),
    ];
    expect(problems.map(({ path, found }) => [path, found])).toStrictEqual([
      ["bypassSecret", "(not shown)"],
      ["bypassSecret", "plain text"],
    ]);
    expect(JSON.stringify(problems)).not.toContain(bypassSecret);
  });

  it("accepts a bypass only with a secret", () => {
    const maintenance = [{ instance: "acme", bypass: true }];
    expect(problemsOf({ maintenance })).toMatchObject([{ path: "maintenance[0].bypass", found: true }]);
    const settings = read({ maintenance, bypassSecret: "x".repeat(32) });
    expect(settings.maintenance).toMatchObject([{ bypass: true }]);
    expect(settings.instances.map(serviceOf)).toStrictEqual([
      { name: "caddy", namespace: "acme", port: 80 },
      { name: "caddy", namespace: "beta", port: 80 },
    ]);
  });

  it("limits the number of bypasses", () => {
    const names = Array.from({ length: 17 }, (_, index) => `i${index}`);
    const maintenance = names.map((instance) => ({ instance, bypass: true }));
    const more = { instances: names, maintenance, maintenanceLimit: 17, bypassSecret: "x".repeat(32) };
    expect(problemsOf(more)).toMatchObject([
      { path: "maintenance", found: "17 with a bypass", allowed: "16 entries with a bypass at once" },
    ]);
  });

  it("shows the quotes around a time that YAML has parsed", () => {
    expect(problemsOf({ maintenance: [{ instance: "acme", until: "2027-01-10 23:00:00 +0100 +0100" }] })).toMatchObject(
      [{ path: "maintenance[0].until", nearest: '"2027-01-10T23:00:00+01:00"' }],
    );
  });

  it("reports the problems of all rules at once", () => {
    const problems = problemsOf({
      instances: { acme: { hosts: ["Acme.example.org"] }, beta: {} },
      maintenance: ["acmee", { instance: "beta", kind: "x" }, { instance: "gamma" }],
      bucket: { profile: "aws" },
      protect: "maybe",
    });
    expect(problems.map(({ path }) => path).sort()).toStrictEqual([
      "bucket.name",
      "bucket.region",
      "instances.acme.hosts[0]",
      "maintenance[0]",
      "maintenance[1].kind",
      "maintenance[2].instance",
      "protect",
    ]);
  });

  it("puts everything into one message without a stack trace", () => {
    expect(() => read({ maintenance: ["acm"] })).toThrow(
      [
        "The configuration has 1 problem. Nothing was changed.",
        "",
        "  maintenance[0]",
        '    found:    "acm"',
        "    allowed:  the name of an instance: acme, beta",
        "    nearest:  acme",
      ].join("\n"),
    );
  });

  it("accepts instances that are being set up; the limit does not count them", () => {
    const settings = read({ provisioning: ["acme", "beta"], maintenanceLimit: 0 });
    expect(settings.maintenance).toMatchObject([
      { instance: { name: "acme" }, kind: "provisioning", state: "active" },
      { instance: { name: "beta" }, kind: "provisioning", state: "active" },
    ]);
  });

  it("warns of a window that has ended", () => {
    const until = "2026-12-01T11:00:00Z";
    expect(read({ maintenance: [{ instance: "acme", until }] }).warnings).toMatchObject([/acme is overdue.*11:00:00/]);
    expect(read({ maintenance: [{ instance: "acme", until, ends: "automatically" }] }).warnings).toMatchObject([
      /acme is open again/,
    ]);
  });

  it("rejects a kubeconfig that leads to another cluster", () => {
    const kubeconfig = `
current-context: staging
contexts: [{ name: staging, context: { cluster: staging-cluster } }]
clusters: [{ name: staging-cluster, cluster: { server: "https://10.0.0.1:6443" } }]`;
    const kubernetes = { context: "staging", server: "https://10.0.0.2:6443" };
    expect(() =>
      readSettings(configuration({ ...valid, kubernetes }), NOW, { kubeconfigs: () => [kubeconfig] }),
    ).toThrow(/kubernetes\.server\n.*10\.0\.0\.2:6443.*\n.*staging leads: https:\/\/10\.0\.0\.1:6443/);
  });

  it("returns settings or a message for people, with any configuration", () => {
    const anything = fc.anything({ withBigInt: false, withDate: false, withNullPrototype: false });
    const name = fc.constantFrom("acme", "beta", "*", "", "__proto__", "constructor");
    const entry = fc.oneof(
      name,
      anything,
      fc.record(
        { instance: fc.oneof(name, anything), until: anything, message: fc.string({ unit: "binary" }) },
        { requiredKeys: [] },
      ),
    );
    const sometimes = <T>(values: fc.Arbitrary<T>) =>
      fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: values });
    const written = fc.record({
      instances: sometimes(
        fc.oneof(anything, fc.dictionary(fc.oneof(name, fc.string()), fc.oneof(anything, fc.constant({})))),
      ),
      maintenance: sometimes(fc.oneof(anything, fc.array(entry), fc.array(name, { maxLength: 1 }))),
      hostPatterns: sometimes(fc.oneof(anything, fc.array(fc.string()))),
      maintenanceLimit: sometimes(fc.oneof(anything, fc.nat())),
      bucket: sometimes(anything),
      kubernetes: sometimes(anything),
      edges: sometimes(anything),
    });
    let accepted = 0;
    let refused = 0;
    fc.assert(
      fc.property(written, (more) => {
        try {
          const settings = read(Object.fromEntries(Object.entries(more).filter(([, value]) => value !== undefined)));
          accepted += 1;
          const owned = new Set(settings.instances.flatMap((instance) => instance.hosts));
          for (const { instance } of settings.maintenance) {
            for (const host of instance.hosts) expect(owned.has(host)).toBe(true);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(SettingsError);
          refused += 1;
        }
      }),
      { numRuns: 3000 },
    );
    // Otherwise the property would have checked only one side.
    expect(Math.min(accepted, refused)).toBeGreaterThan(10);
  });
});

function edge(settings: object) {
  return { default: { kind: "ingress-nginx", ...settings } };
}

function controllerConfig(config: Readonly<Record<string, unknown>>) {
  return { controller: { config } };
}
