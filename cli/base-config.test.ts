import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { baseConfig, NO_BASE } from "./base-config";

// The Pulumi CLI is a stand-in here; test/e2e/command.test.ts has the real one.

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "base-config-"));
  vi.stubEnv("PATH", `${folder}/bin${delimiter}${process.env.PATH}`);
  answer("echo 'asked' >&2; exit 1");
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

function answer(script: string): void {
  mkdirSync(join(folder, "bin"), { recursive: true });
  writeFileSync(join(folder, "bin", "pulumi"), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, "bin", "pulumi"), 0o755);
}

const project = (text: string) => writeFileSync(join(folder, "Pulumi.yaml"), text);
const FILE = "config:\n  maintenance-pages:maintenance: []\n";

it.each(["name: x\n", 'config:\n  pulumi:disable-default-providers: { value: ["*"] }\n', "- no project\n", "a: [\n"])(
  "does not ask Pulumi with the project file %j",
  (text) => {
    project(text);
    expect(baseConfig(folder, "prod", FILE)).toBe(NO_BASE);
  },
);

it.each([
  ["config:\n  maintenance-pages:bucket: { value: {} }\n", FILE],
  ["config:\n  retryAfter: 60\n", FILE],
  ["name: x\n", `environment: [shared]\n${FILE}`],
])("asks Pulumi with the project file %j and the stack's file %j", (text, file) => {
  project(text);
  answer(
    `echo '${JSON.stringify({
      "maintenance-pages:bucket": { value: '{"name":"pages"}', secret: false },
      "maintenance-pages:bypassSecret": { secret: true },
      "maintenance-pages:maintenance": { value: '["acme"]', secret: false },
      "aws:region": { value: "eu-central-1", secret: false },
    })}'`,
  );
  const { values, encrypted } = baseConfig(folder, "prod", file);
  // What the file has comes from the file.
  expect(values).toStrictEqual({
    "maintenance-pages:bucket": '{"name":"pages"}',
    "maintenance-pages:bypassSecret": expect.stringMatching(/^.{32,}$/),
  });
  expect([...encrypted]).toStrictEqual(["maintenance-pages:bypassSecret"]);
});

it("says what Pulumi said when it does not tell", () => {
  expect(() => baseConfig(folder, "prod", "environment: [shared]\n")).toThrow(/does not tell.*\nasked/);
});
