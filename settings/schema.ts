import { X509Certificate } from "node:crypto";
import { z } from "zod";
import { edgesSchema } from "../components/edges/settings";
import {
  choice,
  containerImage,
  dnsLabel,
  flag,
  hasLength,
  plainText,
  section,
  text,
  url,
  wholeNumber,
} from "../model/fields";
import { LANGUAGES } from "../model/languages";
import { linksSchema } from "../model/links";
import { ENDS, KINDS } from "../model/maintenance";
import { themeSchema } from "../model/theme";
import { notifySchema } from "./notify";
import { podSchema } from "./pod";

/**
 * The one schema of the stack's configuration: types, defaults and messages come from it. Rules that need more than one
 * value (the owner of a host, the instances in maintenance) are in `instances.ts` and `maintenance.ts`.
 *
 * A message says what is allowed; `read.ts` adds the path and what was found.
 */

const language = choice("a language of the pages", LANGUAGES);

const time = z.iso.datetime({
  offset: true,
  error: 'an ISO 8601 time with an offset, in quotes, such as "2026-12-01T22:00:00+01:00" or "2026-12-01T21:00:00Z"',
});

// --- instances

function isPortNumber(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535;
}

const instanceSection = section({
  hosts: z
    .array(z.string({ error: "a host name" }), { error: "a list of host names" })
    .refine(hasLength(1), { error: "one or more host names" })
    .optional()
    .describe(
      "The instance's hosts. Without this setting they come from `hostPatterns`. A wildcard such as *.acme.example.org takes over " +
        "at ingress-nginx only those hosts that the instance's own Ingress has as the same wildcard, and a host that an Ingress names in full must be " +
        "listed as well; at Traefik and the Gateway API all hosts below it that no other instance has.",
    ),
  title: plainText(100)
    .refine(hasLength(1), { error: "a site's name, of 1 to 100 characters" })
    .optional()
    .describe("The site's name, shown on the instance's own pages. Without it they show the first host."),
  service: section({
    name: dnsLabel("a Service's name").optional().describe("The Service's name. Default: caddy, which is Tutor's."),
    namespace: dnsLabel("a namespace").optional().describe("The Service's namespace. Default: the instance's name."),
    port: z
      .union([z.number(), z.string()], { error: "a port number, or the name of a port" })
      .refine((port) => (typeof port === "number" ? isPortNumber(port) : /^[a-z0-9-]{1,15}$/.test(port)), {
        error: "a port number, or the name of a port",
      })
      .optional()
      .describe("The Service's port, by number or name. Default: 80."),
  })
    .optional()
    .describe(
      "The Service behind the instance's own Ingress. It is needed for a bypass, and to check the instance before its maintenance ends.",
    ),
  edges: z
    .array(z.string({ error: "the name of an edge" }), { error: "a list of edge names" })
    .refine(hasLength(1), { error: "one or more edge names" })
    .optional()
    .describe("The edges that the instance is behind, by their names in `edges`. Default: all of them."),
});

/** The allowed values of `instances`. */
export const INSTANCES_ALLOWED = "a list of names (with hostPatterns), or an object: name -> { hosts: [...] }";

const instances = z.union(
  [
    z.array(z.string({ error: "the name of an instance" })),
    z.record(
      z.string(),
      instanceSection.nullable().transform((value) => value ?? {}),
    ),
  ],
  { error: INSTANCES_ALLOWED },
);

// --- maintenance

/** The highest `maintenanceLimit`. */
export const HIGHEST_LIMIT = 100_000;

/** An entry of the `maintenance` list with more than a name. */
export const entrySchema = section({
  instance: z.string({ error: "the name of an instance" }).describe("The instance's name in the registry."),
  kind: z
    .enum(KINDS, { error: `one of ${KINDS.join(", ")}` })
    .default("unscheduled")
    .describe("Which page is shown."),
  from: time.optional().describe("The start of the window. Until then the instance stays open."),
  until: time.optional().describe("The expected end of the window, shown on the page and sent as Retry-After."),
  message: z
    .union([plainText(2000), z.record(language, plainText(2000))], {
      error: "plain text, or an object: language -> plain text",
    })
    .optional()
    .describe(
      "A message to visitors, in plain text. An empty line starts a new paragraph, and addresses become links. " +
        "Either one text, in the first of `languages`, or one text for each language, such as { en: …, fr: … }.",
    ),
  ends: z
    .enum(ENDS, { error: "manually or automatically" })
    .default("manually")
    .describe(
      "How the maintenance ends. `manually`: the page stays until a person ends the maintenance. `automatically`: it ends by itself at `until`.",
    ),
  bypass: flag()
    .optional()
    .describe(
      "Whether a person with the key can still reach the instance (`npx maintenance bypass`), and at Traefik a person at one of the " +
        "`bypassAddresses`. Needs `bypassSecret`, also for addresses alone.",
    ),
});

const maintenanceEntry = z.union([z.string({ error: "the name of an instance" }), entrySchema], {
  error: "the name of an instance, or an object with instance, kind, from, until, message, ends, bypass",
});

// --- the time zone of the pages

const timeZone = z
  .string({ error: "a time zone, such as Europe/Berlin" })
  .refine(isTimeZone, { error: "a time zone of the IANA database, such as Europe/Berlin" });

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== undefined;
  } catch {
    return false;
  }
}

// --- bucket

const bucketName = z
  .string({ error: "a bucket name" })
  .regex(/^[a-z0-9](?:[-a-z0-9]{1,61}[a-z0-9])$/, {
    // S3 also allows dots, but a name with dots breaks TLS for virtual-hosted addresses:
    // https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
    error: "a bucket name without dots: 3 to 63 lower-case letters, digits and inner hyphens",
  })
  .describe("The bucket's name, unique in its store.");

const region = z
  .string({ error: "a region, such as eu-central-1" })
  .regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/, { error: "a region, such as eu-central-1" });

const readUrl = url("an http(s) URL without query, such as https://pages.example.org")
  .optional()
  .describe(
    "The URL at which the page server reads the objects, if not from the bucket itself: a CDN, or an internal address.",
  );

const publicPolicy = flag()
  .default(true)
  .describe(
    "Whether the bucket gets a policy with which anybody may read the pages (not list them). Set false for a store without bucket " +
      "policies, or if something else makes the pages readable, such as a CDN with rights of its own (docs/stores.md).",
  );

const certificateAuthority = z
  .string({ error: "certificates in PEM" })
  .refine(isCertificate, { error: "certificates in PEM: -----BEGIN CERTIFICATE----- …" })
  .optional()
  .describe(
    "The certificate authority of the store, in PEM, if it is a private one. The page server verifies the store with it. " +
      "For Pulumi itself set AWS_CA_BUNDLE to the path of the same file.",
  );

function isCertificate(pem: string): boolean {
  const certificates = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    return certificates.length > 0 && certificates.every((one) => new X509Certificate(one).raw.length > 0);
  } catch {
    return false;
  }
}

/** Whether nginx can resolve a host name. Other programs would also try it with each of the cluster's search domains. */
function isResolved(hostname: string): boolean {
  return /[.:]/.test(hostname) && !hostname.endsWith(".svc");
}

const bucket = z
  .discriminatedUnion(
    "profile",
    [
      section({
        profile: z.literal("aws").describe("Amazon S3."),
        name: bucketName,
        region: region.describe("The bucket's region."),
        accountId: z
          .string({ error: "an AWS account id of 12 digits, in quotes" })
          .regex(/^\d{12}$/, { error: "an AWS account id of 12 digits, in quotes" })
          .optional()
          .describe("The AWS account to use. Credentials of another account are refused."),
        readUrl,
        publicPolicy,
        certificateAuthority,
      }),
      section({
        profile: z.literal("s3-compatible").describe("Another store with the S3 API."),
        name: bucketName,
        region: region.default("us-east-1").describe("The store's name for its region. Many stores accept any name."),
        endpoint: url("the store's http(s) URL, such as https://s3.example.org").describe("The store's S3 API."),
        pathStyle: flag()
          .default(true)
          .describe("Whether the bucket's name is in the path of a URL (true) or in its host name (false)."),
        readUrl,
        publicPolicy,
        certificateAuthority,
      }).refine(({ name, endpoint, pathStyle }) => pathStyle || URL.canParse(endpoint.replace("://", `://${name}.`)), {
        path: ["pathStyle"],
        error: "true: a bucket's name can't be part of an IP address",
      }),
    ],
    {
      // One error is of the whole object, the other of its profile.
      error: ({ code }) =>
        code === "invalid_union" ? "aws or s3-compatible" : "an object with profile: aws, or profile: s3-compatible",
    },
  )
  .superRefine((settings, context) => {
    const endpoint = settings.profile === "s3-compatible" ? settings.endpoint : undefined;
    const read = settings.readUrl ?? endpoint;
    if (read === undefined || !URL.canParse(read) || isResolved(new URL(read).hostname)) return;
    context.addIssue({
      code: "custom",
      path: [settings.readUrl === undefined ? "endpoint" : "readUrl"],
      message:
        "a URL with the host's full name, such as http://minio.storage.svc.cluster.local:9000: the page server does not try the cluster's search domains",
    });
  })
  .describe("The bucket in which the rendered pages are stored.");

// --- the page server and the cluster

const pageServer = section({
  namespace: dnsLabel("a namespace")
    .refine((name) => name !== "default" && !name.startsWith("kube-"), {
      error: "a namespace that nothing else uses, and not one of the cluster's own",
    })
    .default("maintenance-pages")
    .describe(
      "The namespace of the stack's objects. Nothing else may use it: existing objects with the same names are taken over.",
    ),
  image: containerImage("a container image of nginx that runs without root, such as registry.example.org/nginx:1.29")
    .default("nginxinc/nginx-unprivileged:1.29-alpine")
    .describe("The page server's image: an nginx that can run as any user, with a shell."),
  replicas: wholeNumber(2, 20, "pods").default(2).describe("The number of pods, spread over the nodes."),
  pod: podSchema.prefault({}),
}).describe("The nginx in the cluster that serves the pages.");

const kubernetes = section({
  context: text("the name of a kubeconfig context").optional().describe("The kubeconfig context to use."),
  kubeconfig: text("a kubeconfig's path or its text")
    .optional()
    .describe(
      "A kubeconfig, as a path or as text. Without it $KUBECONFIG is used, then ~/.kube/config. Its text is stored in the state, " +
        "encrypted. Paths in it must be valid on every machine. With $KUBECONFIG nothing is stored in the state.",
    ),
  clusterName: text("the name of a cluster in the kubeconfig")
    .optional()
    .describe("The name of the stack's cluster. A context that leads to another cluster is refused."),
  server: url("the API server's URL, as in the kubeconfig")
    .optional()
    .describe("The API server of the stack's cluster. A context that leads to another API server is refused."),
})
  .describe(
    "The cluster of this stack. At least one of these settings is required. When a kubeconfig gets other names or addresses, change them here, too. " +
      "Never point them at another cluster: the stack's objects stay in the old one. Another cluster needs another stack.",
  )
  .refine((value) => Object.values(value).some((setting) => setting !== undefined), {
    error: "one or more of context, kubeconfig, clusterName, server: the current context is never used unchecked",
  });

// --- the whole

/** The stack's configuration as a person writes it, under the namespace `maintenance-pages`. */
export const configSchema = section({
  instances: instances
    .optional()
    .describe(
      "Every instance of the cluster and the hosts it owns. Either this setting or `instancesDirectory` is required.",
    ),
  instancesDirectory: text("a folder, relative to the project's folder")
    .optional()
    .describe(
      "A folder with one folder for each instance, each with Tutor's config.yml, as Grove keeps them. The path is relative to the " +
        "project's folder. `instances` can add instances, and its values replace those of the folder.",
    ),
  hostPatterns: z
    .array(z.string({ error: "a pattern with {instance}" }), { error: "a list of patterns with {instance}" })
    .refine(hasLength(1), { error: "one or more patterns with {instance}" })
    .optional()
    .describe("The hosts of an instance without `hosts`. `{instance}` stands for the instance's name."),
  maintenance: z
    .array(maintenanceEntry, { error: `a list, such as '["acme"]'; an empty list is []` })
    .default([])
    .describe("The instances in maintenance: names, or objects with kind, window and message."),
  maintenanceLimit: wholeNumber(0, HIGHEST_LIMIT, "instances")
    .optional()
    .describe(
      "How many instances may be in maintenance at the same time. Default: half of the instances, rounded down; with fewer than four instances all of them.",
    ),
  provisioning: z
    .array(z.string({ error: "the name of an instance" }), { error: `a list of names, such as '["acme"]'` })
    .default([])
    .describe("Instances that are being set up. Their hosts show the provisioning page instead of the not-found page."),
  timeZone: timeZone.default("UTC").describe("The time zone in which windows are shown, in addition to UTC."),
  links: linksSchema.prefault({}),
  languages: z
    .array(language, { error: "a list of languages" })
    .refine(hasLength(1), { error: "one or more languages" })
    .refine((tags) => new Set(tags).size === tags.length, { error: "each language once" })
    .default([...LANGUAGES])
    .describe(
      "The languages of the pages. The first is the default language, for requests that accept none of them. Default: all, English first.",
    ),
  theme: themeSchema.optional().describe("Design tokens for the pages of all instances."),
  feed: flag()
    .default(false)
    .describe(
      "Whether the bucket has a public status.json with current and planned maintenance. Each change of the maintenance then " +
        "also writes to the bucket.",
    ),
  forgottenAfter: wholeNumber(1, 8760, "hours")
    .default(24)
    .describe(
      "After how many hours an unscheduled maintenance without an end counts as forgotten (`npx maintenance status`).",
    ),
  notify: notifySchema,
  bypassSecret: z
    .string({ error: "a secret of 32 characters or more, encrypted" })
    .refine(hasLength(32), { error: "a secret of 32 characters or more, encrypted" })
    .optional()
    .describe(
      "The secret from which the keys of bypasses are derived, encrypted. The first `npx maintenance enable … --bypass` makes it, and " +
        "`npx maintenance bypass --rotate` makes a new one.",
    ),
  retryAfter: wholeNumber(1, 86_400, "seconds")
    .default(300)
    .describe("The value of Retry-After when the end of the window is not known, in seconds."),
  bucket,
  edges: edgesSchema,
  admissionPolicy: flag()
    .default(false)
    .describe(
      "Whether the cluster refuses objects of others that would reach into the overrides: an Ingress with the override's path or a host of the stack's own, " +
        "at Traefik a route with the override's priority or a higher one, an HTTPRoute with a host of the stack's own. Needs Kubernetes 1.30 or later. " +
        "Accounts that may create such objects in the page server's namespace are not refused; the account of `pulumi up` needs more rights (docs/kubernetes-roles.yaml).",
    ),
  pageServer: pageServer.prefault({}),
  kubernetes,
  protect: flag()
    .default(true)
    .describe(
      "Whether Pulumi refuses to destroy the stack, and to delete or replace the objects that every visitor depends on: the page server's namespace, Service and Deployment, the standby, the Helm release. " +
        "To replace one of them, set `false` in the same `up`. To delete one or to destroy the stack, first run an `up` with `false`.",
    ),
});

/** Whether a setting is plain text. The stack's configuration stores such a value unchanged, not as JSON. */
export function isTextSetting(name: string): boolean {
  const setting: unknown = Reflect.get(configSchema.shape, name);
  const isOptional = setting instanceof z.ZodDefault || setting instanceof z.ZodOptional;
  return isOptional && setting.unwrap() instanceof z.ZodString;
}

/** The configuration with defaults, before the rules that need more than one value. */
export type Config = z.output<typeof configSchema>;

/** A maintenance entry as configured: a name or an object. */
export type ConfiguredEntry = Config["maintenance"][number];

export type BucketSettings = Config["bucket"];
export type PageServerSettings = Config["pageServer"];
export type KubernetesSettings = Config["kubernetes"];
