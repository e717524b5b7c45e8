import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it, vi } from "vitest";
import { edgesOf } from "../../components/edges";
import { edgesSchema } from "../../components/edges/settings";
import type { InspectedEdge } from "../inspection";
import type { Seen } from "../probe";
import { controllerFindings, notFoundFindings, selfTestFindings } from "./edges";

const acme = { name: "acme", hosts: ["acme.example.org", "studio.acme.example.org"] };
const ADDRESS = "http://127.0.0.1:8080";
const MARK = "1a2b3c4d";

const page: Seen = {
  what: "page",
  status: 503,
  instance: "self-test",
  kind: "unscheduled",
  stack: MARK,
  revision: "-",
  source: "shared",
};

function inspected(edges: object, more: Partial<InspectedEdge> = {}): readonly InspectedEdge[] {
  return edgesOf(edgesSchema.parse(edges)).map((edge) => ({
    edge,
    routedHosts: [],
    selfTestSince: new Date(),
    obstacles: [],
    notes: [],
    ...more,
  }));
}

const edges = { public: { kind: "ingress-nginx", address: ADDRESS } };

/** The result and the text for an edge that answers this. */
async function selfTest(seen: Seen, settings: object = edges, more: Partial<InspectedEdge> = {}) {
  const findings = await selfTestFindings([acme], inspected(settings, more), "pages", MARK, async () => seen);
  return findings.map(({ result, edge, instances, text }) => [result, edge, instances?.join(), text]);
}

it("tells what keeps overrides from working, and what to know", () => {
  const told = (more: Partial<InspectedEdge>) => controllerFindings(inspected(edges, more)).map(({ result }) => result);
  expect(told({})).toStrictEqual(["ok"]);
  expect(told({ obstacles: ["It watches one namespace."], notes: ["It is old."] })).toStrictEqual([
    "problem",
    "warning",
  ]);
});

describe("the self-test of an edge", () => {
  afterEach(() => vi.useRealTimers());

  it("is fine when it is shown, by this stack", async () => {
    expect(await selfTest(page)).toStrictEqual([["ok", "public", undefined, `${ADDRESS} shows it`]]);
    expect((await selfTest({ ...page, stack: "another" }))[0]?.[0]).toBe("problem");
  });

  it.each<[string, Seen, string]>([
    ["a 404", { what: "other", status: 404 }, `${ADDRESS} does not show it: visitors would still get the instance`],
    ["the not-found page", { what: "not-found", status: 404 }, `${ADDRESS} does not show it`],
    ["a timeout", { what: "other", status: 504 }, `${ADDRESS} answers it with 504, no page of ours`],
  ])("is a problem with %s", async (_, seen, text) => {
    expect(await selfTest(seen)).toStrictEqual([["problem", "public", undefined, expect.stringContaining(text)]]);
  });

  it("is unknown without an answer, or if the cluster has none", async () => {
    expect((await selfTest({ what: "nothing", reason: "refused" }))[0]?.[0]).toBe("unknown");
    expect(await selfTest(page, edges, { selfTestSince: undefined })).toStrictEqual([
      ["unknown", "public", undefined, "the edge has no self-test in the cluster"],
    ]);
  });

  it("has no finding where it can't be requested: the controller's row says why", async () => {
    expect(await selfTest(page, edges, { selfTestSince: undefined, skipsSelfTest: true })).toStrictEqual([]);
  });

  it("is requested by each host where DNS decides", async () => {
    expect(await selfTest(page, { public: { kind: "ingress-nginx" } })).toStrictEqual([
      ["ok", "public", undefined, "2 hosts show it"],
    ]);
    const failed = await selfTest({ what: "not-found", status: 404 }, { public: { kind: "ingress-nginx" } });
    expect(failed.map(([result, , instance]) => [result, instance])).toStrictEqual([
      ["problem", "acme"],
      ["problem", "acme"],
    ]);
  });

  it("is requested by a few hosts at a time", async () => {
    const hosts = Array.from({ length: 100 }, (_, index) => `${index}.example.org`);
    let running = 0;
    let most = 0;
    const probe = async () => {
      running += 1;
      most = Math.max(most, running);
      await sleep(1);
      running -= 1;
      return page;
    };
    const here = inspected({ public: { kind: "ingress-nginx" } });
    const [finding] = await selfTestFindings([{ name: "acme", hosts }], here, "pages", MARK, probe);
    expect(finding?.text).toBe("100 hosts show it");
    expect(most).toBe(16);
  });

  it("is requested by no other host after a minute: a warning counts them", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    const hosts = Array.from({ length: 100 }, (_, index) => `${index}.example.org`);
    const probe = async () => {
      vi.advanceTimersByTime(20_000);
      return page;
    };
    const here = inspected({ public: { kind: "ingress-nginx" } });
    const findings = await selfTestFindings([{ name: "acme", hosts }], here, "pages", MARK, probe);
    expect(findings.map(({ result, text }) => [result, text])).toStrictEqual([
      ["ok", "3 hosts show it"],
      ["warning", expect.stringMatching(/^97 of 100 hosts were not looked at/)],
    ]);
  });
});

it("says what hosts of nobody get", async () => {
  const told = async (seen: Seen) =>
    (await notFoundFindings([acme], edgesOf(edgesSchema.parse(edges)), async () => seen)).map(({ result }) => result);
  expect(await told({ what: "not-found", status: 404 })).toStrictEqual(["ok"]);
  expect(await told({ what: "other", status: 404 })).toStrictEqual(["warning"]);
  expect(await told({ what: "nothing", reason: "refused" })).toStrictEqual(["unknown"]);
});
