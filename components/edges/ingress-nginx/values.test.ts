import { expect, it } from "vitest";
import { helmValues, releaseValues } from "./values";

it("makes the page server the default backend, and sets nothing else", () => {
  expect(helmValues("maintenance-pages", { gatewayErrors: false, values: {} })).toStrictEqual({
    controller: { extraArgs: { "default-backend-service": "maintenance-pages/page-server" } },
    defaultBackend: { enabled: false },
  });
});

it("replaces the controller's own errors, never the answers of an application", () => {
  const { config } = helmValues("maintenance-pages", { gatewayErrors: true, values: {} }).controller;
  expect(config).toStrictEqual({
    "custom-http-errors": "502,503,504",
    "disable-proxy-intercept-errors": "true",
  });
});

it("merges the user's values with ours; ours win", () => {
  const extra = {
    controller: {
      replicaCount: 3,
      config: { "use-gzip": "true" },
      extraArgs: { "default-backend-service": "other/service", "enable-metrics": "true" },
      tolerations: [{ key: "edge" }],
    },
    defaultBackend: { enabled: true, port: 8080 },
    tcp: { 22: "git/ssh:22" },
  };
  const before = structuredClone(extra);
  expect(helmValues("pages", { gatewayErrors: true, values: extra })).toStrictEqual({
    controller: {
      replicaCount: 3,
      config: {
        "use-gzip": "true",
        "custom-http-errors": "502,503,504",
        "disable-proxy-intercept-errors": "true",
      },
      extraArgs: { "default-backend-service": "pages/page-server", "enable-metrics": "true" },
      tolerations: [{ key: "edge" }],
    },
    defaultBackend: { enabled: false, port: 8080 },
    tcp: { 22: "git/ssh:22" },
  });
  expect(extra).toStrictEqual(before);
});

it("sets a grace period for a release's pods, unless the user sets another one", () => {
  const graceOf = (values: Readonly<Record<string, unknown>>) =>
    releaseValues(helmValues("pages", { gatewayErrors: true, values }), "nginx").controller.extraArgs;
  expect(graceOf({})).toStrictEqual({
    "shutdown-grace-period": "5",
    "default-backend-service": "pages/page-server",
  });
  const own = { controller: { extraArgs: { "shutdown-grace-period": "60" } } };
  expect(graceOf(own)["shutdown-grace-period"]).toBe("60");
});

it("makes the class of a release, unless the user's values make it", () => {
  const controllerOf = (className: string, values: Readonly<Record<string, unknown>> = {}) =>
    releaseValues(helmValues("pages", { gatewayErrors: false, values }), className).controller;
  expect(controllerOf("nginx")).not.toHaveProperty("ingressClassResource");
  expect(controllerOf("internal")).toMatchObject({
    ingressClass: "internal",
    ingressClassResource: { name: "internal", controllerValue: "k8s.io/internal" },
  });
  const own = { controller: { ingressClassResource: { controllerValue: "example.org/internal" } } };
  expect(controllerOf("internal", own)).toMatchObject({
    ingressClassResource: { name: "internal", controllerValue: "example.org/internal" },
  });
});
