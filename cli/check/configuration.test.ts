import { expect, it } from "vitest";
import { SettingsError } from "../../model/problems";
import type { Settings } from "../../settings/read";
import { configurationFindings } from "./configuration";

const settings = {
  now: new Date(),
  faults: [],
  warnings: [],
  instances: [{ name: "acme", hosts: ["acme.example.org"] }],
  edges: { default: {} },
} as unknown as Settings;
const foundIn = (work: () => Settings, more: Partial<Settings> = {}) =>
  configurationFindings({ settings: work }, { ...settings, ...more }).map(({ result, text }) => `${result}: ${text}`);

it("counts what is configured", () => {
  expect(foundIn(() => settings)).toStrictEqual(["ok: instances: 1, edges: 1"]);
});

it("lists every problem, and each warning once", () => {
  const problem = { path: "maintenance[0]", found: "acm", allowed: "an instance: acme" };
  const refuse = () => {
    throw new SettingsError([problem]);
  };
  expect(foundIn(refuse, { faults: ["beta can't be used"], warnings: ["beta can't be used"] })).toStrictEqual([
    'problem: maintenance[0] is "acm"; allowed: an instance: acme',
    "warning: beta can't be used",
  ]);
});
