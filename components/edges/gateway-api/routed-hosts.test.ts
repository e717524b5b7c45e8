import { expect, it } from "vitest";
import { gatewaySchema, grpcRouteSchema, httpRouteSchema, listenerSetSchema, tlsRouteSchema } from "./objects";
import { routedHostsOf } from "./routed-hosts";
import type { Parent } from "./settings";

const PARENT: Parent = { kind: "Gateway", name: "edge", namespace: "gateways" };
const all = { allowedRoutes: { namespaces: { from: "All" } } };

const gateway = (name: string, ...listeners: readonly object[]) =>
  gatewaySchema.parse({ metadata: { name, namespace: "gateways" }, spec: { gatewayClassName: "eg", listeners } });
const gateways = [
  gateway(
    "edge",
    { name: "http", port: 80, protocol: "HTTP", ...all },
    { name: "own", port: 443, protocol: "HTTPS", hostname: "own.example.org", ...all },
  ),
  gateway("other", { name: "http", port: 80, protocol: "HTTP", ...all }),
];
const listenerSets = ["edge", "other"].map((name) =>
  listenerSetSchema.parse({
    metadata: { name: `of-${name}`, namespace: "acme" },
    spec: { parentRef: { name, namespace: "gateways" }, listeners: [{ name: "https", port: 443, protocol: "HTTPS" }] },
  }),
);

const spec = (parent: object, ...hostnames: readonly string[]) => ({
  metadata: { name: "own", namespace: "acme" },
  spec: { parentRefs: [{ name: "edge", namespace: "gateways", ...parent }], hostnames },
});
const hosts = (...routes: readonly object[]) =>
  routedHostsOf(
    {
      gateways,
      listenerSets,
      ours: [httpRouteSchema.parse(spec({}, "ours.example.org"))],
      others: routes.map((one) => httpRouteSchema.parse(one)),
      tlsRoutes: [],
      grpcRoutes: [],
    },
    [PARENT],
  ).map(({ host }) => host);

it("routed hosts are those of routes of all kinds, and not our own", () => {
  const found = routedHostsOf(
    {
      gateways,
      listenerSets,
      ours: [httpRouteSchema.parse(spec({}, "ours.example.org"))],
      others: [httpRouteSchema.parse(spec({}, "acme.example.org", "*.acme.example.org"))],
      tlsRoutes: [tlsRouteSchema.parse(spec({}, "tls.example.org"))],
      grpcRoutes: [grpcRouteSchema.parse(spec({}, "calls.example.org"))],
    },
    [PARENT],
  );
  expect(found).toStrictEqual([
    { host: "acme.example.org", object: "HTTPRoute acme/own", namespace: "acme" },
    { host: "*.acme.example.org", object: "HTTPRoute acme/own", namespace: "acme" },
    { host: "tls.example.org", object: "TLSRoute acme/own", namespace: "acme" },
    { host: "calls.example.org", object: "GRPCRoute acme/own", namespace: "acme" },
  ]);
});

it("routed hosts are those at the edge's Gateways and their ListenerSets", () => {
  const set = (name: string) => spec({ kind: "ListenerSet", name, namespace: "acme" }, `${name}.example.org`);
  expect(hosts(spec({ name: "other" }, "acme.example.org"), set("of-edge"), set("of-other"))).toStrictEqual([
    "of-edge.example.org",
  ]);
});

it("a route without hostnames has those of its listeners, and one with a wildcard only theirs", () => {
  const own = { sectionName: "own" };
  expect(hosts(spec(own))).toStrictEqual(["own.example.org"]);
  expect(hosts(spec(own, "*.example.org", "acme.example.org"))).toStrictEqual(["own.example.org"]);
  expect(hosts(spec(own, "acme.example.org"))).toStrictEqual([]);
  expect(hosts(spec({ sectionName: "http" }))).toStrictEqual([]);
});
