import { expect, it } from "vitest";
import { policyManifests } from "../../components/admission-policy/model";
import type { Reservation } from "../../components/edges/reservation";
import { admissionPolicyFindings } from "./admission-policy";

const reservation: Reservation = {
  name: "hosts",
  group: "networking.k8s.io",
  version: "v1",
  resource: "ingresses",
  expression: "true",
  what: "every host",
  why: "it is a test",
};
const edges = [{ reservationsOf: () => [reservation] }];
const pageServer = { namespace: "pages" } as never;
const [declared] = policyManifests([reservation], "pages");
if (declared === undefined) throw new Error("no policy");
const { policy, binding } = declared;

async function resultFor(admissionPolicy: boolean, policies: readonly object[], bindings: readonly object[]) {
  const api = { list: async (path: string) => (path.endsWith("bindings") ? bindings : policies) as never };
  const findings = await admissionPolicyFindings(api, { admissionPolicy, pageServer }, edges);
  return findings.map(({ result, text }) => `${result}: ${text}`);
}

it("is fine if the stack has no policy, or the cluster has it with its binding", async () => {
  expect(await resultFor(false, [], [])).toStrictEqual([
    "ok: off (the setting admissionPolicy). An account with rights to routes in one namespace can reach into overrides",
  ]);
  expect(await resultFor(true, [policy], [binding])).toStrictEqual(["ok: the cluster has its 1 policies"]);
  for (const [policies, bindings] of [
    [[policy], []],
    [[], [binding]],
  ] as const) {
    expect(await resultFor(true, policies, bindings)).toStrictEqual([
      "problem: the cluster does not have reserved-hosts.pages",
    ]);
  }
});

/** The spec as the API returns it, with its defaults (k8s.io/kubernetes, pkg/apis/admissionregistration/v1/defaults.go). */
const { matchConstraints } = policy.spec;
const stored = {
  ...policy.spec,
  matchConstraints: {
    ...matchConstraints,
    matchPolicy: "Equivalent",
    objectSelector: {},
    resourceRules: matchConstraints.resourceRules.map((rule) => ({ ...rule, scope: "*" })),
  },
};

it("is fine with the defaults that the API adds", async () => {
  expect(await resultFor(true, [{ ...policy, spec: stored }], [binding])).toStrictEqual([
    "ok: the cluster has its 1 policies",
  ]);
});

it.each([
  ["the binding's spec.validationActions.0", {}, { validationActions: ["Audit"] }],
  ["the binding's spec.matchResources", {}, { matchResources: { namespaceSelector: {} } }],
  ["spec.matchConditions", { matchConditions: [{ name: "never", expression: "false" }] }, {}],
  [
    "spec.matchConstraints.objectSelector.matchLabels",
    { matchConstraints: { ...stored.matchConstraints, objectSelector: { matchLabels: { is: "none" } } } },
    {},
  ],
  ["spec.validations", { validations: [] }, {}],
])("is a problem if somebody has changed %s", async (path, ofPolicy, ofBinding) => {
  const changed = { ...policy, spec: { ...stored, ...ofPolicy } };
  const bound = { ...binding, spec: { ...binding.spec, ...ofBinding } };
  expect(await resultFor(true, [changed], [bound])).toStrictEqual([
    `problem: the cluster has otherwise than declared: reserved-hosts.pages at ${path}`,
  ]);
});
