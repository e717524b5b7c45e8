import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { listSchema, type MaintenanceOutput } from "../outputs";
import { CLOCK_VARIABLE } from "../settings/clock";
import { CommandError, EXIT } from "./errors";
import type { Change } from "./guard";
import { type EngineEvent, plain, runOperation, runPulumi, type Step } from "./pulumi";

/** Operations that leave a resource as it is. */
export const UNCHANGED: ReadonlySet<string> = new Set([
  "same",
  "read",
  "read-replacement",
  "refresh",
  "discard",
  "discard-replaced",
]);

export interface RunOptions {
  /** Ends the run; what was begun is finished first. */
  readonly signal: AbortSignal;
  /** A file with the changes that a preview found: it is written by the preview, and the `up` makes no other ones. */
  readonly plan: string;
  /** Called as each change is begun. */
  readonly onChange?: (change: Change) => void;
}

/** The Pulumi engine on one stack. */
export class Engine {
  /**
   * @param project the project's folder.
   * @param now the time for every run: a window that opens between a preview and its `up` must not slip in.
   */
  constructor(
    private readonly project: string,
    private readonly stack: string,
    private readonly now: Date,
  ) {}

  /**
   * What an `up` would change.
   *
   * @throws {CommandError} when there is no such stack, the CLI is not logged in, or the program or the engine refuses.
   */
  async preview({ plan, ...options }: Partial<RunOptions>): Promise<readonly Change[]> {
    return this.run(["preview", ...(plan === undefined ? [] : ["--save-plan", plan])], options, EXIT.refused);
  }

  /** What the last `up` applied: the stack's output `maintenance`. */
  async applied(): Promise<readonly Pick<MaintenanceOutput, "instance" | "state">[]> {
    const { isDone, stdout, output } = await runPulumi(["stack", "output", "--json", "--stack", this.stack], {
      cwd: this.project,
    });
    if (!isDone) throw refusalOf(output);
    return outputsSchema.parse(JSON.parse(stdout)).maintenance;
  }

  /**
   * Where the last change came from, as far as Pulumi recorded it.
   *
   * @throws {CommandError} when there is no such stack.
   */
  async lastUpdate(): Promise<Update | undefined> {
    const { isDone, stdout, output } = await runPulumi(
      ["stack", "history", "--json", "--page-size", "1", "--stack", this.stack],
      { cwd: this.project },
    );
    if (!isDone) throw refusalOf(output);
    const [last] = historySchema.parse(JSON.parse(stdout.trim() || "[]"));
    if (last === undefined) return undefined;
    const { "git.head": commit, "git.dirty": dirty, "git.author": author } = last.environment ?? {};
    return { time: new Date(last.startTime), commit, author, isCommitted: dirty !== "true" };
  }

  /**
   * Makes the changes of the plan.
   *
   * @throws {CommandError} when it fails; `onChange` was called for each change that was begun.
   */
  async up({ plan, ...options }: RunOptions): Promise<void> {
    await this.run(["up", "--skip-preview", "--plan", plan], options, EXIT.failed);
  }

  private async run(
    args: readonly string[],
    { signal, onChange }: Partial<Omit<RunOptions, "plan">>,
    code: number,
  ): Promise<readonly Change[]> {
    const run = new Run(onChange);
    const { isDone, output } = await runOperation([...args, "--stack", this.stack], {
      cwd: this.project,
      env: { ...process.env, [CLOCK_VARIABLE]: this.now.toISOString() },
      ...(signal === undefined ? {} : { signal }),
      onEvent: run.note,
    });
    if (!isDone) throw refusalOf(output, run.errors, code);
    return run.changes;
  }
}

const outputsSchema = z.object({
  maintenance: z.array(z.object({ instance: z.string(), state: listSchema.element.shape.state })).default([]),
});

/** An earlier run that changed the stack. */
export interface Update {
  readonly time: Date;
  /** The commit of the checkout, if it was one. */
  readonly commit: string | undefined;
  readonly author: string | undefined;
  /** Whether the checkout had no other changes than those of its commit. */
  readonly isCommitted: boolean;
}

// pkg/backend/display/json.go and pkg/backend/metadata.go in pulumi/pulumi.
const historySchema = z.array(
  z.object({ startTime: z.string(), environment: z.record(z.string(), z.string()).nullish() }),
);

/** Collects what a run reports. */
class Run {
  readonly changes: Change[] = [];
  readonly errors: string[] = [];

  constructor(private readonly onChange: ((change: Change) => void) | undefined) {}

  readonly note = ({ resourcePreEvent, resOutputsEvent, diagnosticEvent }: EngineEvent): void => {
    if (diagnosticEvent?.severity === "error" && diagnosticEvent.ephemeral !== true) {
      const message = plain(diagnosticEvent.message);
      const [, instance] = /::instance-([^:]+)$/.exec(diagnosticEvent.urn ?? "") ?? [];
      const hint = `: the Service that instances.${instance}.service names, to which the bypass would lead`;
      const text = instance === undefined ? message : message + hint;
      if (message !== "" && !this.errors.includes(text)) this.errors.push(text);
    }
    if (resOutputsEvent !== undefined && isWithoutEffect(resOutputsEvent.metadata)) {
      const { operation, type, name } = changeOf(resOutputsEvent.metadata);
      const index = this.changes.findIndex((one) => one.type === type && one.name === name);
      if (index >= 0) this.changes[index] = { operation, type, name, isWithoutEffect: true };
    }
    const metadata = resourcePreEvent?.metadata;
    if (metadata === undefined || UNCHANGED.has(metadata.op) || metadata.type === "pulumi:pulumi:Stack") return;
    const change = changeOf(metadata);
    this.changes.push(change);
    this.onChange?.(change);
  };
}

function changeOf({ op, type, urn }: Step): Change {
  return { operation: op, type, name: urn.split("::").at(-1) ?? "" };
}

/** What of an object in the cluster is decided by who writes it; the rest is the API server's and its controllers'. */
const objectSchema = z.object({
  metadata: z.object({
    labels: z.record(z.string(), z.string()).optional(),
    annotations: z.record(z.string(), z.string()).optional(),
  }),
  spec: z.unknown().optional(),
  data: z.unknown().optional(),
  binaryData: z.unknown().optional(),
  immutable: z.unknown().optional(),
});

// sdk/go/common/resource/sig/sig.go in pulumi/pulumi, Key; and how the engine shows what is in it.
const SECRET = /4dabf18193072939515e22adb298388d|"\[secret\]"/;

/**
 * Whether an update of an object gives what is there already. The plugin compares what is there with what was declared, and so plans
 * it each time where something in the cluster changes what is written; its preview is a dry run, which that changes as well.
 */
export function isWithoutEffect({ op, type, old, new: after }: Pick<Step, "op" | "type" | "old" | "new">): boolean {
  if (op !== "update" || !type.startsWith("kubernetes:")) return false;
  // The engine hides secrets, so two different ones look alike.
  if (SECRET.test(JSON.stringify([old, after]))) return false;
  const [before, now, was, would] = [old?.inputs, after?.inputs, old?.outputs, after?.outputs].map(
    (one) => objectSchema.safeParse(one).data,
  );
  if (before === undefined || now === undefined || was === undefined || would === undefined) return false;
  // Of the annotations those that were ever ours: a controller's own may differ each time.
  const names = [before, now].flatMap(({ metadata }) => Object.keys(metadata.annotations ?? {}));
  const decided = ({ metadata: { labels, annotations = {} }, ...rest }: typeof was) => ({
    labels,
    annotations: names.map((name) => annotations[name]),
    ...rest,
  });
  return isDeepStrictEqual(decided(was), decided(would));
}

/** The error for a run that failed, from Pulumi's output. */
function refusalOf(output: string, errors: readonly string[] = [], code: number = EXIT.refused): CommandError {
  if (LOCKED.test(output)) {
    return new CommandError(
      "The stack is locked: another run is changing it. Wait until that has ended. `pulumi cancel` removes a lock that a killed run left.",
    );
  }
  if (/no stack named .* found/.test(output)) {
    return new CommandError("Pulumi has no such stack. `pulumi stack ls` lists its stacks.");
  }
  // The engine repeats each resource's error for the whole run.
  const own = errors.filter((text) => !/^(?:preview|update) failed$/.test(text));
  const last = output.match(/^ *error: .*$/gm)?.map((line) => line.trim()) ?? [];
  const text = (own.length > 0 ? own : last.length > 0 ? [...new Set(last)] : [output]).join("\n\n");
  return new CommandError(PROTECTED.test(text) ? `${text}\n\n${HOW_TO_ASK}` : text, code);
}

// pkg/backend/diy/lock.go in pulumi/pulumi, and what Pulumi Cloud answers.
const LOCKED = /the stack is currently locked|Another update is currently in progress/;

// pkg/resource/deploy/step_generator.go in pulumi/pulumi: of what would be replaced, and of what would be deleted.
const PROTECTED = /marked for protection|because it is protected/;

/** Pulumi speaks of a flag in the program, which is a setting of the stack. */
const HOW_TO_ASK =
  "It is protected by the setting protect. Look for the change that would replace or delete it, and take that back. If it is " +
  "meant: pulumi config set protect false, and for a deletion a pulumi up before it; docs/changes.md has what then happens.";
