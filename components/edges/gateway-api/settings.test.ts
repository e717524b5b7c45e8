import { describe, expect, it } from "vitest";
import { edgesSchema } from "../settings";
import { gatewayApiSchema, sourceOf } from "./settings";

const parent = { name: "edge", namespace: "gateways" };
const one = { kind: "gateway-api", parentRefs: [parent] };

const messages = (value: unknown) =>
  (edgesSchema.safeParse(value).error?.issues ?? []).map(({ path, message }) => `${path.join(".")}: ${message}`);

it("has defaults for what Envoy Gateway has", () => {
  expect(gatewayApiSchema.parse(one)).toStrictEqual({
    kind: "gateway-api",
    implementation: "envoy-gateway",
    parentRefs: [{ kind: "Gateway", ...parent }],
  });
});

it("knows where each implementation runs its proxies, unless a setting says it", () => {
  const source = (more: object) => sourceOf(gatewayApiSchema.parse({ ...one, ...more }));
  expect(source({})).toStrictEqual({ namespace: "envoy-gateway-system" });
  expect(source({ namespace: "edge" })).toStrictEqual({ namespace: "edge" });
  expect(source({ hostNetwork: true })).toBe("nodes");
  expect(source({ implementation: "istio" })).toStrictEqual({ namespace: "gateways" });
  expect(source({ implementation: "cilium" })).toBe("nodes");
  expect(source({ implementation: "cilium", hostNetwork: false, namespace: "kube-system" })).toStrictEqual({
    namespace: "kube-system",
  });
});

describe("a setting that is not allowed gets a message", () => {
  it.each([
    ["no parents", { kind: "gateway-api" }, /^public\.parentRefs: a list of parents, such as/],
    ["an empty list", { ...one, parentRefs: [] }, /^public\.parentRefs: 1 to 32 parents$/],
    [
      "a parent, and one of its listeners",
      { ...one, parentRefs: [parent, { ...parent, sectionName: "https" }] },
      /^public\.parentRefs: each parent once/,
    ],
    ["an unknown implementation", { ...one, implementation: "envoy" }, /^public\.implementation: envoy-gateway or /],
    [
      "an unknown kind",
      { ...one, parentRefs: [{ ...parent, kind: "Service" }] },
      /^public\.parentRefs\.0\.kind: Gateway or ListenerSet$/,
    ],
    [
      "a parent without a namespace",
      { ...one, parentRefs: [{ name: "edge" }] },
      /^public\.parentRefs\.0\.namespace: a namespace: /,
    ],
  ])("%s", (_, edge, expected) => {
    expect(messages({ public: edge })).toStrictEqual([expect.stringMatching(expected)]);
  });

  it("the same parent in two edges", () => {
    expect(
      messages({ public: one, inner: { ...one, parentRefs: [{ ...parent, name: "inner" }, parent] } }),
    ).toStrictEqual(["inner.parentRefs.1: a parent that no other edge has: edges.public has this one"]);
    const listener = (sectionName: string) => ({ ...one, parentRefs: [{ ...parent, sectionName }] });
    expect(messages({ public: listener("http"), inner: listener("inner") })).toStrictEqual([]);
    expect(messages({ public: listener("http"), inner: one })).toHaveLength(1);
  });
});
