import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { change, type Tools, type Visitors } from "./change";
import type { RunOptions } from "./engine";
import { CommandError, EXIT } from "./errors";
import type { Change } from "./guard";
import type { InstanceAnswer } from "./instance";
import type { Seen } from "./probe";
import { StackFile } from "./project";
import type { StackText } from "./stack-text";

// The engine and the visitors are stand-ins here; test/e2e/command.test.ts has the real ones.

const NOW = new Date("2026-12-01T20:00:00Z");
const FILE = `config:
  maintenance-pages:kubernetes: {context: here}
  maintenance-pages:bucket: {profile: aws, name: example-pages, region: eu-central-1}
  maintenance-pages:instances: [acme, beta, gamma]
  maintenance-pages:hostPatterns: ["{instance}.example.org"]
  maintenance-pages:maintenance:
    - beta # since noon
`;
const OVERRIDE: Change = {
  operation: "create",
  type: "kubernetes:networking.k8s.io/v1:Ingress",
  name: "maintenance-acme",
};
const PAGE_SERVER: Change = {
  operation: "update",
  type: "kubernetes:apps/v1:Deployment",
  name: "page-server-deployment",
};

const project = mkdtempSync(join(tmpdir(), "change-"));
const path = join(project, "Pulumi.test.yaml");
afterAll(() => rmSync(project, { recursive: true, force: true }));
beforeEach(() => writeFileSync(path, FILE));

/** What the stand-ins do. */
interface Script {
  readonly changes?: readonly Change[];
  /** What happens during the `up`, after its first change. */
  readonly up?: () => void;
  readonly confirms?: boolean;
  /** What every host shows afterwards. */
  readonly seen?: (host: string) => Seen;
  readonly answers?: readonly InstanceAnswer[];
}

function started(edit: (content: StackText) => StackText, script: Script = {}, checksInstance = false) {
  const file = StackFile.open("test", project);
  const content = edit(file.content);
  const said: string[] = [];
  const applied: string[] = [];
  let isInterrupted = false;
  const { changes = [OVERRIDE], up = () => {}, confirms = true, answers = [] } = script;
  const seen = script.seen ?? (() => ({ what: "other", status: 200 }) as const);
  const visitors: Visitors = {
    probe: async (targets) => targets.map((target) => ({ ...target, seen: { what: "other", status: 200 } })),
    untilMet: async (_, instances, { edges: [edge] }) =>
      edge === undefined
        ? []
        : instances.flatMap(({ name, hosts }) =>
            hosts
              .map((host) => ({ instance: name, host, edge, seen: seen(host), why: "a reason", isCopy: false }))
              .filter((one) => one.seen.what === "nothing"),
          ),
    affectedSince: async () => [],
    requestInstance: async () => answers,
  };
  const tools: Tools = {
    engine: {
      preview: async () => changes,
      up: async ({ onChange }: RunOptions) => {
        applied.push(readFileSync(path, "utf8"));
        for (const one of changes) onChange?.(one);
        up();
      },
    },
    visitors,
    terminal: { say: (line) => said.push(line), confirm: async () => confirms },
    interruption: {
      signal: new AbortController().signal,
      happened: () => isInterrupted,
      throwIfInterrupted() {
        if (isInterrupted) throw new CommandError("It was interrupted.", EXIT.interrupted);
      },
    },
    readSecret: async () => "x".repeat(32),
  };
  const result = change(
    { stack: "test", file, now: NOW, instances: ["acme"], content, allowOtherChanges: false, checksInstance },
    tools,
  );
  return {
    result,
    said,
    applied,
    interrupt: () => {
      isInterrupted = true;
    },
  };
}

const enableAcme = (content: StackText) => content.enable(["acme"], {});
const fileNow = () => readFileSync(path, "utf8");

describe("a change", () => {
  it("is written, applied, and kept", async () => {
    const { result, applied } = started(enableAcme);
    expect((await result).instances).toMatchObject([{ name: "acme", goal: "page", state: "active" }]);
    expect(fileNow()).toBe(FILE.replace("# since noon\n", "# since noon\n    - acme\n"));
    expect(applied).toStrictEqual([fileNow()]);
  });

  it("is kept, and reported, when a host does not show it", async () => {
    const { result } = started(enableAcme, { seen: () => ({ what: "nothing", reason: "refused" }) });
    expect((await result).unmet).toStrictEqual([
      { host: "acme.example.org", edge: "default", seen: "no answer (refused)", why: "a reason", isCopy: false },
    ]);
    expect(fileNow()).toContain("- acme");
  });

  it("is refused with changes of something else, and put back", async () => {
    const { result, applied } = started(enableAcme, { changes: [OVERRIDE, PAGE_SERVER] });
    await expect(result).rejects.toThrow(
      /would change more than acme\.\n {2}update Deployment page-server-deployment\n/,
    );
    expect([fileNow(), applied]).toStrictEqual([FILE, []]);
  });

  it("is put back when a person says no", async () => {
    const { result, applied } = started(enableAcme, { confirms: false });
    await expect(result).rejects.toMatchObject({ code: EXIT.refused });
    expect([fileNow(), applied]).toStrictEqual([FILE, []]);
  });

  it("is put back when the engine fails, with what it had begun", async () => {
    const { result } = started(enableAcme, {
      up: () => {
        throw new CommandError("the bucket is gone", EXIT.failed);
      },
    });
    await expect(result).rejects.toMatchObject({
      code: EXIT.failed,
      message: expect.stringMatching(
        /^the bucket is gone\nPulumi\.test\.yaml is as it was before\.\nPulumi had begun to create Ingress maintenance-acme\./,
      ),
    });
    expect(fileNow()).toBe(FILE);
  });

  it("is put back when it is interrupted", async () => {
    const run = started(enableAcme, { up: () => run.interrupt() });
    await expect(run.result).rejects.toMatchObject({ code: EXIT.interrupted });
    expect(fileNow()).toBe(FILE);
  });

  it("never overwrites a change that was made meanwhile", async () => {
    const other = FILE.replace("beta # since noon", "gamma");
    const { result } = started(enableAcme, {
      up: () => {
        writeFileSync(path, other);
        throw new CommandError("no", EXIT.failed);
      },
    });
    await expect(result).rejects.toThrow(/another change, made meanwhile/);
    expect(fileNow()).toBe(other);
  });

  it("is refused while the instance itself does not answer", async () => {
    writeFileSync(path, FILE.replace("- beta # since noon", "- acme"));
    const silent = { instance: "acme", host: "acme.example.org", answers: false, result: "503" };
    const { result } = started((content) => content.disable(["acme"]), { answers: [silent] }, true);
    await expect(result).rejects.toThrow(/acme does not answer yet[\s\S]*acme\.example\.org: 503[\s\S]*--force/);
    expect(fileNow()).toContain("- acme");
  });

  it("without an effect on resources is applied all the same: the stack's output has it", async () => {
    const later = (content: StackText) => content.enable(["acme"], { from: "2027-01-01T00:00:00Z" });
    const { result, said, applied } = started(later, { changes: [] });
    expect((await result).instances).toMatchObject([{ goal: "open", state: "planned" }]);
    expect(said).toContain("\nNo resource changes now.");
    expect(applied).toHaveLength(1);
  });
});
