import type { KubernetesObject } from "@kubernetes/client-node";
import { overrideManifests, type Placement } from "../components/edges/traefik/manifests";
import type { Lab } from "../lab/lab";
import { hostOf } from "./many";
import { costOfMany, ROUNDS } from "./many-routes";
import type { Section } from "./section";

const PLACEMENT: Placement = {
  edge: "default",
  namespace: "maintenance-pages",
  entryPoints: ["web", "websecure"],
  routersWithTls: [],
  ingressClass: undefined,
  bypassAddresses: [],
};

const KINDS = [
  { name: "overrides", manifestsOf: overrides },
  { name: "ordinary IngressRoutes", manifestsOf: ordinary },
] as const;

/** What overrides cost Traefik, against as many IngressRoutes of the ordinary kind. */
export async function benchTraefik(lab: Lab): Promise<Section> {
  return {
    title: "What overrides cost Traefik",
    about: `From one more override until it is served (Traefik loads a changed configuration every 2 s at most), its memory, and how long visitors of a healthy instance wait, beside as many ordinary IngressRoutes: one host, one middleware. Traefik compares each request with one route after the other. Medians of ${ROUNDS}.`,
    head: ["", "one more is served after", "memory", "a healthy instance answers in"],
    rows: await costOfMany(lab, "Traefik", KINDS, ["traefik"]),
  };
}

function overrides(index: number): readonly KubernetesObject[] {
  const override = { instance: `many-${index}`, hosts: [hostOf(index)], otherHosts: [], kind: "unscheduled" } as const;
  return overrideManifests({ ...override, revision: undefined, hasAssets: false, bypass: undefined }, PLACEMENT).map(
    (manifest) => ({ ...manifest, metadata: { ...manifest.metadata } }),
  );
}

function ordinary(index: number): readonly KubernetesObject[] {
  const [middleware, route] = overrides(index);
  const rule = {
    kind: "Rule",
    match: `Host(\`${hostOf(index)}\`)`,
    middlewares: [{ name: `maintenance-many-${index}` }],
    services: [{ name: "page-server", port: "maintenance" }],
  };
  const own = { ...route, spec: { entryPoints: PLACEMENT.entryPoints, routes: [rule] } };
  return middleware === undefined ? [own] : [middleware, own];
}
