import { z } from "zod";
import { edgesSchema } from "../components/edges/settings";
import { choice, dnsLabel, flag, isLong, plainText, section, text, url, wholeNumber } from "../model/fields";
import { LANGUAGES } from "../model/languages";
import { linksSchema } from "../model/links";
import { ENDS, KINDS } from "../model/maintenance";
import { themeSchema } from "../model/theme";

/**
 * The one schema of the stack's configuration: types, defaults and messages come from it. Rules that need more than one
 * value (who owns which host, what is in maintenance) are in `instances.ts` and `maintenance.ts`.
 *
 * A message says what is allowed; `read.ts` adds the path and what was found.
 */

const language = choice("a language of the pages", LANGUAGES);

const time = z.iso.datetime({
  offset: true,
  error: 'an ISO 8601 time with an offset, in quotes, such as "2026-12-01T22:00:00+01:00" or "2026-12-01T21:00Z"',
});

// --- instances

function isPortNumber(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535;
}

const instanceSection = section({
  hosts: z
    .array(z.string({ error: "a host name" }), { error: "a list of host names" })
    .refine(isLong(1), { error: "one or more host names" })
    .optional()
    .describe(
      "The instance's hosts. Without it they come from `hostPatterns`. A wildcard stands for hosts that the instance's " +
        "own Ingress covers by that wildcard; a host that any Ingress names exactly has to be listed itself.",
    ),
  title: plainText(100)
    .refine(isLong(1), { error: "a site's name" })
    .optional()
    .describe("The site's name, shown on its own pages. Without it, its first host is."),
  service: section({
    name: dnsLabel("a Service's name").optional().describe("Its name. Default: caddy, which is Tutor's."),
    namespace: dnsLabel("a namespace").optional().describe("Its namespace. Default: the instance's name."),
    port: z
      .union([z.number(), z.string()], { error: "a port's number, or its name" })
      .refine((port) => (typeof port === "number" ? isPortNumber(port) : /^[a-z0-9-]{1,15}$/.test(port)), {
        error: "a port's number, or its name",
      })
      .optional()
      .describe("Its port, by number or name. Default: 80."),
  })
    .optional()
    .describe(
      "The Service that the instance's own Ingress leads to, for a bypass and for looking before it is opened.",
    ),
  edges: z
    .array(z.string({ error: "the name of an edge" }), { error: "a list of names of edges" })
    .refine(isLong(1), { error: "one or more names of edges" })
    .optional()
    .describe("The edges that the instance is behind, by their names in `edges`. Default: all of them."),
});

/** What `instances` may be. */
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

/** An entry of the `maintenance` list that says more than a name. */
export const entrySchema = section({
  instance: z.string({ error: "the name of an instance" }).describe("The instance's name in the registry."),
  kind: z
    .enum(KINDS, { error: `one of ${KINDS.join(", ")}` })
    .default("unscheduled")
    .describe("Which page is shown."),
  from: time.optional().describe("The window's begin. Until then the instance stays open."),
  until: time.optional().describe("The window's expected end, shown on the page and sent as Retry-After."),
  message: z
    .union([plainText(2000), z.record(language, plainText(2000))], {
      error: "plain text, or an object: language -> plain text",
    })
    .optional()
    .describe(
      "The operator's words to visitors. Plain text; an empty line begins a paragraph, and addresses become links. " +
        "Either one text, in the first of `languages`, or one for each language, such as { en: …, fr: … }.",
    ),
  ends: z
    .enum(ENDS, { error: "manually or automatically" })
    .default("manually")
    .describe(
      "What happens at the window's end: `manually`: the page stays until a person ends the maintenance; `automatically`: it ends by itself.",
    ),
  bypass: flag()
    .optional()
    .describe(
      "Whether a person who has the key still reaches the instance (`maintenance bypass`). Needs `bypassSecret`.",
    ),
});

const maintenanceEntry = z.union([z.string({ error: "the name of an instance" }), entrySchema], {
  error: "the name of an instance, or an object with instance, kind, from, until, message, ends, bypass",
});

// --- what the pages say besides

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
  .describe("Where the page server reads the objects, when that is not the bucket itself (a CDN, an inner address).");

const bucket = z
  .discriminatedUnion(
    "profile",
    [
      section({
        profile: z.literal("aws"),
        name: bucketName,
        region: region.describe("The bucket's region."),
        accountId: z
          .string({ error: "an AWS account id of 12 digits, in quotes" })
          .regex(/^\d{12}$/, { error: "an AWS account id of 12 digits, in quotes" })
          .optional()
          .describe("The AWS account to work in; credentials of another account are refused."),
        readUrl,
      }),
      section({
        profile: z.literal("s3-compatible"),
        name: bucketName,
        region: region.default("us-east-1").describe("What the store calls its region; many take any."),
        endpoint: url("the store's http(s) URL, such as https://s3.example.org").describe("The store's S3 API."),
        pathStyle: flag().default(true).describe("Whether the bucket's name is in the path or in the host name."),
        readUrl,
      }).refine(({ name, endpoint, pathStyle }) => pathStyle || URL.canParse(endpoint.replace("://", `://${name}.`)), {
        path: ["pathStyle"],
        error: "true: a bucket's name can't be in front of an address that is no name",
      }),
    ],
    { error: "aws or s3-compatible" },
  )
  .describe("Where the rendered pages are kept.");

// --- the page server and the cluster

const pageServer = section({
  namespace: dnsLabel("a namespace")
    .default("maintenance-pages")
    .describe(
      "The namespace of all that is made. It has to be the stack's own: objects of the same names that are there already are taken over.",
    ),
  image: text("a container image of nginx that runs without root")
    .regex(/^\S+$/, { error: "a container image without spaces" })
    .default("nginxinc/nginx-unprivileged:1.29-alpine")
    .describe("The page server's image: an nginx that runs as any user, with a shell."),
  replicas: wholeNumber(2, 20, "pods").default(2).describe("Pods, spread over the nodes."),
}).describe("The small nginx in the cluster that answers with the pages.");

const kubernetes = section({
  context: text("the name of a kubeconfig context").optional().describe("The kubeconfig context to work in."),
  kubeconfig: text("a kubeconfig's path or its text")
    .optional()
    .describe(
      "A kubeconfig, as a path or as text. Without it $KUBECONFIG, then ~/.kube/config. Its text is kept in the state, encrypted; " +
        "paths in it have to be right on every machine. $KUBECONFIG leaves nothing in the state.",
    ),
  clusterName: text("the name of a cluster in the kubeconfig")
    .optional()
    .describe("The cluster this stack is for; a context that leads elsewhere is refused."),
  server: url("the API server's URL, as it stands in the kubeconfig")
    .optional()
    .describe("The API server this stack is for; a context that leads elsewhere is refused."),
})
  .describe(
    "The cluster that this stack is for. At least one of these has to be there. They may change with the kubeconfig, but not to " +
      "another cluster: what the stack has made stays where it is. Another cluster is another stack.",
  )
  .refine((value) => Object.values(value).some((setting) => setting !== undefined), {
    error:
      "one or more of context, kubeconfig, clusterName, server: the ambient current context is never used unchecked",
  });

// --- the whole

/** The stack's configuration as a person writes it, under the namespace `maintenance-pages`. */
export const configSchema = section({
  instances: instances
    .optional()
    .describe(
      "The registry: every instance of the cluster and the hosts it owns. It, or `instancesDirectory`, has to be there.",
    ),
  instancesDirectory: text("a folder, from the project's folder")
    .optional()
    .describe(
      "A folder with a folder for each instance, each with Tutor's config.yml, as Grove keeps them; from the project's " +
        "folder. Instances in `instances` are added, and take the place of those of the same name.",
    ),
  hostPatterns: z
    .array(z.string({ error: "a pattern with {instance}" }), { error: "a list of patterns with {instance}" })
    .refine(isLong(1), { error: "one or more patterns with {instance}" })
    .optional()
    .describe("The hosts of an instance that names none itself; `{instance}` stands for its name."),
  maintenance: z
    .array(maintenanceEntry, { error: `a list, such as '["acme"]'; an empty list is []` })
    .default([])
    .describe("The instances in maintenance: names, or objects with kind, window and message."),
  maintenanceLimit: wholeNumber(0, 100_000, "instances")
    .optional()
    .describe(
      "How many instances may be in maintenance at once. Default: half of the registry, or all of one with fewer than four.",
    ),
  provisioning: z
    .array(z.string({ error: "the name of an instance" }), { error: `a list of names, such as '["acme"]'` })
    .default([])
    .describe("Instances that are being set up: their hosts show that, instead of the not-found page's 'or'."),
  timeZone: timeZone.default("UTC").describe("The time zone in which windows are shown, beside UTC."),
  links: linksSchema.prefault({}),
  languages: z
    .array(language, { error: "a list of languages" })
    .refine(isLong(1), { error: "one or more languages" })
    .refine((tags) => new Set(tags).size === tags.length, { error: "each language once" })
    .default([...LANGUAGES])
    .describe(
      "The languages of the pages. The first is the default language, for requests for none of them. Default: all, English first.",
    ),
  theme: themeSchema.optional().describe("Design tokens for the pages of all instances."),
  feed: flag()
    .default(false)
    .describe(
      "Whether the bucket has a public status.json with current and planned maintenance. It changes " +
        "whenever that does: entering then also writes to the bucket.",
    ),
  forgottenAfter: wholeNumber(1, 8760, "hours")
    .default(24)
    .describe(
      "After how many hours an unscheduled maintenance without an end counts as forgotten (`maintenance status`).",
    ),
  bypassSecret: z
    .string({ error: "a secret of 32 characters or more, encrypted" })
    .refine(isLong(32), { error: "a secret of 32 characters or more, encrypted" })
    .optional()
    .describe("What the keys of bypasses are made from, encrypted. `maintenance bypass --rotate` makes a new one."),
  retryAfter: wholeNumber(1, 86_400, "seconds")
    .default(300)
    .describe("Retry-After where no window's end is known, in seconds."),
  bucket,
  edges: edgesSchema,
  pageServer: pageServer.prefault({}),
  kubernetes,
  protect: flag()
    .default(true)
    .describe(
      "Whether Pulumi refuses to destroy the stack, and to delete or replace what every visitor depends on: the page server's namespace, Service and Deployment, the standby, the Helm release. " +
        "`false` in the same `up` lets it replace them; `false` in an `up` of its own, beforehand, lets it delete or destroy.",
    ),
});

/** Whether a setting is plain text, which the stack's configuration holds as it is and not as JSON. */
export function isTextSetting(name: string): boolean {
  const setting: unknown = Reflect.get(configSchema.shape, name);
  const isLeftOut = setting instanceof z.ZodDefault || setting instanceof z.ZodOptional;
  return isLeftOut && setting.unwrap() instanceof z.ZodString;
}

/** The configuration after defaults, before the rules that span values. */
export type Config = z.output<typeof configSchema>;

/** A maintenance entry as written: a name or an object. */
export type ConfiguredEntry = Config["maintenance"][number];

export type BucketSettings = Config["bucket"];
export type PageServerSettings = Config["pageServer"];
export type KubernetesSettings = Config["kubernetes"];
