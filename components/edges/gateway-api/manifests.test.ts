import { describe, expect, it } from "vitest";
import { bypassKey } from "../../../model/bypass";
import type { Override } from "../edge";
import {
  bypassManifests,
  isPartOfName,
  notFoundManifests,
  overrideManifests,
  type Placement,
  parkedManifests,
  policyManifests,
  selfTestManifests,
} from "./manifests";
import { EVERY_PATH, type Match } from "./matches";

const placement: Placement = {
  edge: "public",
  namespace: "pages",
  implementation: "envoy-gateway",
  parentRefs: [{ kind: "Gateway", name: "edge", namespace: "gateways", sectionName: "https" }],
  unusedDomain: "invalid",
};
const acme: Override = {
  instance: "acme",
  hosts: ["acme.example.org"],
  otherHosts: [],
  kind: "scheduled",
  revision: "0123456789abcdef",
  hasAssets: false,
  bypass: undefined,
};
const exact = (value: string): Match => ({ path: { type: "Exact", value }, headers: [], queryParams: [] });
const covered = { hosts: acme.hosts, parents: placement.parentRefs, matches: [exact("/exact"), EVERY_PATH] };
const parentRefs = [{ name: "edge", namespace: "gateways", sectionName: "https" }];
const annotations = expect.objectContaining({ "pulumi.com/patchForce": "true", "pulumi.com/skipAwait": "true" });
const page = (value: string) => [
  { type: "RequestHeaderModifier", requestHeaderModifier: { set: [{ name: "X-Forwarded-Prefix", value }] } },
];

it("an override sends every path of its hosts to its page, and has a host that keeps the way there", () => {
  expect(overrideManifests(acme, covered, placement)).toStrictEqual([
    {
      apiVersion: "gateway.networking.k8s.io/v1",
      kind: "HTTPRoute",
      metadata: {
        name: "maintenance-acme.public",
        namespace: "pages",
        labels: {
          "app.kubernetes.io/name": "maintenance-override",
          "app.kubernetes.io/part-of": "maintenance-pages",
          "app.kubernetes.io/managed-by": "pulumi",
          "maintenance-pages/instance": "acme",
        },
        annotations,
      },
      spec: {
        parentRefs,
        hostnames: ["acme.example.org", "acme.public.parked.pages.invalid"],
        rules: [
          {
            matches: [{ path: { type: "Exact", value: "/exact" } }, { path: EVERY_PATH.path }],
            filters: page("/acme/scheduled/0123456789abcdef/"),
            backendRefs: [{ name: "page-server", port: 82 }],
          },
        ],
      },
    },
  ]);
});

it("without a domain that nobody uses it has the instance's hosts alone, and can't be parked", () => {
  const without = { ...placement, unusedDomain: undefined };
  expect(overrideManifests(acme, covered, without)[0]?.spec.hostnames).toStrictEqual(acme.hosts);
  expect(parkedManifests("acme", 1, without)).toStrictEqual([]);
});

describe("an override that is too large for one route", () => {
  const specs = (hosts: number, matches: number) =>
    overrideManifests(
      acme,
      {
        parents: placement.parentRefs,
        hosts: Array.from({ length: hosts }, (_, index) => `${index}.example.org`),
        matches: Array.from({ length: matches }, (_, index) => exact(`/${index}`)),
      },
      placement,
    ).map(({ metadata, spec }) => [
      metadata.name,
      spec.hostnames?.length,
      ...spec.rules.map((rule) => (rule as { readonly matches: readonly unknown[] }).matches.length),
    ]);

  it("has more rules, and then more routes", () => {
    expect(specs(1, 64)).toStrictEqual([["maintenance-acme.public", 2, 64]]);
    expect(specs(1, 65)).toStrictEqual([["maintenance-acme.public", 2, 64, 1]]);
    expect(specs(1, 129)).toStrictEqual([
      ["maintenance-acme.public", 2, 64, 64],
      ["2.maintenance-acme.public", 2, 1],
    ]);
    expect(specs(15, 1)).toStrictEqual([["maintenance-acme.public", 16, 1]]);
    expect(specs(16, 129)).toStrictEqual([
      ["maintenance-acme.public", 16, 64, 64],
      ["2.maintenance-acme.public", 16, 1],
      ["3.maintenance-acme.public", 2, 64, 64],
      ["4.maintenance-acme.public", 2, 1],
    ]);
  });

  it("is still recognized by its names", () => {
    expect(isPartOfName("2.maintenance-acme.public", "maintenance-acme.public")).toBe(true);
    expect(isPartOfName("maintenance-acme.public", "maintenance-acme.public")).toBe(true);
    expect(isPartOfName("by-hand.maintenance-acme.public", "maintenance-acme.public")).toBe(true);
    expect(isPartOfName("x.maintenance-acme.public", "maintenance-acme.public")).toBe(false);
    expect(isPartOfName("maintenance-acme.public", "acme.public")).toBe(false);
  });
});

it("a parked override has no host of the instance, in as many routes as there are", () => {
  const parked = parkedManifests("acme", 2, placement);
  expect(parked.map(({ metadata }) => metadata.name)).toStrictEqual([
    "maintenance-acme.public",
    "2.maintenance-acme.public",
  ]);
  for (const { spec } of parked) {
    expect(spec).toStrictEqual({
      parentRefs,
      hostnames: ["acme.public.parked.pages.invalid"],
      rules: [
        {
          matches: [{ path: EVERY_PATH.path }],
          filters: page("/acme/unscheduled/-/"),
          backendRefs: [{ name: "page-server", port: 82 }],
        },
      ],
    });
  }
});

it("a parked override keeps its host, whatever the listeners admit now", () => {
  const parkedHost = "acme.public.parked.pages.example.org";
  const [parked] = parkedManifests("acme", 1, placement, parkedHost);
  expect(parked?.spec.hostnames).toStrictEqual([parkedHost]);
});

it("an override with a bypass has an Exact path for its links, and the hosts that they open", () => {
  const key = bypassKey("a-secret-of-more-than-thirty-two-characters", "acme");
  const bypass = { key, service: { name: "caddy", namespace: "acme", port: 80 }, walk: ["a.test", "b.test"] };
  const [route] = overrideManifests({ ...acme, bypass }, covered, placement);
  expect(route?.spec.rules).toStrictEqual([
    {
      matches: [
        { path: { type: "Exact", value: "/.maintenance-page/bypass" } },
        { path: { type: "Exact", value: "/exact" } },
        { path: EVERY_PATH.path },
      ],
      filters: page("/acme/scheduled/0123456789abcdef/bypass/a.test/b.test/a.test/"),
      backendRefs: [{ name: "page-server", port: 82 }],
    },
  ]);
  expect(JSON.stringify(route)).not.toContain(key.header);
});

it("a bypass has one header more in each match, and the instance's Service", () => {
  const key = bypassKey("a-secret-of-more-than-thirty-two-characters", "acme");
  const withCookie: Match = { ...exact("/c"), headers: [{ type: "Exact", name: "cookie", value: "a" }] };
  const service = { name: "caddy", namespace: "acme", port: 80 };
  const matches = [withCookie, EVERY_PATH];
  const [route, ...others] = bypassManifests(acme, { key, service }, { ...covered, matches }, placement);
  const header = { type: "Exact", name: "X-Maintenance-Bypass", value: key.header };
  const cookie = { type: "RegularExpression", name: "Cookie", value: `(?:.*; *)?${key.cookie}=always(?:;.*)?` };
  expect(others).toStrictEqual([]);
  expect(route?.metadata).toMatchObject({ name: "bypass-acme.public", namespace: "acme" });
  expect(route?.spec).toStrictEqual({
    parentRefs,
    hostnames: ["acme.example.org"],
    rules: [
      {
        // A match can't have two of one header, so for this one there is only the header.
        matches: [
          { path: withCookie.path, headers: [...withCookie.headers, header] },
          { path: EVERY_PATH.path, headers: [header] },
          { path: EVERY_PATH.path, headers: [cookie] },
        ],
        backendRefs: [{ name: "caddy", port: 80 }],
      },
    ],
  });
});

it("the standing routes are the self-test's and that for hosts of nobody", () => {
  expect(selfTestManifests(placement).map(({ spec }) => spec)).toStrictEqual([
    {
      parentRefs,
      hostnames: ["public.self-test.pages.invalid"],
      rules: [
        {
          matches: [{ path: EVERY_PATH.path }],
          filters: page("/self-test/unscheduled/-/"),
          backendRefs: [{ name: "page-server", port: 82 }],
        },
      ],
    },
  ]);
  expect(notFoundManifests(placement.parentRefs, placement).map(({ spec }) => spec)).toStrictEqual([
    {
      parentRefs,
      rules: [
        { matches: [{ path: { type: "PathPrefix", value: "/" } }], backendRefs: [{ name: "page-server", port: 80 }] },
      ],
    },
  ]);
});

it("only Envoy Gateway has a policy for all routes", () => {
  expect(policyManifests(placement)).toMatchObject([
    {
      kind: "BackendTrafficPolicy",
      metadata: { name: "page-server-retry.public", namespace: "pages" },
      spec: { retry: { retryOn: { triggers: ["connect-failure", "refused-stream", "reset"] } } },
    },
  ]);
  expect(policyManifests({ ...placement, implementation: "istio" })).toStrictEqual([]);
});
