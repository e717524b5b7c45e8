import { expect, it } from "vitest";
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
const api = (policies: readonly string[], bindings: readonly string[]) => ({
  list: async (path: string) =>
    (path.endsWith("bindings") ? bindings : policies).map((name) => ({ metadata: { name } })) as never,
});
const resultFor = async (admissionPolicy: boolean, policies: readonly string[], bindings: readonly string[]) =>
  (await admissionPolicyFindings(api(policies, bindings), { admissionPolicy, pageServer }, edges)).map(
    ({ result, text }) => `${result}: ${text}`,
  );

it("is fine if the stack has no policy, or the cluster has it with its binding", async () => {
  expect(await resultFor(false, [], [])).toStrictEqual([
    "ok: off: whoever may create routes in a namespace can reach into overrides",
  ]);
  const names = ["reserved-hosts.pages"];
  expect(await resultFor(true, names, names)).toStrictEqual(["ok: the cluster has it (1)"]);
  for (const [policies, bindings] of [
    [names, []],
    [[], names],
  ] as const) {
    expect(await resultFor(true, policies, bindings)).toStrictEqual([
      "problem: the cluster does not have reserved-hosts.pages",
    ]);
  }
});
