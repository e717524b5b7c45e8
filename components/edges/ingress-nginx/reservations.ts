import { ownDomain } from "../edge";
import { celText, type Reservation } from "../reservation";
import { BYPASS_LINK_PATH, OVERRIDE_PATH } from "./manifests";

const INGRESSES = { group: "networking.k8s.io", version: "v1", resource: "ingresses" } as const;

/**
 * What nobody else may have in an Ingress. A canary joins the backend of a host and path, wherever else that backend is used
 * (internal/ingress/controller/controller.go in kubernetes/ingress-nginx, mergeAlternativeBackends). All overrides use the same one. So a
 * canary with the override's path for a host of its owner, or with a path of the standby, gets the visitors of every instance in maintenance.
 *
 * @param namespace the page server's namespace.
 */
export function reservations(namespace: string): readonly Reservation[] {
  const domain = `.${ownDomain(namespace)}`;
  const why = "a canary Ingress with it gets the visitors of all sites in maintenance";
  const paths = [OVERRIDE_PATH, BYPASS_LINK_PATH];
  const isOwnHost = `rule.?host.orValue("").endsWith(${celText(domain)})`;
  const isOverridden = `rule.?http.?paths.orValue([]).exists(path, path.?path.orValue("") in [${paths.map(celText).join(", ")}])`;
  return [
    {
      ...INGRESSES,
      name: "ingress-hosts",
      expression: inARule(isOwnHost),
      what: `every host that ends with ${domain}`,
      why,
    },
    { ...INGRESSES, name: "ingress-paths", expression: inARule(isOverridden), what: "the paths of its overrides", why },
  ];
}

function inARule(condition: string): string {
  return `object.?spec.?rules.orValue([]).exists(rule, ${condition})`;
}
