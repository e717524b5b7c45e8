import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { PROJECT } from "../../../cli/project";
import { IMPLEMENTATIONS, type Implementation } from "./implementations";

const page = readFileSync(join(PROJECT, "docs", "gateway-api.md"), "utf8");
const implementations: readonly (readonly [string, Implementation])[] = Object.entries(IMPLEMENTATIONS);

it.each(implementations)(
  "docs/gateway-api.md says of %s how it was tried",
  (name, { controllerName, proxies, tried }) => {
    const row = page.split("\n").find((line) => line.startsWith(`| \`${name}\` |`)) ?? "";
    const [, , controller, namespace, , version] = row.split("|").map((cell) => cell.trim());
    expect(controller).toBe(`\`${controllerName}\``);
    expect(version).toBe(tried ?? "no");
    const places = { "gateway-namespace": "that of the Gateway", nodes: "any: its proxies have the nodes' addresses" };
    expect(namespace).toBe(typeof proxies === "string" ? places[proxies] : `\`${proxies.namespace}\``);
  },
);
