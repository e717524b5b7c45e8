import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { stringify } from "yaml";
import { z } from "zod";
import { UNCHANGED } from "../cli/engine";
import type { LanguageHost } from "../cli/language-host";
import { plain, runOperation } from "../cli/pulumi";
import type { IngressNginxValues } from "../components/edges/ingress-nginx/values";
import { stackFileOf } from "../settings/stack-file";
import { runCommand, tryCommand } from "./cluster/commands";
import { LocalError } from "./cluster/errors";

/** The name of the local stack; its configuration is Pulumi.local.yaml. */
export const STACK = "local";

/** What one `pulumi up` did. */
export interface Up {
  /** Wall time, in seconds. */
  readonly seconds: number;
  /** Every operation on a resource, such as `create Ingress maintenance-acme`, in order; none when nothing changed. */
  readonly changes: readonly string[];
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

export interface PreviewOptions {
  readonly configFile?: string;
  readonly project?: string;
  readonly host?: Pick<LanguageHost, "address">;
  readonly environment?: Readonly<Record<string, string>>;
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
    const stack = new LocalStack(project, environment);
    stack.writeConfiguration(`# Written by npm run local, and again at its next start.\n${stringify({ config })}`);
    await stack.type(["stack", "init", STACK, "--non-interactive"]);
    return stack;
  }

  /** The text of the stack's file. */
  readConfiguration(): string {
    return readFileSync(this.file, "utf8");
  }

  writeConfiguration(text: string): void {
    writeFileSync(this.file, text);
  }

  private get file(): string {
    return stackFileOf(this.project, STACK);
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
    return runCommand(process.execPath, ...this.maintenanceCommand(args));
  }

  /** The same, for a run that may fail: also returns the code that it ended with. */
  tryMaintenance(...args: readonly string[]) {
    return this.tryMaintenanceIn({}, ...args);
  }

  /** The same in another environment, such as that of another account. */
  tryMaintenanceIn(environment: Readonly<Record<string, string>>, ...args: readonly string[]) {
    return tryCommand(process.execPath, ...this.maintenanceCommand(args, environment));
  }

  private maintenanceCommand(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    const env = { ...process.env, ...this.environment, ...environment };
    const command = [join(this.project, "cli", "maintenance.js"), ...args];
    return [command, { cwd: this.project, env, timeoutSeconds: 240 }] as const;
  }

  /** What an `up` would change. */
  async preview(environment: Readonly<Record<string, string>> = {}): Promise<readonly string[]> {
    const { planned, refusals } = await this.previewWith({ environment });
    const changes = planned.map(({ change }) => change);
    if (refusals.length > 0) throw new UpFailed(refusals.join("\n"), changes);
    return changes;
  }

  /** What a refresh finds changed in the cluster and the bucket. */
  refresh(environment: Readonly<Record<string, string>> = {}): Promise<readonly string[]> {
    return this.run(["refresh", "--skip-preview"], environment);
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
    const changes = await this.run(["up", "--skip-preview"], environment);
    return { seconds: (Date.now() - begin) / 1000, changes };
  }

  /** The stack's outputs, as the last `up` left them. */
  async outputs(): Promise<Readonly<Record<string, unknown>>> {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(await this.type(["stack", "output", "--json"])));
  }

  /** The Helm values of the controller at an edge, from the stack's outputs. */
  async helmValues<Values = IngressNginxValues>(edge = "default"): Promise<Values> {
    const outputs = z.object({ helmValues: z.object({ [edge]: z.custom<Values>() }) });
    const values = outputs.parse(await this.outputs()).helmValues[edge];
    if (values === undefined) throw new LocalError(`the output helmValues has no edge ${edge}`);
    return values;
  }

  /** Runs an operation, and notes what it changes. */
  private async run(
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): Promise<readonly string[]> {
    const { isDone, planned, errors, output } = await this.watch(args, { environment });
    const changes = planned.map(({ change }) => change);
    if (!isDone) throw new UpFailed(errors.length > 0 ? errors.join("\n") : output, changes);
    return changes;
  }

  private async watch(
    args: readonly string[],
    { project = this.project, environment = {} }: Omit<PreviewOptions, "configFile" | "host">,
  ) {
    const planned: Planned[] = [];
    const errors: string[] = [];
    const ended = await runOperation(args, {
      cwd: project,
      env: { ...process.env, ...this.environment, ...environment },
      onEvent: ({ resourcePreEvent, diagnosticEvent }) => {
        const step = resourcePreEvent?.metadata;
        if (step !== undefined && !UNCHANGED.has(step.op))
          planned.push({ change: changeOf(step), fields: Object.keys(step.detailedDiff ?? {}) });
        if (diagnosticEvent?.severity === "error") errors.push(plain(diagnosticEvent.message));
      },
    });
    return { ...ended, planned, errors };
  }

  /**
   * Runs `pulumi preview`. It takes no lock: two at a time are fine.
   *
   * @param options.configFile another configuration than the stack's own, with the same salt.
   * @param options.project the folder of another copy of the program.
   * @param options.host has the program in memory, which saves half of the time of a preview.
   * @param options.environment more environment for this one run.
   */
  async previewWith({ configFile, host, ...options }: PreviewOptions): Promise<Preview> {
    const file = configFile === undefined ? [] : ["--config-file", configFile];
    const client = host === undefined ? [] : ["--client", await host.address()];
    const { isDone, planned, errors, output } = await this.watch(["preview", ...file, ...client], options);
    if (isDone && errors.length > 0) throw new UpFailed(errors.join("\n"), []);
    return {
      // The engine reports a replacement three times: as a whole, as a create and as a delete.
      planned: planned.filter(({ change }) => !/^(?:create-replacement|delete-replaced) /.test(change)),
      refusals: !isDone && errors.length === 0 ? [output] : errors,
    };
  }

  /** Removes everything that was deployed, what is protected included. */
  async destroy(): Promise<void> {
    await this.type(["state", "unprotect", "--all", "--yes", "--stack", STACK]);
    await this.run(["destroy", "--skip-preview"]);
  }
}

/** `update Deployment page-server-deployment`. */
function changeOf({ op, urn }: { readonly op: string; readonly urn: string }): string {
  const [type = "", name = ""] = urn.split("::").slice(2);
  return `${op} ${type.split(":").at(-1)} ${name}`;
}
