import { z } from "zod";
import { dnsLabel, oneOf } from "../../model/fields";
import { type Instance, isBehind } from "../../model/instances";
import type { Problem } from "../../model/problems";
import { DEFAULT_EDGE } from "./edge";
import * as gatewayApi from "./gateway-api/settings";
import * as ingressNginx from "./ingress-nginx/settings";
import { NAMES } from "./traefik/manifests";
import * as traefik from "./traefik/settings";

/** The kinds of edges. */
export const EDGE_KINDS = [
  "ingress-nginx",
  "traefik",
  "gateway-api",
] as const satisfies readonly EdgeSettings["kind"][];

const KIND_ALLOWED = oneOf(EDGE_KINDS);

/** One edge. */
export const edgeSchema = z.discriminatedUnion(
  "kind",
  [ingressNginx.ingressNginxSchema, traefik.traefikSchema, gatewayApi.gatewayApiSchema],
  {
    error: ({ code }) =>
      code === "invalid_union"
        ? KIND_ALLOWED
        : "an object with kind: ingress-nginx or kind: traefik or kind: gateway-api",
  },
);

export type EdgeSettings = z.output<typeof edgeSchema>;

const EDGES_ALLOWED = "an object: the edge's name -> an object with its kind";

/** The setting `edges`. */
export const edgesSchema = z
  .record(dnsLabel("an edge's name"), edgeSchema, { error: EDGES_ALLOWED })
  .refine((edges) => Object.keys(edges).length > 0, { error: "one or more edges" })
  .superRefine((edges, context) => {
    const all = Object.entries(edges);
    for (const { path, message } of [
      ...ingressNginx.conflictsBetween(
        all.flatMap(([name, edge]) => (edge.kind === "ingress-nginx" ? [[name, edge]] : [])),
      ),
      ...traefik.conflictsBetween(all.flatMap(([name, edge]) => (edge.kind === "traefik" ? [[name, edge]] : []))),
      ...gatewayApi.conflictsBetween(
        all.flatMap(([name, edge]) => (edge.kind === "gateway-api" ? [[name, edge]] : [])),
      ),
    ]) {
      context.addIssue({ code: "custom", path: [...path], message });
    }
  })
  .prefault({ [DEFAULT_EDGE]: { kind: "ingress-nginx" } })
  .describe(
    "Where visitors come in: a map from a name to an edge. An instance in maintenance is taken over at each of its edges. Do not " +
      "rename an edge: all its overrides would be created again.",
  );

/** How many instances can have a bypass at the same time, by kind. */
const BYPASS_LIMIT: Readonly<Record<EdgeSettings["kind"], number>> = {
  "ingress-nginx": ingressNginx.BYPASS_SLOTS,
  traefik: Number.POSITIVE_INFINITY,
  "gateway-api": Number.POSITIVE_INFINITY,
};

/**
 * The problem of an edge with more bypasses than it can have.
 *
 * @param bypassed the instances with a bypass.
 */
export function bypassProblems(
  edges: Readonly<Record<string, EdgeSettings>>,
  bypassed: readonly Pick<Instance, "edges">[],
): readonly Problem[] {
  return Object.entries(edges).flatMap(([name, { kind }]) => {
    const count = bypassed.filter((instance) => isBehind(instance, name)).length;
    const allowed = `${BYPASS_LIMIT[kind]} entries with a bypass at once`;
    return count > BYPASS_LIMIT[kind] ? [{ path: "maintenance", found: `${count} with a bypass`, allowed }] : [];
  });
}

/**
 * The problems of overrides that a Traefik would take for one, so that one instance would show the page of the other: it turns every
 * other character of a Middleware's name into a hyphen, and several hyphens into one (pkg/provider/provider.go in traefik/traefik,
 * Normalize).
 *
 * @param overridden the instances with an override.
 */
export function nameProblems(
  edges: Readonly<Record<string, EdgeSettings>>,
  overridden: readonly Pick<Instance, "name" | "edges">[],
): readonly Problem[] {
  const taken = new Map<string, string>();
  return Object.entries(edges).flatMap(([edge, { kind }]) =>
    (kind === "traefik" ? overridden : []).flatMap((instance): Problem[] => {
      if (!isBehind(instance, edge)) return [];
      const name = NAMES.override(instance.name, edge).replace(/[^a-z0-9]+/g, "-");
      const place = `${instance.name} at ${edge}`;
      const other = taken.get(name);
      taken.set(name, place);
      const allowed =
        "only one of them at once: Traefik would take their names for one, and show the page of one for both";
      return other === undefined ? [] : [{ path: "maintenance", found: `${other}, and ${place}`, allowed }];
    }),
  );
}
