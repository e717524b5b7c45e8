import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import type { Instance } from "../../model/instances";
import type { VerdictAt } from "../inspection";
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
});

/** The result and the text of each finding. */
const told = async (verdictsOn: (instance: Instance) => Promise<readonly VerdictAt[]>) =>
  (await admissionFindings(instances, { verdictsOn })).map(({ result, text }) => `${result}: ${text}`);

it("counts the overrides that are admitted, without those whose type the cluster does not have", async () => {
  const untried = { edge: "next", result: "untried" as const, text: "the cluster has no such type", remedy: "" };
  expect(await told(async () => [])).toStrictEqual(["ok: overrides admitted: 3"]);
  expect(await told(async ({ name }) => (name === "beta" ? [untried] : []))).toStrictEqual([
    "ok: overrides admitted: 2 of 3; for the others the cluster does not have the type",
  ]);
  expect(await told(async () => [untried])).toStrictEqual([]);
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
