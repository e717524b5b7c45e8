import { parse as parseColour } from "culori";
import { z } from "zod";
import { LANGUAGES } from "../pages/languages";

/**
 * The one schema of the stack's configuration: types, defaults and messages come from it. Rules that need more than one
 * value (who owns which host, what is in maintenance) are in `instances.ts` and `maintenance.ts`.
 *
 * A message says what is allowed; `read.ts` adds the path and what was found.
 */

/** A label of a host name (RFC 1123 section 2.1), which is also what Kubernetes takes as a name of most objects. */
export const DNS_LABEL = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

const dnsLabel = (what: string) =>
  z
    .string({ error: `${what}: lower-case letters, digits and inner hyphens, 63 at most` })
    .regex(DNS_LABEL, { error: `${what}: lower-case letters, digits and inner hyphens, 63 at most` });

// An issue of the schema carries its message but not what would have been right.
const choicesByMessage = new Map<string, readonly string[]>();

/** An object that refuses keys it does not know, so that a misspelled setting is never a silent default. */
function section<Shape extends z.ZodRawShape>(shape: Shape) {
  const names = Object.keys(shape);
  const allowed = `an object with the settings ${names.join(", ")}`;
  choicesByMessage.set(`the settings ${names.join(", ")}`, names);
  return z.strictObject(shape, {
    error: (issue) => (issue.code === "unrecognized_keys" ? `the settings ${names.join(", ")}` : allowed),
  });
}

/** The settings or values that a message speaks of. */
export function choicesNamedIn(message: string): readonly string[] {
  return choicesByMessage.get(message) ?? [];
}

/**
 * A rule about a text's or a list's length. Zod's own `min` and `max` also look at the `length` of what is neither, and fail
 * with an error of JavaScript's when that is an object that can't be compared with a number.
 */
const isLong =
  (from: number, to = Number.POSITIVE_INFINITY) =>
  ({ length }: { readonly length: number }) =>
    from <= length && length <= to;

const text = (allowed: string) => z.string({ error: allowed }).refine(isLong(1), { error: allowed });

const flag = (allowed = "true or false") => z.boolean({ error: allowed });

const wholeNumber = (from: number, to: number, unit: string) => {
  const error = `a whole number of ${unit} from ${from} to ${to}`;
  return z.int({ error }).min(from, { error }).max(to, { error });
};

const url = (allowed: string) =>
  z
    .string({ error: allowed })
    .refine((value) => /^https?:\/\/[^\s\p{Cc}\p{Cs}\ufffe\uffff"'\\;{}$?#]+$/u.test(value) && isAddress(value), {
      error: allowed,
    });

/** Whether a URL leads somewhere, and has no user's name, which would be part of the host for nginx. */
function isAddress(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { username, password } = new URL(value);
  return username === "" && password === "";
}

/** Plain text that can be put into a page of any format. */
const plainText = (longest: number) =>
  z
    .string({ error: "plain text" })
    .refine(isLong(0, longest), { error: `plain text of ${longest} characters at most` })
    // Cc but for tab and line breaks; Cs is half of a surrogate pair, which UTF-8 can't carry; XML 1.0 has neither
    // them nor the last two of the basic plane.
    .regex(/^(?:[\t\n\r]|[^\p{Cc}\p{Cs}\ufffe\uffff])*$/u, { error: "plain text without control characters" });

const oneLanguage = `a language of the pages: ${LANGUAGES.join(", ")}`;
choicesByMessage.set(oneLanguage, LANGUAGES);

const language = z.string({ error: oneLanguage }).refine((tag) => LANGUAGES.includes(tag), { error: oneLanguage });

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

/** Why an instance is in maintenance: announced beforehand, or not. */
export const KINDS = ["scheduled", "unscheduled"] as const;

/** Every kind that an override can show; `provisioning` comes from a list of its own. */
export const OVERRIDE_KINDS = [...KINDS, "provisioning"] as const;

const maintenanceEntry = z.union(
  [
    z.string({ error: "the name of an instance" }),
    section({
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
      closes: z
        .enum(["manually", "automatically"], { error: "manually or automatically" })
        .default("manually")
        .describe("What happens at the window's end: the page stays until somebody leaves, or goes by itself."),
      bypass: flag()
        .optional()
        .describe(
          "Whether whoever has the key still reaches the instance (`maintenance bypass`). Needs `bypassSecret`.",
        ),
    }),
  ],
  { error: "the name of an instance, or an object with instance, kind, from, until, message, closes, bypass" },
);

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

const links = section({
  status: url("an http(s) URL without query, such as https://status.example.org").optional().describe("A status page."),
  contact: z
    .string({ error: "an http(s) URL or a mail address" })
    .refine((value) => isMail(value) || /^https?:\/\/[^\s\p{Cc}\p{Cs}\ufffe\uffff"'<>]+$/u.test(value), {
      error: "an http(s) URL or a mail address, such as help@example.org",
    })
    .optional()
    .describe("Where visitors can ask: an address on the web, or of mail."),
}).describe("Links that are shown on every page.");

/** Whether a contact is a mail address: good enough for a `mailto:` link, which is all that becomes of it. */
export function isMail(contact: string): boolean {
  return /^[\w.+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+$/i.test(contact);
}

/** The colours of a theme. */
export const COLOURS = ["accent", "background", "surface", "text", "muted", "line"] as const;

const colour = (of: string) =>
  z
    .string({ error: "a colour of CSS, such as #1f5fbf" })
    .refine((value) => (parseColour(value)?.alpha ?? 1) === 1 && parseColour(value) !== undefined, {
      error: "a colour of CSS that lets nothing through, such as #1f5fbf",
    })
    .optional()
    .describe(of);

const palette = {
  accent: colour("Links, and the line at the top. In the dark without one of its own: the same hue, lighter."),
  background: colour("Around the page."),
  surface: colour("Behind the text."),
  text: colour("The text."),
  muted: colour("Labels, and the site's name."),
  line: colour("Lines between parts."),
};

// Names between commas, each in both of its quotes or in none: a single one would swallow the rest of the style sheet.
const FONT_NAME = String.raw`[\p{L}\p{N} _-]+`;
const FONT = String.raw`\s*(?:"${FONT_NAME}"|'${FONT_NAME}'|${FONT_NAME})\s*`;
const FONTS = new RegExp(`^${FONT}(?:,${FONT})*$`, "u");

/** Design tokens: what a stack, or a client's theme.json, sets differently from `pages/default-theme.json`. */
export const themeSchema = section({
  ...palette,
  font: z
    .string({ error: "a font list of CSS" })
    .regex(FONTS, { error: 'a font list of CSS, such as "Noto Sans", sans-serif' })
    .optional()
    .describe("Fonts that visitors may have; none is ever downloaded."),
  radius: z
    .string({ error: "a length of CSS" })
    .regex(/^(?:0|\d+(?:\.\d+)?(?:px|rem|em))$/, { error: "a length of CSS, such as 0.75rem" })
    .optional()
    .describe("How round the page's corners are."),
  dark: section(palette).optional().describe("The colours where visitors prefer dark ones."),
});

export type ThemeSettings = z.output<typeof themeSchema>;

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

// --- the controller

const helmValues = z.record(z.string(), z.unknown(), { error: "an object of Helm values" });

const ingressNginx = section({
  install: flag()
    .default(false)
    .describe("Whether this stack installs ingress-nginx. If not, take the values from the output ingressNginxValues."),
  // 4.15.1 (controller v1.15.1) is the chart's last release: the project was retired in March 2026.
  version: text("a version of the chart, such as 4.15.1").default("4.15.1").describe("The chart's version."),
  chart: text("a chart's name, or a path to one")
    .default("ingress-nginx")
    .describe("The chart: its name in the repository, or a path to a copy of your own."),
  repository: url("the http(s) URL of a chart repository")
    .default("https://kubernetes.github.io/ingress-nginx")
    .describe("The chart's repository; not used when `chart` is a path."),
  releaseName: dnsLabel("a release name").default("ingress-nginx").describe("The Helm release's name."),
  namespace: dnsLabel("a namespace").default("ingress-nginx").describe("The controller's namespace."),
  className: dnsLabel("an ingress class").default("nginx").describe("The ingress class of the overrides."),
  hostNetwork: flag()
    .default(false)
    .describe(
      "Set it when the controller's pods use the host's network: their traffic then comes from node addresses.",
    ),
  gatewayErrors: flag()
    .default(true)
    .describe(
      "Whether visitors of an instance that doesn't answer get the 50x page instead of the controller's own 502, 503 or " +
        "504. What applications answer is never replaced.",
    ),
  values: helmValues.default({}).describe("More Helm values for the release; deep-merged under the program's own."),
})
  .describe("The controller, which this stack installs or only gives values for.")
  .superRefine(({ gatewayErrors, values }, context) => {
    const config = lookUp(values, ["controller", "config"]);
    for (const [setting, message] of Object.entries(configProblems(gatewayErrors, config))) {
      context.addIssue({ code: "custom", path: ["values", "controller", "config", setting], message });
    }
  });

/** What is wrong with the part of the controller's configuration that says whose error pages visitors see. */
function configProblems(gatewayErrors: boolean, config: unknown): Readonly<Record<string, string>> {
  const [codesSetting, passedSetting] = ["custom-http-errors", "disable-proxy-intercept-errors"];
  const codes = lookUp(config, [codesSetting]);
  const passed = lookUp(config, [passedSetting]);
  if (gatewayErrors) {
    const message = "nothing: gatewayErrors sets it; or a value of your own, with gatewayErrors: false";
    return {
      ...(codes === undefined ? {} : { [codesSetting]: message }),
      ...(passed === undefined ? {} : { [passedSetting]: message }),
    };
  }
  // What is neither is a fault of the chart's values, which Helm will tell.
  const all = (typeof codes === "string" || typeof codes === "number" ? String(codes) : "")
    .split(",")
    .map((code) => code.trim());
  if (all.includes("404")) {
    return { [codesSetting]: "codes without 404: with it every instance's own 404 pages would be replaced" };
  }
  if (all.includes("503") && passed !== true && passed !== "true") {
    return {
      [codesSetting]: `codes without 503, or ${passedSetting}: "true": without it the maintenance pages would be replaced`,
    };
  }
  return {};
}

function lookUp(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (typeof inner === "object" && inner !== null ? Reflect.get(inner, key) : undefined),
    value,
  );
}

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
  links: links.prefault({}),
  languages: z
    .array(language, { error: "a list of languages" })
    .refine(isLong(1), { error: "one or more languages" })
    .refine((tags) => new Set(tags).size === tags.length, { error: "each language once" })
    .default([...LANGUAGES])
    .describe("The languages of the pages. Whoever asks for none of them gets the first. Default: all, English first."),
  theme: themeSchema.optional().describe("Design tokens for the pages of all instances."),
  feed: flag()
    .default(false)
    .describe(
      "Whether the bucket has a status.json for everybody, with what is in maintenance and what is planned. It changes " +
        "whenever that does: entering then also writes to the bucket.",
    ),
  edge: url("the edge's http(s) URL, such as http://127.0.0.1:8080")
    .optional()
    .describe("Where the command `maintenance` asks hosts, when DNS does not lead there. Default: `https://<host>`."),
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
  ingressNginx: ingressNginx.prefault({}),
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
export type IngressNginxSettings = Config["ingressNginx"];
export type PageServerSettings = Config["pageServer"];
export type KubernetesSettings = Config["kubernetes"];
export type LinksSettings = Config["links"];
