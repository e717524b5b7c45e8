import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type EngineEvent, LocalWorkspace, type Stack } from "@pulumi/pulumi/automation";
import { stringify } from "yaml";
import { z } from "zod";
import { UNCHANGED } from "../cli/engine";
import { runCommand, tryCommand } from "./cluster/commands";
import { messageOf } from "./cluster/errors";

/** The name of the local stack; its configuration is Pulumi.local.yaml. */
export const STACK = "local";

/** What one `pulumi up` did. */
export interface Up {
  /** Wall time, in seconds. */
  readonly seconds: number;
  /** Every operation on a resource, such as `create Ingress maintenance-acme`, in order; none when nothing changed. */
  readonly changes: readonly string[];
  readonly outputs: Readonly<Record<string, unknown>>;
}

/** What an `up` would do. */
export interface Preview {
  readonly planned: readonly Planned[];
  /** What Pulumi, or the program, says against it; none when the `up` would go ahead. */
  readonly refusals: readonly string[];
}

export interface Planned {
  /** As `Up` has it: `update Deployment page-server-deployment`. */
  readonly change: string;
  /** The inputs that it changes, such as `spec.replicas`; none where the plugin doesn't say. */
  readonly fields: readonly string[];
}

// What `pulumi preview --json` prints: pkg/backend/display/json.go in pulumi/pulumi, previewDigest.
const previewSchema = z.object({
  steps: z
    .array(
      z.object({
        op: z.string(),
        urn: z.string(),
        detailedDiff: z.record(z.string(), z.unknown()).nullish(),
      }),
    )
    .nullish(),
  diagnostics: z.array(z.object({ severity: z.string().optional(), message: z.string().optional() })).nullish(),
});

/** A run of Pulumi that failed, with what it printed. */
export class UpFailed extends Error {
  override readonly name = "UpFailed";

  constructor(
    readonly output: string,
    readonly changes: readonly string[],
  ) {
    super(output);
  }
}

export interface LocalStackOptions {
  /** The project's folder. */
  readonly project: string;
  /** A folder for Pulumi's state, emptied at the start. */
  readonly stateFolder: string;
  /** Folders to put before `PATH`. */
  readonly path: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** The stack's configuration, by key without the namespace. */
  readonly configuration: Readonly<Record<string, unknown>>;
}

/**
 * The stack of the local cluster, driven the way a person would: the Pulumi CLI on the project's folder. State is in a
 * folder of its own; no account and no login are needed, and none are touched.
 */
export class LocalStack {
  private constructor(
    private readonly stack: Stack,
    readonly project: string,
    /** What `pulumi` needs in its environment to work on this stack. */
    readonly environment: Readonly<Record<string, string>>,
  ) {}

  /** Writes the stack's configuration and creates the stack, with nothing deployed yet. */
  static async create(options: LocalStackOptions): Promise<LocalStack> {
    const { project, stateFolder, path, configuration } = options;
    rmSync(stateFolder, { recursive: true, force: true });
    mkdirSync(stateFolder, { recursive: true });
    const environment = {
      ...options.environment,
      PATH: [...path, process.env.PATH ?? ""].join(delimiter),
      PULUMI_BACKEND_URL: `file://${stateFolder}`,
      PULUMI_DIY_BACKEND_ZSTD: "true",
      PULUMI_CONFIG_PASSPHRASE: "",
      PULUMI_STACK: STACK,
    };
    const config = Object.fromEntries(
      Object.entries(configuration).map(([key, value]) => [`maintenance-pages:${key}`, value]),
    );
    writeFileSync(
      join(project, `Pulumi.${STACK}.yaml`),
      `# Written by npm run local, and again at its next start.\n${stringify({ config })}`,
    );
    // The Automation API looks for the CLI in this process's own PATH.
    process.env.PATH = environment.PATH;
    const stack = await LocalWorkspace.createStack({ stackName: STACK, workDir: project }, { envVars: environment });
    return new LocalStack(stack, project, environment);
  }

  /** Runs `pulumi` as typed, such as `["config", "set", "maintenance", '["acme"]']`. */
  async type(args: readonly string[]): Promise<string> {
    return runCommand("pulumi", args, { cwd: this.project, env: { ...process.env, ...this.environment } });
  }

  /**
   * Runs a script of the project's `ci/` on this stack.
   *
   * @returns what it printed.
   * @throws {LocalError} with that, when it fails.
   */
  async script(name: string, environment: Readonly<Record<string, string>> = {}): Promise<string> {
    const env = { ...process.env, ...this.environment, ...environment };
    return runCommand(join(this.project, "ci", name), [STACK], { cwd: this.project, env, timeoutSeconds: 240 });
  }

  /**
   * Runs the command `maintenance` as typed.
   *
   * @returns what it printed.
   * @throws {LocalError} with that, when it fails.
   */
  async maintenance(...args: readonly string[]): Promise<string> {
    const env = { ...process.env, ...this.environment };
    const command = [join(this.project, "cli", "maintenance.js"), ...args];
    return runCommand(process.execPath, command, { cwd: this.project, env, timeoutSeconds: 240 });
  }

  /** What an `up` would change. */
  async preview(environment: Readonly<Record<string, string>> = {}): Promise<readonly string[]> {
    return this.watch(environment, (onEvent) => this.stack.preview({ onEvent, color: "never" }));
  }

  /** What a refresh finds changed in the cluster and the bucket. */
  async refresh(environment: Readonly<Record<string, string>> = {}): Promise<readonly string[]> {
    return this.watch(environment, (onEvent) => this.stack.refresh({ onEvent, color: "never" }));
  }

  /** Starts `pulumi` as typed, in a process group of its own, for whoever wants to end it before it does. */
  start(args: readonly string[]): ChildProcess {
    return spawn("pulumi", args, {
      cwd: this.project,
      env: { ...process.env, ...this.environment },
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
  }

  /**
   * Runs `pulumi up`.
   *
   * @param environment more environment for this one run.
   * @throws {UpFailed} when it fails.
   */
  async up(environment: Readonly<Record<string, string>> = {}): Promise<Up> {
    const begin = Date.now();
    let outputs: Readonly<Record<string, unknown>> = {};
    const changes = await this.watch(environment, async (onEvent) => {
      const result = await this.stack.up({ onEvent, color: "never" });
      outputs = Object.fromEntries(Object.entries(result.outputs).map(([key, { value }]) => [key, value]));
    });
    return { seconds: (Date.now() - begin) / 1000, changes, outputs };
  }

  /** Runs Pulumi with more in its environment, and notes what it changes. */
  private async watch(
    environment: Readonly<Record<string, string>>,
    run: (onEvent: (event: EngineEvent) => void) => Promise<unknown>,
  ): Promise<readonly string[]> {
    const changes: string[] = [];
    const { workspace } = this.stack;
    workspace.envVars = { ...this.environment, ...environment };
    try {
      await run((event) => note(event, changes));
      return changes;
    } catch (error) {
      throw new UpFailed(messageOf(error), changes);
    } finally {
      workspace.envVars = { ...this.environment };
    }
  }

  /**
   * Runs `pulumi preview` with another configuration than the stack's own. It takes no lock: two at a time are fine.
   *
   * @param configFile as the stack's own, with the same salt.
   * @param project the folder of another copy of the program.
   */
  async previewWith(configFile: string, project = this.project): Promise<Preview> {
    const { code, stdout, output } = await tryCommand(
      "pulumi",
      ["preview", "--json", "--non-interactive", "--config-file", configFile],
      { cwd: project, env: { ...process.env, ...this.environment }, timeoutSeconds: 240 },
    );
    const printed: unknown = stdout.trimStart().startsWith("{") ? JSON.parse(stdout) : undefined;
    const read = previewSchema.safeParse(printed);
    if (!read.success) throw new UpFailed(output, []);
    const { steps, diagnostics } = read.data;
    const refusals = (diagnostics ?? [])
      .filter(({ severity }) => severity === "error")
      .map(({ message = "" }) => message.replace(/<\{%[^%]*%\}>/g, "").trim());
    if (code === 0 && refusals.length > 0) throw new UpFailed(output, []);
    return {
      planned: (steps ?? [])
        .filter(({ op }) => !UNCHANGED.has(op))
        .map(({ op, urn, detailedDiff }) => ({
          change: changeOf(op, urn),
          fields: Object.keys(detailedDiff ?? {}),
        })),
      refusals: code !== 0 && refusals.length === 0 ? [output] : refusals,
    };
  }

  /** Removes everything that was deployed, what is protected included. */
  async destroy(): Promise<void> {
    await this.type(["state", "unprotect", "--all", "--yes", "--stack", STACK]);
    await this.stack.destroy({ color: "never" });
  }
}

function note(event: EngineEvent, changes: string[]): void {
  const metadata = event.resourcePreEvent?.metadata;
  if (metadata === undefined || UNCHANGED.has(metadata.op)) return;
  changes.push(changeOf(metadata.op, metadata.urn));
}

function changeOf(op: string, urn: string): string {
  const [type = "", name = ""] = urn.split("::").slice(2);
  return `${op} ${type.split(":").at(-1)} ${name}`;
}
