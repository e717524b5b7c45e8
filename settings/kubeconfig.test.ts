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
  it("prefers the configured text or file to the environment", () => {
    expect(readKubeconfig({ kubeconfig: "apiVersion: v1\nkind: Config\n" }, { KUBECONFIG: at("one") })).toStrictEqual([
      "apiVersion: v1\nkind: Config\n",
    ]);
    expect(readKubeconfig({ kubeconfig: at("two") }, { KUBECONFIG: at("one") })).toStrictEqual(["two\n"]);
  });

  it("reads every file of the environment that exists", () => {
    const KUBECONFIG = [at("one"), at("missing"), at("two")].join(delimiter);
    expect(readKubeconfig({}, { KUBECONFIG })).toStrictEqual(["one\n", "two\n"]);
  });

  it("rejects a configured file that does not exist", () => {
    expect(() => readKubeconfig({ kubeconfig: at("missing") }, {})).toThrow(SettingsError);
    expect(() => readKubeconfig({ kubeconfig: at("missing") }, {})).toThrow(/kubernetes\.kubeconfig[\s\S]*missing/);
  });

  it("rejects a path that can't be read, with a message for people", () => {
    expect(() => readKubeconfig({}, { KUBECONFIG: folder })).toThrow(/\$KUBECONFIG[\s\S]*can be read/);
  });
});
