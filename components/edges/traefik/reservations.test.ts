import { expect, it } from "vitest";
import { overrideOf } from "../edge";
import { bypassManifests, overrideManifests, PRIORITIES } from "./manifests";
import { reservations } from "./reservations";

const [routes, ingresses] = reservations();

it("reserves the priorities of overrides and bypasses", () => {
  expect(routes?.expression).toBe(
    "object.?spec.?routes.orValue([]).exists(route, route.?priority.orValue(0) >= 1000000000)",
  );
  const placement = {
    edge: "new",
    namespace: "pages",
    entryPoints: ["web"],
    routersWithTls: [],
    ingressClass: undefined,
    bypassAddresses: [],
  };
  const override = overrideOf({ name: "acme", hosts: ["acme.example.org"], otherHosts: [] });
  const key = { header: "a", cookie: "b" };
  const bypass = { key, service: { name: "caddy", namespace: "acme", port: 80 } };
  for (const manifests of [overrideManifests(override, placement), bypassManifests(override, bypass, placement)]) {
    expect(JSON.stringify(manifests)).toMatch(/"priority":100000000[01]\b/);
  }
});

it.each([
  [String(PRIORITIES.override), true],
  [String(PRIORITIES.override - 1), false],
  [String(PRIORITIES.bypass), true],
  ["9223372036854774806", true],
  ["+01000000000", true],
  ["0999999999", false],
  ["-1000000000", false],
  ["42", false],
  ["high", false],
  ["", false],
])("takes the annotation %j for reserved: %s", (value, isReserved) => {
  const [, expression = "null"] = /\.matches\((".*")\)\)$/.exec(ingresses?.expression ?? "") ?? [];
  expect(new RegExp(JSON.parse(expression)).test(value)).toBe(isReserved);
});

it("finds the annotation whatever its case, as Traefik does", () => {
  expect(ingresses?.expression).toContain(
    'object.metadata.?annotations.orValue({}).exists(key, key.lowerAscii() == "traefik.ingress.kubernetes.io/router.priority" && ',
  );
});
