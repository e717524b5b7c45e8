import { expect, it } from "vitest";
import { type Placement, parkedManifests, selfTestManifests } from "./manifests";
import { reservations } from "./reservations";

const placement: Placement = {
  edge: "gateway",
  namespace: "pages",
  implementation: "envoy-gateway",
  parentRefs: [{ kind: "Gateway", name: "edge", namespace: "gateways" }],
  unusedDomain: "example.org",
};

it("reserves the hosts of the self-test and of parked overrides", () => {
  expect(reservations("pages").map(({ expression }) => expression)).toStrictEqual([
    'object.?spec.?hostnames.orValue([]).exists(host, host.endsWith(".pages.invalid") || host.contains(".parked.pages."))',
  ]);
  const hosts = [...selfTestManifests(placement), ...parkedManifests("acme", 1, placement)].flatMap(
    ({ spec }) => spec.hostnames ?? [],
  );
  expect(hosts).toStrictEqual(["gateway.self-test.pages.invalid", "acme.gateway.parked.pages.example.org"]);
});
