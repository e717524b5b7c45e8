import { listed } from "../../../model/problems";
import type { Inspection } from "../edge";
import { IMPLEMENTATIONS } from "./implementations";
import {
  admits,
  gatewaysBehind,
  isForHttp,
  type LabelledNamespace,
  listenersOf,
  type OwnedListener,
} from "./listeners";
import type { EnvoyProxy, Gateway, GatewayClass, ListenerSet } from "./objects";
import type { GatewayApiSettings, Parent } from "./settings";

/** What decides whether overrides work at an edge. */
export interface Surroundings {
  readonly gateways: readonly Gateway[];
  readonly listenerSets: readonly ListenerSet[];
  readonly classes: readonly GatewayClass[];
  readonly envoyProxies: readonly EnvoyProxy[];
}

type Findings = Pick<Inspection, "obstacles" | "notes">;

/** Compares the Gateways of an edge with what overrides need. An obstacle prevents every override; a note does not. */
export function suitability(
  settings: Pick<GatewayApiSettings, "implementation" | "parentRefs">,
  surroundings: Surroundings,
  namespace: LabelledNamespace,
): Findings {
  const { gateways, listenerSets } = surroundings;
  const all = [
    ...settings.parentRefs.map((parent) => ofParent(parent, surroundings, namespace)),
    ...gatewaysBehind(settings.parentRefs, gateways, listenerSets).map((gateway) =>
      ofGateway(gateway, settings, surroundings),
    ),
  ];
  return { obstacles: all.flatMap(({ obstacles }) => obstacles), notes: all.flatMap(({ notes }) => notes) };
}

/** Whether a parent exists, and which of its listeners take an override. */
function ofParent(parent: Parent, surroundings: Surroundings, namespace: LabelledNamespace): Findings {
  const listeners = listenersOf(parent, surroundings.gateways, surroundings.listenerSets);
  if (listeners.length === 0) return { obstacles: [absence(parent, surroundings)], notes: [] };
  const forHttp = listeners.filter(({ listener }) => isForHttp(listener));
  const others = listeners.filter((one) => !forHttp.includes(one));
  const closed = forHttp.filter((one) => !admits(one, namespace));
  const place = placeOf(parent);
  if (forHttp.length === 0) return { obstacles: [`${place} has no listener for HTTPRoutes.`], notes: [] };
  const refusal = `${place} does not admit routes of the namespace ${namespace.name} at its listeners ${named(closed)}: set their allowedRoutes.namespaces, or give the namespace the labels of their selector.`;
  const isClosed = closed.length === forHttp.length;
  return {
    obstacles: isClosed ? [refusal] : [],
    notes: [
      ...(closed.length > 0 && !isClosed ? [`${refusal} Visitors who come in there get the instance.`] : []),
      ...(others.length > 0
        ? [`${place} has listeners that take no HTTPRoute: ${named(others)}. Who comes in there does not get the page.`]
        : []),
    ],
  };
}

function placeOf({ kind, namespace, name }: Pick<Parent, "kind" | "namespace" | "name">): string {
  return `${kind} ${namespace}/${name}`;
}

function named(listeners: readonly OwnedListener[]): string {
  return listed(listeners.map(({ listener }) => listener.name));
}

/** What is said of a parent that the cluster does not have. */
function absence(parent: Parent, { gateways, listenerSets }: Surroundings): string {
  const { kind, name, namespace, sectionName, port } = parent;
  const all = listenersOf({ kind, name, namespace }, gateways, listenerSets).map(({ listener }) => listener);
  if (all.length > 0) {
    const wanted = [
      ...(sectionName === undefined ? [] : [`called ${sectionName}`]),
      ...(port === undefined ? [] : [`at port ${port}`]),
    ].join(" ");
    const there = listed(all.map((listener) => `${listener.name} at port ${listener.port}`));
    return `${placeOf(parent)} has no listener ${wanted}. Its listeners are ${there}: correct edges.*.parentRefs.`;
  }
  const known = kind === "Gateway" ? gateways : listenerSets;
  const there =
    known.length === 0
      ? `The cluster has no ${kind}`
      : `The cluster has ${listed(
          known.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`),
          5,
        )}`;
  return `${placeOf(parent)} does not exist. ${there}: correct edges.*.parentRefs.`;
}

/** Whether a Gateway's controller is the one that the setting says, and works. */
function ofGateway(
  { metadata, spec, status }: Gateway,
  { implementation }: Pick<GatewayApiSettings, "implementation">,
  { classes, envoyProxies }: Surroundings,
): Findings {
  const place = `Gateway ${metadata.namespace}/${metadata.name}`;
  const gatewayClass = classes.find((one) => one.metadata.name === spec.gatewayClassName);
  const controller = gatewayClass?.spec.controllerName;
  const expected = IMPLEMENTATIONS[implementation].controllerName;
  const actual = Object.entries(IMPLEMENTATIONS).find(([, one]) => one.controllerName === controller)?.[0];
  const settingsOfEnvoy = [spec.infrastructure?.parametersRef, gatewayClass?.spec.parametersRef].flatMap((reference) =>
    envoyProxies.filter(
      (one) =>
        reference?.kind === "EnvoyProxy" &&
        one.metadata.name === reference.name &&
        one.metadata.namespace === (reference.namespace ?? metadata.namespace),
    ),
  );
  const broken = (status?.listeners ?? []).flatMap(({ name, conditions }) =>
    conditions
      .filter(
        ({ type, status: value }) => ["Accepted", "Programmed", "ResolvedRefs"].includes(type) && value === "False",
      )
      .map(({ reason = "", message = "" }) => `${place}, listener ${name}: ${reason}. ${message}`.trim()),
  );
  return {
    obstacles: [
      ...(controller === undefined || controller === expected
        ? []
        : [
            `${place} is served by ${controller}, and edges.*.implementation is ${implementation}${actual === undefined ? ", which sorts routes in its own way: this implementation is not known" : `: set it to ${actual}`}.`,
          ]),
      ...(settingsOfEnvoy.some((one) => one.spec.preserveRouteOrder === true)
        ? [
            `${place} keeps routes in the order in which they were written (preserveRouteOrder of its EnvoyProxy), so the instance's own may come before an override: set it to false.`,
          ]
        : []),
    ],
    notes: [
      ...(status?.conditions.some(({ type, status: value }) => type === "Programmed" && value === "False")
        ? [`${place} is not programmed: see its status.`]
        : []),
      ...new Set(broken),
    ],
  };
}
