import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { PROJECT } from "../../cli/project";
import {
  APPLIED,
  HOST_ANNOTATIONS,
  SHIELD_ANNOTATIONS,
  SHIELDS,
  UNRELATED,
  UNSHIELDABLE,
} from "../../components/edges/ingress-nginx/options";
import { runCommand } from "../../lab/cluster/commands";

// The names of the controller's options, in its own source (the Go module from which the lab builds the controller).

let source: string;
beforeAll(async () => {
  const folder = join(PROJECT, "lab", "tools", "ingress-nginx");
  const output = await runCommand("go", ["mod", "download", "-json", "k8s.io/ingress-nginx"], { cwd: folder });
  source = (JSON.parse(output) as { Dir: string }).Dir;
}, 120_000);

const read = (...path: readonly string[]) => readFileSync(join(source, "internal", "ingress", ...path), "utf8");
const matches = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, name = ""]) => name);

// Fields of the two structs that the controller fills itself, from other options.
const INTERNAL = ["-", "Resolver", "bind-address-ipv4", "bind-address-ipv6", "global-external-auth"];

it("every option of the ConfigMap has a decision, and no other", () => {
  const [, configuration = ""] =
    /type Configuration struct \{(.*?)\n\}/s.exec(read("controller", "config", "config.go")) ?? [];
  const [, keys = ""] = /\nconst \((.*?)\n\)/s.exec(read("controller", "template", "configmap.go")) ?? [];
  const known = [
    ...matches(configuration, /`json:"([^",]+)/g),
    ...matches(read("defaults", "main.go"), /`json:"([^",]+)/g),
    ...matches(keys, /= +"([a-z0-9-]+)"/g),
  ].filter((name) => !INTERNAL.includes(name));
  const decided = [...SHIELDS, ...APPLIED, ...UNSHIELDABLE].flatMap(({ options }) => options).concat(UNRELATED);
  expect([...new Set(known)].sort()).toStrictEqual([...decided].sort());
});

it("every annotation that is named here exists", () => {
  const folder = join(source, "internal", "ingress", "annotations");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const known = files
    .filter((file) => file.endsWith(".go") && !file.endsWith("_test.go"))
    .flatMap((file) => matches(readFileSync(join(folder, file), "utf8"), /= +"([a-z0-9-]+)"/g));
  const named = [
    ...Object.keys(SHIELD_ANNOTATIONS).map((name) => name.replace(/^.*\//, "")),
    ...HOST_ANNOTATIONS.flatMap(({ annotations }) => annotations),
  ];
  expect(named.filter((name) => !known.includes(name))).toStrictEqual([]);
});
