import { readdirSync } from "node:fs";
import { join } from "node:path";

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
 * encrypted stays so: of a secret it is enough to know that it is there.
 *
 * @example
 * configIn({ config: { "maintenance-pages:maintenance": ["acme"] } }); // { "maintenance-pages:maintenance": '["acme"]' }
 */
export function configIn(file: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(valuesIn(file)).map(([key, value]) => {
      const shown = isEncrypted(value) ? value.secure : value;
      return [key, typeof shown === "string" ? shown : JSON.stringify(shown)];
    }),
  );
}

/** The keys in a stack's file whose values are encrypted. */
export function encryptedIn(file: unknown): ReadonlySet<string> {
  return new Set(Object.entries(valuesIn(file)).flatMap(([key, value]) => (isEncrypted(value) ? [key] : [])));
}

function valuesIn(file: unknown): Readonly<Record<string, unknown>> {
  const config: unknown = typeof file === "object" && file !== null ? Reflect.get(file, "config") : undefined;
  return typeof config === "object" && config !== null ? { ...config } : {};
}

function isEncrypted(value: unknown): value is { readonly secure: unknown } {
  return typeof value === "object" && value !== null && "secure" in value;
}
