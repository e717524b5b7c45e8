import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CommandError, EXIT } from "./errors";
import { type BackendStack, elsewhereNotes, ownerByFiles, ownerInBackend, type StackNames } from "./owner";

beforeEach(() => vi.stubEnv("PULUMI_BACKEND_URL", "file:///state"));
afterEach(() => vi.unstubAllEnvs());

const stack = (name: string, names: readonly string[], unread?: string): StackNames => ({
  stack: name,
  names: new Set(names),
  unread,
});
const PRODUCTION = stack("production", ["acme", "beta", "gamma"]);
const STAGING = stack("staging", ["acme", "omega"]);
const BROKEN = stack("broken", [], "it is no YAML");
const ALL = [PRODUCTION, STAGING];

const APPLIED = { isSelected: false, isApplied: true };
const SELECTED = { isSelected: true, isApplied: true };
const EMPTY = { isSelected: true, isApplied: false };
const backend = (stacks: Readonly<Record<string, BackendStack>>) => new Map(Object.entries(stacks));
const BOTH = backend({ production: APPLIED, staging: SELECTED });

const hostsOf = (name: string, instance: string) => [`${instance}.${name}.example`];

function refusal(work: () => unknown): string {
  let thrown: unknown;
  try {
    work();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(CommandError);
  expect(thrown).toHaveProperty("code", EXIT.refused);
  return (thrown as Error).message;
}

describe("the files alone decide", () => {
  it("the only owner, whichever stack is selected", () => {
    expect(ownerByFiles(["gamma"], ALL)).toBe("production");
    expect(ownerByFiles(["omega"], ALL)).toBe("staging");
    expect(ownerByFiles(["gamma", "beta"], ALL)).toBe("production");
  });

  it("nothing when several have one, or each has another", () => {
    expect(ownerByFiles(["acme"], ALL)).toBeUndefined();
    expect(ownerByFiles(["gamma", "acme"], ALL)).toBeUndefined();
    expect(ownerByFiles(["gamma", "omega"], ALL)).toBeUndefined();
  });

  it("nothing when another stack's file can't be read", () => {
    expect(ownerByFiles(["gamma"], [...ALL, BROKEN])).toBeUndefined();
    expect(ownerByFiles(["gamma"], [stack("production", ["gamma"], "no folder"), STAGING])).toBe("production");
  });
});

describe("an instance of no stack", () => {
  it("is refused with the instances of all stacks, and the nearest of them with its stack", () => {
    expect(refusal(() => ownerByFiles(["gamm"], ALL))).toBe(
      [
        "Nothing was changed.",
        "",
        "<instances>",
        '  found:    "gamm"',
        "  allowed:  the name of an instance: acme, beta, gamma of stack production; acme, omega of stack staging",
        "  nearest:  gamma of stack production",
      ].join("\n"),
    );
    expect(refusal(() => ownerByFiles(["acm"], ALL))).toMatch(/nearest: {2}acme of the stacks production, staging$/);
  });

  it("gets no proposal when none is near", () => {
    expect(refusal(() => ownerByFiles(["all"], ALL))).not.toContain("nearest");
  });

  it("is refused without the stack's name in a folder with one stack", () => {
    expect(refusal(() => ownerByFiles(["acm"], [PRODUCTION], ["A hint."]))).toBe(
      'Nothing was changed.\n\n<instances>\n  found:    "acm"\n  allowed:  the name of an instance: acme, beta, gamma\n  nearest:  acme\n\nA hint.',
    );
  });

  it("may be of a stack whose file can't be read, and that is named", () => {
    const text = refusal(() => ownerByFiles(["delta", "acme"], [PRODUCTION, BROKEN]));
    expect(text).toContain("allowed:  the name of an instance: acme, beta, gamma of stack production\n");
    expect(text).toMatch(/\n\nPulumi\.broken\.yaml may have other instances, too: it is no YAML$/);
  });

  it("is refused in a folder without stacks", () => {
    expect(refusal(() => ownerByFiles(["acme"], []))).toContain("there is no file of a stack here");
  });
});

describe("with what Pulumi says", () => {
  const decide = (
    instances: readonly string[],
    stacks: readonly StackNames[],
    says: Parameters<typeof ownerInBackend>[2],
  ) => ownerInBackend(instances, stacks, says, hostsOf);

  it("two owners are listed with their hosts, and neither is taken, not even the selected one", () => {
    expect(refusal(() => decide(["acme"], ALL, BOTH))).toBe(
      [
        "Nothing was changed: more than one stack has acme. Name the stack that you mean:",
        "  --stack production  acme: acme.production.example",
        "  --stack staging     acme: acme.staging.example  (selected)",
      ].join("\n"),
    );
  });

  it("instances of different stacks are listed by stack", () => {
    expect(refusal(() => decide(["gamma", "omega", "beta"], ALL, BOTH))).toBe(
      [
        "Nothing was changed: these instances are of different stacks. Type one command for each stack:",
        "  --stack production  gamma: gamma.production.example; beta: beta.production.example",
        "  --stack staging     omega: omega.staging.example  (selected)",
      ].join("\n"),
    );
  });

  it("one that two stacks have is not taken for the stack that has the others, too", () => {
    expect(refusal(() => decide(["gamma", "acme"], ALL, BOTH))).toContain("more than one stack has acme.");
  });

  it("a file whose stack was never applied is no owner, and is named", () => {
    expect(decide(["acme"], ALL, backend({ production: APPLIED }))).toStrictEqual({
      stack: "production",
      notes: [
        "Not meant: Pulumi.staging.yaml has acme, too, but there is no stack staging in the backend file:///state.",
      ],
    });
    expect(decide(["acme"], ALL, backend({ production: APPLIED, staging: EMPTY })).notes).toStrictEqual([
      "Not meant: Pulumi.staging.yaml has acme, too, but the stack staging has no resources.",
    ]);
  });

  it("a stack that is new counts when no other exists", () => {
    expect(decide(["acme"], ALL, backend({ staging: EMPTY })).stack).toBe("staging");
  });

  it("files alone are no stack", () => {
    const text = refusal(() => decide(["acme"], ALL, backend({ other: APPLIED })));
    expect(text).toMatch(/^Nothing was changed: no stack in the backend file:\/\/\/state is known to have acme\.\n/);
    expect(text).toContain("Pulumi.production.yaml, Pulumi.staging.yaml name acme, but a file alone is no stack");
  });

  it("a stack that can't be read may be the owner, so nothing is taken", () => {
    const text = refusal(() =>
      decide(["gamma"], [...ALL, BROKEN], backend({ production: APPLIED, staging: APPLIED, broken: APPLIED })),
    );
    expect(text).toBe(
      [
        "Nothing was changed: a stack's file can't be read, so another stack may have gamma, too. Name the stack that you mean:",
        "  --stack production  gamma: gamma.production.example",
        "Pulumi.broken.yaml may have other instances, too: it is no YAML",
      ].join("\n"),
    );
  });

  it("a file that can't be read and has no stack does not count", () => {
    expect(decide(["gamma"], [...ALL, BROKEN], BOTH)).toStrictEqual({
      stack: "production",
      notes: [
        "Not meant: Pulumi.broken.yaml can't be read, and there is no stack broken in the backend file:///state.",
      ],
    });
  });

  it("without an answer of Pulumi every file counts", () => {
    const text = refusal(() => decide(["acme"], ALL, { unknown: "not logged in" }));
    expect(text).toContain("--stack staging");
    expect(text).toMatch(/\nPulumi does not say which of these stacks exist: not logged in$/);
  });

  it("no control character of a file reaches the terminal", () => {
    const evil = stack("evil", [], "\u001b[2Kline\nStack production: it owns acme.");
    const text = refusal(() => decide(["gamma"], [PRODUCTION, evil], { unknown: "x" }));
    expect(text).not.toMatch(/[^\n\P{Cc}]/u);
    expect(text).not.toMatch(/^Stack production/m);
  });
});

it("names the stacks that have an instance, when the named stack has not", () => {
  expect(elsewhereNotes(["omega", "acme", "nobody"], ALL)).toStrictEqual([
    "omega is an instance of stack staging: --stack staging.",
    "acme is an instance of the stacks production, staging: --stack production or --stack staging.",
  ]);
});
