/** The resources of a container, as in a pod's specification: quantities by resource. */
export interface PodResources {
  readonly requests: Readonly<Record<string, string>>;
  readonly limits: Readonly<Record<string, string>>;
}

const DEFAULTS: PodResources = { requests: { cpu: "20m", memory: "32Mi" }, limits: { memory: "128Mi" } };

/**
 * What a pod of the page server gets: the defaults, and in their place what is set.
 *
 * @example
 * podResources({ requests: {}, limits: { memory: "64Mi" } }).requests.memory; // "32Mi"
 */
export function podResources({ requests, limits }: PodResources): PodResources {
  return { requests: { ...DEFAULTS.requests, ...requests }, limits: { ...DEFAULTS.limits, ...limits } };
}

/**
 * The resources whose request is more than their limit, which Kubernetes refuses: which setting it is, and what is allowed there.
 *
 * @example
 * excessiveRequests({ requests: { memory: "1Gi" }, limits: {} }); // [{ path: ["requests", "memory"], allowed: "the limit, 128Mi, at most" }]
 */
export function excessiveRequests(set: PodResources) {
  const { requests, limits } = podResources(set);
  return Object.entries(limits).flatMap(([resource, limit]) => {
    const request = requests[resource];
    if (request === undefined || amountOf(request) <= amountOf(limit)) return [];
    return resource in set.requests
      ? [{ path: ["requests", resource], allowed: `the limit, ${limit}, at most` }]
      : [{ path: ["limits", resource], allowed: `the request, ${request}, at least` }];
  });
}

// https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
const UNITS: Readonly<Record<string, number>> = {
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

function amountOf(quantity: string): number {
  const unit = quantity.replace(/^[\d.]+/, "");
  return Number.parseFloat(quantity) * (UNITS[unit] ?? 1);
}
