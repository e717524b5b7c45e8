import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { NAMING_SETTINGS } from "../settings/claimed-names";
import { NAMESPACE } from "../settings/read";
import { CommandError } from "./errors";
import { readPulumi, refuseMissing, runPulumi } from "./pulumi";

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
  return besides(file, configOf(project, stack));
}

/**
 * The part of that configuration that names instances. Pulumi runs only for a stack with an environment, because this is read for every stack of
 * the folder.
 *
 * @throws {CommandError} when Pulumi does not tell.
 */
export async function baseOfNames(project: string, stack: string, text: string): Promise<BaseConfig> {
  const file = stackSchema.safeParse(tolerant(text)).data;
  if (file === undefined) return NO_BASE;
  if (file.environment === undefined) return { values: namingConfigOf(project), encrypted: new Set() };
  const { isDone, stdout, output } = await runPulumi(["config", "--json", "--stack", stack], { cwd: project });
  if (!isDone) throw new CommandError(`Pulumi does not tell what its environment has: ${output.trim()}`);
  return besides(file, configSchema.parse(JSON.parse(stdout)));
}

function besides({ config }: z.output<typeof stackSchema>, all: z.output<typeof configSchema>): BaseConfig {
  const own = new Set(Object.keys(config ?? {}));
  const others = Object.entries(all).filter(([key]) => key.startsWith(`${NAMESPACE}:`) && !own.has(key));
  return {
    values: Object.fromEntries(others.map(([key, { value }]) => [key, value ?? HIDDEN])),
    encrypted: new Set(others.flatMap(([key, { secret }]) => (secret ? [key] : []))),
  };
}

/** In the place of a secret, long enough for any that there is. */
const HIDDEN = "(a secret that is not in the stack's file)";

function hasProjectConfig(project: string): boolean {
  // A key without a namespace has the project's name as its namespace.
  return Object.keys(projectConfigOf(project)).some(
    (key) => key.startsWith(`${NAMESPACE}:`) || (!key.includes(":") && key !== "pulumi"),
  );
}

function projectConfigOf(project: string): Readonly<Record<string, unknown>> {
  const file = join(project, "Pulumi.yaml");
  if (!existsSync(file)) return {};
  return projectSchema.safeParse(tolerant(readFileSync(file, "utf8"))).data?.config ?? {};
}

/** The settings in Pulumi.yaml that name instances. A value there has a key `value`, `default`, or neither. */
function namingConfigOf(project: string): Readonly<Record<string, string>> {
  const config = projectConfigOf(project);
  return Object.fromEntries(
    NAMING_SETTINGS.flatMap((name) => {
      const key = `${NAMESPACE}:${name}`;
      const written = config[key] ?? config[name];
      if (written === undefined) return [];
      const { value = written } = declaredSchema.safeParse(written).data ?? {};
      return [[key, typeof value === "string" ? value : JSON.stringify(value)]];
    }),
  );
}

const declaredSchema = z
  .object({ value: z.unknown().optional(), default: z.unknown().optional() })
  .transform(({ value, default: standard }) => ({ value: value ?? standard }));

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
