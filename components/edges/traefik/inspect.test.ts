import { describe, expect, it } from "vitest";
import { displacedBy, driftIn, isPartOf, type KnownRoutes, suitability } from "./inspect";
import { type Manifest, overrideManifests, type Placement, sharedManifests } from "./manifests";
import { optionsOf } from "./static-options";

const placement: Placement = {
  edge: "default",
  namespace: "maintenance-pages",
  entryPoints: ["web", "websecure"],
  routersWithTls: [],
  ingressClass: undefined,
};
const acme = { name: "acme", hosts: ["acme.example.org"], otherHosts: [] };
const [rewrite, route] = overrideManifests(
  { ...acme, instance: "acme", kind: "scheduled", revision: "0123456789abcdef", hasAssets: true, bypass: undefined },
  placement,
);
const shared = sharedManifests(placement);
const [closed, retry, transport] = shared;

/** The objects as the API answers with them. */
function cluster(manifests: readonly (Manifest | undefined)[], more: Partial<KnownRoutes> = {}): KnownRoutes {
  const of = <Kind extends keyof KnownRoutes>(kind: Manifest["kind"]) =>
    manifests.filter((one) => one?.kind === kind) as unknown as KnownRoutes[Kind];
  return {
    ingressRoutes: [...of<"ingressRoutes">("IngressRoute"), ...(more.ingressRoutes ?? [])],
    middlewares: of<"middlewares">("Middleware"),
    transports: of<"transports">("ServersTransport"),
    tcpRoutes: more.tcpRoutes ?? [],
    ingresses: more.ingresses ?? [],
  };
}

const textsOf = (routes: KnownRoutes, isShown = true) =>
  driftIn(routes, placement)(acme, isShown).map(({ text }) => text);
const withSpec = (manifest: Manifest | undefined, spec: object) =>
  manifest && { ...manifest, spec: { ...manifest.spec, ...spec } };
const others = (match: string, priority: number): KnownRoutes["ingressRoutes"][number] => ({
  metadata: { name: "own", namespace: "acme" },
  spec: { routes: [{ match, priority }] },
});

describe("the override of an instance", () => {
  it.each<[string, boolean, KnownRoutes, readonly string[]]>([
    ["in maintenance, as declared", true, cluster([rewrite, route, ...shared]), []],
    ["open, as declared", false, cluster([...shared]), []],
    ["deleted by hand", true, cluster([rewrite, ...shared]), ["its override is not there"]],
    ["without its middleware", true, cluster([route, ...shared]), ["the Middleware of its override is not there"]],
    ["still there after the maintenance", false, cluster([rewrite, route, ...shared]), ["its override is still there"]],
    [
      "with another entry point",
      true,
      cluster([rewrite, withSpec(route, { entryPoints: ["web"] }), ...shared]),
      ["entryPoints of its override was changed"],
    ],
    [
      "with other routes",
      true,
      cluster([rewrite, withSpec(route, { routes: [] }), ...shared]),
      ["routes of its override was changed"],
    ],
    [
      "that leads to another page",
      true,
      cluster([
        withSpec(rewrite, { replacePathRegex: { regex: ".*", replacement: "/beta/scheduled/-/" } }),
        route,
        ...shared,
      ]),
      ["the Middleware of its override was changed"],
    ],
    [
      "without the middleware of the closing routes",
      true,
      cluster([rewrite, route, retry, transport]),
      ["the Middleware page-server-closed was deleted or changed"],
    ],
    [
      "with fewer attempts, and without timeouts",
      true,
      cluster([rewrite, route, closed, withSpec(retry, { retry: { attempts: 1 } })]),
      [
        "the Middleware page-server-retry was deleted or changed",
        "the ServersTransport page-server-transport was deleted or changed",
      ],
    ],
  ])("%s", (_, isShown, routes, expected) => {
    expect(textsOf(routes, isShown)).toStrictEqual(expected);
  });

  it.each<[string, Partial<KnownRoutes>, readonly string[]]>([
    [
      "a route of the instance with a priority of 100000",
      { ingressRoutes: [others("Host(`acme.example.org`)", 100_000)] },
      [],
    ],
    [
      "a route with the same priority",
      { ingressRoutes: [others("Host(`x.example.org`) || Host(`ACME.example.org`)", 1_000_000_000)] },
      ["IngressRoute acme/own has a higher priority for acme.example.org"],
    ],
    [
      "a route for every host",
      { ingressRoutes: [others("PathPrefix(`/api`)", 2_000_000_000)] },
      ["IngressRoute acme/own has a higher priority for acme.example.org"],
    ],
    [
      "an expression",
      { ingressRoutes: [others("HostRegexp(`^.+\\.example\\.org$`)", 2_000_000_000)] },
      ["IngressRoute acme/own has a higher priority for acme.example.org"],
    ],
    [
      "an expression for other hosts",
      { ingressRoutes: [others("HostRegexp(`^(?:beta|gamma)\\.example\\.org$`)", 2_000_000_000)] },
      [],
    ],
    ["a route for other hosts", { ingressRoutes: [others("Host(`beta.example.org`)", 2_000_000_000)] }, []],
    [
      "an Ingress with a priority",
      {
        ingresses: [
          {
            metadata: {
              name: "own",
              namespace: "acme",
              annotations: { "traefik.ingress.kubernetes.io/router.priority": "2000000000" },
            },
            spec: { rules: [{ host: "acme.example.org" }] },
          },
        ],
      },
      ["Ingress acme/own has a higher priority for acme.example.org"],
    ],
    [
      "a route for TCP",
      {
        tcpRoutes: [
          {
            metadata: { name: "own", namespace: "acme" },
            spec: { routes: [{ match: "HostSNI(`acme.example.org`)" }] },
          },
        ],
      },
      ["IngressRouteTCP acme/own takes the encrypted connections for acme.example.org"],
    ],
  ])("beside %s", (_, more, expected) => {
    expect(textsOf(cluster([rewrite, route, ...shared], more))).toStrictEqual(expected);
  });
});

it.each([
  ["every host", { entryPoints: ["websecure"], tls: {}, match: "HostSNI(`*`)" }, true],
  ["every host, at every entry point", { entryPoints: undefined, tls: {}, match: 'HostSNI("*")' }, true],
  ["every host, at another entry point", { entryPoints: ["mqtt"], tls: {}, match: "HostSNI(`*`)" }, false],
  ["every host, without TLS", { entryPoints: ["websecure"], tls: undefined, match: "HostSNI(`*`)" }, false],
  ["one host", { entryPoints: ["websecure"], tls: {}, match: "HostSNI(`acme.example.org`)" }, false],
])("the edge displaces a route for TCP for %s: %o %s", (_, { entryPoints, tls, match }, expected) => {
  const route = { metadata: { name: "old", namespace: "acme" }, spec: { entryPoints, tls, routes: [{ match }] } };
  const texts = displacedBy(placement, [route]);
  expect(texts.map((text) => text.split(" has ")[0])).toStrictEqual(expected ? ["IngressRouteTCP acme/old"] : []);
});

it("its parts are its own, and no other instance's", () => {
  const type = (kind: string) => `kubernetes:traefik.io/v1alpha1:${kind}`;
  for (const name of ["maintenance-acme", "tls.maintenance-acme", "bypass-acme", "tls.bypass-acme"]) {
    expect(isPartOf("default", "acme", { type: type("IngressRoute"), name })).toBe(true);
    expect(isPartOf("default", "ac", { type: type("IngressRoute"), name })).toBe(false);
    expect(isPartOf("public", "acme", { type: type("IngressRoute"), name })).toBe(false);
  }
  expect(isPartOf("default", "acme", { type: type("Middleware"), name: "maintenance-acme" })).toBe(true);
  expect(isPartOf("default", "acme", { type: "kubernetes:core/v1:Service", name: "maintenance-acme" })).toBe(false);
});

describe("a Traefik", () => {
  // The arguments of Traefik's Helm chart.
  const CHART = [
    "--entryPoints.metrics.address=:9100/tcp",
    "--entryPoints.traefik.address=:8080/tcp",
    "--entryPoints.web.address=:8000/tcp",
    "--entryPoints.websecure.address=:8443/tcp",
    "--entryPoints.websecure.http.tls=true",
    "--providers.kubernetescrd",
    "--providers.kubernetescrd.allowEmptyServices=true",
    "--providers.kubernetesingress",
  ];
  const settings = {
    namespace: "traefik",
    hostNetwork: false,
    entryPoints: ["web", "websecure"],
    routersWithTls: [],
    ingressClass: undefined,
  };
  const suits = (
    args: readonly string[],
    more: Partial<typeof settings> & { readonly ingressClass?: string } = {},
    tls: readonly string[] = [],
  ) => {
    const pods = [{ name: "traefik-0", namespace: "traefik", options: optionsOf(args) }];
    const { obstacles, notes } = suitability(
      pods,
      { ...settings, ...more },
      { namespace: "maintenance-pages", entryPointsWithTls: tls },
    );
    return [...obstacles, ...notes].join("\n");
  };
  const without = (option: string) => CHART.filter((one) => !one.startsWith(`--${option}`));

  it.each<[string, readonly string[], object, RegExp]>([
    ["as its Helm chart configures it", CHART, {}, /^$/],
    ["with a configuration file", ["--configfile=/etc/traefik.yml"], {}, /^$/],
    ["with its configuration elsewhere", ["--log.level=INFO"], {}, /^$/],
    ["without its provider", without("providers.kubernetescrd"), {}, /provider kubernetesCRD is not enabled/],
    [
      "that switches its provider off",
      [...without("providers.kubernetescrd"), "--providers.kubernetescrd=false"],
      {},
      /not enabled/,
    ],
    [
      "of some namespaces",
      [...CHART, "--providers.kubernetescrd.namespaces=acme,beta"],
      {},
      /does not watch the namespace maintenance-pages/,
    ],
    [
      "of some namespaces, ours among them",
      [...CHART, "--providers.kubernetescrd.namespaces=acme,maintenance-pages"],
      {},
      /^$/,
    ],
    [
      "of another class",
      [...CHART, "--providers.kubernetesCRD.ingressClass=outer"],
      {},
      /ingressClass is outer, and edges\.\*\.ingressClass is not set/,
    ],
    ["of the same class", [...CHART, "--providers.kubernetesCRD.ingressClass=outer"], { ingressClass: "outer" }, /^$/],
    [
      "that reads labelled objects alone",
      [...CHART, "--providers.kubernetescrd.labelselector=edge=outer"],
      {},
      /labels edge=outer/,
    ],
    ["with the syntax of Traefik 2", [...CHART, "--core.defaultRuleSyntax=v2"], {}, /syntax of Traefik 2/],
    [
      "without an entry point",
      CHART,
      { entryPoints: ["web", "https"] },
      /no entry point https.*some of metrics, traefik, web, websecure/,
    ],
    [
      "without http.tls",
      without("entryPoints.websecure.http"),
      {},
      /entry point websecure serves HTTPS without http\.tls.*add websecure to edges\.\*\.routersWithTls/,
    ],
    [
      "without http.tls, as the setting says",
      without("entryPoints.websecure.http"),
      { routersWithTls: ["websecure"] },
      /^$/,
    ],
    [
      "with values in arguments of their own, an option twice, one without a value, and one dash",
      [
        ...CHART.map((one) => one.slice(1)),
        "--providers.kubernetescrd.ingressClass",
        "outer",
        "--providers.kubernetescrd.namespaces=acme",
        "--providers.kubernetescrd.namespaces=maintenance-pages",
        "--providers.kubernetescrd.labelselector=",
      ],
      { ingressClass: "outer" },
      /^$/,
    ],
    [
      "with an entry point whose name only looks like HTTPS",
      [...CHART, "--entryPoints.web-insecure.address=:8001/tcp"],
      { entryPoints: ["web-insecure", "websecure"] },
      /^$/,
    ],
    ["without allowEmptyServices", without("providers.kubernetescrd.allowEmpty"), {}, /allowEmptyServices is false/],
  ])("%s", (_, args, more, expected) => {
    expect(suits(args, more)).toMatch(expected);
  });

  it("in its node's network", () => {
    const pod = { name: "traefik-0", namespace: "traefik", hostNetwork: true, options: optionsOf(CHART) };
    const cluster = { namespace: "maintenance-pages", entryPointsWithTls: [] };
    expect(suitability([pod], settings, cluster).obstacles).toStrictEqual([
      "Pod traefik/traefik-0: it uses its node's network, so the page server rejects its requests: set edges.*.hostNetwork to true.",
    ]);
    expect(suitability([pod], { ...settings, hostNetwork: true }, cluster).obstacles).toStrictEqual([]);
  });

  it("beside another one in its namespace", () => {
    const pod = (release: string, args: readonly string[]) => ({
      name: `${release}-0`,
      namespace: "traefik",
      release,
      options: optionsOf(args),
    });
    const outer = pod("outer", CHART);
    const inner = pod("inner", [...CHART, "--providers.kubernetesCRD.ingressClass=inner"]);
    const cluster = { namespace: "maintenance-pages", entryPointsWithTls: [] };
    const both = suitability([outer, inner], settings, cluster);
    expect(both.obstacles).toStrictEqual([]);
    expect(both.notes).toMatchObject(
      [/^Pod traefik\/inner-0: its option .* is inner,.*Another Traefik in this namespace/].map((one) =>
        expect.stringMatching(one),
      ),
    );
    expect(suitability([inner], settings, cluster).obstacles).toHaveLength(1);
    // While its pods are replaced, both kinds serve visitors.
    const old = { ...inner, release: "outer" };
    expect(suitability([outer, old], settings, cluster).obstacles).toHaveLength(1);
  });

  it("at whose entry point another route has tls", () => {
    expect(suits(CHART, {}, ["web"])).toMatch(/entry point web serves HTTPS/);
  });

  it.each([
    [["kube-system"], /^Traefik runs in kube-system, and not in traefik: set edges\.\*\.namespace/],
    [["traefik", "other"], /^Another Traefik runs in other/],
    [["traefik", "traefik"], /^$/],
    [[], /^$/],
  ])("in the namespaces %j", (namespaces, expected) => {
    const pods = namespaces.map((namespace, index) => ({
      name: `traefik-${index}`,
      namespace,
      options: optionsOf(CHART),
    }));
    const { obstacles, notes } = suitability(pods, settings, {
      namespace: "maintenance-pages",
      entryPointsWithTls: [],
    });
    expect(obstacles).toStrictEqual([]);
    expect(notes.join("\n")).toMatch(expected);
  });
});
