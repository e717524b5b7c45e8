/**
 * The hosts of a Tutor instance, by the settings that name them. Tutor writes no defaults into config.yml, so this table has them. It
 * contains what Tutor and its plugins declare: the default of the setting, and the site in their Caddyfile (templates/apps/caddy/Caddyfile in
 * Tutor, patches/caddyfile in a plugin). test/tutor/hosts.test.ts compares it with the Caddyfile that Tutor renders with these plugins.
 */
export interface HostSetting {
  readonly setting: string;
  /** The setting's default, with references to other settings as Tutor has them. */
  readonly byDefault: string;
  /** Further settings, all of which must be true for the host to exist, with their defaults. */
  readonly onlyIf?: Readonly<Record<string, boolean>>;
}

/** The hosts of every instance. */
export const CORE_HOSTS: readonly HostSetting[] = [
  { setting: "LMS_HOST", byDefault: "" },
  { setting: "CMS_HOST", byDefault: "studio.{{ LMS_HOST }}" },
];

/** Hosts that an instance has with some releases of Tutor. config.yml does not contain the release. */
export const ASSUMED_HOSTS: readonly HostSetting[] = [
  // Until Tutor 20.
  { setting: "PREVIEW_LMS_HOST", byDefault: "preview.{{ LMS_HOST }}" },
  // Since Tutor 19.
  { setting: "MEILISEARCH_HOST", byDefault: "meilisearch.{{ LMS_HOST }}", onlyIf: { RUN_MEILISEARCH: true } },
];

/** The hosts of plugins, by the name in `PLUGINS`. */
export const PLUGIN_HOSTS: Readonly<Record<string, readonly HostSetting[]>> = {
  android: [{ setting: "ANDROID_APP_HOST", byDefault: "mobile.{{ LMS_HOST }}" }],
  aspects: [
    { setting: "SUPERSET_HOST", byDefault: "superset.{{ LMS_HOST }}", onlyIf: { RUN_SUPERSET: true } },
    { setting: "RALPH_HOST", byDefault: "ralph", onlyIf: { RUN_RALPH: false, RALPH_ENABLE_PUBLIC_URL: false } },
    { setting: "DBT_HOST", byDefault: "dbt.{{ LMS_HOST }}", onlyIf: { RUN_ASPECTS_DOCS: false } },
  ],
  cairn: [{ setting: "CAIRN_HOST", byDefault: "data.{{ LMS_HOST }}" }],
  celery: [
    {
      setting: "CELERY_FLOWER_HOST",
      byDefault: "flower.{{ LMS_HOST }}",
      onlyIf: { CELERY_FLOWER: false, CELERY_FLOWER_EXPOSE_SERVICE: false },
    },
  ],
  credentials: [{ setting: "CREDENTIALS_HOST", byDefault: "credentials.{{ LMS_HOST }}" }],
  discovery: [{ setting: "DISCOVERY_HOST", byDefault: "discovery.{{ LMS_HOST }}" }],
  ecommerce: [{ setting: "ECOMMERCE_HOST", byDefault: "ecommerce.{{ LMS_HOST }}" }],
  jupyter: [{ setting: "JUPYTER_HOST", byDefault: "jupyter.{{ LMS_HOST }}" }],
  mfe: [{ setting: "MFE_HOST", byDefault: "apps.{{ LMS_HOST }}" }],
  minio: [
    { setting: "MINIO_HOST", byDefault: "files.{{ LMS_HOST }}" },
    { setting: "MINIO_CONSOLE_HOST", byDefault: "minio.{{ LMS_HOST }}" },
  ],
  notes: [{ setting: "NOTES_HOST", byDefault: "notes.{{ LMS_HOST }}" }],
  phpmyadmin: [{ setting: "PHPMYADMIN_HOST", byDefault: "phpmyadmin.{{ LMS_HOST }}" }],
  richie: [{ setting: "RICHIE_HOST", byDefault: "courses.{{ LMS_HOST }}" }],
  wordpress: [{ setting: "WORDPRESS_HOST", byDefault: "site.{{ LMS_HOST }}" }],
  xqueue: [{ setting: "XQUEUE_HOST", byDefault: "xqueue.{{ LMS_HOST }}" }],
};

/** Plugins without a host. */
export const PLUGINS_WITHOUT_HOSTS: readonly string[] = [
  "codejail",
  "deck",
  "drydock",
  "figures",
  "forum",
  "grove",
  "grove-tenants",
  "indigo",
  "k8s_harmony",
  "license",
  "ltistore",
  "mailpit",
  "maintenance-pages",
  "notifications",
  "panorama",
  "pod-autoscaling",
  "sentry",
  "webui",
];

/**
 * Lists of more hosts. In the list of Grove each item is an object.
 *
 * Sources: docs/user-guides of Grove (GROVE_ADDITIONAL_DOMAINS); patches/k8s-services of tutor-contrib-harmony-plugin in
 * openedx/openedx-k8s-harmony; templates/drydock/k8s/ingress of tutor-contrib-drydock. The last one is this project's own.
 */
export const HOST_LISTS: Readonly<Record<string, (item: unknown) => unknown>> = {
  GROVE_ADDITIONAL_DOMAINS: (item) => (typeof item === "object" && item !== null ? Reflect.get(item, "domain") : item),
  K8S_HARMONY_ADDITIONAL_INGRESS_HOST_LIST: (item) => item,
  DRYDOCK_INGRESS_EXTRA_HOSTS: (item) => item,
  DRYDOCK_INGRESS_LMS_EXTRA_HOSTS: (item) => item,
  MAINTENANCE_PAGES_EXTRA_HOSTS: (item) => item,
};

/** A setting that may name hosts of visitors. */
export const LOOKS_LIKE_HOST = /(?:^|_)(?:HOSTS?|HOSTNAMES?|DOMAINS?|SUBDOMAINS?)(?:_LIST|_NAMES?)?$/;

/** A setting that names a server which the instance uses. Visitors never request it. */
export const NAMES_A_SERVER =
  /(?:^|_)(?:MYSQL|MONGODB?|REDIS|SMTP|ELASTICSEARCH|OPENSEARCH|CLICKHOUSE|POSTGRES(?:QL)?|DB|DATABASE|S3|RABBITMQ|KAFKA|MEMCACHED|DOCKER|BRANCH)(?:_\w+)?_HOST(?:_\w+)?$|^SESSION_COOKIE_DOMAIN$/;
