import type { Hazard } from "../edge";

/**
 * What the override does about the options that somebody else may have set for the whole controller. An option can change the request
 * before the page server gets it, or the answer before the visitor gets it.
 *
 * The names are those of ingress-nginx 1.11 (internal/ingress/controller/config/config.go, internal/ingress/defaults/main.go and
 * internal/ingress/controller/template/configmap.go in kubernetes/ingress-nginx). test/e2e/controller-options.test.ts compares them
 * with this source, and tests each shield on a running controller. docs/ingress-nginx.md is generated from these lists.
 */

/** The prefix of ingress-nginx's annotations. */
export const ANNOTATION_PREFIX = "nginx.ingress.kubernetes.io";

/** An option of the controller's ConfigMap against which the override has an annotation of its own. */
export interface Shield {
  /** Options of the ConfigMap. */
  readonly options: readonly string[];
  /** The override's annotations, without their prefix. */
  readonly annotations: Readonly<Record<string, string>>;
  /** What visitors would get without the annotations. */
  readonly otherwise: string;
}

export const SHIELDS: readonly Shield[] = [
  {
    options: [
      "global-auth-url",
      "global-auth-method",
      "global-auth-signin",
      "global-auth-signin-redirect-param",
      "global-auth-response-headers",
      "global-auth-request-redirect",
      "global-auth-snippet",
      "global-auth-cache-key",
      "global-auth-cache-duration",
      "global-auth-always-set-cookie",
      "no-auth-locations",
    ],
    annotations: { "enable-global-auth": "false" },
    otherwise: "A login, or an error while the login service is down.",
  },
  {
    options: ["custom-http-errors", "disable-proxy-intercept-errors"],
    // An Ingress's own list replaces the controller's. No server sends 418, so nothing is replaced.
    annotations: { "custom-http-errors": "418" },
    otherwise: "The error page of the controller's default backend, if the list contains 503.",
  },
  {
    options: [
      "ssl-redirect",
      "force-ssl-redirect",
      "http-redirect-code",
      "no-tls-redirect-locations",
      "preserve-trailing-slash",
      "use-port-in-redirects",
    ],
    annotations: { "ssl-redirect": "false", "force-ssl-redirect": "false" },
    otherwise: "A redirect to HTTPS, which never ends behind a proxy that terminates TLS.",
  },
  {
    options: ["proxy-next-upstream", "retry-non-idempotent"],
    annotations: { "proxy-next-upstream": "error timeout" },
    otherwise: "The page, after up to ten requests to the page server, if the list contains http_503.",
  },
  {
    options: ["proxy-body-size", "proxy-request-buffering", "client-body-buffer-size"],
    // An upload gets the page instead of 413. It is streamed, and never stored on the controller's disk.
    annotations: { "proxy-body-size": "0", "proxy-request-buffering": "off" },
    otherwise: "413 for an upload.",
  },
  {
    options: ["proxy-connect-timeout", "proxy-next-upstream-timeout", "proxy-next-upstream-tries"],
    // By default the controller waits 5 s for a connection, and tries three times. When a pod was deleted without a grace period, a
    // visitor waited 15 s. When a pod was killed, all three tries of 8 of 564 visitors reached that pod.
    annotations: {
      "proxy-connect-timeout": "1",
      "proxy-next-upstream-tries": "10",
      "proxy-next-upstream-timeout": "5",
    },
    otherwise: "A wait of many seconds, or 502 or 504, while a page server pod is replaced.",
  },
  {
    options: ["enable-modsecurity", "enable-owasp-modsecurity-crs", "modsecurity-snippet"],
    annotations: { "enable-modsecurity": "false" },
    otherwise: "403: rules for answers, such as 950100 of the OWASP CRS, block every status 5xx.",
  },
];

/** The annotations of all shields. */
export const SHIELD_ANNOTATIONS: Readonly<Record<string, string>> = Object.fromEntries(
  SHIELDS.flatMap(({ annotations }) =>
    Object.entries(annotations).map(([name, value]) => [`${ANNOTATION_PREFIX}/${name}`, value] as const),
  ),
);

/** Options that apply to the page as to every other answer, and why that is right. */
export const APPLIED: readonly { readonly options: readonly string[]; readonly because: string }[] = [
  {
    options: [
      "whitelist-source-range",
      "denylist-source-range",
      "block-cidrs",
      "block-user-agents",
      "block-referers",
      "limit-rate",
      "limit-rate-after",
    ],
    because: "The cluster's operator decides who may use the controller, and how much. That includes the page.",
  },
  {
    options: [
      "add-headers",
      "allow-backend-server-header",
      "global-allowed-response-headers",
      "hsts",
      "hsts-include-subdomains",
      "hsts-max-age",
      "hsts-preload",
      "server-tokens",
      "use-gzip",
      "gzip-disable",
      "gzip-level",
      "gzip-min-length",
      "gzip-types",
      "enable-brotli",
      "brotli-level",
      "brotli-min-length",
      "brotli-types",
    ],
    because: "They add headers to the answer or compress it. The status, the page and its marker stay.",
  },
  {
    options: [
      "use-forwarded-headers",
      "compute-full-forwarded-for",
      "enable-real-ip",
      "forwarded-for-header",
      "proxy-real-ip-cidr",
      "use-proxy-protocol",
      "proxy-protocol-header-timeout",
      "proxy-add-original-uri-header",
      "proxy-set-headers",
      "generate-request-id",
      "enable-underscores-in-headers",
      "ignore-invalid-headers",
    ],
    because:
      "They change headers of the request. The page server reads only Accept, Accept-Language, Sec-Fetch-Dest and Origin.",
  },
  {
    options: [
      "proxy-buffer-size",
      "proxy-buffering",
      "proxy-buffers-number",
      "proxy-http-version",
      "proxy-max-temp-file-size",
      "proxy-read-timeout",
      "proxy-send-timeout",
    ],
    because:
      "The page's headers fit into nginx's smallest usual buffer of 4 KB, and the page server answers within 3 s. An annotation " +
      "for a larger buffer could contradict proxy-busy-buffers-size, and nginx would then reject the whole configuration.",
  },
  {
    options: ["load-balance", "upstream-hash-by", "upstream-hash-by-subset", "upstream-hash-by-subset-size"],
    because: "Every page server pod has the same pages.",
  },
  {
    options: ["service-upstream"],
    because: "A service mesh may need it. The Service's address then leads to a page server pod.",
  },
  {
    options: ["ssl-reject-handshake"],
    because: "Unknown hosts get no page over HTTPS then, because they get no connection.",
  },
  {
    options: ["proxy-cookie-domain", "proxy-cookie-path", "proxy-redirect-from", "proxy-redirect-to"],
    because: "The page has neither a cookie nor a redirect.",
  },
];

/** Options with which the controller can show something else than the page, or refuse the override. No annotation prevents that. */
export const UNSHIELDABLE: readonly { readonly options: readonly string[]; readonly effect: string }[] = [
  {
    options: ["location-snippet", "server-snippet", "http-snippet", "main-snippet", "plugins"],
    effect: "They can be any nginx configuration or Lua code, such as a redirect in each location.",
  },
  {
    options: ["hide-headers"],
    effect:
      "Visitors get the page without these headers, such as Retry-After. Without X-Maintenance-Page the command can't verify it.",
  },
  {
    options: ["annotations-risk-level", "annotation-value-word-blocklist"],
    effect:
      "The override is refused with the level Low, and with a word in the list that its annotations contain, such as `root` for an instance named root.",
  },
];

/** Annotations of an instance's own Ingress that apply to the whole host. */
export interface HostAnnotation {
  readonly annotations: readonly string[];
  /** What they do to the page. */
  readonly effect: string;
  /** What they do to a host of the instance that the controller knows only by them. */
  readonly effectOnHost?: string;
  /** Set if a maintenance runs into them. */
  readonly hazard?: Pick<Hazard, "what" | "remedy"> & {
    /** The annotation without which the others do nothing. */
    readonly annotation: string;
  };
}

// The override has no certificate, and the controller takes that of another Ingress with a rule for the same host
// (internal/ingress/controller/controller.go, createServers).
const DEFAULT_CERTIFICATE =
  "A host of the instance that only this annotation makes known shows the page with the controller's default certificate.";

/**
 * Annotations of the instance's own Ingress that apply to the whole host, and so to the page too. All other annotations belong to the
 * paths of the Ingress that has them. The override has paths of its own.
 */
export const HOST_ANNOTATIONS: readonly HostAnnotation[] = [
  {
    annotations: ["app-root"],
    effect: "`/` answers with a redirect to this path, and the path shows the page.",
    hazard: {
      annotation: "app-root",
      what: "altered",
      remedy: "Nothing, if the redirect does no harm. Otherwise remove the annotation.",
    },
  },
  {
    annotations: ["server-snippet"],
    effect: "Any nginx configuration for the host.",
    hazard: {
      annotation: "server-snippet",
      what: "altered",
      remedy: "Read the snippet: if it answers requests itself, visitors get its answer and not the page.",
    },
  },
  {
    annotations: [
      "auth-tls-secret",
      "auth-tls-verify-client",
      "auth-tls-verify-depth",
      "auth-tls-match-cn",
      "auth-tls-error-page",
    ],
    effect: "Visitors without a client certificate get no page, as they get no answer from the instance.",
    hazard: {
      annotation: "auth-tls-secret",
      what: "altered",
      remedy:
        "Nothing, if nobody else visits the instance. The command has no certificate, so `enable` can't verify the page.",
    },
  },
  {
    annotations: ["ssl-passthrough"],
    effect: "HTTPS goes to the instance's pods unread. Only visitors over HTTP get the page.",
    hazard: {
      annotation: "ssl-passthrough",
      what: "open",
      remedy: "Remove the annotation, and give the Ingress the certificate of the instance (spec.tls).",
    },
  },
  {
    annotations: ["server-alias"],
    effect: "The alias shows the page too.",
    effectOnHost: DEFAULT_CERTIFICATE,
    hazard: {
      annotation: "server-alias",
      what: "altered",
      remedy: "Give the host a rule and a certificate of its own in that Ingress.",
    },
  },
  {
    annotations: ["from-to-www-redirect"],
    effect: "The other name (with or without www) redirects to the host, which shows the page.",
    effectOnHost: DEFAULT_CERTIFICATE,
    hazard: {
      annotation: "from-to-www-redirect",
      what: "altered",
      remedy: "Take the host out of instances.*.hosts: it then redirects to the other one, which shows the page.",
    },
  },
  {
    annotations: ["ssl-ciphers", "ssl-prefer-server-ciphers"],
    effect: "None on the page: they apply to the connection.",
  },
  {
    annotations: [
      "proxy-ssl-secret",
      "proxy-ssl-ciphers",
      "proxy-ssl-name",
      "proxy-ssl-protocols",
      "proxy-ssl-server-name",
      "proxy-ssl-verify",
      "proxy-ssl-verify-depth",
    ],
    effect: "None on the page: the controller's connection to the page server has no TLS.",
  },
];

/** Options that don't concern a request for a page: logs, TLS, sizes of tables, tracing, other protocols, features that an Ingress asks for. */
export const UNRELATED: readonly string[] = [
  "access-log-params",
  "access-log-path",
  "allow-cross-namespace-resources",
  "allow-snippet-annotations",
  "app-root",
  "bind-address",
  "client-body-timeout",
  "client-header-buffer-size",
  "client-header-timeout",
  "debug-connections",
  "default-type",
  "disable-access-log",
  "disable-http-access-log",
  "disable-ipv6",
  "disable-ipv6-dns",
  "disable-stream-access-log",
  "enable-access-log-for-default-backend",
  "enable-aio-write",
  "enable-auth-access-log",
  "enable-multi-accept",
  "enable-ocsp",
  "enable-opentelemetry",
  "enable-serial-reloads",
  "enable-syslog",
  "error-log-level",
  "error-log-path",
  "geoip2-autoreload-in-minutes",
  "global-rate-limit-memcached-connect-timeout",
  "global-rate-limit-memcached-host",
  "global-rate-limit-memcached-max-idle-timeout",
  "global-rate-limit-memcached-pool-size",
  "global-rate-limit-memcached-port",
  "global-rate-limit-status-code",
  "grpc-buffer-size-kb",
  "http-access-log-path",
  "http2-max-concurrent-streams",
  "http2-max-field-size",
  "http2-max-header-size",
  "http2-max-requests",
  "keep-alive",
  "keep-alive-requests",
  "large-client-header-buffers",
  "limit-conn-status-code",
  "limit-conn-zone-variable",
  "limit-req-status-code",
  "log-format-escape-json",
  "log-format-escape-none",
  "log-format-stream",
  "log-format-upstream",
  "lua-shared-dicts",
  "map-hash-bucket-size",
  "max-worker-connections",
  "max-worker-open-files",
  "nginx-status-ipv4-whitelist",
  "nginx-status-ipv6-whitelist",
  "opentelemetry-config",
  "opentelemetry-operation-name",
  "opentelemetry-trust-incoming-span",
  "otel-max-export-batch-size",
  "otel-max-queuesize",
  "otel-sampler",
  "otel-sampler-parent-based",
  "otel-sampler-ratio",
  "otel-schedule-delay-millis",
  "otel-service-name",
  "otlp-collector-host",
  "otlp-collector-port",
  "proxy-headers-hash-bucket-size",
  "proxy-headers-hash-max-size",
  "proxy-ssl-location-only",
  "proxy-stream-next-upstream",
  "proxy-stream-next-upstream-timeout",
  "proxy-stream-next-upstream-tries",
  "proxy-stream-responses",
  "proxy-stream-timeout",
  "reuse-port",
  "server-name-hash-bucket-size",
  "server-name-hash-max-size",
  "skip-access-log-urls",
  "ssl-buffer-size",
  "ssl-ciphers",
  "ssl-dh-param",
  "ssl-early-data",
  "ssl-ecdh-curve",
  "ssl-protocols",
  "ssl-session-cache",
  "ssl-session-cache-size",
  "ssl-session-ticket-key",
  "ssl-session-tickets",
  "ssl-session-timeout",
  "stream-access-log-path",
  "stream-snippet",
  "strict-validate-path-type",
  "syslog-host",
  "syslog-port",
  "upstream-keepalive-connections",
  "upstream-keepalive-requests",
  "upstream-keepalive-time",
  "upstream-keepalive-timeout",
  "use-geoip2",
  "use-http2",
  "variables-hash-bucket-size",
  "variables-hash-max-size",
  "worker-cpu-affinity",
  "worker-processes",
  "worker-shutdown-timeout",
];
