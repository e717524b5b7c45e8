import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { keptMaintenance, RECORDED_VARIABLE } from "./recorded";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "recorded-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const keptOf = (text: string) => {
  const file = join(folder, "outputs.json");
  writeFileSync(file, text);
  return keptMaintenance({ [RECORDED_VARIABLE]: file });
};

it("is what was recorded, or empty in a new stack", () => {
  const entry = { instance: "acme", state: "active" };
  expect(keptOf(JSON.stringify({ maintenance: [entry], bucketAddress: "x" }))).toStrictEqual([entry]);
  expect(keptOf("{}\n")).toStrictEqual([]);
});

it.each([{}, { [RECORDED_VARIABLE]: "" }])("is nothing with %j", (environment) => {
  expect(keptMaintenance(environment)).toBeUndefined();
});

it.each(["", "[]", "null", '{"maintenance":{}}'])("refuses %j", (text) => {
  expect(() => keptOf(text)).toThrow(/\$MAINTENANCE_PAGES_RECORDED.*pulumi stack output --json/s);
});

it("refuses a file that is not there", () => {
  expect(() => keptMaintenance({ [RECORDED_VARIABLE]: join(folder, "none") })).toThrow(/\$MAINTENANCE_PAGES_RECORDED/);
});
