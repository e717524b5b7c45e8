import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { ProgramOptions } from "../program";
import { stackFileNameOf } from "../settings/stack-file";
import { CommandError, EXIT } from "./errors";
import type { Change } from "./guard";
import type { LanguageHost } from "./language-host";
import { type EngineEvent, plain, runOperation, type Step } from "./pulumi";

/** Operations that leave a resource as it is. */
export const UNCHANGED: ReadonlySet<string> = new Set([
  "same",
  "read",
  "read-replacement",
  "refresh",
  "discard",
  "discard-replaced",
]);

/** A change that a preview has found. */
export interface PlannedChange extends Change {
  readonly urn: string;
}

export interface RunOptions {
  /** Ends the run; what was begun is finished first. */
  readonly signal: AbortSignal;
  /** A file with the changes that a preview found: it is written by the preview, and the `up` makes no other ones. */
  readonly plan: string;
  /** The only resources that the run may change, as URNs. By default all. */
  readonly targets?: readonly string[];
  /** Called as each change is begun. */
  readonly onChange?: (change: Change) => void;
}

/** The Pulumi engine on one stack. */
export class Engine {
  /**
   * @param project the project's folder.
   * @param host runs the program.
   */
  constructor(
    private readonly project: string,
    private readonly stack: string,
    private readonly host: Pick<LanguageHost, "address" | "startAgain" | "failure">,
  ) {}

  /** Gives the program these options in every run from now on. A run that leaves something out must have `targets`: see `ProgramOptions`. */
  give(options: ProgramOptions): void {
    this.host.startAgain(options);
  }

  /**
   * What an `up` would change.
   *
   * @throws {CommandError} when there is no such stack, the CLI is not logged in, or the program or the engine refuses.
   */
  async preview({ plan, ...options }: Partial<RunOptions>): Promise<readonly PlannedChange[]> {
    return this.run(["preview", ...(plan === undefined ? [] : ["--save-plan", plan])], options, EXIT.refused);
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
    { signal, onChange, targets = [] }: Partial<Omit<RunOptions, "plan">>,
    code: number,
  ): Promise<readonly PlannedChange[]> {
    const run = new Run(onChange);
    const address = await this.host.address();
    const restriction = targets.flatMap((urn) => ["--target", urn]);
    const { isDone, output } = await runOperation(
      [...args, ...restriction, "--client", address, "--stack", this.stack],
      {
        cwd: this.project,
        env: process.env,
        ...(signal === undefined ? {} : { signal }),
        onEvent: run.note,
      },
    );
    if (!isDone) throw this.host.failure ?? refusalOf(output, this.stack, run.errors, code);
    return run.changes;
  }
}

/** Collects what a run reports. */
class Run {
  readonly changes: PlannedChange[] = [];
  readonly errors: string[] = [];

  constructor(private readonly onChange: ((change: Change) => void) | undefined) {}

  readonly note = ({ resourcePreEvent, resOutputsEvent, diagnosticEvent }: EngineEvent): void => {
    if (diagnosticEvent?.severity === "error" && diagnosticEvent.ephemeral !== true) {
      const message = plain(diagnosticEvent.message).replace(DANGEROUS, "");
      const isAboutService = !UNREACHABLE.test(message);
      const [, instance] = (isAboutService && /::instance-([^:]+)$/.exec(diagnosticEvent.urn ?? "")) || [];
      const hint = `: the Service that instances.${instance}.service names, to which the bypass would lead`;
      const text = instance === undefined ? message : message + hint;
      if (message !== "" && !this.errors.includes(text)) this.errors.push(text);
    }
    if (resOutputsEvent !== undefined && isWithoutEffect(resOutputsEvent.metadata)) {
      const change = changeOf(resOutputsEvent.metadata);
      const index = this.changes.findIndex(({ urn }) => urn === change.urn);
      if (index >= 0) this.changes[index] = { ...change, isWithoutEffect: true };
    }
    const metadata = resourcePreEvent?.metadata;
    if (metadata === undefined || UNCHANGED.has(metadata.op) || metadata.type === "pulumi:pulumi:Stack") return;
    const change = changeOf(metadata);
    this.changes.push(change);
    this.onChange?.(change);
  };
}

function changeOf({ op, type, urn }: Step): PlannedChange {
  return { operation: op, type, name: urn.split("::").at(-1) ?? "", urn };
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
export function refusalOf(
  output: string,
  stack: string,
  errors: readonly string[] = [],
  code: number = EXIT.refused,
): CommandError {
  if (LOCKED.test(output)) {
    return new CommandError(
      `The stack is locked: another run is changing it. Wait until that has ended. \`pulumi cancel --stack ${stack}\` removes a lock that a killed run left.`,
    );
  }
  if (/no stack named .* found/.test(output)) {
    return new CommandError(
      [
        `Pulumi has no such stack: ${stack}, in the backend ${backendText()}.`,
        `${stackFileNameOf(stack)} alone is no stack: it was never applied there. \`pulumi stack ls\` lists the stacks; \`pulumi login\` changes the backend.`,
      ].join("\n"),
    );
  }
  if (/PULUMI_ACCESS_TOKEN must be set/.test(output)) {
    return new CommandError(
      "Pulumi is not logged in on this machine. Set PULUMI_BACKEND_URL, or run `pulumi login`, with the place of this stack's state.",
    );
  }
  // The engine repeats each resource's error for the whole run.
  const own = errors.filter((text) => !/^(?:preview|update) failed$/.test(text));
  const last = output.match(/^ *error: .*$/gm)?.map((line) => line.trim()) ?? [];
  const reasons = own.length > 0 ? own : last.length > 0 ? [...new Set(last)] : [output];
  const text = reasons.join("\n\n").trim() || NO_REASON;
  if (PROTECTED.test(text)) return new CommandError(`${text}\n\n${howToAsk(stack)}`, code);
  if (UNREACHABLE.test(text)) return new CommandError(`${text}\n\n${unreachableText(stack)}`, code);
  return new CommandError(text, code);
}

/** The place of the stacks' states, for people. */
export function backendText(): string {
  return process.env.PULUMI_BACKEND_URL ?? "that `pulumi whoami --verbose` shows";
}

const NO_REASON =
  "Pulumi failed, and did not say why. `pulumi preview` may say more. With http_proxy or https_proxy set, no_proxy must have 127.0.0.1.";

const UNREACHABLE = /unreachable cluster/;

/** The plugin's advice, with which a cluster that is out of reach for a minute loses its resources in the state. */
const DANGEROUS = / If the cluster was deleted, you can remove this resource[^:]*set to "true"/;

function unreachableText(stack: string): string {
  const kubeconfig = process.env.KUBECONFIG ?? "~/.kube/config";
  return `The cluster's API can't be reached with the kubeconfig ${kubeconfig}. Without it nothing can be put into maintenance or taken out. \`npx maintenance status --stack ${stack}\` says why, and docs/runbook.md what to do.`;
}

// pkg/backend/diy/lock.go in pulumi/pulumi, and what Pulumi Cloud answers.
const LOCKED = /the stack is currently locked|Another update is currently in progress/;

// pkg/resource/deploy/step_generator.go in pulumi/pulumi: of what would be replaced, and of what would be deleted.
const PROTECTED = /marked for protection|because it is protected/;

/** Pulumi speaks of a flag in the program, which is a setting of the stack. */
function howToAsk(stack: string): string {
  return (
    "It is protected by the setting protect. Undo the change that would replace or delete it. If you want it: " +
    `\`pulumi config set protect false --stack ${stack}\`. To delete something, run \`pulumi up --stack ${stack}\` once before you make the change. docs/changes.md says what then happens.`
  );
}
