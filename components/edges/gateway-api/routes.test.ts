import { describe, expect, it } from "vitest";
import { EVERY_PATH } from "./matches";
import { type HttpRoute, httpRouteSchema, listenerSetSchema } from "./objects";
import { coveredIn, groupsOf, madeOverrides, mayServe, shadowedHosts } from "./routes";

interface RouteOptions {
  readonly paths?: readonly (readonly [string, string])[];
  readonly parents?: readonly object[];
  readonly [metadata: string]: unknown;
}

const route = (
  name: string,
  hostnames: readonly string[],
  { paths = [["PathPrefix", "/"]], parents = [], ...metadata }: RouteOptions = {},
): HttpRoute =>
  httpRouteSchema.parse({
    metadata: { name, namespace: "acme", ...metadata },
    spec: {
      parentRefs: parents,
      hostnames,
      rules: [{ matches: paths.map(([type, value]) => ({ path: { type, value } })) }],
    },
  });

const GATEWAY = { kind: "Gateway", name: "edge", namespace: "gateways" } as const;
const settings = { implementation: "envoy-gateway" as const, parentRefs: [GATEWAY] };
const listenerSet = (namespace: string, gateway: string) =>
  listenerSetSchema.parse({
    metadata: { name: "own", namespace },
    spec: { parentRef: { name: gateway, namespace: "gateways" }, listeners: [] },
  });
const covered = (hosts: readonly string[], others: readonly HttpRoute[], otherHosts: readonly string[] = []) =>
  coveredIn({ hosts, otherHosts }, others, settings, {
    listenerSets: [listenerSet("acme", "edge"), listenerSet("elsewhere", "other")],
  });
const pathsOf = (found: ReturnType<typeof covered>) =>
  found.matches.filter((match) => match !== EVERY_PATH).map(({ path }) => path.value);

describe("what an override takes over", () => {
  it("mirrors the exact paths of routes for its hosts, and of routes that may get their requests", () => {
    const paths = [["Exact", "/exact"]] as const;
    expect(pathsOf(covered(["a.org"], [route("own", ["a.org"], { paths })]))).toStrictEqual(["/exact"]);
    expect(pathsOf(covered(["a.org"], [route("none", [], { paths })]))).toStrictEqual(["/exact"]);
    expect(pathsOf(covered(["b.a.org"], [route("wildcard", ["*.a.org"], { paths })]))).toStrictEqual(["/exact"]);
    expect(pathsOf(covered(["a.org"], [route("other", ["b.org"], { paths })]))).toStrictEqual([]);
  });

  it("is attached to the ListenerSets of its Gateways to which routes of its hosts are", () => {
    const set = (namespace: string) => ({ kind: "ListenerSet", name: "own", namespace, sectionName: "https" });
    const own = route("own", ["a.org"], { parents: [set("acme"), set("elsewhere"), GATEWAY] });
    expect(covered(["a.org"], [own, own]).parents).toStrictEqual([
      GATEWAY,
      { kind: "ListenerSet", name: "own", namespace: "acme" },
    ]);
    expect(covered(["b.org"], [own]).parents).toStrictEqual([GATEWAY]);
  });

  it("ends with the match for every path", () => {
    expect(covered(["a.org"], []).matches).toStrictEqual([EVERY_PATH]);
  });

  it("has the hosts that routes have below its wildcard, but not those of other instances", () => {
    const others = [route("more", ["x.a.org", "y.z.a.org", "a.org"]), route("beta", ["beta.a.org"])];
    expect(covered(["*.a.org"], others, ["beta.a.org"]).hosts).toStrictEqual(["*.a.org", "x.a.org", "y.z.a.org"]);
    expect(covered(["a.org"], others).hosts).toStrictEqual(["a.org"]);
  });
});

it("a host of another instance without a route of its own would show the page", () => {
  const wildcard = { otherHosts: ["beta.a.org", "gamma.a.org"] };
  expect(shadowedHosts(wildcard, ["beta.a.org", "*.a.org"])).toStrictEqual(["gamma.a.org"]);
});

it("a route may get requests for a host of its own, below its wildcard, or without any", () => {
  expect(mayServe(["a.org"], ["a.org"])).toBe(true);
  expect(mayServe(["*.a.org"], ["b.c.a.org"])).toBe(true);
  expect(mayServe(["b.a.org"], ["*.a.org"])).toBe(true);
  expect(mayServe([], ["a.org"])).toBe(true);
  expect(mayServe(["*.a.org"], ["a.org"])).toBe(false);
  expect(mayServe(["ba.org"], ["*.a.org"])).toBe(false);
});

describe("routes of ours", () => {
  const ours = { "app.kubernetes.io/part-of": "maintenance-pages", "app.kubernetes.io/managed-by": "pulumi" };
  const labels = { ...ours, "maintenance-pages/instance": "acme" };

  it("are those in the page server's namespace, and bypasses", () => {
    const inNamespace = route("by-hand", ["a.org"], { namespace: "pages" });
    const bypass = route("bypass-acme", ["a.org"], { labels });
    const own = route("own", ["a.org"]);
    expect(groupsOf([inNamespace, bypass, own], "pages")).toStrictEqual({ ours: [inNamespace, bypass], others: [own] });
  });

  it("are counted by instance; one that was made by hand is not", () => {
    const { "app.kubernetes.io/managed-by": _, ...byHand } = labels;
    const parkedHost = "acme.public.parked.pages.invalid";
    const all = [
      route("maintenance-acme.public", ["a.org", parkedHost], { labels }),
      route("2.maintenance-acme.public", ["b.org"], { labels }),
      route("maintenance-acme.other", ["b.org"], { labels }),
      route("bypass-acme.public", ["a.org"], { labels }),
      route("by-hand.maintenance-beta.public", ["b.org"], {
        labels: { ...byHand, "maintenance-pages/instance": "beta" },
      }),
    ];
    expect([...madeOverrides(all, { edge: "public", namespace: "pages" })]).toStrictEqual([
      ["acme", { count: 2, parkedHost }],
    ]);
  });
});
