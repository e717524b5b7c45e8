import { expect, it } from "vitest";
import { hostsIn, isForEveryConnection, mayMatch, namesHost, overlaps } from "./rules";

const acme = { host: "acme.example.org", otherHosts: [] };
const wild = { host: "*.example.org", otherHosts: ["beta.example.org"] };

it.each<[string, boolean, boolean]>([
  ["Host(`acme.example.org`)", true, true],
  ['host("ACME.example.org")', true, true],
  ["Host(`*.example.org`)", true, true],
  ["Host(`*.org`)", false, false],
  ["Host(`beta.example.org`)", false, false],
  ["HostRegexp(`^.+\\.example\\.org$`) && PathPrefix(`/api`)", true, true],
  ["PathPrefix(`/`)", true, false],
  ['Host(`z.example.org` , "acme.example.org")', true, true],
  ["Host(`z.example.org`, `beta.example.org`)", false, false],
  ["HostRegexp(`^z`, `^acme`)", true, true],
  ["!Host(`z.example.org`, `acme.example.org`) && Host(`beta.example.org`)", false, false],
  // What it does not match says nothing of what it matches.
  ["!Host(`beta.example.org`) && PathPrefix(`/`)", true, false],
  ["Host(`beta.example.org`) && ! HostRegexp(`^acme`)", false, false],
])("the rule %s may match a host: %s; names it: %s", (rule, may, isNamed) => {
  expect(mayMatch(rule, "Host", acme)).toBe(may);
  expect(namesHost(rule, "Host", acme)).toBe(isNamed);
});

it("a rule for connections has matchers of its own", () => {
  expect(mayMatch("HostSNI(`beta.example.org`)", "HostSNI", acme)).toBe(false);
  expect(mayMatch("HostSNI(`*`) && ClientIP(`10.0.0.0/8`)", "HostSNI", acme)).toBe(true);
  expect(mayMatch("HostSNI(`beta.example.org`, `acme.example.org`)", "HostSNI", acme)).toBe(true);
  expect(isForEveryConnection("HostSNI(`*`)")).toBe(true);
  expect(isForEveryConnection("HostSNI(`*`) && ClientIP(`10.0.0.0/8`)")).toBe(false);
});

it("a wildcard covers one label, and not the hosts of others", () => {
  const hosts = ["*.example.org", "shop.example.org", "beta.example.org", "a.b.example.org", "example.org"];
  expect(hosts.filter((host) => overlaps(host, wild))).toStrictEqual(["*.example.org", "shop.example.org"]);
  expect(hosts.filter((host) => overlaps(host, acme))).toStrictEqual(["*.example.org"]);
});

it.each<[string, readonly string[]]>([
  [
    "(Host(`Acme.example.org`) || Host(`studio.acme.example.org`)) && PathPrefix(`/`)",
    ["acme.example.org", "studio.acme.example.org"],
  ],
  ["Host(`acme.example.org`) && Path(`/a`) || Host(`acme.example.org`) && Path(`/b`)", ["acme.example.org"]],
  ["Host(`*.acme.example.org`)", ["*.acme.example.org"]],
  ["Host(`z.example.org`, `beta.localhost`)", ["z.example.org", "beta.localhost"]],
  ["HostRegexp(`^acme\\.example\\.org$`)", ["acme.example.org"]],
  ['HostRegexp("(?i)^Acme\\\\.example\\\\.org$")', ["acme.example.org"]],
  ["HostRegexp(`^[a-z0-9-]+\\.acme\\.example\\.org$`)", ["*.acme.example.org"]],
  ["HostRegexp(`^.+\\.example\\.org$`)", ["*.example.org"]],
  // More than one host, or nobody knows how many.
  ["HostRegexp(`^(?:acme|beta)\\.example\\.org$`)", []],
  ["HostRegexp(`example`)", []],
  ["HostRegexp(`.+`) && !Host(`beta.example.org`)", []],
  ["PathPrefix(`/`)", []],
])("the hosts in %s are %j", (rule, hosts) => {
  expect(hostsIn(rule)).toStrictEqual(hosts);
});
