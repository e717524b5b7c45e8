import { describe, expect, it } from "vitest";
import { ingressNginxSchema } from "./settings";

const read = (controller: object) => ingressNginxSchema.safeParse({ kind: "ingress-nginx", values: { controller } });
const refusals = (controller: object) =>
  read(controller).error?.issues.map(({ path, message }) => [path.slice(2).join("."), message]) ?? [];

const ALL = "the controller must watch the namespaces of the page server and of all instances";

describe("Helm values with which the controller would not show the page", () => {
  it.each([
    [{ hostNetwork: true }, "hostNetwork", "false, as this edge's hostNetwork says"],
    [{ ingressClassResource: { name: "public" } }, "ingressClassResource.name", "nginx, as this edge's className says"],
    [{ scope: { enabled: true } }, "scope.enabled", `false: ${ALL}`],
    [{ scope: { namespaceSelector: "team=web" } }, "scope.namespaceSelector", `no value: ${ALL}`],
    [{ extraArgs: { "watch-namespace": "web" } }, "extraArgs.watch-namespace", `no value: ${ALL}`],
    [{ extraArgs: { "watch-namespace-selector": "a=b" } }, "extraArgs.watch-namespace-selector", `no value: ${ALL}`],
    [{ extraArgs: { "ingress-class": "public" } }, "extraArgs.ingress-class", "nginx, as this edge's className says"],
    [{ extraArgs: { "controller-class": "a/b" } }, "extraArgs.controller-class", expect.stringContaining("no value")],
    [
      { config: { "annotations-risk-level": "Low" } },
      "config.annotations-risk-level",
      expect.stringContaining("Medium"),
    ],
    [
      { config: { "annotations-risk-level": "mid" } },
      "config.annotations-risk-level",
      expect.stringContaining("Medium"),
    ],
  ])("%j is refused", (controller, path, message) => {
    expect(refusals(controller)).toStrictEqual([[path, message]]);
  });

  it("another namespace than the edge's is refused", () => {
    const values = { namespaceOverride: "web" };
    expect(ingressNginxSchema.safeParse({ kind: "ingress-nginx", values }).error?.issues).toMatchObject([
      { path: ["values", "namespaceOverride"], message: "ingress-nginx, as this edge's namespace says" },
    ]);
  });
});

it.each([
  { scope: { enabled: false, namespaceSelector: "" } },
  { config: { "annotations-risk-level": "medium" }, replicaCount: 3 },
  // The class may be made elsewhere.
  { ingressClassResource: { enabled: false, controllerValue: "example.com/web" } },
])("the value %j is accepted", (controller) => {
  expect(read(controller).success).toBe(true);
});
