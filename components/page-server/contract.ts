import type { Kind } from "../../model/maintenance";

// What an edge has to know of the page server: its Service's name and ports, and how a request names the page it gets.

/** The page server's name: of its Service, its Deployment and what belongs to them. */
export const PAGE_SERVER = "page-server";

/**
 * The Service's ports, in their order: as a default backend ingress-nginx takes the first
 * (internal/ingress/controller/controller.go, getDefaultUpstream).
 */
export const SERVICE_PORTS = {
  /** For hosts of no instance, and for failures that the header X-Code names. */
  notFound: { name: "not-found", port: 80 },
  /** For instances in maintenance: the request's path is a page's address. */
  maintenance: { name: "maintenance", port: 81 },
} as const;

/** The pods' port for instances in maintenance whose requests keep their path: the page's address is in X-Forwarded-Prefix. */
export const BYPASS_PORT = "bypass";

/**
 * The address of an instance's page. One of the client's assets is below it.
 *
 * @param page.revision the revision of the instance's own page, or `undefined` for the shared one.
 *
 * @example
 * pageAddress({ instance: "acme", kind: "unscheduled", revision: undefined }); // "/acme/unscheduled/-/"
 */
export function pageAddress(page: {
  readonly instance: string;
  readonly kind: Kind;
  readonly revision: string | undefined;
}): string {
  return `/${page.instance}/${page.kind}/${page.revision ?? "-"}/`;
}
