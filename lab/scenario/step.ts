import type { EdgeKind, Lab } from "../lab";
import type { Figures } from "./figures";

/** One row of the check: what is done, what has to be seen, and how to see it. */
export interface Step {
  readonly step: string;
  readonly expected: string;
  /** What it can't do without. @default nothing that not every cluster has */
  readonly needs?: Need | readonly Need[];
  /**
   * Shows the same at every kind of edge, as it is about the stack or the page server: maintenance.test.ts alone walks it. No row
   * after it needs what it leaves.
   */
  readonly isSameAtEveryEdge?: true;
  /** Does it, and says what was seen in the words of `expected`, or whatever else it was. */
  see(lab: Lab, figures: Figures): Promise<string>;
}

/** What only the embedded cluster has, a kind of edge, a controller that the stack installs, or another version of its chart. */
export type Need = "embedded" | EdgeKind | "release" | "upgrade";

/** Why a row can't be walked in this lab, or `undefined`. */
export function whyNotHere({ needs = [] }: Step, lab: Lab): string | undefined {
  for (const need of [needs].flat()) {
    const why = whyMissing(need, lab);
    if (why !== undefined) return why;
  }
  return undefined;
}

function whyMissing(need: Need, { here: { kind }, tools, cluster, upgradeChart }: Lab): string | undefined {
  switch (need) {
    case "embedded":
      return tools === undefined ? "only on the embedded cluster" : undefined;
    case "ingress-nginx":
    case "traefik":
    case "gateway-api":
      return kind === need ? undefined : `only with ${need}`;
    case "release":
      return cluster.installsController ? undefined : "only where the stack installs the controller";
    case "upgrade":
      return upgradeChart === undefined ? "only with --upgrade-chart" : undefined;
  }
}

/** Whether a row can be walked on the embedded cluster with an edge of a kind, whose controller the stack does not install. */
export const isWalkedOn =
  (kind: EdgeKind) =>
  ({ needs = [] }: Step): boolean =>
    [needs].flat().every((need) => need === "embedded" || need === kind);

/** Whether a row may show something else at an edge of a kind than at ingress-nginx. */
export const isOwnOf =
  (kind: EdgeKind) =>
  (step: Step): boolean =>
    isWalkedOn(kind)(step) && !step.isSameAtEveryEdge;
