import { describe, expect, it } from "vitest";
import type { InstancesDirectory } from "./instances-directory";
import { type HostsByName, knownInstances } from "./known-instances";

const WHY = "../instances/delta/config.yml: LMS_HOST is missing";
const directory = (...names: readonly string[]): InstancesDirectory => ({
  instances: Object.fromEntries(
    names.map((name) => [name, { hosts: [`${name}.example.org`, `apps.${name}.example.org`], assumedHosts: [] }]),
  ),
  unreadable: new Map([["delta", WHY]]),
  warnings: [],
  problems: [],
});
const LAST: HostsByName = new Map([["delta", ["delta.example.org", "shop.example.org"]]]);

const base = { instancesDirectory: "../instances", maintenance: ["delta"] };
const known = (
  config: Partial<Parameters<typeof knownInstances>[0]> = {},
  { read = directory("acme"), last = LAST } = {},
) => {
  const asked: string[][] = [];
  const hostsOfLastUp = (missing: readonly string[]) => {
    asked.push([...missing]);
    return last;
  };
  const found = knownInstances({ ...base, ...config }, { readDirectory: () => read, hostsOfLastUp });
  return { ...found, asked, hosts: Object.fromEntries([...found.registry].map(([name, { hosts }]) => [name, hosts])) };
};

describe("an instance in maintenance whose own file can't be used any more", () => {
  it("keeps the hosts of the last up, and the others theirs", () => {
    const { hosts, kept, unreadable, faults, problems, asked } = known();
    expect(hosts).toStrictEqual({
      delta: ["delta.example.org", "shop.example.org"],
      acme: ["acme.example.org", "apps.acme.example.org"],
    });
    expect([...kept.keys()]).toStrictEqual(["delta"]);
    expect([...unreadable]).toStrictEqual([]);
    expect(faults).toStrictEqual([
      `delta stays in maintenance with the hosts that the last \`pulumi up\` knew. ${WHY}. A plain \`pulumi up\` is refused until this is repaired, or the instance is out of maintenance.`,
    ]);
    expect(problems).toStrictEqual([]);
    expect(asked).toStrictEqual([["delta"]]);
  });

  it("is not known where the last up is not asked, or has none of it", () => {
    const { hosts, unreadable, faults } = known({}, { last: new Map() });
    expect(Object.keys(hosts)).toStrictEqual(["acme"]);
    expect(unreadable.get("delta")).toBe(WHY);
    expect(faults).toStrictEqual([`delta can't be put into maintenance: its hosts are not known. ${WHY}.`]);
  });

  it("has its configured hosts, which come first", () => {
    const { hosts, kept, faults, asked } = known({ instances: { delta: { hosts: ["delta.example.com"] } } });
    expect(hosts.delta).toStrictEqual(["delta.example.com"]);
    expect([kept.size, faults, asked]).toStrictEqual([0, [], [[]]]);
  });

  it("keeps its title, its edges and its Service", () => {
    const service = { namespace: "openedx" };
    const { registry } = known({ instances: { delta: { title: "Delta", service } } });
    expect(registry.get("delta")).toMatchObject({ title: "Delta", service, hosts: LAST.get("delta") });
  });

  it("loses a host that is another's by the configuration, and is not known without any", () => {
    const instances = { shop: { hosts: ["shop.example.org"] } };
    expect(known({ instances }).hosts).toMatchObject({ delta: ["delta.example.org"], shop: ["shop.example.org"] });
    const both = { shop: { hosts: ["shop.example.org", "delta.example.org"] } };
    expect([...known({ instances: both }).unreadable.keys()]).toStrictEqual(["delta"]);
  });
});

describe("an instance that is configured without hosts", () => {
  const instances = { delta: { title: "Delta" }, epsilon: { edges: ["default"] } };

  it("is not known while its file can't be used or is not there, and stops nobody", () => {
    const { hosts, unreadable, problems } = known({ instances, maintenance: [] }, { last: new Map() });
    expect(Object.keys(hosts)).toStrictEqual(["acme"]);
    expect(Object.fromEntries(unreadable)).toStrictEqual({
      delta: WHY,
      epsilon: "instancesDirectory: there is no ../instances/epsilon/config.yml",
    });
    expect(problems).toStrictEqual([]);
  });

  it("is refused without a directory", () => {
    const alone = { instances, instancesDirectory: undefined, maintenance: [] };
    expect(known(alone, { last: new Map() }).problems).toMatchObject([
      { path: "instances.delta" },
      { path: "instances.epsilon" },
    ]);
  });
});

it("a host that a pattern makes of a configured instance is no other's of the directory, which can be used without it", () => {
  const instances = { acme: { hosts: ["acme.example.org", "beta.example.net"], assumedHosts: [] } };
  const config = { instances: ["beta"], hostPatterns: ["{instance}.example.net"], maintenance: [] };
  const { hosts, warnings, problems } = known(config, { read: { ...directory(), instances }, last: new Map() });
  expect(hosts).toStrictEqual({ beta: ["beta.example.net"], acme: ["acme.example.org"] });
  expect(warnings).toStrictEqual(["instancesDirectory: beta.example.net of acme is left out: it belongs to beta."]);
  expect(problems).toStrictEqual([]);
});

describe("an instance in maintenance that is gone", () => {
  const read = { ...directory("acme", "delta-2"), unreadable: new Map() };

  it("keeps its hosts, and says so", () => {
    const { hosts, faults } = known({}, { read });
    expect(hosts).toMatchObject({
      delta: LAST.get("delta"),
      "delta-2": ["delta-2.example.org", "apps.delta-2.example.org"],
    });
    expect(faults[0]).toContain("The configuration has no such instance.");
  });

  it("keeps them from another of the directory that has them now: a folder was renamed", () => {
    const renamed = {
      ...read,
      instances: { ...read.instances, "delta-2": { hosts: ["delta.example.org"], assumedHosts: [] } },
    };
    const { hosts, unreadable, problems } = known({}, { read: renamed });
    expect(hosts.delta).toStrictEqual(LAST.get("delta"));
    expect(unreadable.get("delta-2")).toBe("instancesDirectory: its LMS_HOST, delta.example.org, belongs to delta");
    expect(problems).toStrictEqual([]);
  });

  it("is kept beside a list of names and patterns", () => {
    const list = { instancesDirectory: undefined, instances: ["acme"], hostPatterns: ["{instance}.example.org"] };
    expect(known(list).hosts).toStrictEqual({ acme: ["acme.example.org"], delta: LAST.get("delta") });
  });
});
