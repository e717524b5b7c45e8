import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { registry } from "./instances";

const hosts = (config: Parameters<typeof registry>[0]) =>
  Object.fromEntries([...registry(config).registry.values()].map((instance) => [instance.name, instance.hosts]));
const problems = (config: Parameters<typeof registry>[0]) => registry(config).problems;

describe("the registry", () => {
  it("reads hosts from the instance, or else from the patterns", () => {
    expect(
      hosts({
        instances: { acme: {}, beta: { hosts: ["beta.example", "*.beta.example"] } },
        hostPatterns: ["{instance}.example.org", "studio.{instance}.example.org"],
      }),
    ).toStrictEqual({
      acme: ["acme.example.org", "studio.acme.example.org"],
      beta: ["beta.example", "*.beta.example"],
    });
  });

  it("accepts a list of names", () => {
    expect(hosts({ instances: ["acme"], hostPatterns: ["{instance}.example.org"] })).toStrictEqual({
      acme: ["acme.example.org"],
    });
  });

  it("rejects an instance without hosts and patterns", () => {
    expect(problems({ instances: { acme: {} } })).toStrictEqual([
      {
        path: "instances.acme",
        found: undefined,
        allowed: "hosts for this instance, or hostPatterns for all instances without hosts",
      },
    ]);
  });

  it("rejects an empty registry", () => {
    expect(problems({ instances: [], hostPatterns: ["{instance}.example.org"] })).toHaveLength(1);
  });

  it.each([
    ["https://Acme.example.org/", "acme.example.org"],
    ["acme.example.org.", "acme.example.org"],
    ["acme.example.org:8443", "acme.example.org"],
    ["bücher.example", "xn--bcher-kva.example"],
    ["acme", undefined],
    ["acme_1.example.org", undefined],
    ["*", undefined],
    ["", undefined],
    ["a..b", undefined],
    [`${"a".repeat(64)}.example.org`, undefined],
  ])("rejects the host %j", (host, nearest) => {
    expect(problems({ instances: { acme: { hosts: [host] } } })).toMatchObject([
      { path: "instances.acme.hosts[0]", found: host, nearest },
    ]);
  });

  it("allows a wildcard only below a host of the instance's own", () => {
    expect(problems({ instances: { acme: { hosts: ["acme.example.org", "*.example.org"] } } })).toMatchObject([
      { path: "instances.acme.hosts[1]", found: "*.example.org", nearest: "*.acme.example.org" },
    ]);
    expect(problems({ instances: { acme: { hosts: ["*.acme.example.org"] } } })).toHaveLength(1);
    expect(problems({ instances: { acme: { hosts: ["acme.example.org", "*.apps.acme.example.org"] } } })).toEqual([]);
  });

  it("rejects a host that two instances own", () => {
    expect(problems({ instances: { acme: { hosts: ["a.example"] }, beta: { hosts: ["a.example"] } } })).toMatchObject([
      { path: "instances.beta.hosts", found: "a.example", allowed: expect.stringContaining("acme owns") },
    ]);
  });

  it("allows a host below another instance's wildcard: the exact host comes first", () => {
    const instances = { acme: { hosts: ["example.org", "*.example.org"] }, beta: { hosts: ["beta.example.org"] } };
    expect(problems({ instances })).toStrictEqual([]);
  });

  it.each(["192.168.1.1", "10.0.0.1", "::1", "[::1]"])("rejects the address %s, and says why", (host) => {
    expect(problems({ instances: { acme: { hosts: [host] } } })).toMatchObject([
      {
        path: "instances.acme.hosts[0]",
        found: host,
        allowed: expect.stringContaining("IP address"),
        nearest: undefined,
      },
    ]);
  });

  it("finds patterns that make two instances share a host", () => {
    const shared = { instances: ["a", "studio-a"], hostPatterns: ["{instance}.example", "studio-{instance}.example"] };
    expect(problems(shared)).toMatchObject([{ found: "studio-a.example" }]);
  });

  it("rejects a pattern without {instance}", () => {
    expect(problems({ instances: ["acme"], hostPatterns: ["www.example.org"] })).toMatchObject([
      { path: "hostPatterns[0]", found: "www.example.org" },
    ]);
  });

  it("rejects a host that is too long because of the instance's name", () => {
    const name = "a".repeat(60);
    expect(problems({ instances: [name], hostPatterns: ["studio-{instance}.example"] })).toMatchObject([
      { path: "instances[0]", found: `studio-${name}.example` },
    ]);
  });

  it("rejects a name that Kubernetes does not allow, and shows a near one", () => {
    expect(problems({ instances: ["Acme Corp"], hostPatterns: ["{instance}.example"] })).toMatchObject([
      { path: "instances[0]", found: "Acme Corp", nearest: "acme-corp" },
    ]);
  });

  it("never gives a host to two instances, with any configuration", () => {
    const host = fc.constantFrom("a.example", "b.a.example", "*.a.example", "*.b.a.example", "*.example", "c.example");
    const instances = fc.dictionary(
      fc.constantFrom("x", "y", "z"),
      fc.record({ hosts: fc.uniqueArray(host, { minLength: 1 }) }),
      { minKeys: 1 },
    );
    fc.assert(
      fc.property(instances, (written) => {
        const result = registry({ instances: written });
        if (result.problems.length > 0) return;
        const all = [...result.registry.values()];
        for (const one of all) {
          for (const other of all.filter((candidate) => candidate !== one)) {
            for (const host of one.hosts) expect(other.hosts).not.toContain(host);
          }
        }
      }),
      { numRuns: 2000 },
    );
  });
});
