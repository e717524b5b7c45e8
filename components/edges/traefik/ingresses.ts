import { CLASS_ANNOTATION } from "./manifests";
import { isOfClass, type KnownIngress } from "./objects";
import type { StaticOptions } from "./static-options";

// Which Ingresses Traefik reads, and what their annotations say. Traefik goes by the IngressClass's controller. Here its name decides, so
// that no IngressClass has to be read.

const ROUTER = "traefik.ingress.kubernetes.io/router";

/** The annotation that has the priority of an Ingress, for the provider kubernetesIngress. */
export const PRIORITY_ANNOTATION = `${ROUTER}.priority`;

/** The annotation with which an Ingress gets the encrypted connections of its hosts, for the provider kubernetesIngressNGINX. */
export const PASSTHROUGH_ANNOTATION = "nginx.ingress.kubernetes.io/ssl-passthrough";

/** The priority that an Ingress has by its annotation, or 0 without one. */
export function priorityOf(ingress: KnownIngress): number {
  return Math.max(0, ...valuesOf(ingress, PRIORITY_ANNOTATION).map((value) => Number(value) || 0));
}

/** The entry points that an Ingress names. None are Traefik's default ones. */
export function entryPointsOf(ingress: KnownIngress): readonly string[] {
  return valuesOf(ingress, `${ROUTER}.entrypoints`)
    .flatMap((named) => named.split(","))
    .map((one) => one.trim())
    .filter((one) => one !== "");
}

/**
 * The values of an annotation of a router. Traefik finds it whatever its case (parser/nodes_metadata.go in traefik/paerser, findTypedField), so
 * an Ingress may have several. Which one Traefik uses is left open.
 *
 * @param name in lower case.
 */
function valuesOf({ metadata: { annotations = {} } }: KnownIngress, name: string): readonly string[] {
  return Object.entries(annotations).flatMap(([key, value]) => (key.toLowerCase() === name ? [value] : []));
}

/** Whether a Traefik with these options reads an Ingress, with one of its providers for Ingresses. */
export function isRead(ingress: KnownIngress, options: StaticOptions): boolean {
  return isReadAsOwn(ingress, options) || isReadAsNginx(ingress, options);
}

/**
 * Whether the provider kubernetesIngress reads an Ingress (pkg/provider/kubernetes/ingress/kubernetes.go in traefik/traefik,
 * shouldProcessIngress). The Helm chart's IngressClass is `traefik` where the release is called so.
 */
function isReadAsOwn({ metadata, spec: { ingressClassName } }: KnownIngress, options: StaticOptions): boolean {
  if (!options.isEnabled("providers.kubernetesingress")) return false;
  const ingressClass = options.get("providers.kubernetesingress.ingressclass");
  if (ingressClassName !== undefined) return ingressClassName === (ingressClass ?? "traefik");
  return isOfClass(metadata, { ingressClass });
}

/**
 * Whether the provider kubernetesIngressNGINX reads an Ingress (pkg/provider/kubernetes/ingress-nginx/kubernetes.go in traefik/traefik,
 * shouldProcessIngress).
 */
function isReadAsNginx({ metadata, spec }: KnownIngress, options: StaticOptions): boolean {
  const provider = "providers.kubernetesingressnginx";
  if (!options.isEnabled(provider)) return false;
  const ingressClass = spec.ingressClassName ?? metadata.annotations?.[CLASS_ANNOTATION];
  if (ingressClass === undefined) return options.isEnabled(`${provider}.watchingresswithoutclass`);
  return ingressClass === (options.get(`${provider}.ingressclass`) ?? "nginx");
}

/**
 * Whether a Traefik with these options passes the encrypted connections for an Ingress through. It makes a route for TCP of such an Ingress
 * (the same file, loadConfiguration).
 */
export function isPassedThrough(ingress: KnownIngress, options: StaticOptions): boolean {
  const { annotations } = ingress.metadata;
  return annotations?.[PASSTHROUGH_ANNOTATION]?.toLowerCase() === "true" && isReadAsNginx(ingress, options);
}
