import { expect, it } from "vitest";
import { otherHostsOf } from "./instances";

const beta = { name: "beta", hosts: ["beta.example.org", "studio.beta.example.org"] };

it.each([
  [["acme.example.org"], []],
  [
    ["example.org", "*.example.org"],
    ["beta.example.org", "studio.beta.example.org"],
  ],
  [["*.beta.example.org"], ["studio.beta.example.org"]],
  [["*.org"], ["beta.example.org", "studio.beta.example.org"]],
  [["*.net"], []],
])("wildcards among %j cover the hosts %j of another instance", (hosts, expected) => {
  const acme = { name: "acme", hosts };
  expect(otherHostsOf(acme, [acme, beta])).toStrictEqual(expected);
});
