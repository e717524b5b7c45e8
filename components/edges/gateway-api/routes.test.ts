import { describe, expect, it } from "vitest";
import { bypassKey } from "../../../model/bypass";
import { bypassManifests } from "./manifests";
import { EVERY_PATH } from "./matches";
import { gatewaySchema, type HttpRoute, httpRouteSchema, listenerSetSchema } from "./objects";
import { coveredIn, groupsOf, hostsIn, madeOverride, mayServe, notFoundParents, parkedHostIn } from "./routes";

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
const listenerSet = (namespace: string, gateway: string, hostname?: string) =>
  listenerSetSchema.parse({
    metadata: { name: "own", namespace },
    spec: {
      parentRef: { name: gateway, namespace: "gateways" },
      listeners: [
        { name: "https", port: 443, protocol: "HTTPS", hostname, allowedRoutes: { namespaces: { from: "All" } } },
      ],
    },
  });
const covered = (hosts: readonly string[], others: readonly HttpRoute[], otherHosts: readonly string[] = []) =>
  coveredIn({ hosts, otherHosts }, others, settings, {
    listenerSets: [listenerSet("acme", "edge"), listenerSet("elsewhere", "other")],
  });
const pathsOf = (found: ReturnType<typeof covered>) =>
  found.matches.filter((match) => match !== EVERY_PATH).map(({ path }) => path.value);

describe("what an override takes over", () => {
  it("copies the exact paths of routes for its hosts, and of routes that may get their requests", () => {
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

  it("is attached to a ListenerSet whose listener has its host, if a route without hostnames is", () => {
    const set = { kind: "ListenerSet", name: "own", namespace: "acme" } as const;
    const own = route("own", [], { parents: [set] });
    const parentsWith = (hostname?: string) =>
      coveredIn({ hosts: ["a.org"], otherHosts: [] }, [own], settings, {
        listenerSets: [listenerSet("acme", "edge", hostname)],
      }).parents;
    expect(parentsWith("a.org")).toStrictEqual([GATEWAY, set]);
    expect(parentsWith("*.org")).toStrictEqual([GATEWAY, set]);
    expect(parentsWith("b.org")).toStrictEqual([GATEWAY]);
    // A route for all hosts is nobody's.
    expect(parentsWith()).toStrictEqual([GATEWAY]);
  });

  it("ends with the match for every path", () => {
    expect(covered(["a.org"], []).matches).toStrictEqual([EVERY_PATH]);
  });

  it("has the hosts that its own routes have below its wildcard, and no others", () => {
    const others = [
      route("own", ["a.org", "*.a.org", "x.a.org", "y.z.a.org", "beta.a.org", "x.delta.a.org"]),
      route("strange", ["grafana.a.org", "beta.a.org", "*.delta.a.org"], { namespace: "monitoring" }),
    ];
    expect(covered(["*.a.org"], others, ["beta.a.org", "*.delta.a.org"]).hosts).toStrictEqual([
      "*.a.org",
      "x.a.org",
      "y.z.a.org",
    ]);
    expect(covered(["a.org"], others).hosts).toStrictEqual(["a.org"]);
  });

  it("keeps the copies that it has, in their order, although the routes are gone", () => {
    const paths = [["Exact", "/b"]] as const;
    const own = route("own", ["a.org"], { paths });
    const made = [
      httpRouteSchema.parse({
        metadata: { name: "maintenance-acme", namespace: "pages" },
        spec: {
          rules: [{ matches: covered(["a.org"], [route("gone", ["a.org"], { paths: [["Exact", "/a"]] })]).matches }],
        },
      }),
    ];
    const found = coveredIn({ hosts: ["a.org"], otherHosts: [] }, [own], settings, { listenerSets: [] }, made);
    expect(found.matches.map(({ path }) => path.value)).toStrictEqual(["/a", "/b", EVERY_PATH.path.value]);
  });
});

it("leaves a wildcard out that would take visitors of another instance", () => {
  const acme = { hosts: ["a.org", "*.a.org"], otherHosts: ["beta.a.org", "studio.beta.a.org"] };
  const wildcard = route("all", ["*.a.org"]);
  expect(hostsIn(acme, [wildcard, route("beta", ["beta.a.org", "*.beta.a.org"])]).leftOut).toStrictEqual([]);
  expect(hostsIn(acme, [wildcard, route("beta", ["beta.a.org"])])).toStrictEqual({
    hosts: ["a.org"],
    leftOut: [{ wildcard: "*.a.org", shadowed: "studio.beta.a.org" }],
  });
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

  const bypassOf = (others: readonly HttpRoute[]) => {
    const found = covered(["a.org"], others);
    const service = { name: "caddy", namespace: "acme", port: 80 };
    const key = bypassKey("a-secret-of-more-than-thirty-two-characters", "acme");
    const placement = { ...settings, edge: "public", namespace: "pages", unusedDomain: "invalid" };
    return bypassManifests({ instance: "acme" }, { key, service }, found, placement).map((one) =>
      httpRouteSchema.parse(one),
    );
  };

  it("are those in the page server's namespace, and bypasses", () => {
    const inNamespace = route("by-hand", ["a.org"], { namespace: "pages" });
    const own = route("own", ["a.org"], { paths: [["Exact", "/a"]] });
    const bypass = bypassOf([own]);
    expect(groupsOf([inNamespace, ...bypass, own], "pages")).toStrictEqual({
      ours: [inNamespace, ...bypass],
      others: [own],
    });
  });

  it("are not those of others with the labels of a bypass, and a way in without its key", () => {
    const [bypass] = bypassOf([]);
    const [rule] = bypass?.spec.rules ?? [];
    const [header, cookie] = rule?.matches.map(({ headers }) => headers[0]) ?? [];
    const anyCookie = { type: "RegularExpression", name: "cookie", value: ".*" };
    const withHeaders = (...headers: readonly unknown[]) => [{ matches: [...(rule?.matches ?? []), { headers }] }];
    const strange = [
      [...(bypass?.spec.rules ?? []), {}],
      [{ matches: [] }],
      withHeaders(),
      withHeaders({ ...header, type: "RegularExpression", value: ".*" }),
      // It would get the requests by which the command finds out what visitors see.
      withHeaders({ ...header, value: "none" }),
      withHeaders(anyCookie),
      withHeaders(anyCookie, cookie),
      withHeaders({ ...cookie, value: `${cookie?.value}|.*` }),
    ].map((rules) => httpRouteSchema.parse({ ...bypass, spec: { ...bypass?.spec, rules } }));
    expect(groupsOf(strange, "pages")).toStrictEqual({ ours: [], others: strange });
    const gamma = route("root", ["a.org"], { labels, paths: [["Exact", "/"]] });
    expect(pathsOf(covered(["a.org"], groupsOf([gamma], "pages").others))).toStrictEqual(["/"]);
  });

  it("belong to an instance, in the order of their parts; one that was made by hand does not", () => {
    const { "app.kubernetes.io/managed-by": _, ...byHand } = labels;
    const parkedHost = "acme.public.parked.pages.invalid";
    const inPages = (name: string, hostnames: readonly string[]) =>
      route(name, hostnames, { labels, namespace: "pages" });
    const all = [
      inPages("2.maintenance-acme.public", ["b.org"]),
      inPages("maintenance-acme.public", ["a.org", parkedHost]),
      inPages("by-hand.maintenance-acme.public", ["a.org"]),
      inPages("maintenance-acme.other", ["b.org"]),
      route("maintenance-acme.public", ["b.org"], { labels, namespace: "staging" }),
      route("bypass-acme.public", ["a.org"], { labels }),
      route("by-hand.maintenance-beta.public", ["b.org"], {
        labels: { ...byHand, "maintenance-pages/instance": "beta" },
      }),
    ];
    const placement = { edge: "public", namespace: "pages" };
    const made = madeOverride("acme", all, placement);
    expect(made.map(({ metadata }) => metadata.name)).toStrictEqual([
      "maintenance-acme.public",
      "2.maintenance-acme.public",
    ]);
    expect(parkedHostIn(made, "acme", placement)).toBe(parkedHost);
    expect(madeOverride("beta", all, placement)).toStrictEqual([]);
  });
});

describe("where hosts of nobody get the not-found page", () => {
  const listener = (name: string, hostname?: string) => ({ name, port: 80, protocol: "HTTP", hostname });
  const parents = (listeners: readonly object[], others: readonly HttpRoute[]) => {
    const edge = gatewaySchema.parse({
      metadata: { name: "edge", namespace: "gateways" },
      spec: { gatewayClassName: "eg", listeners },
    });
    return notFoundParents([GATEWAY], others, { gateways: [edge], listenerSets: [] });
  };
  const all = [listener("all"), listener("wildcard", "*.a.org")];

  it("is at all listeners of a parent", () => {
    expect(parents(all, [route("own", ["a.org"], { parents: [GATEWAY] })])).toStrictEqual([GATEWAY]);
  });

  it("is at a parent that does not exist yet, unless somebody has a route for all hosts for it", () => {
    const absent = { gateways: [], listenerSets: [] };
    const others = [route("own", ["a.org"], { parents: [GATEWAY] })];
    expect(notFoundParents([GATEWAY], others, absent)).toStrictEqual([GATEWAY]);
    const taken = route("everything", [], { parents: [GATEWAY] });
    expect(notFoundParents([GATEWAY], [taken], absent)).toStrictEqual([]);
    expect(parents([{ ...listener("tls"), protocol: "TLS" }], [])).toStrictEqual([]);
  });

  it("stays where the stack's own one of another namespace is, until that goes", () => {
    const labels = { "app.kubernetes.io/part-of": "maintenance-pages" };
    expect(parents(all, [route("page-server-not-found", [], { parents: [GATEWAY], labels })])).toStrictEqual([GATEWAY]);
  });

  it("is not at a listener for one host, nor where somebody has a route for all hosts of the listener", () => {
    const at = (sectionName: string) => ({ ...GATEWAY, sectionName });
    expect(parents([...all, listener("one", "b.org")], [])).toStrictEqual([at("all"), at("wildcard")]);
    expect(parents(all, [route("redirect", [], { parents: [at("all")] })])).toStrictEqual([at("wildcard")]);
    expect(parents(all, [route("sites", ["*.a.org"], { parents: [GATEWAY] })])).toStrictEqual([at("all")]);
    expect(parents(all, [route("everything", [], { parents: [GATEWAY] })])).toStrictEqual([]);
  });
});
