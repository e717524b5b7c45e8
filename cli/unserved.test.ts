import { expect, it } from "vitest";
import { edgesOf } from "../components/edges";
import { edgesSchema } from "../components/edges/settings";
import type { Seen } from "./probe";
import { unservedNotes } from "./unserved";

const edges = edgesOf(edgesSchema.parse({ old: { kind: "ingress-nginx" }, next: { kind: "traefik" } }));

const site: Seen = { what: "other", status: 302 };
const notFound: Seen = { what: "not-found", status: 404 };
const page = {
  what: "page",
  status: 503,
  instance: "acme",
  kind: "scheduled",
  stack: "",
  revision: "",
  source: "",
} as const;

/** What these hosts show at the two edges, in their order. */
const notes = (hosts: Readonly<Record<string, readonly [Seen, Seen]>>) =>
  unservedNotes(
    edges.flatMap((edge, index) =>
      Object.entries(hosts).map(([host, seen]) => ({ instance: "acme", host, edge, seen: seen[index] ?? site })),
    ),
  );

it("names the hosts that only one edge has a site for", () => {
  const [note, ...others] = notes({
    "a.example.org": [site, notFound],
    "b.example.org": [site, { what: "other", status: 503 }],
    "c.example.org": [site, site],
  });
  expect(note).toMatch(
    /^Note on the edge next: these hosts .*: a\.example\.org \(404, the not-found page.*\), b\.example\.org \(503, no page of ours\)\. /,
  );
  expect(others).toStrictEqual([]);
});

it("names nothing in maintenance, failing everywhere, answering nowhere, or a site that wants a login", () => {
  const nothing: Seen = { what: "nothing", reason: "refused" };
  expect(
    notes({
      "a.example.org": [page, page],
      "b.example.org": [notFound, { what: "other", status: 502 }],
      "c.example.org": [site, nothing],
      "d.example.org": [site, { what: "other", status: 401 }],
    }),
  ).toStrictEqual([]);
});
