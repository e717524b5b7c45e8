import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import type { Instance } from "../../model/instances";
import { admissionFindings } from "./admission";

const instances = ["acme", "beta", "gamma"].map((name) => ({ name, hosts: [`${name}.example.org`] }));
const refusalOf = ({ name }: Instance) => ({
  edge: "default",
  result: "problem" as const,
  text: `the cluster refuses the override: no maintenance-${name}`,
  remedy: "Exempt it.",
});

it("says once what is refused of several instances", async () => {
  const verdictsOn = async (instance: Instance) => (instance.name === "acme" ? [] : [refusalOf(instance)]);
  expect(await admissionFindings(instances, { verdictsOn })).toStrictEqual([
    { check: "admission", ...refusalOf({ name: "beta", hosts: [] }), instances: ["beta", "gamma"] },
  ]);
  expect(await admissionFindings(instances, { verdictsOn: async () => [] })).toStrictEqual([]);
});

it("warns of overrides for which there is no time", async () => {
  const verdictsOn = async () => {
    await sleep(5);
    return [];
  };
  const [finding, ...others] = await admissionFindings(instances, { verdictsOn }, 1);
  expect(others).toStrictEqual([]);
  expect(finding).toMatchObject({ check: "admission", instances: ["beta", "gamma"], result: "warning" });
  expect(finding?.text).toMatch(/^2 of 3 overrides were not tried/);
});
