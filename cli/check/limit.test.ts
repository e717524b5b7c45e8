import { expect, it } from "vitest";
import { edgesOf } from "../../components/edges";
import { edgesSchema } from "../../components/edges/settings";
import { targetsOf } from "../probe";
import { leftFindings } from "./limit";

it("counts the hosts that were left out, and does not list them", () => {
  const edges = edgesOf(edgesSchema.parse({ default: { kind: "ingress-nginx" } }));
  const instances = ["acme", "beta", "gamma", "delta"].map((name) => ({ name, hosts: [`a.${name}`, `b.${name}`] }));
  const left = instances.flatMap((instance) => targetsOf(instance, edges));
  const [finding, ...others] = leftFindings("DNS", left, 10);
  expect(others).toStrictEqual([]);
  expect(finding).toMatchObject({ check: "DNS", result: "warning", instances: ["acme", "beta", "gamma", "delta"] });
  expect(finding?.text).toMatch(/^8 of 10 hosts were not looked at/);
  expect(leftFindings("DNS", [], 10)).toStrictEqual([]);
});
