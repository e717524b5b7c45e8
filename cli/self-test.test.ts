import { describe, expect, it } from "vitest";
import { edgesOf } from "../components/edges";
import { edgesSchema } from "../components/edges/settings";
import type { probeHost, Seen } from "./probe";
import { failedEdges, failureText } from "./self-test";

const acme = { name: "acme", hosts: ["acme.example.org", "studio.acme.example.org"] };
const beta = { name: "beta", hosts: ["beta.example.org"], edges: ["new"] };

const shown: Seen = {
  what: "page",
  status: 503,
  instance: "self-test",
  kind: "unscheduled",
  stack: "1a2b3c4d",
  revision: "-",
  source: "shared",
};
const traefiks: Seen = { what: "other", status: 404, isTraefiks: true };

/**
 * Tests the edges of these instances.
 *
 * @param answers what each self-test gets, by its host and the place where it is requested.
 */
async function tested(
  edges: object,
  answers: (selfTest: string, place: string) => Seen,
  { instances = [acme], hasSelfTest = true } = {},
) {
  const requested: string[] = [];
  const probe: typeof probeHost = async (host, address, headers) => {
    const place = address ?? host;
    requested.push(`${headers?.host} at ${place}`);
    return answers(headers?.host ?? "", place);
  };
  const inspected = edgesOf(edgesSchema.parse(edges)).map((edge) => ({
    edge,
    hazardsOf: () => [],
    routedHosts: [],
    trialOf: () => [],
    selfTestSince: hasSelfTest ? new Date() : undefined,
    obstacles: [],
    notes: [],
  }));
  const failed = await failedEdges(instances, inspected, "pages", { probe, patience: 0 });
  return {
    requested,
    failed: failed.map(({ edges, place }) => `${edges.map(({ name }) => name).join()} at ${place}`),
    text: failureText(failed),
  };
}

const address = "http://127.0.0.1:8080";

describe("an edge with an address", () => {
  const edges = { public: { kind: "ingress-nginx", address } };

  it("is asked once for its self-test", async () => {
    const { requested, failed } = await tested(edges, () => shown);
    expect(requested).toStrictEqual([`public.self-test.pages.invalid at ${address}`]);
    expect(failed).toStrictEqual([]);
  });

  it.each<[string, Seen]>([
    ["Traefik's own answer", traefiks],
    ["a 404", { what: "other", status: 404 }],
    ["the not-found page", { what: "not-found", status: 404 }],
  ])("fails with %s", async (_, seen) => {
    const { failed, text } = await tested(edges, () => seen);
    expect(failed).toStrictEqual([`public at ${address}`]);
    expect(text[0]).toBe(
      `FAILS OPEN at public (${address}): visitors would still get the instance during its maintenance.`,
    );
    expect(text[1]).toContain("Add an edge of the kind traefik");
  });

  it.each<[string, Seen]>([
    ["no answer", { what: "nothing", reason: "refused" }],
    ["a login", { what: "other", status: 401 }],
    ["an error", { what: "other", status: 502 }],
  ])("is not known to fail with %s", async (_, seen) => {
    expect((await tested(edges, () => seen)).failed).toStrictEqual([]);
  });

  it("is not tested before the self-test is in the cluster", async () => {
    expect((await tested(edges, () => traefiks, { hasSelfTest: false })).requested).toStrictEqual([]);
  });
});

describe("edges to which DNS leads", () => {
  const edges = { old: { kind: "ingress-nginx" }, new: { kind: "traefik" } };
  const onTraefik = (selfTest: string): Seen => (selfTest.startsWith("new.") ? shown : traefiks);

  it("are tested by each host, and one of them is enough", async () => {
    const { requested, failed } = await tested(edges, onTraefik);
    expect(requested).toStrictEqual([
      "old.self-test.pages.invalid at acme.example.org",
      "new.self-test.pages.invalid at acme.example.org",
      "old.self-test.pages.invalid at studio.acme.example.org",
      "new.self-test.pages.invalid at studio.acme.example.org",
    ]);
    expect(failed).toStrictEqual([]);
  });

  it("fail where none of them shows its page", async () => {
    const seen = (selfTest: string, place: string) =>
      place === "studio.acme.example.org" ? traefiks : onTraefik(selfTest);
    expect((await tested(edges, seen)).failed).toStrictEqual(["old,new at studio.acme.example.org"]);
  });

  it("are not known to fail with a 404 that may be of something before them", async () => {
    expect((await tested(edges, () => ({ what: "other", status: 404 }))).failed).toStrictEqual([]);
  });

  it("are tested only if an instance is behind them", async () => {
    const { requested } = await tested(edges, () => shown, { instances: [beta] });
    expect(requested).toStrictEqual(["new.self-test.pages.invalid at beta.example.org"]);
  });
});

it("a wildcard is tested by a host that it stands for", async () => {
  const wildcard = { name: "acme", hosts: ["*.example.org"] };
  const { requested } = await tested({ public: { kind: "traefik" } }, () => shown, { instances: [wildcard] });
  expect(requested).toStrictEqual(["public.self-test.pages.invalid at *.example.org"]);
});
