import { celText, type Reservation } from "../reservation";
import { API_VERSION, PRIORITIES } from "./manifests";

/** The annotation by which an Ingress gets a priority. */
const PRIORITY_ANNOTATION = "traefik.ingress.kubernetes.io/router.priority";

const [GROUP = "", VERSION = ""] = API_VERSION.split("/");

/**
 * What nobody else may have in a route: the priority of an override, or a higher one. Of all routes that match a request, in every
 * namespace, Traefik uses the one with the highest priority.
 */
export function reservations(): readonly Reservation[] {
  const what = `every priority of ${PRIORITIES.override} or more`;
  const why = "a route with it comes before the maintenance page of any site";
  const annotations = "object.metadata.?annotations.orValue({})";
  // Traefik finds the field whatever its case (parser/nodes_metadata.go in traefik/paerser, findTypedField).
  const isPriority = `key.lowerAscii() == ${celText(PRIORITY_ANNOTATION)}`;
  const isReserved = `object.metadata.annotations[key].matches(${celText(NOT_BELOW_OVERRIDE)})`;
  return [
    {
      name: "ingressroute-priorities",
      group: GROUP,
      version: VERSION,
      resource: "ingressroutes",
      expression: `object.?spec.?routes.orValue([]).exists(route, route.?priority.orValue(0) >= ${PRIORITIES.override})`,
      what,
      why,
    },
    {
      name: "ingress-priorities",
      group: "networking.k8s.io",
      version: "v1",
      resource: "ingresses",
      expression: `${annotations}.exists(key, ${isPriority} && ${isReserved})`,
      what: `${what} in the annotation ${PRIORITY_ANNOTATION}`,
      why,
    },
  ];
}

/**
 * Matches the priorities from the override's on, which is a power of ten, as Traefik reads them (parser/element_fill.go in traefik/paerser,
 * setInt). An annotation may be any text. As a number, another text would be an error.
 */
const NOT_BELOW_OVERRIDE = `^[+]?0*[1-9][0-9]{${String(PRIORITIES.override).length - 1},}$`;
