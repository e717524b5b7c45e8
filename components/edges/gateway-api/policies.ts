import { listed } from "../../../model/problems";
import { labels } from "../../names";
import type { Hazard } from "../edge";
import {
  gatewayBehind,
  isSameOwner,
  isSelected,
  type OwnedListener,
  type Owner,
  placeOf,
  type Topology,
} from "./listeners";
import { type BackendTrafficPolicy, nameOf, type SecurityPolicy } from "./objects";

/** Policies of Envoy Gateway, of all namespaces. None with another implementation. */
export interface Policies {
  readonly security: readonly SecurityPolicy[];
  readonly traffic: readonly BackendTrafficPolicy[];
}

/** The fields of a SecurityPolicy with which Envoy answers a request itself. CORS and CSRF concern requests of scripts and forms. */
const DECISIVE = ["apiKeyAuth", "authorization", "basicAuth", "extAuth", "jwt", "oidc"] as const;

/** The status of every page of an instance in maintenance. */
const PAGE_STATUS = 503;

/**
 * What policies of Gateways and listeners do to the pages. A policy of a route takes the place of these, unless it is merged with them. So those of
 * an instance's own routes don't matter (translateSecurityPolicyForListeners in internal/gatewayapi/securitypolicy.go, and
 * translateBackendTrafficPolicyForListeners in backendtrafficpolicy.go, in envoyproxy/gateway).
 *
 * @param listeners those to which overrides are attached.
 * @param namespace the overrides'.
 */
export function alteredAt(
  listeners: readonly OwnedListener[],
  { security, traffic }: Policies,
  topology: Topology,
  namespace: string,
): readonly Hazard[] {
  const placesOf = (policy: Policy) =>
    targetsOf(policy, topology)
      .filter((target) => listeners.some((one) => isWithin(one, target, topology)))
      .map(targetText);
  const answering = isReplaced(security, namespace) ? [] : security;
  const replacing = isReplaced(traffic, namespace) ? [] : traffic.filter(replacesPages);
  return [
    ...answering.flatMap((policy) => {
      const fields = DECISIVE.filter((field) => policy.spec[field] !== undefined);
      return (fields.length === 0 ? [] : placesOf(policy)).map(
        (place): Hazard => ({
          what: "altered",
          text: `SecurityPolicy ${nameOf(policy)} of ${place} decides about requests before any page does (${listed(fields)}): visitors may get its answer, such as a login.`,
          remedy:
            "Let it target the instances' HTTPRoutes instead, or give the overrides a SecurityPolicy of their own: docs/gateway-api.md has one.",
        }),
      );
    }),
    ...replacing.flatMap((policy) =>
      placesOf(policy).map(
        (place): Hazard => ({
          what: "altered",
          text: `BackendTrafficPolicy ${nameOf(policy)} of ${place} replaces all answers with the status ${PAGE_STATUS}, and so the pages: the overrides' own BackendTrafficPolicy, which takes its place, is not there.`,
          remedy: "`pulumi up --refresh` makes it.",
        }),
      ),
    ),
  ];
}

type Policy = SecurityPolicy | BackendTrafficPolicy;

/** A Gateway, a ListenerSet, or one of their listeners. */
interface Target extends Owner {
  readonly sectionName?: string | undefined;
}

function targetText({ sectionName, ...owner }: Target): string {
  return sectionName === undefined ? placeOf(owner) : `the listener ${sectionName} of ${placeOf(owner)}`;
}

/**
 * The Gateways, ListenerSets and listeners that a policy targets. A reference is to an object in the policy's namespace. So is a selector by
 * default. One of other namespaces needs a ReferenceGrant, and is left out here (resolvePolicyTargets in internal/gatewayapi/helpers.go in
 * envoyproxy/gateway).
 */
function targetsOf({ metadata: { namespace }, spec }: Policy, { gateways, listenerSets }: Topology): readonly Target[] {
  const near = [
    ...gateways.map(({ metadata }) => ({ kind: "Gateway" as const, ...metadata })),
    ...listenerSets.map(({ metadata }) => ({ kind: "ListenerSet" as const, ...metadata })),
  ].filter((owner) => owner.namespace === namespace);
  const references = spec.targetRef === undefined ? spec.targetRefs : [spec.targetRef];
  const selectors = spec.targetSelectors.filter(({ namespaces }) => namespaces.from === "Same");
  return near.flatMap(({ kind, name, labels: own = {} }) => [
    ...references
      .filter((one) => one.kind === kind && one.name === name)
      .map(({ sectionName }) => ({ kind, name, namespace, sectionName })),
    ...(selectors.some((one) => one.kind === kind && isSelected(own, one)) ? [{ kind, name, namespace }] : []),
  ]);
}

/** Whether a policy with this target applies to a listener. One of a Gateway applies to the listeners of its ListenerSets, too. */
function isWithin(one: OwnedListener, { sectionName, ...owner }: Target, topology: Topology): boolean {
  if (sectionName !== undefined) return isSameOwner(one.owner, owner) && one.listener.name === sectionName;
  const gateway = gatewayBehind(one.owner, topology);
  return (
    isSameOwner(one.owner, owner) || (gateway !== undefined && isSameOwner({ kind: "Gateway", ...gateway }, owner))
  );
}

/** Whether the overrides have a policy of this kind of their own, which takes the place of those of their Gateways. */
function isReplaced(policies: readonly Policy[], namespace: string): boolean {
  return policies.some(
    ({ metadata, spec }) =>
      metadata.namespace === namespace &&
      spec.mergeType === undefined &&
      spec.targetSelectors.some(
        (selector) => selector.kind === "HTTPRoute" && isSelected(labels("maintenance-override"), selector),
      ),
  );
}

/** Whether a policy replaces every answer of a backend that has the status of a page. With a condition on headers, it may not. */
function replacesPages({ spec }: BackendTrafficPolicy): boolean {
  return spec.responseOverride.some(
    ({ source, match: { statusCodes, responseHeaders } }) =>
      source !== "Local" &&
      responseHeaders.length === 0 &&
      statusCodes.some(
        ({ value, range }) =>
          value === PAGE_STATUS || (range !== undefined && range.start <= PAGE_STATUS && PAGE_STATUS <= range.end),
      ),
  );
}
