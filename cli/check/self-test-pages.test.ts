import { expect, it } from "vitest";
import { edgesOf } from "../../components/edges";
import { edgesSchema } from "../../components/edges/settings";
import type { probeHost, Seen } from "../probe";
import { selfTestPages } from "./self-test-pages";

const acme = { name: "acme", hosts: ["*.acme.example.org"], edges: ["old"] };
const beta = { name: "beta", hosts: ["beta.example.org"], edges: ["new"] };
const edges = edgesOf(
  edgesSchema.parse({
    old: { kind: "ingress-nginx" },
    new: { kind: "traefik", address: "http://127.0.0.1:8080" },
    unused: { kind: "traefik", namespace: "unused" },
  }),
);
const page = (stack: string): Seen => ({
  what: "page",
  status: 503,
  instance: "self-test",
  kind: "unscheduled",
  stack,
  revision: "-",
  source: "shared",
});

it("requests each edge's self-test a few times, where visitors come in", async () => {
  const requested = new Map<string, number>();
  const probe: typeof probeHost = async (host, address, headers) => {
    const request = `${headers?.host} at ${address ?? host}`;
    requested.set(request, (requested.get(request) ?? 0) + 1);
    return page(address === undefined ? "mine" : "another");
  };
  const pages = await selfTestPages([acme, beta], edges, { namespace: "pages", mark: "mine" }, probe);
  expect([...requested]).toStrictEqual([
    ["old.self-test.pages.invalid at *.acme.example.org", 4],
    ["new.self-test.pages.invalid at http://127.0.0.1:8080", 4],
  ]);
  // Another cluster's self-test may have the same name.
  expect(pages.map(({ edge }) => edge)).toStrictEqual(["old", "old", "old", "old"]);
});

it("has nothing of an edge that does not show it", async () => {
  const probe: typeof probeHost = async () => ({ what: "other", status: 404 });
  expect(await selfTestPages([acme], edges, { namespace: "pages", mark: "mine" }, probe)).toStrictEqual([]);
});
