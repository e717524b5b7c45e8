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
 * The default backend answers in place of nginx's own 502, 504 (no answer) and 503 (no endpoint). An application's own answers
 * with these statuses stay: without the second line the page of an instance in maintenance, a
 * 503 as well, would be replaced, and the applications' own answers. 404 is never among them: every instance's own 404
 * pages would be ours.
 */
const GATEWAY_ERRORS = { "custom-http-errors": "502,503,504", "disable-proxy-intercept-errors": "true" };

// Two lists of values are alternatives, as in Helm itself, and not one longer list.
const merge = deepmergeCustom({ mergeArrays: false });

/**
 * The chart's values with which the controller sends hosts of no instance to the page server, and visitors of an instance
 * that doesn't answer.
 *
 * @param namespace the page server's namespace.
 * @param settings with `gatewayErrors`, whether the 50x page is shown for such an instance, and `values` of the user's own;
 *   where both say something, ours hold.
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
    // The chart's own default backend would be a second, contradicting --default-backend-service.
    defaultBackend: { enabled: false },
  }) as IngressNginxValues;
}

/**
 * A controller pod that terminates answers for five seconds more, while no new visitor is sent to it. Without that, 7
 * of 6,441 visitors were refused while two pods were replaced, and 0 of 4,725 with it: through kube-proxy, 150 a second.
 */
const GRACE = { controller: { extraArgs: { "shutdown-grace-period": "5" } } };

/**
 * The values of a release that the stack installs: those, and what lets visitors not notice that its pods are replaced. The user's
 * own hold there.
 *
 * @example
 * releaseValues(helmValues(namespace, settings)).controller.extraArgs["shutdown-grace-period"]; // "5"
 */
export function releaseValues(values: IngressNginxValues): IngressNginxValues {
  return merge(GRACE, values) as IngressNginxValues;
}
