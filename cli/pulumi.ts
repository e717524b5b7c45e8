import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { z } from "zod";
import { CommandError } from "./errors";

// The Pulumi CLI, driven by its documented flags. Pulumi's own way to drive it from a program, the Automation API, starts the CLI five
// more times for each operation: for its version, the stack, its outputs in two ways and its history.

const stateSchema = z.object({ inputs: z.unknown(), outputs: z.unknown() }).nullish();

const stepSchema = z.object({
  op: z.string(),
  urn: z.string(),
  type: z.string(),
  old: stateSchema,
  new: stateSchema,
  detailedDiff: z.record(z.string(), z.unknown()).nullish(),
});

/** What an operation does to one resource, before or after it. */
export type Step = z.infer<typeof stepSchema>;

// sdk/go/common/apitype/events.go in pulumi/pulumi, EngineEvent: what `--json` prints, one a line.
const eventSchema = z.object({
  resourcePreEvent: z.object({ metadata: stepSchema }).optional(),
  resOutputsEvent: z.object({ metadata: stepSchema }).optional(),
  diagnosticEvent: z
    .object({
      severity: z.string(),
      message: z.string(),
      urn: z.string().optional(),
      ephemeral: z.boolean().optional(),
    })
    .optional(),
});

/** An event of the engine. Kinds of events that are not used here are empty. */
export type EngineEvent = z.infer<typeof eventSchema>;

export interface OperationOptions {
  /** The project's folder. */
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Interrupts it; what was begun is finished first. */
  readonly signal?: AbortSignal;
  readonly onEvent: (event: EngineEvent) => void;
}

/** How an operation ended. */
export interface Ended {
  readonly isDone: boolean;
  /** Its output besides the events, such as the reason why it could not begin. */
  readonly output: string;
}

/**
 * Runs the Pulumi CLI, without a question, to its end.
 *
 * @param args such as `["stack", "output", "--json"]`.
 * @param options.input what it reads, for what must not be an argument, which everybody on this machine could read.
 * @throws {CommandError} when the CLI can't be started.
 */
export async function runPulumi(
  args: readonly string[],
  { cwd, input = "" }: { readonly cwd: string; readonly input?: string },
): Promise<Ended & { readonly stdout: string }> {
  const child = spawn("pulumi", [...args, "--non-interactive"], { cwd });
  let [stdout, output] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  child.stdin.on("error", () => {}); // it ended without reading, and says why
  child.stdin.end(input);
  return { isDone: (await endOf(child)) === 0, stdout, output };
}

/**
 * What the Pulumi CLI prints. For what is needed before anything else can be done.
 *
 * @throws an error of Node with the CLI's `stderr` when it fails.
 */
export function readPulumi(args: readonly string[], cwd: string): string {
  return execFileSync("pulumi", [...args, "--non-interactive"], {
    cwd,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: MOST_PRINTED,
  });
}

// The outputs of thousands of instances.
const MOST_PRINTED = 64 * 1024 * 1024;

/**
 * Runs an operation of the Pulumi engine, without a question, to its end.
 *
 * @param args such as `["up", "--skip-preview"]`.
 * @throws {CommandError} when the CLI can't be started.
 */
export async function runOperation(args: readonly string[], options: OperationOptions): Promise<Ended> {
  const { cwd, env, signal, onEvent } = options;
  const [operation] = args;
  const child = spawn(
    "pulumi",
    [...args, "--json", "--non-interactive", ...(operation === "preview" ? [] : ["--yes"])],
    {
      cwd,
      // Without it a preview tells everything at its end, and less.
      env: { ...env, PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "true" },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const interrupt = () => child.kill("SIGINT");
  signal?.addEventListener("abort", interrupt);
  let output = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  createInterface(child.stdout).on("line", (line) => {
    const event = eventIn(line);
    if (event === undefined) output += `${line}\n`;
    else onEvent(event);
  });
  try {
    const code = await endOf(child);
    return { isDone: code === 0, output };
  } finally {
    signal?.removeEventListener("abort", interrupt);
  }
}

function eventIn(line: string): EngineEvent | undefined {
  if (!line.startsWith('{"sequence":')) return undefined;
  return eventSchema.parse(JSON.parse(line));
}

/** @throws {CommandError} when the CLI could not be started because it is not there. */
export function refuseMissing(error: unknown): void {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") throw cannotStart(error);
}

/** The error for a CLI that can't be started. */
function cannotStart({ message }: Error): CommandError {
  return new CommandError(`The Pulumi CLI can't be started: is it installed, and on the PATH? (${message})`);
}

function endOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.on("error", (error) => reject(cannotStart(error)));
    child.on("close", resolve);
  });
}

/** A message without the engine's marks for colours, which are as `<{%reset%}>`. */
export function plain(message: string): string {
  return message.replace(/<\{%[^%]*%\}>/g, "").trim();
}
