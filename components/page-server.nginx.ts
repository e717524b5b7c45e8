import { ASSETS_PATH, CONTENT_TYPES, FORMATS, PAGE_DISPOSITION } from "../pages/kinds";
import { SCRIPT_DIGEST } from "../pages/script";
import type { Instance } from "../settings/instances";
import { OVERRIDE_KINDS } from "../settings/schema";
import { CORS_HEADERS, CORS_MAPS, FORMAT_MAPS, languageMaps } from "./page-server.nginx.negotiation";

/** What the page server's nginx configuration depends on. */
export interface NginxSettings {
  /** Where the pages' objects are, without a slash at the end, such as `https://pages.s3.eu-central-1.amazonaws.com/pages`. */
  readonly pagesUrl: string;
  /** Retry-After where the page brings none, in seconds. */
  readonly retryAfter: number;
  /** The languages of the pages, as BCP 47 tags; the one for everybody else first. */
  readonly languages: readonly string[];
  /** The instances whose pages differ from the shared ones. */
  readonly clients: readonly Pick<Instance, "name" | "hosts">[];
  /** What the pages are marked with, to tell this stack's from another's; see settings/deployment.ts. */
  readonly deployment: string;
}

/** The page server's ports. Visitors reach all but `health`, which is for probes alone, through Services. */
export const PORTS = { notFound: 8080, maintenance: 8081, health: 8082, bypass: 8083 } as const;

/** Where the page server's container finds things; `page-server.ts` mounts them there. */
export const PATHS = {
  configuration: "/etc/page-server",
  embeddedPages: "/etc/embedded-pages",
  /** The only place that can be written to. */
  scratch: "/tmp",
  /** Where the servers inside listen: of the pages, of what is known to be one, and of the bucket. */
  sockets: { pages: "/tmp/pages.sock", known: "/tmp/known.sock", bucket: "/tmp/bucket.sock" },
  /** The `resolver` line, made from the container's resolv.conf when it starts. */
  resolver: "/tmp/resolver.conf",
} as const;

// A name as the settings allow it.
const INSTANCE = "[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?";
const KIND = OVERRIDE_KINDS.join("|");
const ASSET = "[a-z0-9][a-z0-9._-]*(?:/[a-z0-9][a-z0-9._-]*){0,3}";

/**
 * The controller asks for what failed with HTTP/1.0, so an answer of unknown length ends with the connection. If that comes
 * before all of the body was sent, the controller stops sending, and waits; the page would be late by seconds, and broken
 * off. So a body is read to its end first, onto the pod's disk above 16 kB, and a larger one is answered with a text of
 * known length.
 */
const LARGEST_BODY = "8m";

/** The statuses with which the default backend answers for whoever failed; any other X-Code is as none. */
const FAILED = [500, 502, 503, 504] as const;

/** The header that tells whoever verifies a change which page was served, and from where. */
export const MARKER_HEADER = "X-Maintenance-Page";

/**
 * The marker of an answer, by name; empty without one.
 *
 * @example
 * markerOf({ "x-maintenance-page": "instance=acme; kind=unscheduled" }).get("kind"); // "unscheduled"
 */
export function markerOf(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): ReadonlyMap<string, string> {
  const pairs = String(headers[MARKER_HEADER.toLowerCase()] ?? "").split("; ");
  return new Map(pairs.map((pair) => [pair.split("=")[0] ?? "", pair.split("=")[1] ?? ""]));
}

/**
 * The page server's nginx configuration: visitors' ports, which decide how a page is answered, and behind them a socket,
 * which finds it.
 *
 * The visitors' servers redirect to an address inside (`error_page 503 =503 /-/page`) and not to a named location, because
 * such a redirect also turns any method into GET, so POST and PUT need no rule of their own
 * (https://nginx.org/en/docs/http/ngx_http_core_module.html#error_page).
 *
 * The socket's server looks in three places: the instance's own object, the shared object, the file that is mounted into
 * the container. Each holds a page in all languages (pages/bundle.ts), of which server-side includes let one through
 * (https://nginx.org/en/docs/http/ngx_http_ssi_module.html). What comes out is kept for a second, so that a rush of
 * visitors costs no more than a static file.
 *
 * @example
 * nginxConfiguration({ pagesUrl: "https://pages.example.org/pages", retryAfter: 300, languages: ["en", "fr"], clients: [], deployment: "1a2b3c4d" });
 */
export function nginxConfiguration(settings: NginxSettings): string {
  const { pagesUrl, retryAfter, languages, clients, deployment } = settings;
  const { host, protocol } = new URL(pagesUrl);
  const marker = `"instance=$instance; kind=$page; revision=$revision; deployment=${deployment}; source=$shown_source"`;
  const marked = headers(marker, { "Retry-After": "$retry_after" });
  const answered = `    location = /-/asset {
      internal;
      set $source asset;
      set $key instances/$instance/assets/$asset;
      proxy_pass ${pagesUrl}/$key;
      error_page ${FAILURES} =404 /-/nothing;
    }
${answers("/-", "$instance/$revision/$page", 503)}`;
  return `# Written by components/page-server.nginx.ts.
worker_processes 2;
pid ${PATHS.scratch}/nginx.pid;
error_log stderr warn;
pcre_jit on; # the maps below are long expressions, and each visitor meets them

events {
  worker_connections 4096;
}

http {
  access_log off; # ingress-nginx has logged the request already
  server_tokens off;
  keepalive_timeout 75s;
  reset_timedout_connection on;

  # Whatever ingress-nginx let through gets the page: no header is too large here, and no body either. A body is thrown
  # away as it comes: above this size (in bytes) nginx discards before it answers, below it would store it on disk first.
  client_max_body_size 1;
  client_header_buffer_size 4k;
  large_client_header_buffers 8 64k;

  client_body_temp_path ${PATHS.scratch}/body;
  proxy_temp_path ${PATHS.scratch}/proxy;
  fastcgi_temp_path ${PATHS.scratch}/fastcgi;
  uwsgi_temp_path ${PATHS.scratch}/uwsgi;
  scgi_temp_path ${PATHS.scratch}/scgi;

  map_hash_bucket_size 512; # a host name has up to 253 characters

  types {
${FORMATS.map((format) => `    ${CONTENT_TYPES[format].split(";")[0]} ${format};`).join("\n")}
  }
  charset utf-8; # for the embedded files; an object brings its own

  # --- which format
${FORMAT_MAPS}

  # --- which language
${languageMaps(languages)}

  # --- who may read it from another origin
${CORS_MAPS}

  # Only what looks like a number or an HTTP date: the value comes from the object's metadata.
  map "$source $upstream_http_x_page_retry_after" $retry_after {
    default ${retryAfter};
    "~^asset " "";
    "~^[a-z]+ (?<date>[A-Za-z0-9 ,:]+)$" $date;
  }

  map $format $answer {
    default page;
    none nothing;
  }
  map $source $shown_source {
    default $source;
    page $upstream_http_x_page_source;
  }

  proxy_cache_path ${PATHS.scratch}/objects levels=1 keys_zone=objects:1m max_size=64m inactive=365d use_temp_path=off;
  proxy_cache_path ${PATHS.scratch}/pages levels=1 keys_zone=pages:4m max_size=64m inactive=1m use_temp_path=off;
  # Both caches' files are read more often than they change, which is each second at most.
  open_file_cache max=1024 inactive=10s;
  open_file_cache_valid 1s;
  proxy_cache objects;
  proxy_cache_key $key;
  # Until an edited page shows. Whoever comes first after that waits for the bucket, and not in vain: it is the new page.
  # Everybody else gets the old one meanwhile.
  proxy_cache_valid 200 5s;
  proxy_cache_lock on;
  proxy_cache_lock_timeout 2s;
  # A page that was there once is better than none, whatever has become of the bucket.
  proxy_cache_use_stale error timeout invalid_header updating http_403 http_404 http_429 http_500 http_502 http_503 http_504;
  proxy_ignore_headers Cache-Control Expires Set-Cookie Vary X-Accel-Expires X-Accel-Redirect X-Accel-Limit-Rate X-Accel-Buffering X-Accel-Charset;

  # The bucket's name is resolved at each request and not at the start: nginx must start, and serve, without it.
  include ${PATHS.resolver};
  resolver_timeout 1s;
  proxy_connect_timeout 1s;
  proxy_send_timeout 1s;
  proxy_read_timeout 2s;
  proxy_http_version 1.1;
${protocol === "https:" ? TLS : ""}  # The bucket learns nothing of the visitor: no header, cookie, query or body.
  proxy_method GET;
  proxy_pass_request_headers off;
  proxy_pass_request_body off;
  proxy_set_header Host ${host};
  proxy_set_header Connection "";
  proxy_set_header Content-Length "";
  # The visitor learns nothing of the bucket.
${HIDDEN_HEADERS.map((name) => `  proxy_hide_header ${name};`).join("\n")}
  proxy_intercept_errors on;
  recursive_error_pages on;

  # --- instances in maintenance: /<instance>/<kind>/<revision or ->/<asset or nothing>, which is the override's
  # rewrite-target
  server {
    listen ${PORTS.maintenance};
${marked}
${refused(503)}
    location ~ "^/(?<instance>${INSTANCE})/(?<kind>${KIND})/(?<revision>[0-9a-f]{16}|-)/$" {
      ${PAGE}
    }
    location ~ "^/(?<instance>${INSTANCE})/(?<kind>${KIND})/(?:[0-9a-f]{16}|-)/(?<asset>${ASSET})$" {
      ${FILE}
    }
    location / {
      set $instance -;
      set $revision -;
      ${PAGE}
    }
${answered}
  }

  # --- those with a bypass: the path is the visitor's, since the instance may be the one to get it, and the override's
  # x-forwarded-prefix tells what its rewrite-target would
  map $http_x_forwarded_prefix $told {
    default no;
    "~^/(?<instance>${INSTANCE})/(?<kind>${KIND})/(?<revision>[0-9a-f]{16}|-)/$" yes;
  }
  server {
    listen ${PORTS.bypass};
${marked}
${refused(503)}
    location ~ "^${ASSETS_PATH.replace(".", "\\.")}(?<asset>${ASSET})$" {
      ${TOLD}
      ${FILE}
    }
    location / {
      ${TOLD}
      ${PAGE}
    }
${answered}
  }
  map $kind $page {
    default unscheduled;
${OVERRIDE_KINDS.map((kind) => `    ${kind} ${kind};`).join("\n")}
  }
  map $kind $nothing {
    default "";
  }

  # --- the controller's default backend: for hosts that no instance owns, and for what failed, which it tells in X-Code.
  # Whose host that is, the registry knows: of what a visitor may have written himself only X-Code is believed, who gets
  # another page by it and nothing else.
  map $http_x_code $failed {
    default "";
${FAILED.map((status) => `    ${status} ${status};`).join("\n")}
  }
  map $host $owner {
    hostnames;
    default -;
${clients.flatMap(({ name, hosts }) => hosts.map((host) => `    ${host} ${name};`)).join("\n")}
  }
  map "$failed $owner" $backend_page {
    default -/-/not-found;
    "~^[0-9]+ -$" -/-/50x;
    "~^[0-9]+ (?<client>.+)$" $client/50x;
  }
  map $failed $backend_kind {
    default 50x;
    "" not-found;
  }
  map $failed $backend_retry_after {
    default "";
    503 ${retryAfter};
  }
  map "$preflight $failed" $failed_preflight {
    default "";
    "~^1 [0-9]" 1;
  }
  server {
    listen ${PORTS.notFound};
${headers(`"kind=$backend_kind; deployment=${deployment}; source=$shown_source"`, { "Retry-After": "$backend_retry_after" })}
${refused(404)}
    location / {
      client_max_body_size ${LARGEST_BODY};
${[404, ...FAILED].map((status) => `      error_page ${status} =${status} /-/${status}/$answer;`).join("\n")}
      error_page 413 = @too-large;
      if ($failed_preflight) {
        set $source preflight;
        return 204;
      }
${FAILED.map((status) => `      if ($failed = ${status}) {\n        return ${status};\n      }`).join("\n")}
      return 404;
    }
    location @too-large {
      set $source none;
      default_type text/plain;
      error_page 404 =404 /-/404/$answer;
${FAILED.map((status) => `      if ($failed = ${status}) {\n        return ${status} "${status}\\n";\n      }`).join("\n")}
      return 404;
    }
${[404, ...FAILED].map((status) => answers(`/-/${status}`, "$backend_page", status, status === 404 ? {} : { asked: 404, largestBody: LARGEST_BODY })).join("\n")}
  }

  # --- the pages, in one language: /<language>/<instance or ->/<revision or ->/<page>.<format>
  upstream pages {
    server unix:${PATHS.sockets.pages};
    keepalive 4;
  }
  server {
    listen unix:${PATHS.sockets.pages};
    ssi on;
    ssi_types ${FORMATS.map((format) => CONTENT_TYPES[format].split(";")[0])
      .filter((type) => type !== "text/html") // nginx has that one already
      .join(" ")};
    ssi_silent_errors on;
    set $lt "<";
    add_header X-Page-Source $source;
    add_header X-Page-Retry-After $upstream_http_x_amz_meta_retry_after;
    # An override names a revision only when the instance has a page of its own.
    location ~ "^/(?<language>[A-Za-z-]+)/(?<instance>${INSTANCE})/(?<revision>[0-9a-f]{16})/(?<file>[a-z0-9-]+\\.[a-z]+)$" {
      set $source instance;
      set $key instances/$instance/$revision/$file;
      proxy_pass http://unix:${PATHS.sockets.known}:/$key;
      error_page ${FAILURES} =200 /-/shared;
    }
    # The 50x page of such an instance is always there.
    location ~ "^/(?<language>[A-Za-z-]+)/(?<instance>${INSTANCE})/(?<file>50x\\.[a-z]+)$" {
      set $source instance;
      set $key instances/$instance/$file;
      proxy_pass http://unix:${PATHS.sockets.known}:/$key;
      error_page ${FAILURES} =200 /-/shared;
    }
    location ~ "^/(?<language>[A-Za-z-]+)/[a-z0-9-]+/-/(?<file>[a-z0-9-]+\\.[a-z]+)$" {
      rewrite ^ /-/shared last;
    }
    location = /-/shared {
      internal;
      set $source shared;
      set $key shared/$file;
      proxy_pass http://unix:${PATHS.sockets.known}:/$key;
      error_page ${FAILURES} =200 /-/embedded;
    }
    location = /-/embedded {
      internal;
      set $source embedded;
      root ${PATHS.embeddedPages};
      try_files /$file @none;
    }
    location @none {
      return 444; # anything else would be taken for the page
    }
  }

  # --- what the bucket answers, if it is a page: whoever else answers 200 at its address (its next owner, a site that has one
  # page for everything) doesn't say that of it. nginx acts on an upstream's header only where it is X-Accel-Redirect, so one
  # server says it and the other one acts.
  map $upstream_http_content_disposition $stranger {
    default /-/stranger;
    '${PAGE_DISPOSITION}' "";
  }
  server {
    listen unix:${PATHS.sockets.bucket};
    proxy_cache off;
    proxy_intercept_errors off;
    proxy_pass_header X-Amz-Meta-Retry-After;
    add_header X-Accel-Redirect $stranger;
    location / {
      proxy_pass ${pagesUrl}$request_uri;
    }
  }
  server {
    listen unix:${PATHS.sockets.known};
    proxy_cache off;
    proxy_intercept_errors off;
    proxy_pass_header X-Amz-Meta-Retry-After;
    proxy_ignore_headers Cache-Control;
    location / {
      proxy_pass http://unix:${PATHS.sockets.bucket}:$request_uri;
    }
    location = /-/stranger {
      internal;
      return 502;
    }
  }

  # --- probes; not in the Service, since on a visitor's port /healthz is a path like any other
  server {
    listen ${PORTS.health};
    location = /healthz {
      default_type text/plain;
      return 200 "ok\\n";
    }
    location / {
      return 404;
    }
  }
}
`;
}

const TLS = `  proxy_ssl_server_name on;
  proxy_ssl_verify on;
  proxy_ssl_verify_depth 4;
  proxy_ssl_trusted_certificate /etc/ssl/certs/ca-certificates.crt;
`;

// What S3 and stores like it add to an answer (https://docs.aws.amazon.com/AmazonS3/latest/API/RESTCommonResponseHeaders.html
// and API_GetObject.html), and what a CDN before it adds. nginx can't hide "all but".
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
  "X-Amz-Request-Id",
  "X-Amz-Server-Side-Encryption",
  "X-Amz-Storage-Class",
  "X-Amz-Version-Id",
  "X-Cache",
  "X-Content-Type-Options",
  "X-Frame-Options",
  "X-Page-Retry-After",
  "X-Page-Source",
  "X-Powered-By",
  "X-Request-Id",
  "X-Robots-Tag",
  "X-Xss-Protection",
];

// A page is a failure of the place it is looked for unless it is a plain 200.
const FAILURES = [
  ...[300, 301, 302, 303, 304, 307, 308],
  ...[400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 414, 415, 416, 417, 418, 421, 422, 423, 424],
  ...[425, 426, 428, 429, 431, 451],
  ...[500, 501, 502, 503, 504, 505, 506, 507, 508, 509, 510, 511, 520, 521, 522, 523, 524, 525, 526, 527, 530],
].join(" ");

// nginx takes a block's add_header lines only where an inner block has none, hence all of them once per server.
function headers(marker: string, more: Readonly<Record<string, string>>): string {
  const all = {
    [MARKER_HEADER]: marker,
    ...more,
    "Cache-Control": "no-store",
    "Content-Language": "$content_language",
    Vary: '"Accept, Accept-Language, Origin, Sec-Fetch-Dest"',
    ...CORS_HEADERS,
    // The page's own policy (in its head) allows its style sheet by digest; both hold. Only a header can forbid frames.
    "Content-Security-Policy": `"default-src 'none'; style-src 'unsafe-inline'; script-src ${SCRIPT_DIGEST}; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"`,
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
    "Referrer-Policy": "no-referrer",
  };
  return Object.entries(all)
    .map(([name, value]) => `    add_header ${name} ${value} always;`)
    .join("\n");
}

const PAGE = `if ($preflight) {
        set $source preflight;
        return 204;
      }
      error_page 413 503 =503 /-/$answer;
      return 503;`;

const FILE = `error_page 413 418 =200 /-/asset;
      return 418;`;

// Looking at the map is what fills the variables, by the groups of its expression. A body has to wait for that: it is thrown
// away at /-/page, not before.
const TOLD = `client_max_body_size 0;
      set $instance -;
      set $revision -;
      set $heard $told;`;

/**
 * What is no request, or one that nobody sends who means well: nginx answers those itself, before any location, and would
 * name itself.
 *
 * @param asked the status for whoever asks for the address of the inside.
 */
function refused(asked: number): string {
  return `    error_page 400 405 408 411 414 421 431 500 501 505 /-/refused;
    error_page 494 495 496 497 =400 /-/refused; # statuses of nginx's own
    location = /-/refused {
      internal;
      client_max_body_size 0; # whatever there is of one
      set $source none;
      default_type text/plain;
      error_page 404 =${asked} @plain-${asked};
      return 400 "refused\\n";
    }`;
}

interface AnswersOptions {
  /** The status for whoever asks for an address of the inside. @default status */
  readonly asked?: number;
  /** Up to which size a body is read before the answer. @default 1 byte: it is thrown away as it comes */
  readonly largestBody?: string;
}

function answers(place: string, page: string, status: number, options: AnswersOptions = {}): string {
  const { asked = status, largestBody } = options;
  return `    location = ${place}/page {
      internal;${largestBody === undefined ? "" : `\n      client_max_body_size ${largestBody};`}
      set $source page;
      set $key $spoken/${page}.$format;
      proxy_pass http://pages/$key;
      proxy_cache pages;
      proxy_cache_valid 200 1s;
      proxy_read_timeout 10s; # the bucket may be asked for two objects, one after the other
      error_page 413 =${status} ${place}/page; # a body in chunks is found too large only here; it is thrown away then
      error_page 404 =${asked} @plain-${asked}; # the first of two holds
      error_page ${FAILURES} =${status} @plain-${status};
    }
    location @plain-${status} {
      set $source none;
      default_type text/plain;
      return ${status} "${status}\\n";
    }
    location = ${place}/nothing {
      internal;
      set $source nothing;
      default_type "";
      error_page 404 =${asked} @plain-${asked};
      return ${status} $nothing; # a variable, because nginx takes an empty text for none and begins anew
    }`;
}
