import type { Kind } from "../../model/maintenance";
import { ASSETS_PATH } from "../../pages/kinds";

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

/** A port of the Service that leads there, for bypass links, and at the Gateway API for all overrides. */
export const ANNOUNCED = { name: "announced", port: 82 } as const;

/**
 * The path of bypass links. `?key=` sets the cookie of a key, `?end=` takes it away, and `&hosts=3` walks through three hosts. It is below
 * the path of the client's assets, which no application uses, and the key is in the query: an edge then needs a route for one exact path, and
 * that comes before the bypass. A person whose cookie is there already must still reach the page server.
 */
export const LINK_PATH = `${ASSETS_PATH}bypass`;

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

/** The name of the request header with the page's address, at the port `bypass`. */
export const ADDRESS_HEADER = "X-Forwarded-Prefix";

/**
 * The value of the header with the page's address.
 *
 * With a bypass it also has the hosts that a link opens, and the first one again at the end: the page server redirects from each host to
 * the one after it. It trusts this list, because the edge replaces the header of a visitor. So a link has no host, and leads to none
 * but the instance's own.
 *
 * @param walk the hosts of a link, or `undefined` without a bypass; see `walkOf`.
 *
 * @example
 * announcedAddress({ instance: "acme", kind: "unscheduled", revision: undefined }, ["a.test", "b.test"]);
 * // "/acme/unscheduled/-/bypass/a.test/b.test/a.test/"
 */
export function announcedAddress(page: Parameters<typeof pageAddress>[0], walk: readonly string[] | undefined): string {
  const address = pageAddress(page);
  if (walk === undefined) return address;
  const [first] = walk;
  const circle = first === undefined || walk.length === 1 ? [] : [...walk, first];
  return [`${address}bypass`, ...circle, ""].join("/");
}
