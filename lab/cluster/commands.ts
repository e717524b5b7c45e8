import { spawn } from "node:child_process";
import { LocalError } from "./errors";

/** How a command ended, with all it printed. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  /** stdout and stderr in the order they arrived */
  readonly output: string;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string;
  /** Seconds after which the command is killed. @default 120 */
  readonly timeoutSeconds?: number;
}

/** Runs a command to its end, whatever its exit code. Rejects only when it cannot be started at all. */
export function tryCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: options.cwd, env: options.env ?? process.env });
    const timeout = setTimeout(() => child.kill("SIGKILL"), (options.timeoutSeconds ?? 120) * 1000);
    let stdout = "";
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      output += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    child.stdin.on("error", () => {}); // EPIPE: the command ended without reading its input, and its exit code says why
    child.stdin.end(options.input ?? "");
    child.on("error", (error) => {
      clearTimeout(timeout);
      reject(new LocalError(`${command} cannot be started: ${error.message}`));
    });
    child.on("close", (code, signal) => {
      clearTimeout(timeout);
      resolve({ code: code ?? 128, stdout, output: signal === null ? output : `${output}\n(ended by ${signal})` });
    });
  });
}

/**
 * Runs a command that has to succeed, and gives back its stdout.
 *
 * @throws LocalError with the last 20 lines of its output
 */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const result = await tryCommand(command, args, options);
  if (result.code !== 0) {
    const tail = result.output.trimEnd().split("\n").slice(-20).join("\n");
    throw new LocalError(`${command} ${args.join(" ")} ended with exit code ${result.code}:\n${tail}`);
  }
  return result.stdout;
}
