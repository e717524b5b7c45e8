import type { RoutedHost } from "../edge";
import { isRead, type Reading } from "./controllers";
import { annotationOf, hostsOf, isCanary, isOurs, isTrue, type KnownIngress, placeOf } from "./objects";

/**
 * The hosts for which Ingresses of others have routes. A canary has none of its own.
 *
 * @param namespace the page server's.
 */
export function routedHostsIn(
  ingresses: readonly KnownIngress[],
  namespace: string,
  reading: Reading,
): readonly RoutedHost[] {
  return ingresses
    .filter((one) => !isOurs(one, namespace) && !isCanary(one) && isRead(one, reading) === true)
    .flatMap((one) =>
      [...new Set([...hostsOf(one), ...aliasesOf(one)].map((host) => host.toLowerCase()))].map((host) => ({
        host,
        object: placeOf(one),
        namespace: one.metadata.namespace,
      })),
    );
}

/** The hosts in an Ingress's annotation server-alias. Regular expressions, which it may have, too, are left out. */
export function aliasesOf(ingress: KnownIngress): readonly string[] {
  return (annotationOf(ingress, "server-alias") ?? "")
    .split(",")
    .map((alias) => alias.trim().toLowerCase())
    .filter((alias) => /^(?:\*\.)?[a-z0-9][a-z0-9.-]*$/.test(alias));
}

/**
 * The hosts that redirect to an Ingress's own by its annotation from-to-www-redirect (pkg/util/ingress/ingress.go in
 * kubernetes/ingress-nginx, BuildRedirects).
 */
export function redirectedHostsOf(ingress: KnownIngress): readonly string[] {
  if (!isTrue(annotationOf(ingress, "from-to-www-redirect"))) return [];
  return hostsOf(ingress).map((host) => (host.startsWith("www.") ? host.slice("www.".length) : `www.${host}`));
}
