import { expect, it } from "vitest";
import { leftFindings } from "./limit";

const left = ["acme", "acme", "beta", "gamma", "gamma"];

it("counts the hosts that were left out, and names each of their instances once", () => {
  const [finding, ...others] = leftFindings("DNS", "hosts", left, 10);
  expect(others).toStrictEqual([]);
  expect(finding).toMatchObject({ check: "DNS", result: "warning", instances: ["acme", "beta", "gamma"] });
  expect(finding?.text).toMatch(/^5 of 10 hosts were not looked at/);
});

it("says the same of overrides in words of their own", () => {
  const [finding] = leftFindings("admission", "overrides", left, 10);
  expect(finding?.text).toMatch(/^5 of 10 overrides were not tried/);
  expect(finding?.remedy).toContain("to try its override");
});

it("without any there is no warning", () => {
  expect(leftFindings("DNS", "hosts", [], 10)).toStrictEqual([]);
});
