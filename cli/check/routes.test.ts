import { expect, it } from "vitest";
import { plainEntry } from "../../model/maintenance";
import { routeFindings } from "./routes";

const acme = { name: "acme", hosts: ["acme.example.org"] };
const instances = [acme, { name: "beta", hosts: ["beta.example.org"] }];
const canary = {
  edge: "default",
  what: "open",
  text: "Ingress evil/canary is a canary of overrides.",
  remedy: "Delete it.",
} as const;
const none = { driftsOf: () => [], hazardsOf: () => [] };

it("says what is in the way of instances that are open, once for all of which the same is said", () => {
  expect(routeFindings(instances, { maintenance: [] }, { ...none, hazardsOf: () => [canary] })).toStrictEqual([
    {
      check: "routes",
      edge: "default",
      instances: ["acme", "beta"],
      result: "problem",
      text: canary.text,
      remedy: canary.remedy,
    },
  ]);
  const altered = { ...canary, what: "altered" as const };
  expect(
    routeFindings(instances, { maintenance: [] }, { ...none, hazardsOf: () => [altered] }).map(({ result }) => result),
  ).toStrictEqual(["warning"]);
});

it("compares the override of an instance in maintenance with the cluster", () => {
  const entry = plainEntry(acme, "unscheduled");
  const asked: string[] = [];
  const findings = routeFindings(
    instances,
    { maintenance: [entry] },
    {
      driftsOf: ({ name }) =>
        name === "acme" ? [{ what: "missing", text: "its override is not there", edge: {} as never }] : [],
      hazardsOf: ({ name }) => {
        asked.push(name);
        return [];
      },
    },
  );
  expect(findings).toMatchObject([{ instances: ["acme"], result: "problem", text: "its override is not there" }]);
  expect(asked).toStrictEqual(["beta"]);
});
