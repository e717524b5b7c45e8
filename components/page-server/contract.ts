import type { Kind } from "../../model/maintenance";

// The contract between an edge and the page server: the Service's name and ports, and how a request selects its page.

/** The name of the page server's Service and Deployment, and the prefix of related names. */
export const PAGE_SERVER = "page-server";

/**
 * The Service's ports. The order matters: for a default backend ingress-nginx uses the first port
 * (internal/ingress/controller/controller.go, getDefaultUpstream).
 */
export const SERVICE_PORTS = {
  /** For hosts without an owner, and for failures: their status is in the header X-Code. */
  notFound: { name: "not-found", port: 80 },
  /** For instances in maintenance. The request's path is the page's address. */
  maintenance: { name: "maintenance", port: 81 },
} as const;

/** The pods' port for instances in maintenance with a bypass. Requests keep their path; the page's address is in X-Forwarded-Prefix. */
export const BYPASS_PORT = "bypass";

/**
 * The address of an instance's page. The client's assets are below it.
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
