import { describe, expect, it } from "vitest";
import { admits, gatewaysBehind, isForHttp, listenersOf, unusedDomainOf } from "./listeners";
import { gatewaySchema, type Listener, listenerSetSchema } from "./objects";
import type { Parent } from "./settings";

const listener = (more: object): Listener =>
  gatewaySchema.shape.spec.shape.listeners.element.parse({ name: "http", port: 80, protocol: "HTTP", ...more });

const owner = { kind: "Gateway", name: "edge", namespace: "gateways" } as const;
const parent: Parent = { ...owner };

const gateway = gatewaySchema.parse({
  metadata: { name: "edge", namespace: "gateways" },
  spec: {
    gatewayClassName: "eg",
    listeners: [listener({}), listener({ name: "https", port: 443, protocol: "HTTPS" })],
  },
});
const set = listenerSetSchema.parse({
  metadata: { name: "acme", namespace: "acme" },
  spec: { parentRef: { name: "edge", namespace: "gateways" }, listeners: [listener({ name: "acme" })] },
});

const topology = { gateways: [gateway], listenerSets: [set] };

describe("the listeners of a parent", () => {
  const names = (more: Partial<Parent>) =>
    listenersOf([{ ...parent, ...more }], topology).map((one) => one.listener.name);

  it("are all of its listeners, or those with the name or the port", () => {
    expect(names({})).toStrictEqual(["http", "https"]);
    expect(names({ sectionName: "https" })).toStrictEqual(["https"]);
    expect(names({ port: 80 })).toStrictEqual(["http"]);
    expect(names({ port: 80, sectionName: "https" })).toStrictEqual([]);
  });

  it("may be those of a ListenerSet, which leads to its Gateway", () => {
    const ofSet: Parent = { kind: "ListenerSet", name: "acme", namespace: "acme" };
    expect(listenersOf([ofSet], topology).map((one) => one.listener.name)).toStrictEqual(["acme"]);
    expect(gatewaysBehind([ofSet], topology)).toStrictEqual([gateway]);
  });

  it("are none of another Gateway", () => {
    expect(names({ name: "other" })).toStrictEqual([]);
    expect(names({ namespace: "other" })).toStrictEqual([]);
    expect(gatewaysBehind([{ ...parent, name: "other" }], topology)).toStrictEqual([]);
  });
});

describe("which namespaces a listener admits", () => {
  const isAdmitted = (namespaces: object | undefined, labels: Readonly<Record<string, string>> = {}) =>
    admits(
      { owner, listener: listener(namespaces === undefined ? {} : { allowedRoutes: { namespaces } }) },
      { name: "pages", labels },
    );

  it("its own without a rule", () => {
    expect(isAdmitted(undefined)).toBe(false);
    expect(isAdmitted({ from: "Same" })).toBe(false);
    expect(admits({ owner, listener: listener({}) }, { name: "gateways", labels: {} })).toBe(true);
  });

  it("all, or none", () => {
    expect(isAdmitted({ from: "All" })).toBe(true);
    expect(isAdmitted({ from: "None" })).toBe(false);
  });

  it("those with the labels of a selector, and its name is one of them", () => {
    const bySelector = (selector: object) => isAdmitted({ from: "Selector", selector }, { tier: "edge" });
    const byExpression = (...expressions: readonly object[]) => bySelector({ matchExpressions: expressions });
    expect(bySelector({ matchLabels: { tier: "edge" } })).toBe(true);
    expect(bySelector({ matchLabels: { tier: "other" } })).toBe(false);
    expect(bySelector({ matchLabels: { "kubernetes.io/metadata.name": "pages" } })).toBe(true);
    expect(byExpression({ key: "tier", operator: "In", values: ["edge", "core"] })).toBe(true);
    expect(byExpression({ key: "tier", operator: "NotIn", values: ["edge"] })).toBe(false);
    expect(byExpression({ key: "tier", operator: "Exists" }, { key: "x", operator: "DoesNotExist" })).toBe(true);
    expect(byExpression({ key: "x", operator: "Exists" })).toBe(false);
    expect(isAdmitted({ from: "Selector" })).toBe(false);
  });
});

it("HTTPRoutes are for listeners of HTTP and of HTTPS that ends there", () => {
  expect(isForHttp(listener({}))).toBe(true);
  expect(isForHttp(listener({ protocol: "HTTPS", tls: { mode: "Terminate" } }))).toBe(true);
  expect(isForHttp(listener({ protocol: "TLS", tls: { mode: "Passthrough" } }))).toBe(false);
  expect(isForHttp(listener({ protocol: "HTTPS", tls: { mode: "Passthrough" } }))).toBe(false);
  expect(isForHttp(listener({ protocol: "TCP" }))).toBe(false);
  expect(isForHttp(listener({ allowedRoutes: { kinds: [{ kind: "GRPCRoute" }] } }))).toBe(false);
});

it("an unused domain is one that no client uses, or the domain of a wildcard", () => {
  const of = (...listeners: readonly object[]) =>
    unusedDomainOf(
      listeners.map((one) => ({ owner, listener: listener(one) })),
      "gateways",
    );
  expect(of({ hostname: "*.example.org" }, {})).toBe("invalid");
  expect(of({ hostname: "acme.example.org" }, { hostname: "*.example.org" })).toBe("example.org");
  expect(of({ hostname: "acme.example.org" })).toBeUndefined();
  expect(of({ protocol: "TCP" })).toBeUndefined();
  const refusing = { allowedRoutes: { namespaces: { from: "None" } } };
  expect(of(refusing, { hostname: "*.example.org" })).toBe("example.org");
});
