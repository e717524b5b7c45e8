import type { KubernetesObject } from "@kubernetes/client-node";
import {
  type Manifest,
  overrideManifests,
  type Placement,
  parkedManifests,
} from "../components/edges/gateway-api/manifests";
import { EVERY_PATH } from "../components/edges/gateway-api/matches";
import { GATEWAY } from "../lab/edges/gateway-api/objects";
import type { Lab } from "../lab/lab";
import { hostOf } from "./many";
import { costOfMany, ROUNDS } from "./many-routes";
import type { Section } from "./section";

const PLACEMENT: Placement = {
  edge: "default",
  namespace: "maintenance-pages",
  implementation: "envoy-gateway",
  parentRefs: [{ kind: "Gateway", ...GATEWAY }],
  unusedDomain: "invalid",
};

const KINDS = [
  { name: "overrides", manifestsOf: overrides },
  { name: "parked overrides", manifestsOf: parked, oneMore: overrides },
  { name: "ordinary HTTPRoutes", manifestsOf: ordinary },
] as const;

/** What overrides cost Envoy and Envoy Gateway, those of instances that were in maintenance before, and ordinary HTTPRoutes. */
export async function benchGatewayApi(lab: Lab): Promise<Section> {
  return {
    title: "What overrides cost Envoy Gateway",
    about: `From one more override until it is served, the memory of Envoy and of Envoy Gateway, and how long visitors of a healthy instance wait, beside as many parked overrides and as many ordinary HTTPRoutes: one host, one prefix. Envoy Gateway itself is not started again between the three kinds. Medians of ${ROUNDS}.`,
    head: ["", "one more is served after", "Envoy's memory", "Envoy Gateway's", "a healthy instance answers in"],
    rows: await costOfMany(lab, "Envoy Gateway", KINDS, ["envoy", "envoy-gateway"]),
  };
}

function overrides(index: number): readonly KubernetesObject[] {
  const hosts = [hostOf(index)];
  const override = { instance: `many-${index}`, hosts, otherHosts: [], kind: "unscheduled" } as const;
  return written(
    overrideManifests(
      { ...override, revision: undefined, hasAssets: false, bypass: undefined },
      { hosts, parents: PLACEMENT.parentRefs, matches: [EVERY_PATH] },
      PLACEMENT,
    ),
  );
}

function parked(index: number): readonly KubernetesObject[] {
  return written(parkedManifests(`many-${index}`, 1, PLACEMENT));
}

function ordinary(index: number): readonly KubernetesObject[] {
  return overrides(index).map((route) => {
    const { spec, ...rest } = route as KubernetesObject & { readonly spec: Manifest["spec"] };
    const prefix = { matches: [{ path: { type: "PathPrefix", value: "/" } }] };
    const rules = spec.rules.map((rule) => ({ ...rule, ...prefix }));
    return { ...rest, spec: { ...spec, hostnames: [hostOf(index)], rules } };
  });
}

function written(manifests: readonly Manifest[]): readonly KubernetesObject[] {
  return manifests.map((manifest) => ({ ...manifest, metadata: { ...manifest.metadata } }));
}
