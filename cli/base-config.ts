import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { NAMESPACE } from "../settings/read";
import { CommandError } from "./errors";
import { readPulumi, refuseMissing } from "./pulumi";

/** Configuration of a stack that is not in its file: in Pulumi.yaml, or in an environment of Pulumi ESC. */
export interface BaseConfig {
  /** Values as Pulumi passes them to the program, by full key. */
  readonly values: Readonly<Record<string, string>>;
  /** The keys whose values are encrypted. The values are not read. */
  readonly encrypted: ReadonlySet<string>;
}

export const NO_BASE: BaseConfig = { values: {}, encrypted: new Set() };

const projectSchema = z.object({ config: z.record(z.string(), z.unknown()).nullish() });
const stackSchema = z.object({
  environment: z.unknown().optional(),
  config: z.record(z.string(), z.unknown()).nullish(),
});

/**
 * The configuration of a stack besides its file. Pulumi is asked only if there is any: that takes a third of a second.
 *
 * @param text the stack's file.
 * @throws {CommandError} when Pulumi does not tell.
 */
export function baseConfig(project: string, stack: string, text: string): BaseConfig {
  const file = stackSchema.safeParse(tolerant(text)).data;
  if (file === undefined || (file.environment === undefined && !hasProjectConfig(project))) return NO_BASE;
  const own = new Set(Object.keys(file.config ?? {}));
  const others = Object.entries(configOf(project, stack)).filter(
    ([key]) => key.startsWith(`${NAMESPACE}:`) && !own.has(key),
  );
  return {
    values: Object.fromEntries(others.map(([key, { value }]) => [key, value ?? HIDDEN])),
    encrypted: new Set(others.flatMap(([key, { secret }]) => (secret ? [key] : []))),
  };
}

/** In the place of a secret, long enough for any that there is. */
const HIDDEN = "(a secret that is not in the stack's file)";

function hasProjectConfig(project: string): boolean {
  const file = join(project, "Pulumi.yaml");
  if (!existsSync(file)) return false;
  const keys = Object.keys(projectSchema.safeParse(tolerant(readFileSync(file, "utf8"))).data?.config ?? {});
  // A key without a namespace has the project's name as its namespace.
  return keys.some((key) => key.startsWith(`${NAMESPACE}:`) || (!key.includes(":") && key !== "pulumi"));
}

const configSchema = z.record(z.string(), z.object({ value: z.string().optional(), secret: z.boolean() }));

function configOf(project: string, stack: string): z.output<typeof configSchema> {
  try {
    return configSchema.parse(JSON.parse(readPulumi(["config", "--json", "--stack", stack], project)));
  } catch (error) {
    refuseMissing(error);
    const reason = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : String(error);
    throw new CommandError(
      `Pulumi does not tell the stack's configuration, which is not in its file alone:\n${reason}`,
    );
  }
}

/** Text that is no YAML has no configuration. It is reported where it is read as a stack's file. */
function tolerant(text: string): unknown {
  try {
    return parse(text, { logLevel: "error" });
  } catch {
    return undefined;
  }
}
