import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { describe, expect, it } from "vitest";
import { configSchema } from "../../settings/schema";
import { copyProject } from "../project-copy";
import { BASE, CHANGES, changed, filledIn, HERE, leafSettings, settingAt, wordsOf } from "./changes";
import { effectOf, LASTING, operationsOf, takenAway } from "./effects";
import { PAGES_CHANGES } from "./pages";

const here = {
  ...HERE,
  certificate: rootCertificates[0] ?? "",
  edge: "http://127.0.0.1:8080",
  store: "http://localhost:7070",
  pages: "http://10.0.0.1:7070/pages",
  server: "https://10.0.0.1:6443",
  repository: "http://127.0.0.1/one",
  anotherRepository: "http://127.0.0.1/another",
  secret: "x".repeat(32),
  anotherSecret: "y".repeat(32),
  secretUrl: "https://hooks.example.org/services/a",
  anotherSecretUrl: "https://hooks.example.org/services/b",
};

/** As the program sees it: what is encrypted in the file is text. */
const parsed = (configuration: object) => {
  const values = filledIn(configuration, here) as { readonly bypassSecret: { readonly secure: string } };
  return configSchema.safeParse({ ...values, bypassSecret: values.bypassSecret.secure });
};

describe("the changes that docs/changes.md is measured with", () => {
  it.each(leafSettings())("have one of %s", (setting) => {
    expect(CHANGES.map(({ path }) => settingAt(path))).toContain(setting);
  });

  it("are made to a configuration that is valid", () => {
    expect(parsed(BASE).error).toBeUndefined();
  });

  it.each(CHANGES.map((change) => [settingAt(change.path), change] as const))(
    "of %s are valid, and change it",
    (setting, change) => {
      expect(setting).toBeDefined();
      const after = parsed(changed(BASE, change));
      expect(after.error).toBeUndefined();
      expect(after.data).not.toStrictEqual(parsed(BASE).data);
    },
  );

  it("say what was before, and what then", () => {
    expect(wordsOf({ path: ["links", "status"], to: "b" }, { links: { status: "a" } })).toBe('`"a"` → `"b"`');
    expect(wordsOf({ path: ["theme", "accent"], to: undefined }, {})).toBe("nothing → nothing");
  });

  it("leave everything else, and the configuration before, as they were", () => {
    const before = { maintenance: ["acme", { instance: "beta", kind: "scheduled" }], feed: true };
    const copy = structuredClone(before);
    expect(changed(before, { path: ["maintenance", 1, "kind"], to: "unscheduled" })).toStrictEqual({
      maintenance: ["acme", { instance: "beta", kind: "unscheduled" }],
      feed: true,
    });
    expect(
      changed(before, { path: ["maintenance", 0], to: undefined, also: [{ path: ["feed"], to: undefined }] }),
    ).toStrictEqual({
      maintenance: [{ instance: "beta", kind: "scheduled" }],
    });
    expect(before).toStrictEqual(copy);
  });
});

it.each(PAGES_CHANGES)("a change of $files ($words) is one", async ({ make }) => {
  const project = mkdtempSync(join(tmpdir(), "maintenance-pages-changes-"));
  try {
    await copyProject(project);
    expect(() => make(project)).not.toThrow();
  } finally {
    rmSync(project, { recursive: true });
  }
});

describe("what an `up` means for the page server", () => {
  const planned = (change: string, ...fields: readonly string[]) => ({ change, fields });

  it.each(
    LASTING.flatMap((name) =>
      ["replace", "create-replacement", "delete-replaced", "delete"].map((op) => `${op} ${name}`),
    ),
  )("is that something is taken away: %s", (change) => {
    const preview = { planned: [planned("update Ingress maintenance-acme"), planned(change)] };
    expect(takenAway(preview)).toHaveLength(1);
    expect(effectOf(preview)).toBe(`replaced or deleted: ${takenAway(preview).join()}`);
  });

  it.each([
    [[], "untouched"],
    [[planned("delete Ingress maintenance-acme"), planned("delete ConfigMap page-server-nginx-1")], "untouched"],
    [[planned("update ConfigMap page-server-pages")], "its copy of the pages changes; its pods stay"],
    [[planned("update NetworkPolicy page-server-network-policy")], "its network policy changes; its pods stay"],
    [
      [planned("update Deployment page-server-deployment", "spec.replicas")],
      "it gets more pods, or fewer; the others stay",
    ],
    [
      [planned("update Deployment page-server-deployment", "spec.replicas", "spec.template.spec.containers[0].image")],
      "its pods are rolled, one after the other",
    ],
  ])("after %j is: %s", (changes, effect) => {
    expect(effectOf({ planned: changes })).toBe(effect);
  });

  it("counts what is done to the pages' objects", () => {
    const names = ["pages/shared/50x.json", "pages/shared/50x.txt"];
    expect(operationsOf({ planned: names.map((name) => planned(`update BucketObjectv2 ${name}`)) })).toBe(
      "update BucketObjectv2 (2)",
    );
    expect(operationsOf({ planned: [] })).toBe("nothing");
  });
});
