import { expect, it } from "vitest";
import { OVERRIDE_PATH, overrideManifest, selfTestManifest, standbyManifest } from "./manifests";
import { reservations } from "./reservations";

const placement = { edge: "public", namespace: "pages", ingressClassName: "nginx" };
const [hosts, paths] = reservations("pages");

it("reserves the hosts of the standby and of the self-test", () => {
  expect(hosts?.expression).toBe(
    'object.?spec.?rules.orValue([]).exists(rule, rule.?host.orValue("").endsWith(".pages.invalid"))',
  );
  for (const { spec } of [standbyManifest(placement), selfTestManifest(placement)]) {
    for (const { host } of spec.rules) expect(host).toMatch(/\.pages\.invalid$/);
  }
});

it("reserves the path of an override", () => {
  expect(paths?.expression).toBe(
    "object.?spec.?rules.orValue([]).exists(rule, rule.?http.?paths.orValue([])" +
      `.exists(path, path.?path.orValue("") == ${JSON.stringify(OVERRIDE_PATH)}))`,
  );
  const override = {
    instance: "acme",
    hosts: ["acme.example.org"],
    kind: "unscheduled",
    revision: undefined,
    hasAssets: false,
    bypass: undefined,
  } as const;
  const found = overrideManifest(override, placement).spec.rules.flatMap(({ http }) => http.paths);
  expect(found.map(({ path }) => path)).toStrictEqual([OVERRIDE_PATH]);
});
