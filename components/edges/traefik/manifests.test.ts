import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Override } from "../edge";
import {
  bypassManifests,
  hostRule,
  isBypassRule,
  linkManifests,
  notFoundManifests,
  overrideManifests,
  type Placement,
  selfTestManifests,
  sharedManifests,
} from "./manifests";

const placement: Placement = {
  edge: "public",
  namespace: "maintenance-pages",
  entryPoints: ["web", "websecure"],
  routersWithTls: [],
  ingressClass: undefined,
  bypassAddresses: [],
};

const override: Override = {
  instance: "acme",
  hosts: ["acme.example.org", "studio.acme.example.org"],
  otherHosts: [],
  kind: "scheduled",
  revision: "0123456789abcdef",
  hasAssets: true,
  bypass: undefined,
};

const HOSTS = "HostRegexp(`^(?:acme\\.example\\.org|studio\\.acme\\.example\\.org)\\.?$`)";
const NO_CHALLENGE = "!PathRegexp(`^/\\.well-known/acme-challenge/[-\\w]+$`)";

function metadata(name: string, label: string, labels: object = {}, more: object = {}) {
  return {
    name,
    namespace: "maintenance-pages",
    labels: {
      "app.kubernetes.io/name": label,
      "app.kubernetes.io/part-of": "maintenance-pages",
      "app.kubernetes.io/managed-by": "pulumi",
      ...labels,
    },
    annotations: {
      ...more,
      "pulumi.com/patchForce": "true",
      "pulumi.com/skipAwait": "true",
      "pulumi.com/deletionPropagationPolicy": "background",
    },
  };
}

describe("an override", () => {
  it("is a Middleware and an IngressRoute with the page, and with 503 where there is no page server", () => {
    const own = metadata("maintenance-acme.public", "maintenance-override", { "maintenance-pages/instance": "acme" });
    expect(overrideManifests(override, placement)).toStrictEqual([
      {
        apiVersion: "traefik.io/v1alpha1",
        kind: "Middleware",
        metadata: own,
        spec: {
          replacePathRegex: {
            regex: "^/(?:\\.maintenance-page/([a-z0-9._/-]+)$)?(?s:.*)",
            replacement: "/acme/scheduled/0123456789abcdef/$1",
          },
        },
      },
      {
        apiVersion: "traefik.io/v1alpha1",
        kind: "IngressRoute",
        metadata: own,
        spec: {
          entryPoints: ["web", "websecure"],
          routes: [
            {
              kind: "Rule",
              match: `${HOSTS} && ${NO_CHALLENGE}`,
              priority: 1_000_000_000,
              middlewares: [{ name: "maintenance-acme.public" }, { name: "page-server-retry.public" }],
              services: [
                { name: "page-server", port: "maintenance", serversTransport: "page-server-transport.public" },
              ],
            },
            {
              kind: "Rule",
              match: `${NO_CHALLENGE} && ${HOSTS}`,
              priority: 999_999_999,
              middlewares: [{ name: "page-server-closed.public" }],
              services: [{ kind: "TraefikService", name: "noop@internal" }],
            },
          ],
        },
      },
    ]);
  });

  it("has a second IngressRoute for entry points whose routers must have tls", () => {
    const [, ...routes] = overrideManifests(override, { ...placement, routersWithTls: ["websecure"] });
    expect(
      routes.map(({ metadata: { name }, spec: { entryPoints, tls } }) => ({ name, entryPoints, tls })),
    ).toStrictEqual([
      { name: "maintenance-acme.public", entryPoints: ["web", "websecure"], tls: undefined },
      { name: "tls.maintenance-acme.public", entryPoints: ["websecure"], tls: {} },
    ]);
  });

  it("has the class that Traefik filters by", () => {
    const all = [
      ...overrideManifests(override, { ...placement, ingressClass: "outer" }),
      ...notFoundManifests({ ...placement, ingressClass: "outer" }),
      ...sharedManifests({ ...placement, ingressClass: "outer" }),
    ];
    for (const { metadata } of all)
      expect(metadata.annotations).toMatchObject({ "kubernetes.io/ingress.class": "outer" });
  });

  it("without assets leads every path to the page", () => {
    const [{ spec }] = overrideManifests({ ...override, hasAssets: false, revision: undefined }, placement);
    expect(spec).toMatchObject({ replacePathRegex: { replacement: "/acme/scheduled/-/" } });
  });
});

it("the self-test is an override for a host that no client uses", () => {
  const [middleware, route] = selfTestManifests(placement);
  expect(middleware.spec).toMatchObject({ replacePathRegex: { replacement: "/self-test/unscheduled/-/" } });
  expect(route?.metadata.name).toBe("page-server-self-test.public");
  expect(JSON.stringify(route?.spec)).toContain("public\\\\.self-test\\\\.maintenance-pages\\\\.invalid");
});

it("a bypass is in the instance's namespace, comes before the override, and needs the key in a header or a cookie", () => {
  const key = { header: "0123", cookie: "maintenance-bypass-0123" };
  const service = { name: "caddy", namespace: "acme-production", port: 80 };
  const [route, ...others] = bypassManifests(override, { key, service }, placement);
  expect(others).toStrictEqual([]);
  expect(route?.metadata).toMatchObject({ name: "bypass-acme.public", namespace: "acme-production" });
  expect(route?.spec).toStrictEqual({
    entryPoints: ["web", "websecure"],
    routes: [
      {
        kind: "Rule",
        match: `${HOSTS} && (Header(\`X-Maintenance-Bypass\`, \`0123\`) || HeaderRegexp(\`Cookie\`, \`(?:^|; *)maintenance-bypass-0123=always(?:;|$)\`))`,
        priority: 1_000_000_001,
        services: [{ name: "caddy", port: 80 }],
      },
    ],
  });
});

it("an address that needs no key gets through a bypass, unless the request wants the page", () => {
  const bypass = {
    key: { header: "0123", cookie: "maintenance-bypass-0123" },
    service: { name: "caddy", namespace: "acme-production", port: 80 },
  };
  const [route] = bypassManifests(override, bypass, {
    ...placement,
    bypassAddresses: ["203.0.113.0/24", "2001:db8::7"],
  });
  expect(route?.spec).toMatchObject({
    routes: [
      {
        match: expect.stringMatching(
          / && \(Header\(`X-Maintenance-Bypass`, `0123`\) \|\| HeaderRegexp\(.*\) \|\| \(!Header\(`X-Maintenance-Bypass`, `none`\) && \(ClientIP\(`203\.0\.113\.0\/24`\) \|\| ClientIP\(`2001:db8::7`\)\)\)\)$/,
        ),
      },
    ],
  });
});

it("only the rule of a bypass with the edge's own addresses is one of ours", () => {
  const key = { header: "0".repeat(32), cookie: `maintenance-bypass-${"0".repeat(32)}` };
  const service = { name: "caddy", namespace: "acme-production", port: 80 };
  const ruleWith = (bypassAddresses: readonly string[]) =>
    bypassManifests(override, { key, service }, { ...placement, bypassAddresses: [...bypassAddresses] }).flatMap(
      ({ spec: { routes } }) => (routes as readonly { readonly match: string }[]).map(({ match }) => match),
    );
  const isOurs = (rule: string) => isBypassRule(rule, { bypassAddresses: ["203.0.113.0/24"] });
  expect(ruleWith(["203.0.113.0/24"]).every(isOurs)).toBe(true);
  expect(ruleWith([]).every(isOurs)).toBe(true);
  expect(ruleWith(["0.0.0.0/0"]).some(isOurs)).toBe(false);
  expect(ruleWith(["203.0.113.0/24", "0.0.0.0/0"]).some(isOurs)).toBe(false);
});

it("the links of a bypass come before it, with the page's address and the hosts in a header", () => {
  const [middleware, route, ...others] = linkManifests(override, { walk: override.hosts }, placement);
  expect(others).toStrictEqual([]);
  const own = metadata("link-acme.public", "maintenance-link", { "maintenance-pages/instance": "acme" });
  for (const one of [middleware, route]) expect(one?.metadata).toStrictEqual(own);
  expect(middleware.spec).toStrictEqual({
    headers: {
      customRequestHeaders: {
        "X-Forwarded-Prefix":
          "/acme/scheduled/0123456789abcdef/bypass/acme.example.org/studio.acme.example.org/acme.example.org/",
      },
    },
  });
  expect(route?.spec).toStrictEqual({
    entryPoints: ["web", "websecure"],
    routes: [
      {
        kind: "Rule",
        match: `${HOSTS} && Path(\`/.maintenance-page/bypass\`)`,
        priority: 1_000_000_002,
        middlewares: [{ name: "link-acme.public" }, { name: "page-server-retry.public" }],
        services: [{ name: "page-server", port: "announced", serversTransport: "page-server-transport.public" }],
      },
    ],
  });
});

describe("the rule for hosts", () => {
  /** The rule as JavaScript evaluates it: the expressions have nothing that differs from Go's. */
  const matches = (rule: string, host: string) =>
    rule.split(" && ").every((part) => {
      const expression = /`(.*)`/.exec(part)?.[1] ?? "";
      return new RegExp(expression).test(host) !== part.startsWith("!");
    });

  it.each([
    [["acme.example.org"], "acme.example.org", true],
    [["acme.example.org"], "acme.example.org.", true],
    [["acme.example.org"], "acmeXexample.org", false],
    [["acme.example.org"], "x.acme.example.org", false],
    [["acme.example.org"], "acme.example.org.evil.test", false],
    [["*.acme.example.org"], "a.acme.example.org", true],
    [["*.acme.example.org"], "a.b.acme.example.org", false],
    [["*.acme.example.org"], "acme.example.org", false],
  ])("of %j matches %s: %s", (hosts, host, expected) => {
    expect(matches(hostRule({ hosts, otherHosts: [] }), host)).toBe(expected);
  });

  it("leaves out the hosts of other instances that a wildcard covers", () => {
    const rule = hostRule({ hosts: ["example.org", "*.example.org"], otherHosts: ["beta.example.org"] });
    expect(matches(rule, "any.example.org")).toBe(true);
    expect(matches(rule, "beta.example.org")).toBe(false);
    expect(matches(rule, "beta.example.org.")).toBe(false);
  });

  it("matches the hosts of an instance and no other host", () => {
    const label = fc.stringMatching(/^[a-z0-9](?:[-a-z0-9]{0,10}[a-z0-9])?$/);
    const host = fc.array(label, { minLength: 2, maxLength: 4 }).map((labels) => labels.join("."));
    fc.assert(
      fc.property(fc.uniqueArray(host, { minLength: 1, maxLength: 5 }), host, (hosts, other) => {
        const rule = hostRule({ hosts, otherHosts: [] });
        for (const one of hosts) expect(matches(rule, one)).toBe(true);
        expect(matches(rule, other)).toBe(hosts.includes(other));
      }),
    );
  });
});
