import { Unreachable } from "../components/cluster-api";
import type { Drift } from "../components/edges/edge";
import { type Instance, isBehind } from "../model/instances";
import { isShown, type MaintenanceEntry } from "../model/maintenance";
import type { MaintenanceOutput } from "../outputs";
import { type Authorship, authorOf, isForgotten } from "../settings/authorship";
import type { Settings } from "../settings/read";
import { remedyFor } from "./drift";
import { inspect, notesText, obstaclesText } from "./inspection";
import { isAbsent, type Probed, probe, targetsOf } from "./probe";
import type { StackFile } from "./project";
import { failedEdges, failureText } from "./self-test";
import { unservedNotes } from "./unserved";
import { goalOf, isMet, viewOf, whyNot } from "./verify";

/** Where one instance stands: what the configuration says, and what visitors see. */
export interface InstanceStatus {
  readonly name: string;
  /** `open`, or the state of its entry. */
  readonly declared: "open" | MaintenanceEntry["state"];
  readonly kind: MaintenanceEntry["kind"] | undefined;
  readonly from: Date | undefined;
  readonly until: Date | undefined;
  readonly message: MaintenanceEntry["message"];
  readonly bypass: boolean;
  readonly endsAutomatically: boolean;
  /** Who wrote the entry and when, where git knows; `undefined` when it does not. */
  readonly since: Authorship | undefined;
  readonly hosts: readonly ShownHost[];
  /**
   * What was done by hand to its overrides, or against them, or that its window is due; `undefined` when the cluster's API can't be
   * reached.
   */
  readonly drift: readonly string[] | undefined;
  /** What to do about the drift. */
  readonly remedy: readonly string[];
  /** What somebody should look after; nothing when all is as it should be. */
  readonly attention: readonly Attention[];
}

export interface ShownHost extends Probed {
  readonly asDeclared: boolean;
  /** What may be the reason when it is not as declared. */
  readonly why: string | undefined;
  /** Whether it is not as declared only because it shows a copy of the page. */
  readonly isCopy: boolean;
}

/**
 * - `fails open`: at one of its edges no override works, so its maintenance would not be shown;
 * - `differs`: a host shows something else than is declared;
 * - `unknown`: a host does not answer, so its state is not known;
 * - `drifted`: its override is not as it was declared;
 * - `due`: its window has begun or ended, and no `pulumi up` has run since;
 * - `overdue`: the window has ended, and the page is still there;
 * - `forgotten`: an unscheduled maintenance without an end lasts longer than the setting `forgottenAfter`.
 */
export type Attention = "fails open" | "differs" | "drifted" | "due" | "unknown" | "overdue" | "forgotten";

/** Where all of them stand, and what could not be known. */
export interface Status {
  readonly instances: readonly InstanceStatus[];
  /** What keeps overrides from working at an edge, in sentences. */
  readonly obstacles: readonly string[];
  /** What a person should know of the edges' controllers, in sentences. */
  readonly notes: readonly string[];
  /** Why the cluster's API can't be reached, when it can't. */
  readonly unreachable: string | undefined;
}

/**
 * Probes every host of the registry, and lays it beside what is declared; and reads the overrides through the cluster's API, where
 * that can be reached. The bucket is not needed for it, and Pulumi only to tell a window that is due from a change by hand.
 *
 * @param applied reads what the last `up` applied; called only if it matters, and once.
 */
export async function statusOf(
  settings: Settings,
  file: StackFile,
  stack: string,
  applied: () => Promise<readonly Pick<MaintenanceOutput, "instance" | "state">[]>,
): Promise<Status> {
  const { instances, maintenance } = settings;
  const view = viewOf(stack, settings);
  const inspecting = inspect(view.edges, settings).catch((error: unknown) => {
    if (error instanceof Unreachable) return error;
    throw error;
  });
  const [answers, inspection, failed] = await Promise.all([
    probe(instances.flatMap((instance) => targetsOf(instance, view.edges))),
    inspecting,
    // A status does not wait for a controller.
    inspecting.then((found) =>
      found instanceof Unreachable
        ? []
        : failedEdges(testedIn(settings), found.edges, settings.pageServer.namespace, { patience: 0 }),
    ),
  ]);
  const inspected = inspection instanceof Unreachable ? [] : inspection.edges;
  const useless = [
    ...inspected.filter(({ obstacles }) => obstacles.length > 0).map(({ edge }) => edge),
    ...failed.flatMap(({ edges }) => edges),
  ];
  let last: ReturnType<typeof applied> | undefined;
  const appliedOnce = () => {
    last ??= applied();
    return last;
  };
  const statuses = await Promise.all(
    instances.map(async (instance): Promise<InstanceStatus> => {
      const { name } = instance;
      const entry = maintenance.find((one) => one.instance.name === name);
      const goal = goalOf(entry);
      const since = entry === undefined ? undefined : await authorOf(file.path, file.content.lineOf(name));
      const shown = answers
        .filter((probed) => probed.instance === name)
        .map((probed) => {
          const asDeclared = isAbsent(probed) || isMet(goal, name, view, probed.seen);
          const { why, isCopy } = asDeclared ? { why: undefined, isCopy: false } : whyNot(goal, probed, view);
          return { ...probed, asDeclared, why, isCopy };
        });
      const drift = inspection instanceof Unreachable ? undefined : inspection.driftsOf(instance, goal === "page");
      const due = drift === undefined ? undefined : await dueText(entry, drift, appliedOnce);
      return {
        name,
        declared: entry?.state ?? "open",
        kind: entry?.kind,
        from: entry?.from,
        until: entry?.until,
        message: entry?.message,
        bypass: entry?.bypass ?? false,
        endsAutomatically: entry?.endsAutomatically ?? false,
        since,
        hosts: shown,
        drift: due === undefined ? drift?.map(({ text }) => text) : [due],
        remedy: due === undefined ? remedyFor(name, drift ?? [], settings.pageServer.namespace, stack) : [],
        attention: [
          ...(useless.some((edge) => isBehind(instance, edge.name)) ? (["fails open"] as const) : []),
          ...(due === undefined && shown.some(({ asDeclared, seen }) => !asDeclared && seen.what !== "nothing")
            ? (["differs"] as const)
            : []),
          ...(due === undefined && drift !== undefined && drift.length > 0 ? (["drifted"] as const) : []),
          ...(due === undefined ? [] : (["due"] as const)),
          ...(shown.some((one) => one.seen.what === "nothing" && !isAbsent(one)) ? (["unknown"] as const) : []),
          ...(entry?.state === "overdue" ? (["overdue"] as const) : []),
          ...(isForgotten(entry, since, settings) ? (["forgotten"] as const) : []),
        ],
      };
    }),
  );
  return {
    instances: statuses,
    obstacles: [...obstaclesText(inspected), ...failureText(failed)],
    notes: [...notesText(inspected), ...unservedNotes(answers)],
    unreachable: inspection instanceof Unreachable ? inspection.message : undefined,
  };
}

// Where DNS decides, each host may lead to another edge. A registry may have thousands of hosts.
const MOST_TESTED = 20;

/** The instances by whose hosts the self-tests are requested: those in maintenance first. */
function testedIn({ instances, maintenance }: Settings): readonly Instance[] {
  const shown = maintenance.filter(isShown).map(({ instance }) => instance.name);
  const isIn = ({ name }: Instance) => shown.includes(name);
  return [...instances.filter(isIn), ...instances.filter((one) => !isIn(one))].slice(0, MOST_TESTED);
}

/**
 * That the window of an entry has begun or ended since the last `up`, in words. An override that is missing, or left over, is as the last
 * `up` made it then, and nobody has touched it.
 */
async function dueText(
  entry: MaintenanceEntry | undefined,
  drift: readonly Drift[],
  applied: () => Promise<readonly Pick<MaintenanceOutput, "instance" | "state">[]>,
): Promise<string | undefined> {
  const [first] = drift;
  if (entry === undefined || first === undefined || (entry.from === undefined && !entry.endsAutomatically))
    return undefined;
  const last = await applied().catch(() => undefined); // without Pulumi nobody knows
  const state = last?.find(({ instance }) => instance === entry.instance.name)?.state;
  const wasShown = state === "active" || state === "overdue";
  if (last === undefined || wasShown === isShown(entry)) return undefined;
  if (first.what === "missing") return "its window has begun: the next `pulumi up` shows the page";
  return first.what === "leftover" ? "its window has ended: the next `pulumi up` lets visitors in" : undefined;
}
