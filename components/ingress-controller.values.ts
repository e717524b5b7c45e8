import { deepmergeCustom } from "deepmerge-ts";
import { PAGE_SERVER } from "./names";

/** Values of the ingress-nginx Helm chart. */
export interface IngressNginxValues {
  readonly controller: {
    readonly extraArgs: Readonly<Record<string, string>>;
  };
  readonly defaultBackend: { readonly enabled: boolean };
  readonly [other: string]: unknown;
}

// Two lists of values are alternatives, as in Helm itself, and not one longer list.
const merge = deepmergeCustom({ mergeArrays: false });

/**
 * The chart's values with which the controller sends hosts that nobody owns to the page server.
 *
 * There is no `custom-http-errors` among them: the default backend answers an unknown host without it, and as a global
 * setting it would replace the instances' own error pages.
 *
 * @param namespace the page server's namespace.
 * @param extra values of the user's own; where both say something, ours hold.
 *
 * @example
 * ingressNginxValues("maintenance-pages", { controller: { replicaCount: 2 } });
 */
export function ingressNginxValues(
  namespace: string,
  extra: Readonly<Record<string, unknown>> = {},
): IngressNginxValues {
  return merge(extra, {
    controller: { extraArgs: { "default-backend-service": `${namespace}/${PAGE_SERVER}` } },
    // The chart's own default backend would be a second, contradicting --default-backend-service.
    defaultBackend: { enabled: false },
  }) as IngressNginxValues;
}
