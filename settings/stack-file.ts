import { readdirSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

/** A stack's name alone, which may be given with its organization and project: `acme/maintenance-pages/production`. */
export function stackName(stack: string): string {
  return stack.split("/").at(-1) ?? stack;
}

/** The file of a stack's configuration, in the project's folder. */
export function stackFileOf(project: string, stack: string): string {
  return join(project, `Pulumi.${stackName(stack)}.yaml`);
}

/** The stacks that have a configuration in the project's folder. */
export function stacksIn(project: string): readonly string[] {
  return readdirSync(project)
    .flatMap((name) => /^Pulumi\.(.+)\.yaml$/.exec(name)?.[1] ?? [])
    .sort();
}

/**
 * The configuration in a stack's file, as Pulumi hands it to the program: texts as they are, all else as JSON. What is
 * encrypted is left out.
 *
 * @example
 * configIn('config:\n  maintenance-pages:maintenance: ["acme"]\n'); // { "maintenance-pages:maintenance": '["acme"]' }
 */
export function configIn(text: string): Readonly<Record<string, string>> {
  const file: unknown = parse(text);
  const config: unknown = typeof file === "object" && file !== null ? Reflect.get(file, "config") : undefined;
  if (typeof config !== "object" || config === null) return {};
  return Object.fromEntries(
    Object.entries(config).flatMap(([key, value]) => {
      if (typeof value === "object" && value !== null && "secure" in value) return [];
      return [[key, typeof value === "string" ? value : JSON.stringify(value)]];
    }),
  );
}
