import { deepmergeCustom } from "deepmerge-ts";
import { PAGE_SERVER } from "../../page-server/contract";
import type { IngressNginxSettings } from "./settings";

/** Values of the ingress-nginx Helm chart. */
export interface IngressNginxValues {
  readonly controller: {
    readonly extraArgs: Readonly<Record<string, string>>;
    readonly config?: Readonly<Record<string, string>>;
  };
  readonly defaultBackend: { readonly enabled: boolean };
  readonly [other: string]: unknown;
}

/**
 * The default backend replaces nginx's own 502, 504 (no answer) and 503 (no endpoint). The second setting keeps the applications'
 * own answers with these statuses. Without it they would be replaced, and so would the page of an instance in maintenance, which is
 * a 503 as well. 404 is not in the list: it would replace the 404 pages of every instance.
 */
const GATEWAY_ERRORS = { "custom-http-errors": "502,503,504", "disable-proxy-intercept-errors": "true" };

// A list replaces another list, as in Helm. They are not joined.
const merge = deepmergeCustom({ mergeArrays: false });

/**
 * The chart's values. With them the controller sends requests to the page server when no instance owns the host, or when the
 * instance does not answer.
 *
 * @param namespace the page server's namespace.
 * @param settings `gatewayErrors`: whether visitors of an instance that does not answer get the 50x page; `values`: the user's
 *   own values. If both set a value, ours wins.
 *
 * @example
 * helmValues("maintenance-pages", { gatewayErrors: true, values: { controller: { replicaCount: 2 } } });
 */
export function helmValues(
  namespace: string,
  { gatewayErrors, values }: Pick<IngressNginxSettings, "gatewayErrors" | "values">,
): IngressNginxValues {
  return merge(values, {
    controller: {
      extraArgs: { "default-backend-service": `${namespace}/${PAGE_SERVER}` },
      ...(gatewayErrors ? { config: GATEWAY_ERRORS } : {}),
    },
    // The chart's own default backend would be a second one. It would contradict --default-backend-service.
    defaultBackend: { enabled: false },
  }) as IngressNginxValues;
}

/**
 * A terminating controller pod still answers for five seconds, while no new visitors are sent to it. Without this, the connections
 * of 7 of 6,441 visitors were refused while two pods were replaced; with it, 0 of 4,725 (through kube-proxy, 150 per second).
 */
const GRACE = { controller: { extraArgs: { "shutdown-grace-period": "5" } } };

/**
 * The class of a controller that is not called nginx. Without these values the chart makes the class nginx, and no controller would
 * have the class of the overrides. Two controllers in a cluster need two classes with two values of `controller`.
 */
function classValues(className: string) {
  if (className === "nginx") return {};
  return {
    controller: {
      ingressClass: className,
      ingressClassResource: { name: className, controllerValue: `k8s.io/${className}` },
    },
  };
}

/**
 * The values for a release that the stack installs: `helmValues`, the class, and values so that visitors don't notice when pods are
 * replaced. The user's values win over the latter two.
 *
 * @example
 * releaseValues(helmValues(namespace, settings), "nginx").controller.extraArgs["shutdown-grace-period"]; // "5"
 */
export function releaseValues(values: IngressNginxValues, className: string): IngressNginxValues {
  return merge(GRACE, classValues(className), values) as IngressNginxValues;
}
