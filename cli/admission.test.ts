import { describe, expect, it } from "vitest";
import { Unreachable } from "../components/cluster-api";
import { changesBetween, verdictOn, verdictsOn } from "./admission";

const override = {
  apiVersion: "networking.k8s.io/v1",
  kind: "Ingress",
  metadata: { name: "maintenance-acme", namespace: "pages", labels: { app: "page-server" } },
  spec: { ingressClassName: "nginx", rules: [{ host: "acme.example.org" }] },
};
const answer = (status: number, body: unknown, text = "") => ({ status, headers: {}, text, json: () => body });
const refused = (status: number, message: string) => answer(status, { kind: "Status", message });

describe("an override that the cluster's API is given for a dry run", () => {
  it("is fine if it is admitted, with what the API adds to it", () => {
    const stored = { ...override, spec: { ...override.spec, added: true }, status: {} };
    expect(verdictOn(override, answer(200, stored))).toBeUndefined();
  });

  it("is a problem if a policy rewrites it, but not if that concerns its labels alone", () => {
    const relabelled = { ...override, metadata: { ...override.metadata, labels: { app: "other" } } };
    expect(verdictOn(override, answer(200, relabelled))).toBeUndefined();
    const rewritten = { ...override, spec: { ...override.spec, ingressClassName: "internal" } };
    expect(verdictOn(override, answer(200, rewritten))).toMatchObject({
      result: "problem",
      text: "the cluster would change the override (Ingress maintenance-acme) at spec.ingressClassName",
    });
  });

  it("is a problem if a policy refuses it", () => {
    const message = 'admission webhook "unique.example.org" denied the request: the host has an Ingress already';
    expect(verdictOn(override, refused(403, message))).toStrictEqual({
      result: "problem",
      text: `the cluster refuses the override: ${message}`,
      remedy: "Exempt the namespace pages from that admission policy.",
    });
  });

  it("is unknown if the account lacks the right, or a webhook takes no dry run", () => {
    const lacking =
      'ingresses.networking.k8s.io "maintenance-acme" is forbidden: User "jo" cannot patch resource "ingresses" in API group "networking.k8s.io" in the namespace "pages"';
    expect(verdictOn(override, refused(403, lacking))?.result).toBe("unknown");
    const silent = 'admission webhook "x" does not support dry run';
    expect(verdictOn(override, refused(400, silent))?.result).toBe("unknown");
  });

  it.each([
    refused(404, "the server could not find the requested resource"),
    answer(404, undefined, "404 page not found\n"),
  ])("is not tried if the cluster has no such type", (missing) => {
    expect(verdictOn(override, missing)?.result).toBe("untried");
  });

  it("is unknown before the first pulumi up, which makes the namespace", () => {
    expect(verdictOn(override, refused(404, 'namespaces "pages" not found'))).toMatchObject({
      result: "unknown",
      text: 'it can\'t be tried: namespaces "pages" not found',
      remedy: "Run `pulumi up`, which makes the namespace.",
    });
  });

  it("is unknown if the API server is busy", () => {
    expect(verdictOn(override, refused(429, "too many requests"))?.result).toBe("unknown");
  });

  it("is unknown if the API does not answer in time, and another object's refusal is kept", async () => {
    const api = {
      dryRun: ({ metadata: { name } }: { metadata: { name: string } }) =>
        name === "slow"
          ? Promise.reject(new Unreachable("no answer in 35 s"))
          : Promise.resolve(refused(403, 'admission webhook "x" denied the request')),
    };
    const slow = { ...override, metadata: { ...override.metadata, name: "slow" } };
    expect(await verdictsOn([slow, override], api, 1000)).toMatchObject([
      { result: "unknown", text: "it can't be tried: no answer in 35 s" },
      { result: "problem" },
    ]);
  });

  it("is unknown if no Kubernetes API answers", () => {
    expect(verdictOn(override, answer(404, undefined, "<html>"))?.result).toBe("unknown");
  });

  it("is one of several objects", async () => {
    const asked: string[] = [];
    const api = {
      dryRun: async (object: typeof override) => {
        asked.push(object.metadata.name);
        return answer(200, object);
      },
    };
    const second = { ...override, metadata: { ...override.metadata, name: "second" } };
    expect(await verdictsOn([override, second], api as never, 1000)).toStrictEqual([]);
    expect(asked).toStrictEqual(["maintenance-acme", "second"]);
  });
});

it("names the fields that differ, and none that were added", () => {
  expect(changesBetween({ a: [1, { b: 2 }] }, { a: [1, { b: 3 }], c: 4 })).toStrictEqual(["a.1.b"]);
  expect(changesBetween({ a: [1] }, { a: [1, 2] })).toStrictEqual(["a"]);
  expect(changesBetween({ a: { b: 1 } }, {})).toStrictEqual(["a.b"]);
});
