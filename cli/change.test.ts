import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { edgesOf } from "../components/edges";
import type { Drift } from "../components/edges/edge";
import { edgesSchema } from "../components/edges/settings";
import { change, type Stage, type Tools, type Visitors } from "./change";
import type { PlannedChange, RunOptions } from "./engine";
import { CommandError, EXIT } from "./errors";
import type { VerdictAt } from "./inspection";
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
const OVERRIDE: PlannedChange = {
  urn: "urn:pulumi:test::maintenance-pages::kubernetes:networking.k8s.io/v1:Ingress::maintenance-acme",
  operation: "create",
  type: "kubernetes:networking.k8s.io/v1:Ingress",
  name: "maintenance-acme",
};
const PAGE_SERVER: PlannedChange = {
  urn: "urn:pulumi:test::maintenance-pages::kubernetes:apps/v1:Deployment::page-server-deployment",
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
  readonly changes?: readonly PlannedChange[];
  /** What happens during the `up`, after its first change. */
  readonly up?: () => void;
  readonly confirms?: boolean;
  /** What every host shows afterwards. */
  readonly seen?: (host: string) => Seen;
  readonly answers?: readonly InstanceAnswer[];
  readonly allowOtherChanges?: boolean;
  /** How the overrides in the cluster differ from what is declared. */
  readonly drifts?: readonly Drift[];
  /** What the cluster's API says of the overrides in a dry run. */
  readonly verdicts?: readonly VerdictAt[];
}

function started(edit: (content: StackText) => StackText, script: Script = {}, checksInstance = false) {
  const file = StackFile.open("test", project);
  const content = edit(file.content);
  const said: string[] = [];
  const applied: string[] = [];
  const stages: Stage[] = [];
  let isInterrupted = false;
  const {
    changes = [OVERRIDE],
    up = () => {},
    confirms = true,
    answers = [],
    drifts = [],
    verdicts = [],
    allowOtherChanges = false,
  } = script;
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
    inspect: async () => ({
      hazardsOf: () => [],
      verdictsOn: async () => verdicts,
      driftsOf: () => edgesOf(edgesSchema.parse(undefined)).flatMap((edge) => drifts.map((one) => ({ ...one, edge }))),
      edges: [],
    }),
    failedEdges: async () => [],
  };
  const tools: Tools = {
    engine: {
      preview: async ({ targets }) => changes.filter(({ urn }) => targets?.includes(urn) ?? true),
      give: () => {},
      up: async ({ onChange }: RunOptions) => {
        applied.push(readFileSync(path, "utf8"));
        for (const one of changes) onChange?.(one);
        up();
      },
    },
    visitors,
    terminal: { say: (line) => said.push(line), during: (_, work) => work, confirm: async () => confirms },
    interruption: {
      signal: new AbortController().signal,
      happened: () => isInterrupted,
      throwIfInterrupted() {
        if (isInterrupted) throw new CommandError("It was interrupted.", EXIT.interrupted);
      },
    },
    readSecret: async () => "x".repeat(32),
    onStage: (stage) => stages.push(stage),
  };
  const result = change(
    { stack: "test", file, now: NOW, instances: ["acme"], content, allowOtherChanges, checksInstance },
    tools,
  );
  return {
    result,
    said,
    applied,
    stages,
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

  it("is kept, and what comes before the override is reported", async () => {
    const drifts = [{ what: "overruled", text: "an object comes first" }] as const;
    expect((await started(enableAcme, { drifts }).result).overruled).toStrictEqual([
      "acme: an object comes first",
      "acme: an object comes before its override. Shorten the path of that Ingress, or delete it.",
    ]);
  });

  it("is refused with the cluster's refusal in one line, without its control characters", async () => {
    const verdict = {
      edge: "default",
      result: "problem",
      text: "denied:\u001b[2K\n  no",
      remedy: "Exempt it.",
    } as const;
    await expect(started(enableAcme, { verdicts: [verdict] }).result).rejects.toThrow(
      "Nothing was changed.\nacme at default: denied:\\u001b[2K no → Exempt it.",
    );
  });

  it("takes over routes of another instance in maintenance that have changed since", async () => {
    const ofBeta = {
      ...OVERRIDE,
      urn: OVERRIDE.urn.replace("acme", "beta"),
      name: "maintenance-beta",
      operation: "update",
    };
    const changes = [OVERRIDE, ofBeta];
    await expect(started(enableAcme, { changes }).result).rejects.toThrow("would change more than acme");
    const drifts = [{ what: "outdated", text: "a path comes first" }] as const;
    const { result, said } = started(enableAcme, { changes, drifts });
    await result;
    expect(said).toContain("The routes of beta have changed: this run takes them over, too.");
  });

  it("is refused with changes of something else, and put back", async () => {
    const { result, applied } = started(enableAcme, { changes: [OVERRIDE, PAGE_SERVER] });
    await expect(result).rejects.toThrow(
      /would change more than acme\.\n {2}update Deployment page-server-deployment\n.*`pulumi up --stack test`/,
    );
    expect([fileNow(), applied]).toStrictEqual([FILE, []]);
  });

  it("is restricted to its own instances when another's file is broken, which changes the page server", async () => {
    const folder = join(project, "instances", "delta");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "config.yml"), "LMS_HOST: [\n");
    writeFileSync(path, `${FILE}  maintenance-pages:instancesDirectory: instances\n`);
    const changes = [OVERRIDE, PAGE_SERVER];
    const run = started(enableAcme, { changes });
    expect((await run.result).changes).toStrictEqual(["create Ingress maintenance-acme"]);
    expect(run.said).toContain("This run changes nothing but acme. All other changes stay pending.");
    const all = started((content) => content.enable(["gamma"], {}), { changes, allowOtherChanges: true });
    expect((await all.result).changes).toHaveLength(2);
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
        /^the bucket is gone\nPulumi\.test\.yaml is as it was before\.\nPulumi had begun to create Ingress maintenance-acme\. `pulumi up --stack test` makes/,
      ),
    });
    expect(fileNow()).toBe(FILE);
  });

  it("says how far it is, and nothing when it is refused", async () => {
    const done = started(enableAcme);
    await done.result;
    expect(done.stages).toStrictEqual(["applying", "begun", "applied"]);
    writeFileSync(path, FILE);
    const failed = started(enableAcme, {
      up: () => {
        throw new CommandError("no", EXIT.failed);
      },
    });
    await expect(failed.result).rejects.toThrow();
    expect(failed.stages).toStrictEqual(["applying", "begun"]);
    const refused = started(enableAcme, { confirms: false });
    await expect(refused.result).rejects.toThrow();
    const same = started((content) => content, { changes: [] });
    await same.result;
    expect([refused.stages, same.stages]).toStrictEqual([[], []]);
  });

  it("is put back when it is interrupted", async () => {
    const run = started(enableAcme, { up: () => run.interrupt() });
    await expect(run.result).rejects.toMatchObject({ code: EXIT.interrupted });
    expect(fileNow()).toBe(FILE);
  });

  it("is refused when somebody has changed the file since it was read", async () => {
    const run = (content: StackText) => {
      writeFileSync(path, other);
      return enableAcme(content);
    };
    const other = FILE.replace("beta # since noon", "gamma");
    await expect(started(run).result).rejects.toThrow(/^Nothing was changed: Pulumi\.test\.yaml was changed meanwhile/);
    expect(fileNow()).toBe(other);
  });

  it("never overwrites a change that was made meanwhile", async () => {
    const other = FILE.replace("beta # since noon", "gamma");
    const { result } = started(enableAcme, {
      up: () => {
        writeFileSync(path, other);
        throw new CommandError("the bucket is gone", EXIT.failed);
      },
    });
    await expect(result).rejects.toThrow(/^the bucket is gone\nPulumi\.test\.yaml was changed meanwhile by another/);
    expect(fileNow()).toBe(other);
  });

  it("is refused while the instance itself does not answer", async () => {
    writeFileSync(path, FILE.replace("- beta # since noon", "- acme"));
    const silent = { instance: "acme", host: "acme.example.org", answers: false, result: "503" };
    const { result } = started((content) => content.disable(["acme"]), { answers: [silent] }, true);
    await expect(result).rejects.toThrow(/acme does not answer yet[\s\S]*acme\.example\.org: 503[\s\S]*--force/);
    expect(fileNow()).toContain("- acme");
  });

  const OVERRIDE_OF_GAMMA: PlannedChange = { ...OVERRIDE, name: "maintenance-gamma" };
  const withWindow = (from: string) =>
    FILE.replace("- beta # since noon", `- {instance: gamma, kind: scheduled, from: "${from}"}`);

  it("applies another instance's window too, if that is due", async () => {
    writeFileSync(path, withWindow("2026-12-01T19:00:00Z"));
    const { result, said } = started(enableAcme, { changes: [OVERRIDE, OVERRIDE_OF_GAMMA] });
    expect((await result).instances).toMatchObject([{ name: "acme" }, { name: "gamma", goal: "page" }]);
    expect(said).toContain("The window of gamma is due: this run applies that, too.");
  });

  it("is refused with changes of an instance that has no window", async () => {
    writeFileSync(path, FILE.replace("beta # since noon", "gamma"));
    const { result } = started(enableAcme, { changes: [OVERRIDE, OVERRIDE_OF_GAMMA] });
    await expect(result).rejects.toThrow(
      /would change more than acme\.\n {2}create Ingress maintenance-gamma\n.*`pulumi up --stack test`/,
    );
  });

  it("is refused when somebody deleted the override, which this run would not make again", async () => {
    writeFileSync(path, FILE.replace("beta # since noon", "acme"));
    const missing = { what: "missing", text: "its override is not there" } as const;
    const { result } = started((content) => content.enable(["acme"], { until: "2026-12-01T22:00:00Z" }), {
      changes: [],
      drifts: [missing],
    });
    await expect(result).rejects.toThrow(/acme: its override was deleted or changed by hand[\s\S]*ci\/up\.sh test/);
    expect(fileNow()).toContain("- acme\n");
  });

  it("takes over an override that was made by hand", async () => {
    const leftover = { what: "leftover", text: "its override is still there" } as const;
    const { result, said } = started(enableAcme, { drifts: [leftover] });
    await result;
    expect(said).toContain(
      "The override of acme is there already, made by hand or from another checkout. Pulumi takes it over.",
    );
  });

  it("without an effect on resources is applied all the same: the stack's output has it", async () => {
    const later = (content: StackText) => content.enable(["acme"], { from: "2027-01-01T00:00:00Z" });
    const { result, said, applied } = started(later, { changes: [] });
    expect((await result).instances).toMatchObject([{ goal: "open", state: "planned" }]);
    expect(said).toContain("\nNo resource changes now.");
    expect(applied).toHaveLength(1);
  });
});
