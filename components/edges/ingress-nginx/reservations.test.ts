import { expect, it } from "vitest";
import { BYPASS_LINK_PATH, OVERRIDE_PATH, overrideManifest, selfTestManifest, standbyManifest } from "./manifests";
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

it("reserves the paths of an override", () => {
  expect(paths?.expression).toBe(
    "object.?spec.?rules.orValue([]).exists(rule, rule.?http.?paths.orValue([])" +
      `.exists(path, path.?path.orValue("") in [${JSON.stringify(OVERRIDE_PATH)}, ${JSON.stringify(BYPASS_LINK_PATH)}]))`,
  );
  const override = {
    instance: "acme",
    hosts: ["acme.example.org"],
    kind: "unscheduled",
    revision: undefined,
    hasAssets: false,
  } as const;
  const bypass = {
    key: { header: "h", cookie: "c" },
    service: { name: "caddy", namespace: "acme", port: 80 },
    walk: [],
    slot: 0,
  };
  const pathsWith = (one: typeof bypass | undefined) =>
    overrideManifest({ ...override, bypass: one }, placement).spec.rules.flatMap(({ http }) =>
      http.paths.map(({ path }) => path),
    );
  expect(pathsWith(undefined)).toStrictEqual([OVERRIDE_PATH]);
  expect(pathsWith(bypass)).toStrictEqual([BYPASS_LINK_PATH, OVERRIDE_PATH]);
});
