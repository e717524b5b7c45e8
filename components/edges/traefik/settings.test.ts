import { describe, expect, it } from "vitest";
import { problemsOf } from "../../../model/fields";
import { edgesSchema, nameProblems } from "../settings";

function problems(edges: unknown) {
  const { error } = edgesSchema.safeParse(edges);
  return (error?.issues ?? []).flatMap((issue) => problemsOf(issue, edges));
}

it("has the names of Traefik's Helm chart by default", () => {
  expect(edgesSchema.parse({ default: { kind: "traefik" } })).toStrictEqual({
    default: {
      kind: "traefik",
      namespace: "traefik",
      hostNetwork: false,
      entryPoints: ["web", "websecure"],
      routersWithTls: [],
      bypassAddresses: [],
    },
  });
});

it.each<[object, object]>([
  [{ entryPoints: [] }, { path: "entryPoints", allowed: "one or more entry points" }],
  [{ entryPoints: ["web", "a b"] }, { path: "entryPoints[1]", found: "a b" }],
  [{ entryPoints: "web" }, { path: "entryPoints", allowed: "a list of entry points, such as [web, websecure]" }],
  [
    { routersWithTls: ["websecur"] },
    {
      path: "routersWithTls[0]",
      found: "websecur",
      allowed: "one of this edge's entryPoints: web, websecure",
      nearest: "websecure",
    },
  ],
  [{ ingresClass: "outer" }, { path: "ingresClass", nearest: "ingressClass" }],
  [{ className: "nginx" }, { path: "className" }],
  [{ bypassAddresses: "203.0.113.7" }, { path: "bypassAddresses", allowed: expect.stringContaining("a list of") }],
  [{ bypassAddresses: ["::1", "203.0.113.7/24"] }, { path: "bypassAddresses[1]", nearest: "203.0.113.0/24" }],
  [{ bypassAddresses: ["0.0.0.0/0"] }, { path: "bypassAddresses[0]", allowed: expect.stringContaining("8 or more") }],
])("refuses %j", (more, problem) => {
  const found = problems({ public: { kind: "traefik", ...more } });
  expect(found).toMatchObject([{ ...problem, path: `public.${Reflect.get(problem, "path")}` }]);
});

it.each([
  ["ingress-nginx", "a bypass there is a canary"],
  ["gateway-api", "an HTTPRoute matches a request by its path"],
])("an edge of the kind %s refuses bypassAddresses, and says why", (kind, reason) => {
  const parentRefs = kind === "gateway-api" ? { parentRefs: [{ name: "edge", namespace: "gateways" }] } : {};
  expect(problems({ public: { kind, ...parentRefs, bypassAddresses: ["203.0.113.0/24"] } })).toStrictEqual([
    {
      path: "public.bypassAddresses",
      found: ["203.0.113.0/24"],
      allowed: expect.stringContaining(`only at an edge of the kind traefik: ${reason}`),
    },
  ]);
});

it("names the nearest kind", () => {
  expect(problems({ public: { kind: "traefick" } })).toMatchObject([{ path: "public.kind", nearest: "traefik" }]);
});

it("two edges may share a Traefik, but no entry point of it", () => {
  const inner = { kind: "traefik", entryPoints: ["internal"] };
  expect(problems({ outer: { kind: "traefik" }, inner })).toStrictEqual([]);
  expect(problems({ outer: { kind: "traefik" }, inner: { kind: "traefik", namespace: "inner" } })).toStrictEqual([]);
  expect(problems({ outer: { kind: "traefik" }, inner: { ...inner, entryPoints: ["internal", "web"] } })).toMatchObject(
    [{ path: "inner.entryPoints[1]", found: "web", allowed: expect.stringContaining("edges.outer has this one") }],
  );
});

describe("overrides that Traefik would take for one", () => {
  const of = (edges: object, ...names: readonly string[]) =>
    nameProblems(
      edgesSchema.parse(edges),
      names.map((name) => ({ name })),
    );
  const [kind, old] = [{ kind: "traefik" }, { kind: "ingress-nginx" }];

  it("are refused: of two edges, and of one", () => {
    expect(of({ default: kind, public: { ...kind, namespace: "public" } }, "acme", "acme-public")).toMatchObject([
      { path: "maintenance", found: "acme-public at default, and acme at public" },
    ]);
    expect(of({ default: kind }, "a-b", "a--b")).toMatchObject([{ found: "a-b at default, and a--b at default" }]);
  });

  it("are not there at other controllers, and at edges that the instance is not behind", () => {
    expect(of({ default: old, public: kind }, "acme", "acme-public", "a-b", "beta")).toStrictEqual([]);
    const acme = { name: "acme", edges: ["default"] };
    const edges = edgesSchema.parse({ default: kind, public: { ...kind, namespace: "public" } });
    expect(nameProblems(edges, [acme, { name: "acme-public" }])).toStrictEqual([]);
  });
});
