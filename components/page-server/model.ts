import { createHash } from "node:crypto";
import { join } from "node:path";
import { Liquid } from "liquidjs";
import { COOKIE_PREFIX, LINK_SECONDS, LONGEST_WALK } from "../../model/bypass";
import type { Instance } from "../../model/instances";
import { OVERRIDE_KINDS } from "../../model/maintenance";
import { ASSETS_PATH, CONTENT_TYPES, FORMATS, PAGE_DISPOSITION } from "../../pages/kinds";
import { SCRIPT_DIGEST } from "../../pages/script";
import { LINK_PATH } from "./contract";
import { MARKER_HEADER } from "./marker";
import { CORS_HEADERS, FORMAT_PATTERNS, languageNegotiation } from "./negotiation";

/** The settings of the page server's nginx configuration. */
export interface NginxSettings {
  /** The URL above the pages' objects, without a slash at the end, such as `https://pages.s3.eu-central-1.amazonaws.com/pages`. */
  readonly pagesUrl: string;
  /** The value of Retry-After for pages without their own, in seconds. */
  readonly retryAfter: number;
  /** The languages of the pages, as BCP 47 tags; the default language first. */
  readonly languages: readonly string[];
  /** The instances whose pages differ from the shared ones. */
  readonly clients: readonly Pick<Instance, "name" | "hosts">[];
  /** The hosts of all other instances. A client's wildcard may cover them. */
  readonly otherHosts: readonly string[];
  /** Whether the bucket's certificate is from a private certificate authority, whose file is at `paths.certificateAuthority`. */
  readonly hasCertificateAuthority: boolean;
  /** The mark that distinguishes this stack's answers from those of another stack; see settings/stack-mark.ts. */
  readonly mark: string;
  /** The ports on which the servers listen, or addresses with a port. @default PORTS */
  readonly ports?: Readonly<Record<keyof typeof PORTS, number | string>>;
  /** The paths that the page server uses. @default PATHS */
  readonly paths?: Paths;
}

/** The page server's ports. `health` is only for probes. Visitors reach all other ports through the Service. */
export const PORTS = { notFound: 8080, maintenance: 8081, health: 8082, bypass: 8083 } as const;

/** The paths that the page server uses. */
export interface Paths {
  readonly configuration: string;
  readonly embeddedPages: string;
  /** The only folder that is writable. */
  readonly scratch: string;
  /** The sockets of the inner servers: for the pages, for objects that are known to be pages, and for the bucket. */
  readonly sockets: { readonly pages: string; readonly known: string; readonly bucket: string };
  /** The file with the `resolver` line, which is made from the container's resolv.conf at its start. */
  readonly resolver: string;
  /** The folder with a file for each server, which makes it listen on IPv6 too; empty on a machine without IPv6. */
  readonly ipv6: string;
  /** The file with the certificates that the bucket's certificate is verified with, if not the system's. */
  readonly certificateAuthority: string;
}

/** The name of the file with the certificate authority, beside nginx.conf. */
export const CERTIFICATE_AUTHORITY = "certificate-authority.pem";

/** The paths of a page server with these folders. */
export function pathsOf(folders: Pick<Paths, "configuration" | "embeddedPages" | "scratch">): Paths {
  const { configuration, scratch } = folders;
  const sockets = { pages: `${scratch}/pages.sock`, known: `${scratch}/known.sock`, bucket: `${scratch}/bucket.sock` };
  return {
    ...folders,
    sockets,
    resolver: `${scratch}/resolver.conf`,
    ipv6: `${scratch}/ipv6`,
    certificateAuthority: `${configuration}/${CERTIFICATE_AUTHORITY}`,
  };
}

/** The paths in the page server's container; `component.ts` mounts them there. */
export const PATHS = pathsOf({
  configuration: "/etc/page-server",
  embeddedPages: "/etc/embedded-pages",
  scratch: "/tmp",
});

/** Regular expressions for nginx's locations. */
const PATTERNS = {
  // As the settings allow it (model/fields.ts, DNS_LABEL).
  instance: "[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?",
  kind: OVERRIDE_KINDS.join("|"),
  asset: "[a-z0-9][a-z0-9._-]*(?:/[a-z0-9][a-z0-9._-]*){0,3}",
  /** The path above a client's assets. */
  assets: ASSETS_PATH.replace(".", "\\."),
} as const;

/**
 * The largest request body that is read before the page of a failure is sent. The controller requests this page with HTTP/1.0, so an
 * answer of unknown length ends with the connection. If the answer arrives before the controller has sent the whole body, the
 * controller stops sending and waits. The page would be late by seconds, and incomplete. So the body is read first, onto the pod's
 * disk above 16 kB. A request with a larger body is answered with a text of known length.
 */
const LARGEST_BODY = "8m";

/** The statuses of failures that the default backend answers. Any other X-Code is ignored. */
const FAILED = [500, 502, 503, 504] as const;

/** The media types of the pages' formats. */
const MEDIA_TYPES = FORMATS.map((name) => ({ name, mediaType: CONTENT_TYPES[name].split(";")[0] ?? "" }));

/** The data for the templates. */
function modelOf(settings: Required<NginxSettings>) {
  const { pagesUrl, retryAfter, languages, clients, mark, ports, paths } = settings;
  const { host, protocol } = new URL(pagesUrl);
  const negotiation = languageNegotiation(languages);
  return {
    ports,
    paths,
    patterns: PATTERNS,
    formats: MEDIA_TYPES,
    // nginx always processes includes in HTML.
    includeTypes: MEDIA_TYPES.map(({ mediaType }) => mediaType).filter((type) => type !== "text/html"),
    formatPatterns: FORMAT_PATTERNS,
    languagePatterns: negotiation.patterns,
    languages: negotiation.names,
    defaultLanguage: languages[0],
    retryAfter,
    pagesUrl,
    bucketHost: host,
    isEncrypted: protocol === "https:",
    certificateAuthority: settings.hasCertificateAuthority
      ? paths.certificateAuthority
      : "/etc/ssl/certs/ca-certificates.crt",
    expiryDigest: EXPIRY_DIGEST,
    hiddenHeaders: HIDDEN_HEADERS,
    disposition: PAGE_DISPOSITION,
    kinds: OVERRIDE_KINDS,
    link: LINK,
    failed: FAILED,
    failures: FAILURES,
    largestBody: LARGEST_BODY,
    owned: [
      ...clients.flatMap(({ name, hosts }) => hosts.map((host) => ({ name, host }))),
      ...coveredBy(clients, settings.otherHosts).map((host) => ({ name: "-", host })),
    ],
    instanceHeaders: headersOf(
      `instance=$instance; kind=$page; revision=$revision; stack=${mark}; source=$shown_source`,
      "$retry_after",
    ),
    backendHeaders: headersOf(`kind=$backend_kind; stack=${mark}; source=$shown_source`, "$backend_retry_after"),
  };
}

/** What the templates need of bypass links. nginx can't subtract, so each number of hosts has the one below it. */
const LINK = {
  path: LINK_PATH,
  asset: LINK_PATH.slice(ASSETS_PATH.length),
  cookiePrefix: COOKIE_PREFIX,
  seconds: LINK_SECONDS,
  steps: Array.from({ length: LONGEST_WALK }, (_, index) => ({ left: index + 1, after: index })),
} as const;

/** The digest of a link without a secret: nginx's secure_link then checks only the link's expiry. */
const EXPIRY_DIGEST = createHash("md5").digest("base64url");

/** Those of the hosts that a wildcard of these instances covers. */
function coveredBy(clients: NginxSettings["clients"], hosts: readonly string[]): readonly string[] {
  const above = clients
    .flatMap((client) => client.hosts.filter((host) => host.startsWith("*.")))
    .map((one) => one.slice(1));
  return hosts.filter((host) => above.some((end) => host.endsWith(end)));
}

const templates = new Liquid({
  root: join(__dirname, "templates"),
  strictVariables: true,
  strictFilters: true,
  ownPropertyOnly: true,
  lenientIf: true,
  // A dash removes only the line break, and not the indentation of the next line.
  greedy: false,
  cache: true,
});

/**
 * The page server's nginx configuration. The servers on visitors' ports decide how a page is answered. Behind them the server on a
 * socket finds the page.
 *
 * The visitors' servers redirect to an internal address (`error_page 503 =503 /-/page`) and not to a named location. Such a redirect
 * also turns any method into GET, so POST and PUT need no rules
 * (https://nginx.org/en/docs/http/ngx_http_core_module.html#error_page).
 *
 * The socket's server searches three places: the instance's own object, the shared object, the file that is mounted into the
 * container. Each contains a page in all languages (pages/bundle.ts). Server-side includes choose one of them
 * (https://nginx.org/en/docs/http/ngx_http_ssi_module.html). The result is cached for a second, so that many visitors cost no more
 * than a static file.
 *
 * @example
 * nginxConfiguration({ pagesUrl: "https://pages.example.org/pages", retryAfter: 300, languages: ["en", "fr"], clients: [], otherHosts: [], hasCertificateAuthority: false, mark: "1a2b3c4d" });
 */
export function nginxConfiguration(settings: NginxSettings): string {
  return templates.renderFileSync("nginx.conf.liquid", modelOf({ ports: PORTS, paths: PATHS, ...settings }));
}

/** The headers of every answer of a server. */
function headersOf(marker: string, retryAfter: string): readonly { readonly name: string; readonly value: string }[] {
  const headers = {
    [MARKER_HEADER]: `"${marker}"`,
    "Retry-After": retryAfter,
    "Cache-Control": "no-store",
    "Content-Language": "$content_language",
    Vary: '"Accept, Accept-Language, Origin, Sec-Fetch-Dest"',
    ...CORS_HEADERS,
    // Both policies apply: the page's own policy (in its head) allows its style sheet by digest. Frames are allowed: a unit of a course
    // is in a frame of its MFE, and an LTI tool in one of another site. The page has nothing that a click could do harm with.
    "Content-Security-Policy": `"default-src 'none'; style-src 'unsafe-inline'; script-src ${SCRIPT_DIGEST}; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'"`,
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
    "Referrer-Policy": "no-referrer",
  };
  return Object.entries(headers).map(([name, value]) => ({ name, value }));
}

// The headers that S3 and similar stores add (https://docs.aws.amazon.com/AmazonS3/latest/API/RESTCommonResponseHeaders.html
// and API_GetObject.html), and those that a CDN adds. nginx can't hide all headers except some.
const HIDDEN_HEADERS = [
  "Accept-Ranges",
  "Access-Control-Allow-Origin",
  "Access-Control-Allow-Methods",
  "Access-Control-Expose-Headers",
  "Age",
  "Alt-Svc",
  "Cache-Control",
  "CF-Cache-Status",
  "CF-Ray",
  "Content-Disposition",
  "Content-Language",
  "Content-Security-Policy",
  "ETag",
  "Expires",
  "Last-Modified",
  "Location",
  "NEL",
  "Report-To",
  "Server",
  "Set-Cookie",
  "Strict-Transport-Security",
  "Vary",
  "Via",
  "X-Amz-Bucket-Region",
  "X-Amz-Cf-Id",
  "X-Amz-Cf-Pop",
  "X-Amz-Checksum-Crc32",
  "X-Amz-Checksum-Crc64nvme",
  "X-Amz-Checksum-Sha256",
  "X-Amz-Checksum-Type",
  "X-Amz-Expiration",
  "X-Amz-Id-2",
  "X-Amz-Meta-Retry-After",
  "X-Amz-Meta-Until",
  "X-Amz-Request-Id",
  "X-Amz-Server-Side-Encryption",
  "X-Amz-Storage-Class",
  "X-Amz-Version-Id",
  "X-Cache",
  "X-Content-Type-Options",
  "X-Frame-Options",
  "X-Page-Retry-After",
  "X-Page-Source",
  "X-Page-Until",
  "X-Powered-By",
  "X-Request-Id",
  "X-Robots-Tag",
  "X-Xss-Protection",
];

// Any status except 200 counts as a failure of the place that is searched for the page.
const FAILURES = [
  ...[300, 301, 302, 303, 304, 307, 308],
  ...[400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 414, 415, 416, 417, 418, 421, 422, 423, 424],
  ...[425, 426, 428, 429, 431, 451],
  ...[500, 501, 502, 503, 504, 505, 506, 507, 508, 509, 510, 511, 520, 521, 522, 523, 524, 525, 526, 527, 530],
].join(" ");
