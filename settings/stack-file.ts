import { readdirSync } from "node:fs";
import { join } from "node:path";

/** A stack's name without organization and project: `production` for `acme/maintenance-pages/production`. */
export function stackName(stack: string): string {
  return stack.split("/").at(-1) ?? stack;
}

/** The name of the file of a stack's configuration. */
export function stackFileNameOf(stack: string): string {
  return `Pulumi.${stackName(stack)}.yaml`;
}

/** The file of a stack's configuration, in the project's folder. */
export function stackFileOf(project: string, stack: string): string {
  return join(project, stackFileNameOf(stack));
}

/** The stacks with a configuration file in the project's folder. */
export function stacksIn(project: string): readonly string[] {
  return readdirSync(project)
    .flatMap((name) => /^Pulumi\.(.+)\.yaml$/.exec(name)?.[1] ?? [])
    .sort();
}

/**
 * The configuration in a stack's file, in the form in which Pulumi passes it to the program: texts unchanged, all other values
 * as JSON. Encrypted values stay encrypted: it is enough to know that a secret is set.
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
