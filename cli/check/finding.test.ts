import { expect, it } from "vitest";
import { type Finding, orOk } from "./finding";

it("says what is ok if nothing was found", () => {
  expect(orOk("DNS", [], "all known")).toStrictEqual([{ check: "DNS", result: "ok", text: "all known" }]);
  const found: Finding = { check: "DNS", result: "problem", text: "one is not" };
  expect(orOk("DNS", [found], "all known")).toStrictEqual([found]);
});
