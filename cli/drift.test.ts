import { expect, it } from "vitest";
import { edgesOf } from "../components/edges";
import { edgesSchema } from "../components/edges/settings";
import { remedyFor } from "./drift";
import type { DriftAt } from "./inspection";

const [old, next] = edgesOf(edgesSchema.parse({ default: { kind: "ingress-nginx" }, next: { kind: "traefik" } }));

it("says for each edge what is to be done there, and only where a difference is", () => {
  if (old === undefined || next === undefined) throw new Error("there are two edges");
  const leftover = { what: "leftover", text: "its override is still there", edge: next } as const;
  const overruled = { what: "overruled", text: "an object has a higher priority" } as const;
  const said = (drifts: readonly DriftAt[]) => remedyFor("acme", drifts, "maintenance-pages", "test").join("\n");
  expect(said([leftover])).toContain("kubectl delete ingressroutes.traefik.io maintenance-acme.next");
  expect(said([leftover])).not.toContain("kubectl delete ingress ");
  expect(said([{ ...overruled, edge: next }])).toContain("priority below 1,000,000,000");
  expect(said([{ what: "outdated", text: "a path comes first", edge: old }])).toContain("npx maintenance enable acme");
  expect(said([{ ...overruled, edge: old }])).toContain("Shorten the path");
  const changed = said([{ what: "changed", text: "its override was changed", edge: old }]);
  expect(changed).toContain("npx maintenance plan --stack test");
});
