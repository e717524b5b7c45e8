import { describe, expect, it } from "vitest";
import { podSchema } from "../controller-pods";
import { controllerIn, isAtLeast, isRead, optionOf, type Reading, readingOf, serves, versionIn } from "./controllers";
import { ingressClassSchema, ingressSchema } from "./objects";

const pod = (container: object, more: object = {}) =>
  podSchema.parse({
    metadata: { name: "ingress-nginx-controller-0", namespace: "ingress-nginx" },
    spec: { containers: [{ name: "sidecar", args: ["--configmap=no/no"] }, container] },
    status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] },
    ...more,
  });
// As the chart writes it.
const ENV = [
  { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
  { name: "POD_NAMESPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } },
  { name: "TEAM", value: "web" },
];
const controllerWith = (...args: readonly string[]) =>
  controllerIn(pod({ args: ["/nginx-ingress-controller", ...args], env: ENV }))[0] ?? { options: new Map() };
const classOf = (name: string, controller: string) =>
  ingressClassSchema.parse({ metadata: { name }, spec: { controller } });

describe("the controller of a pod", () => {
  it("has the options in its arguments, with the values of variables that the pod itself has", () => {
    const controller = controllerWith(
      "--configmap=$(POD_NAMESPACE)/web",
      "--watch-namespace",
      "$(TEAM)",
      "--ingress-class=old",
      "--ingress-class=new",
      "--controller-class=$(ELSEWHERE)",
      "--enable-ssl-passthrough",
    );
    expect(optionOf(controller, "configmap")).toBe("ingress-nginx/web");
    expect(optionOf(controller, "watch-namespace")).toBe("web");
    expect(optionOf(controller, "ingress-class")).toBe("new");
    expect(optionOf(controller, "controller-class")).toBeUndefined();
    expect(optionOf(controller, "enable-ssl-passthrough")).toBe("true");
    expect(optionOf(controller, "annotations-prefix")).toBe("nginx.ingress.kubernetes.io");
  });

  it("is not there if the pod has ended, or runs another program", () => {
    expect(controllerIn(pod({ args: ["/nginx-ingress-controller"] }, { status: { phase: "Failed" } }))).toStrictEqual(
      [],
    );
    expect(controllerIn(pod({ args: ["/nginx-ingress", "--configmap=a/b"] }))).toStrictEqual([]);
  });

  it.each([
    [{}, true],
    [{ metadata: { name: "a", namespace: "b", deletionTimestamp: "2026-01-01T00:00:00Z" } }, false],
    [{ status: { phase: "Running", conditions: [{ type: "Ready", status: "False" }] } }, false],
    [{ status: { phase: "Pending" } }, false],
  ])("of %j is ready: %s", (more, isReady) => {
    const found = controllerIn(pod({ command: ["/usr/bin/dumb-init", "--", "/nginx-ingress-controller"] }, more));
    expect(found.map((one) => one.isReady)).toStrictEqual([isReady]);
  });
});

it.each([
  [
    "registry.k8s.io/ingress-nginx/controller:v1.11.1@sha256:e6439a12b52076965928e83b7b56aae6731231677b01e81818bce7fa5c60161a",
    [1, 11, 1],
  ],
  ["registry.example.org:5000/controller-chroot:v1.9.6", [1, 9, 6]],
  ["registry.k8s.io/controller:controller-v1.6.2", [1, 6, 2]],
  ["rancher/nginx-ingress-controller:v1.12.4-hardened6", [1, 12, 4]],
  ["rancher/nginx-ingress-controller:nginx-1.9.3-hardened1", [1, 9, 3]],
  ["registry.example.org/controller:2024.1.3", undefined],
  ["controller@sha256:e6439a12", undefined],
])("the version of %s is %j", (image, version) => {
  expect(versionIn(image)).toStrictEqual(version);
});

it("compares versions by number", () => {
  expect(isAtLeast([1, 10, 0], [1, 9, 5])).toBe(true);
  expect(isAtLeast([1, 9, 5], [1, 9, 5])).toBe(true);
  expect(isAtLeast([1, 9, 4], [1, 9, 5])).toBe(false);
  expect(isAtLeast([0, 49, 3], [1, 0, 0])).toBe(false);
});

it.each([
  ["by default", [], true],
  ["with another name", ["--controller-class=example.com/web"], false],
  [
    "by the class's name",
    ["--controller-class=example.com/web", "--ingress-class-by-name", "--ingress-class=web"],
    true,
  ],
  ["by another class's name", ["--controller-class=example.com/web", "--ingress-class-by-name"], false],
])("a controller serves a class %s: %s %s", (_, args, expected) => {
  expect(serves(controllerWith(...args), classOf("web", "k8s.io/ingress-nginx"))).toBe(expected);
});

describe("an Ingress", () => {
  const classes = [
    classOf("nginx", "k8s.io/ingress-nginx"),
    classOf("internal", "k8s.io/ingress-nginx"),
    classOf("traefik", "traefik.io/ingress-controller"),
  ];
  const unknown = readingOf("nginx", classes, []);
  const strict = readingOf("nginx", classes, [controllerWith("--ingress-class=old")]);
  const lenient = readingOf("nginx", classes, [controllerWith("--watch-ingress-without-class=true")]);

  it.each<[string, Reading, object, string | undefined, boolean | undefined]>([
    ["of the class", unknown, { ingressClassName: "nginx" }, undefined, true],
    ["of a class of the same controller", unknown, { ingressClassName: "internal" }, undefined, true],
    ["of a class of a known controller", strict, { ingressClassName: "internal" }, undefined, true],
    ["of another class", lenient, { ingressClassName: "traefik" }, undefined, false],
    ["without a class, of an unknown controller", unknown, {}, undefined, undefined],
    ["without a class", strict, {}, undefined, false],
    ["without a class, of a controller that watches such", lenient, {}, undefined, true],
    ["with the annotation", unknown, {}, "nginx", true],
    ["with the annotation for another one", unknown, {}, "traefik", false],
    ["with the annotation that the controller has", strict, {}, "old", true],
    ["with the annotation that the controller has not", strict, {}, "nginx", false],
  ])("%s", (_, reading, spec, annotation, expected) => {
    const annotations = annotation === undefined ? {} : { "kubernetes.io/ingress.class": annotation };
    const ingress = ingressSchema.parse({ metadata: { name: "acme", namespace: "acme", annotations }, spec });
    expect(isRead(ingress, reading)).toBe(expected);
  });
});
