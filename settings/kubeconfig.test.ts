import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SettingsError } from "../model/problems";
import { readKubeconfig } from "./kubeconfig";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "kubeconfig-"));
  writeFileSync(join(folder, "one"), "one\n");
  writeFileSync(join(folder, "two"), "two\n");
});
afterAll(() => rmSync(folder, { recursive: true }));

const at = (name: string) => join(folder, name);

describe("reading the kubeconfig", () => {
  it("takes the configured text, or the configured file, before the environment's", () => {
    expect(readKubeconfig({ kubeconfig: "apiVersion: v1\nkind: Config\n" }, { KUBECONFIG: at("one") })).toStrictEqual([
      "apiVersion: v1\nkind: Config\n",
    ]);
    expect(readKubeconfig({ kubeconfig: at("two") }, { KUBECONFIG: at("one") })).toStrictEqual(["two\n"]);
  });

  it("takes every file of the environment that exists", () => {
    const KUBECONFIG = [at("one"), at("missing"), at("two")].join(delimiter);
    expect(readKubeconfig({}, { KUBECONFIG })).toStrictEqual(["one\n", "two\n"]);
  });

  it("refuses a configured file that does not exist", () => {
    expect(() => readKubeconfig({ kubeconfig: at("missing") }, {})).toThrow(SettingsError);
    expect(() => readKubeconfig({ kubeconfig: at("missing") }, {})).toThrow(/kubernetes\.kubeconfig[\s\S]*missing/);
  });

  it("refuses what can't be read, with a message and not a crash", () => {
    expect(() => readKubeconfig({}, { KUBECONFIG: folder })).toThrow(/\$KUBECONFIG[\s\S]*can be read/);
  });
});
