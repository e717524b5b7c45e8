import { ownDomain } from "../edge";
import { celText, type Reservation } from "../reservation";
import { parkedDomain } from "./manifests";
import { GATEWAY_GROUP } from "./objects";

/**
 * What nobody else may have in an HTTPRoute: the hosts of self-tests and of parked overrides. A route with an Exact path for a self-test's
 * host comes first, and then `enable` refuses.
 *
 * @param namespace the page server's namespace.
 */
export function reservations(namespace: string): readonly Reservation[] {
  const domain = `.${ownDomain(namespace)}`;
  const parked = `.${parkedDomain(namespace)}.`;
  const isReserved = `host.endsWith(${celText(domain)}) || host.contains(${celText(parked)})`;
  return [
    {
      name: "httproute-hosts",
      group: GATEWAY_GROUP,
      version: "v1",
      resource: "httproutes",
      expression: `object.?spec.?hostnames.orValue([]).exists(host, ${isReserved})`,
      what: `every host that ends with ${domain} or contains ${parked}`,
      why: "it finds out with these hosts whether visitors would see a maintenance page",
    },
  ];
}
