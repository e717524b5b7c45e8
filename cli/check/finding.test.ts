import { expect, it } from "vitest";
import { type Finding, joined, orOk } from "./finding";

it("says what is ok if nothing was found", () => {
  expect(orOk("DNS", [], "all known")).toStrictEqual([{ check: "DNS", result: "ok", text: "all known" }]);
  const found: Finding = { check: "DNS", result: "problem", text: "one is not" };
  expect(orOk("DNS", [found], "all known")).toStrictEqual([found]);
});

it("says once what is the same of several instances, with all of their names", () => {
  const names = ["acme", "beta", "gamma", "delta", "epsilon"];
  const of = (name: string): Finding => ({ check: "routes", instances: [name], result: "warning", text: "a snippet" });
  const other: Finding = { check: "routes", instances: ["acme"], result: "problem", text: "a canary" };
  expect(joined([...names.map(of), other])).toStrictEqual([{ ...of("acme"), instances: names }, other]);
});
