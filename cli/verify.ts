import { deploymentOf } from "../settings/deployment";
import type { Instance } from "../settings/instances";
import { isShown, type MaintenanceEntry } from "../settings/maintenance";
import type { Settings } from "../settings/read";
import { stackName } from "../settings/stack-file";
import { askHosts, inWords, type Seen } from "./edge";

/** A host that does not show what it should. */
export interface Unseen {
  readonly host: string;
  readonly seen: Seen;
  /** Why that may be. */
  readonly why: string;
}

/** Where hosts are asked, and which deployment's pages they should show. */
export interface Edge {
  readonly edge: string | undefined;
  readonly deployment: string;
  /** What is sent besides, such as the key of a bypass. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Where this stack's hosts are asked. */
export function edgeOf(stack: string, settings: Settings): Edge {
  return { edge: settings.edge, deployment: deploymentOf(stackName(stack), settings) };
}

/** What the hosts of an instance should show. */
export type Goal = "page" | "open";

/** What the hosts should show of an instance with this entry, or without any. */
export function goalOf(entry: MaintenanceEntry | undefined): Goal {
  return entry !== undefined && isShown(entry) ? "page" : "open";
}

/**
 * Whether a host shows what it should: the instance's page, as this deployment serves it. An instance that is open may fail,
 * or be gone; it must not show a page of ours.
 */
export function isMet(goal: Goal, instance: string, deployment: string, seen: Seen): boolean {
  const isPage = seen.what === "page" && seen.instance === instance && seen.deployment === deployment;
  return goal === "page" ? isPage : seen.what !== "page" && seen.what !== "nothing";
}

/** The controller reloads its nginx every 3.3 s at most (its sync rate limit is 0.3 a second), and needs a while to. */
const PATIENCE_SECONDS = 30;

/**
 * Waits until every host of these instances shows what it should.
 *
 * @param onSeen called once for each host that does.
 * @returns those that do not, after 30 s.
 */
export async function untilSeen(
  goal: Goal,
  instances: readonly Instance[],
  { edge, deployment, headers }: Edge,
  onSeen: (host: string, seen: Seen, seconds: number) => void,
  patience = PATIENCE_SECONDS,
): Promise<readonly Unseen[]> {
  const begin = Date.now();
  let left = instances.flatMap(({ name, hosts }) => hosts.map((host) => ({ name, host })));
  for (;;) {
    const answers = await askHosts(
      left.map(({ host }) => host),
      edge,
      headers,
    );
    const unmet = left.filter(({ name, host }) => {
      const seen = answers.get(host) ?? NOTHING;
      if (!isMet(goal, name, deployment, seen)) return true;
      onSeen(host, seen, (Date.now() - begin) / 1000);
      return false;
    });
    if (unmet.length === 0) return [];
    left = unmet;
    if (Date.now() - begin > patience * 1000) {
      return left.map(({ host }) => {
        const seen = answers.get(host) ?? NOTHING;
        return { host, seen, why: whyNot(goal, seen) };
      });
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

const NOTHING: Seen = { what: "nothing", reason: "it was not asked" };

/** What may be the reason when a host does not show what it should. */
export function whyNot(goal: Goal, seen: Seen): string {
  switch (seen.what) {
    case "nothing":
      return "The host's DNS leads elsewhere or nowhere, or the edge is down. Is the machine you sit at allowed to ask it?";
    case "page":
      return goal === "page"
        ? "It is another instance's page, or another cluster's: DNS leads to another edge, or two instances have this host."
        : "The override is still there: the controller has not reloaded yet, or another one was made by hand.";
    case "not-found":
      return "No Ingress has this host: the controller has not reloaded yet, or does not watch the override's class or namespace.";
    case "failure":
      return "The controller has not reloaded yet; or it replaces applications' answers too, and with them the page: `disable-proxy-intercept-errors` is not in its configuration, or it is too old to know it.";
    case "other":
      return "The controller has not reloaded yet, or refused to (its log says why); or DNS leads to another edge; or somebody changed the override by hand, and `pulumi up --refresh` puts it back.";
  }
}

/**
 * Hosts of others that are shown a page now and were not before: nobody asked for that.
 *
 * @param before what they showed before the change.
 */
export async function drawnIn(before: ReadonlyMap<string, Seen>, edge: string | undefined): Promise<readonly string[]> {
  const after = await askHosts([...before.keys()], edge);
  return [...after]
    .filter(([host, seen]) => seen.what === "page" && before.get(host)?.what !== "page")
    .map(([host, seen]) => `${host}: ${inWords(seen)}`);
}
