import { listed } from "../../../model/problems";
import type { Hazard, Inspection, Overridden } from "../edge";
import { mayReject } from "./grpc";
import {
  admits,
  isForHttp,
  isSameOwner,
  type LabelledNamespace,
  listenersOf,
  placeOf,
  type Topology,
} from "./listeners";
import type { Placement } from "./manifests";
import { parentsBehind, type Routing, untaken } from "./overruled";
import { alteredAt, type Policies } from "./policies";
import { type CoveredHere, mayListen, nextOverride } from "./routes";
import type { Parent } from "./settings";
import { ADMISSION, closedText } from "./suitability";

/** What decides about an override that is not there yet. */
export interface Circumstances {
  readonly routing: Routing;
  readonly policies: Policies;
  /** The overrides' namespace. */
  readonly namespace: LabelledNamespace;
}

/**
 * What an override of an instance would run into. Policies of the edge's own Gateways are not among it: they concern every instance, and are notes.
 *
 * @param parentsByEdge the parents of all edges of the stack, by the edge's name.
 */
export function hazardsIn(
  { routing, policies, namespace }: Circumstances,
  placement: Placement,
  parentsByEdge: ReadonlyMap<string, readonly Parent[]>,
): Inspection["hazardsOf"] {
  const ofEdge = alteredAt(listenersOf(placement.parentRefs, routing), policies, routing, namespace.name);
  return (instance) => {
    const { covered } = nextOverride(instance.name, instance, routing, placement, routing);
    const parents = [...parentsBehind(instance, parentsByEdge), ...covered.parents];
    const sets = covered.parents.filter((one) => !placement.parentRefs.includes(one));
    const all = [
      ...untaken(instance, covered, routing, placement, parents),
      ...mayReject(covered, routing, placement),
      ...unlistened(instance, parents, routing, placement),
      ...closedSets(covered, sets, routing, namespace),
      ...alteredAt(listenersOf(sets, routing), policies, routing, namespace.name).filter(
        ({ text }) => !ofEdge.some((one) => one.text === text),
      ),
    ];
    return [...new Map(all.map((hazard) => [hazard.text, hazard])).values()];
  };
}

/**
 * The hosts that no listener of the instance's edges has: a Gateway does not attach an override for them. Nothing is said of a Gateway that has no
 * listener for HTTPRoutes at all: that is an obstacle for all instances.
 */
function unlistened(
  { hosts, assumedHosts = [] }: Overridden,
  parents: readonly Parent[],
  topology: Topology,
  { parentRefs }: Pick<Placement, "parentRefs">,
): readonly Hazard[] {
  const listeners = listenersOf(parents, topology).filter(({ listener }) => isForHttp(listener));
  const known = hosts.filter((host) => !assumedHosts.includes(host));
  const without = known.filter((host) => !listeners.some((one) => mayListen(one, [host])));
  if (listeners.length === 0 || without.length === 0) return [];
  const places = [...new Set(parentRefs.map(placeOf))];
  return [
    {
      what: "open",
      text: `No listener of ${listed(places)} has ${listed(without, 5)}: visitors do not get the page there.`,
      remedy:
        "Add a listener that has it, or the Gateway that has such a listener to edges.*.parentRefs; or take it out of the instance's hosts.",
    },
  ];
}

/**
 * The ListenerSets to which an override would be attached, and that do not admit it. What of the edge's own parents does not admit it is a note or
 * an obstacle for all instances.
 */
function closedSets(
  { hosts }: CoveredHere,
  sets: readonly Parent[],
  topology: Topology,
  namespace: LabelledNamespace,
): readonly Hazard[] {
  const closed = listenersOf(sets, topology).filter(
    (one) => isForHttp(one.listener) && mayListen(one, hosts) && !admits(one, namespace),
  );
  return sets.flatMap((set): readonly Hazard[] => {
    const own = closed.filter(({ owner }) => isSameOwner(owner, set));
    if (own.length === 0) return [];
    return [{ what: "open", text: `${closedText(placeOf(set), own, namespace.name)}.`, remedy: `Set ${ADMISSION}` }];
  });
}
