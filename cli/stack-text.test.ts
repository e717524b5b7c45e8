import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { EntryChange } from "./entry-options";
import { StackText } from "./stack-text";

const FILE = `# Our cluster.
config:
  maintenance-pages:instances: [acme, beta, gamma] # all of them
  maintenance-pages:maintenance:
    # Since the database moved.
    - beta # ask Kim
    - instance: gamma
      until: "2027-01-10T22:00:00Z" # the contract's end
  maintenance-pages:bypassSecret:
    secure: v1:abc
encryptionsalt: v1:xyz
`;

const enable = (text: string, instances: readonly string[], change: EntryChange) =>
  new StackText(text).enable(instances, change).text;
const disable = (text: string, instances: readonly string[]) => new StackText(text).disable(instances).text;
const lineOf = (text: string, instance: string) => new StackText(text).lineOf(instance);
const listIn = (text: string): unknown => parse(text).config["maintenance-pages:maintenance"];

describe("enabling", () => {
  it("adds a name, and leaves the rest of the file as it is", () => {
    expect(enable(FILE, ["acme"], {})).toBe(
      FILE.replace("# the contract's end\n", "# the contract's end\n    - acme\n"),
    );
  });

  it("adds the change, with times in quotes", () => {
    const text = enable(FILE, ["acme"], { until: "2027-01-10T22:00:00.000Z", message: "Back soon" });
    expect(text).toContain('    - instance: acme\n      until: "2027-01-10T22:00:00.000Z"\n      message: Back soon\n');
  });

  it("takes a setting away that the change leaves undefined", () => {
    const text = enable(FILE, ["acme"], { message: "Back soon", bypass: true });
    expect(enable(text, ["acme"], { message: undefined })).toBe(text.replace("      message: Back soon\n", ""));
  });

  it("changes an entry that is there, and never repeats it", () => {
    const text = enable(enable(FILE, ["gamma"], { until: "2028-01-01T00:00:00Z" }), ["beta"], { kind: "scheduled" });
    expect(listIn(text)).toStrictEqual([
      { instance: "beta", kind: "scheduled" },
      { instance: "gamma", until: "2028-01-01T00:00:00Z" },
    ]);
    expect(text).toContain("# Since the database moved.");
    expect(enable(FILE, ["beta", "gamma"], {})).toBe(FILE);
  });

  it.each([
    ["an empty list", "config:\n  maintenance-pages:maintenance: []\n"],
    ["no list", "config:\n  other:key: 1\n"],
    ["what `pulumi config set` writes", `config:\n  maintenance-pages:maintenance: '[]'\n`],
  ])("begins with %s", (_, text) => {
    expect(listIn(enable(text, ["acme"], {}))).toStrictEqual(["acme"]);
    expect(enable(text, ["acme"], {})).toContain("  maintenance-pages:maintenance:\n    - acme\n");
  });

  it("reads the JSON that `pulumi config set` writes", () => {
    const text = `config:\n  maintenance-pages:maintenance: '["beta"]' # since noon\n`;
    expect(listIn(enable(text, ["acme"], {}))).toStrictEqual(["beta", "acme"]);
    expect(enable(text, ["acme"], {})).toContain("# since noon");
  });
});

describe("disabling", () => {
  it("takes the entries out, and leaves the rest of the file as it is", () => {
    expect(disable(FILE, ["gamma"])).toBe(
      FILE.replace('    - instance: gamma\n      until: "2027-01-10T22:00:00Z" # the contract\'s end\n', ""),
    );
    expect(listIn(disable(FILE, ["beta", "gamma"]))).toStrictEqual([]);
  });

  it("undoes enabling", () => {
    const name = fc.constantFrom("acme", "delta", "omega-2");
    fc.assert(
      fc.property(fc.uniqueArray(name, { minLength: 1 }), fc.string({ unit: "grapheme" }), (names, message) => {
        expect(disable(enable(FILE, names, { message }), names)).toBe(FILE);
        expect(listIn(enable(FILE, names, { message }))).toContainEqual({ instance: names[0], message });
      }),
    );
  });
});

it("knows an entry's line", () => {
  expect(lineOf(FILE, "beta")).toBe(6);
  expect(lineOf(FILE, "gamma")).toBe(7);
  expect(lineOf(FILE, "acme")).toBeUndefined();
});

it("refuses an alias that leads nowhere, such as a wildcard without quotes", () => {
  expect(() => new StackText("config:\n  a: [*.example.org]\n")).toThrow(/begins with \* needs quotes/);
});

it("refuses text that is no YAML, with the line", () => {
  expect(() => new StackText("config:\n  a: [1\n")).toThrow(/no YAML[\s\S]*line \d/);
});

const NOW = new Date("2026-12-01T20:00:00Z");

const withList = (list: string) =>
  new StackText(`config:
  maintenance-pages:kubernetes: {context: here}
  maintenance-pages:bucket: {profile: aws, name: example-pages, region: eu-central-1}
  maintenance-pages:instances: [acme, beta, gamma, delta]
  maintenance-pages:hostPatterns: ["{instance}.example.org"]
  maintenance-pages:maintenance: ${list}
`);

it("a bypass without a secret is refused, and can be read: `bypass --rotate` makes the secret", () => {
  const text = withList("[{instance: acme, bypass: true}]");
  expect(() => text.settings(NOW)).toThrow("`npx maintenance bypass acme --rotate` makes");
  expect(text.settingsToRead(NOW).maintenance).toMatchObject([{ bypass: true }]);
  expect(text.hasSecret).toBe(false);
});

describe("a list that exceeds maintenanceLimit", () => {
  const text = withList("[acme, beta, gamma]");

  it("is refused, and can be read", () => {
    expect(() => text.settings(NOW)).toThrow("3 of 4 instances at once");
    expect(text.settingsToRead(NOW).maintenance).toHaveLength(3);
  });

  it("is right again when enough of it is taken out", () => {
    expect(text.disable(["acme"]).settings(NOW).maintenance).toHaveLength(2);
  });
});
