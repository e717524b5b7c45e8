import { describe, expect, it } from "vitest";
import { claimedNames } from "./claimed-names";

const listDirectory = (directory: string) =>
  directory === "there"
    ? { names: ["dora", "eve"], problems: [] }
    : { names: [], problems: [{ path: "instancesDirectory", found: directory, allowed: "a folder" }] };

const claimed = (config: Readonly<Record<string, string>>) => {
  const full = Object.fromEntries(Object.entries(config).map(([key, value]) => [`maintenance-pages:${key}`, value]));
  const { names, problems } = claimedNames(full, listDirectory);
  return [[...names], problems.map(({ path }) => path)];
};

describe("a stack has the instances", () => {
  it.each<[string, Record<string, string>, readonly string[]]>([
    ["of a list", { instances: '["acme", "beta"]' }, ["acme", "beta"]],
    ["of a map", { instances: '{"acme": {}, "beta": {"hosts": ["b.example.org"]}}' }, ["acme", "beta"]],
    ["of its directory", { instancesDirectory: "there" }, ["dora", "eve"]],
    ["of both", { instances: '{"acme": {}, "eve": {}}', instancesDirectory: "there" }, ["acme", "eve", "dora"]],
    [
      "of its lists, which may be there no longer",
      { instances: '["acme"]', maintenance: '["gone", {"instance": "moved"}]', provisioning: '["new"]' },
      ["acme", "gone", "moved", "new"],
    ],
    ["that it names, whatever else is wrong", { instances: '["acme"]', bucket: "{", maintenance: "x" }, ["acme"]],
    ["that it names: none", {}, []],
  ])("%s", (_, config, expected) => {
    expect(claimed(config)).toStrictEqual([expected, []]);
  });
});

describe("a stack may have others", () => {
  it.each<[string, Record<string, string>, readonly string[], string]>([
    ["with `instances` that no shell left whole", { instances: "[acme]" }, [], "instances"],
    ["with a number as `instances`", { instances: "5" }, [], "instances"],
    ["with null as `instances`", { instances: "null" }, [], "instances"],
    ["with an object in a list of names", { instances: '["acme", {"beta": {}}]' }, ["acme"], "instances[1]"],
    ["with a number in a list of names", { instances: '["acme", 5]' }, ["acme"], "instances[1]"],
    [
      "with a directory that is not there",
      { instances: '["acme"]', instancesDirectory: "elsewhere" },
      ["acme"],
      "instancesDirectory",
    ],
    ["with names that YAML merges from elsewhere", { instances: '{"<<": {"beta": {}}}' }, ["<<"], "instances"],
    ["with a key as Pulumi's first versions wrote it", { "config:instances": '["acme"]' }, [], "config"],
  ])("%s", (_, config, names, path) => {
    expect(claimed(config)).toStrictEqual([names, [path]]);
  });

  // Pulumi takes the project's name for the namespace then.
  it.each(["instances", "instancesDirectory", "<<"])("with the key %s, without the namespace", (key) => {
    const { problems } = claimedNames({ [key]: '["acme"]' }, listDirectory);
    expect(problems.map(({ path, found }) => [path, found])).toStrictEqual([["config", key]]);
  });
});
