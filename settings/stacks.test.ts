import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { readSettings } from "./read";

const root = join(__dirname, "..");
const stacks = readdirSync(root).flatMap((name) => /^Pulumi\.(?!local\.)(.+)\.yaml$/.exec(name)?.[1] ?? []);

/** Every stack's file, yours too: a mistake in one is found here, before anybody runs it. */
it.each(stacks)("the configuration of the stack %s is valid", (stack) => {
  const file = parse(readFileSync(join(root, `Pulumi.${stack}.yaml`), "utf8")) as { config: Record<string, unknown> };
  const config = Object.fromEntries(
    Object.entries(file.config).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
  );
  // No kubeconfig: whether it leads to the right cluster is asked where it is, at each run.
  expect(() => readSettings(config, new Date(), () => [])).not.toThrow();
});
