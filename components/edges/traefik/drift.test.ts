import { describe, expect, it } from "vitest";
import { driftIn } from "./drift";
import { type Manifest, overrideManifests, type Placement, sharedManifests } from "./manifests";
import type { KnownRoutes } from "./objects";

const placement: Placement = {
  edge: "default",
  namespace: "maintenance-pages",
  entryPoints: ["web", "websecure"],
  routersWithTls: [],
  ingressClass: undefined,
  bypassAddresses: [],
};
const acme = { name: "acme", hosts: ["acme.example.org"], otherHosts: [] };
const override = {
  instance: "acme",
  kind: "scheduled",
  revision: "0123456789abcdef",
  hasAssets: true,
  bypass: undefined,
} as const;
const [rewrite, route] = overrideManifests({ ...override, ...acme }, placement);
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
    options: [],
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

const rival = others("Host(`acme.example.org`)", 2_000_000_000);

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
      ["IngressRoute acme/own has a higher priority for acme.example.org than an override"],
    ],
    [
      "a route for every host",
      { ingressRoutes: [others("PathPrefix(`/api`)", 2_000_000_000)] },
      ["IngressRoute acme/own has a higher priority for acme.example.org than an override"],
    ],
    [
      "an expression",
      { ingressRoutes: [others("HostRegexp(`^.+\\.example\\.org$`)", 2_000_000_000)] },
      ["IngressRoute acme/own has a higher priority for acme.example.org than an override"],
    ],
    [
      "an expression for other hosts",
      { ingressRoutes: [others("HostRegexp(`^(?:beta|gamma)\\.example\\.org$`)", 2_000_000_000)] },
      [],
    ],
    [
      "an expression in quotes, with other letters, and with one that JavaScript lacks",
      {
        ingressRoutes: [
          others('HostRegexp("^(?:beta|acme)\\\\.example\\\\.org$")', 2_000_000_000),
          others("HostRegexp(`(?i)^ACME`)", 2_000_000_000),
          others("HostRegexp(`(?i)^beta`)", 2_000_000_000),
          others("HostRegexp(`(?U)^acme`)", 2_000_000_000),
        ],
      },
      Array.from(
        { length: 3 },
        () => "IngressRoute acme/own has a higher priority for acme.example.org than an override",
      ),
    ],
    [
      "routes at another entry point, and of another class",
      {
        ingressRoutes: [
          { ...rival, spec: { ...rival.spec, entryPoints: ["metrics"] } },
          { ...rival, metadata: { ...rival.metadata, annotations: { "kubernetes.io/ingress.class": "inner" } } },
        ],
        tcpRoutes: [
          {
            metadata: { name: "own", namespace: "acme" },
            spec: { entryPoints: ["mqtts"], tls: {}, routes: [{ match: "HostSNI(`acme.example.org`)" }] },
          },
        ],
      },
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
      ["Ingress acme/own has a higher priority for acme.example.org than an override"],
    ],
    [
      "a route for TCP",
      {
        tcpRoutes: [
          {
            metadata: { name: "own", namespace: "acme" },
            spec: { tls: {}, routes: [{ match: "HostSNI(`acme.example.org`)" }] },
          },
        ],
      },
      ["IngressRouteTCP acme/own takes the encrypted connections for acme.example.org"],
    ],
  ])("beside %s", (_, more, expected) => {
    expect(textsOf(cluster([rewrite, route, ...shared], more))).toStrictEqual(expected);
  });
});

it("an instance with a wildcard has rivals for each host that it stands for, but for those of others", () => {
  const wild = { name: "acme", hosts: ["*.example.org"], otherHosts: ["beta.example.org"] };
  const manifests = overrideManifests({ ...override, ...wild }, placement);
  const rivalsOf = (host: string) =>
    driftIn(
      cluster([...manifests, ...shared], { ingressRoutes: [others(`Host(\`${host}\`)`, 2_000_000_000)] }),
      placement,
    )(wild, true).length;
  expect(["shop.example.org", "*.example.org", "beta.example.org", "a.b.example.org"].map(rivalsOf)).toStrictEqual([
    1, 1, 0, 0,
  ]);
});

it("somebody's expression that takes JavaScript minutes is a rival, and holds nobody up", () => {
  const tcpRoutes = [
    {
      metadata: { name: "own", namespace: "acme" },
      spec: { tls: {}, routes: [{ match: "HostSNIRegexp(`^([a-z0-9-]+\\.?)+\\.internal$`)" }] },
    },
  ];
  const long = { name: "acme", hosts: [`${"a".repeat(40)}.example.org`], otherHosts: [] };
  const manifests = overrideManifests({ ...override, ...long }, placement);
  const found = driftIn(cluster([...manifests, ...shared], { tcpRoutes }), placement)(long, true);
  expect(found.map(({ what }) => what)).toStrictEqual(["overruled"]);
});
