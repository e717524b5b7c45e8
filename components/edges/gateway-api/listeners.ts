import type { Gateway, Listener, ListenerSet } from "./objects";
import type { Parent } from "./settings";

/** A Gateway or a ListenerSet. */
interface Owner {
  readonly kind: Parent["kind"];
  readonly name: string;
  readonly namespace: string;
  readonly listeners: readonly Listener[];
}

/** A listener, and what it belongs to. */
export interface OwnedListener {
  readonly listener: Listener;
  readonly owner: Omit<Owner, "listeners">;
}

/** The listeners of a parent. */
export function listenersOf(
  parent: Parent,
  gateways: readonly Gateway[],
  listenerSets: readonly ListenerSet[],
): readonly OwnedListener[] {
  const owners: readonly Owner[] = (parent.kind === "Gateway" ? gateways : listenerSets).map(({ metadata, spec }) => ({
    kind: parent.kind,
    name: metadata.name,
    namespace: metadata.namespace,
    listeners: spec.listeners,
  }));
  return owners
    .filter(({ name, namespace }) => name === parent.name && namespace === parent.namespace)
    .flatMap(({ listeners, ...owner }) => listeners.map((listener) => ({ listener, owner })))
    .filter(
      ({ listener }) =>
        (parent.sectionName === undefined || parent.sectionName === listener.name) &&
        (parent.port === undefined || parent.port === listener.port),
    );
}

/** The Gateways to which these parents lead. */
export function gatewaysBehind(
  parents: readonly Parent[],
  gateways: readonly Gateway[],
  listenerSets: readonly ListenerSet[],
): readonly Gateway[] {
  const names = parents.map(({ kind, name, namespace }) => {
    if (kind === "Gateway") return `${namespace}/${name}`;
    const set = listenerSets.find(({ metadata }) => metadata.name === name && metadata.namespace === namespace);
    return `${set?.spec.parentRef.namespace ?? namespace}/${set?.spec.parentRef.name}`;
  });
  return gateways.filter(({ metadata }) => names.includes(`${metadata.namespace}/${metadata.name}`));
}

/** Whether HTTPRoutes can be attached to a listener: its protocol is HTTP, or HTTPS that ends there. */
export function isForHttp({ protocol, tls, allowedRoutes }: Listener): boolean {
  const { kinds } = allowedRoutes ?? {};
  return (
    /^HTTPS?$/.test(protocol) &&
    tls?.mode !== "Passthrough" &&
    (kinds === undefined || kinds.length === 0 || kinds.some(({ kind }) => kind === "HTTPRoute"))
  );
}

/** A namespace, as a listener chooses it. */
export interface LabelledNamespace {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * Whether a listener admits routes of a namespace. Without a rule it admits those of its own
 * (https://gateway-api.sigs.k8s.io/reference/spec/#routenamespaces).
 */
export function admits({ listener, owner }: OwnedListener, { name, labels }: LabelledNamespace): boolean {
  const { from = "Same", selector } = listener.allowedRoutes?.namespaces ?? {};
  switch (from) {
    case "All":
      return true;
    case "Same":
      return owner.namespace === name;
    case "Selector":
      return selector !== undefined && isSelected({ "kubernetes.io/metadata.name": name, ...labels }, selector);
    default:
      return false;
  }
}

type Selector = NonNullable<NonNullable<NonNullable<Listener["allowedRoutes"]>["namespaces"]>["selector"]>;

// https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#resources-that-support-set-based-requirements
function isSelected(labels: Readonly<Record<string, string>>, { matchLabels, matchExpressions }: Selector): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values }) => {
      const value = labels[key];
      switch (operator) {
        case "In":
          return value !== undefined && values.includes(value);
        case "NotIn":
          return value === undefined || !values.includes(value);
        case "Exists":
          return value !== undefined;
        case "DoesNotExist":
          return value === undefined;
        default:
          return false;
      }
    })
  );
}

/**
 * A domain of hosts that these listeners admit, and that no visitor requests: one that no client uses (RFC 6761 section 6.4) where a
 * listener has no hostname, or else the domain of a listener's wildcard.
 *
 * @returns `undefined` if all listeners are for single hosts.
 *
 * @example
 * unusedDomainOf([{ listener: { name: "https", hostname: "*.example.org", port: 443, protocol: "HTTPS" }, owner }]); // "example.org"
 */
export function unusedDomainOf(listeners: readonly OwnedListener[]): string | undefined {
  const own = listeners.map(({ listener }) => listener).filter(isForHttp);
  if (own.some(({ hostname }) => hostname === undefined)) return "invalid";
  return own.find(({ hostname }) => hostname?.startsWith("*."))?.hostname?.slice(2);
}
