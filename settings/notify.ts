import { z } from "zod";
import { hasLength, oneOf, section, text, url, wholeNumber } from "../model/fields";
import type { Problem } from "../model/problems";

// The setting `notify`: who is notified of maintenance, and how. cli/notify sends.

/** The kinds of receivers. */
export const RECEIVER_KINDS = ["webhook", "slack", "alertmanager"] as const;

const KIND_ALLOWED = oneOf(RECEIVER_KINDS);

/**
 * What Pulumi encrypted, as it stands in the stack's file. Only the program gets the value; the command decrypts it when it sends. (A record, because
 * an object would make `secure` a setting of its own in the documents.)
 */
const encrypted = z.record(z.literal("secure"), z.string());

export type Encrypted = z.output<typeof encrypted>;

const ENCRYPTED_HOW = "encrypted (`pulumi config set --secret --path`)";

const secret = (allowed: string, isAllowed: (value: string) => boolean) =>
  z.union([z.string().refine(isAllowed, { error: allowed }), encrypted], { error: allowed });

/** Whether a URL has one of these protocols, and neither a user name nor a fragment. Webhooks often have a query, with a token in it. */
function isUrl(value: string, ...protocols: readonly string[]): boolean {
  if (/[\s\p{Cc}\p{Cs}]/u.test(value) || !URL.canParse(value)) return false;
  const { protocol, username, password, hash } = new URL(value);
  return protocols.includes(protocol) && username + password + hash === "";
}

const webhookSchema = section({
  kind: z.literal("webhook").describe("A JSON document, signed."),
  url: secret("an http(s) URL, such as https://hooks.example.org/maintenance", (value) =>
    isUrl(value, "http:", "https:"),
  ).describe("Where the JSON is sent. It may be encrypted."),
  secret: secret(`a secret of 32 characters or more, ${ENCRYPTED_HOW}`, (value) => value.length >= 32).describe(
    "The secret with which each request is signed, encrypted (docs/notify.md).",
  ),
});

const slackSchema = section({
  kind: z.literal("slack").describe("A message in a channel, through an incoming webhook of Slack."),
  url: secret(`the https URL of an incoming webhook, ${ENCRYPTED_HOW}`, (value) => isUrl(value, "https:")).describe(
    "The URL of the incoming webhook, encrypted: every person who knows it can write to the channel.",
  ),
});

const LABEL = /^[A-Za-z_][A-Za-z0-9_]*$/;
const ALERTMANAGER_ALLOWED =
  "an http(s) URL without query and without /api/v2, such as https://alertmanager.example.org";
const MATCHERS_ALLOWED = "an object: the name of a label -> its value, at least one of them with {instance}";

const alertmanagerSchema = section({
  kind: z.literal("alertmanager").describe("A silence, for as long as the maintenance lasts."),
  url: url(ALERTMANAGER_ALLOWED)
    .refine((value) => !/\/api(?:\/v\d+)?\/*$/.test(value), { error: ALERTMANAGER_ALLOWED })
    .describe("The Alertmanager's URL, without /api/v2. Of a cluster of Alertmanagers, one."),
  matchers: z
    .record(
      z
        .string()
        .regex(LABEL, { error: "the name of a label: letters, digits and underscores, and no digit at the beginning" }),
      text("the label's value, or =~ and a regular expression"),
      { error: MATCHERS_ALLOWED },
    )
    .refine((matchers) => Object.values(matchers).some((value) => value.includes("{instance}")), {
      error: MATCHERS_ALLOWED,
    })
    .refine((matchers) => Object.values(matchers).every((value) => value !== "=~"), {
      error: "a regular expression after =~",
    })
    .default({ namespace: "{instance}" })
    .describe(
      "Which alerts are silenced: those that have all of these labels. `{instance}` stands for the instance's name. A value that begins with =~ is a " +
        "regular expression, which must match the whole label.",
    ),
  openEndedFor: wholeNumber(15, 1440, "minutes")
    .default(60)
    .describe(
      "How long the silence lasts when the end of the maintenance is not known, in minutes. `ci/due.sh` extends it while the maintenance lasts.",
    ),
  bearerToken: secret(`a bearer token, ${ENCRYPTED_HOW}`, (value) => /^[\x21-\x7e]+$/.test(value))
    .optional()
    .describe("The token to send, encrypted. Not together with `username` and `password`."),
  username: z
    .string({ error: "a user name without colon" })
    .regex(/^[^:\p{Cc}]+$/u, { error: "a user name without colon" })
    .optional()
    .describe("The user name of basic authentication."),
  password: secret(`a password, ${ENCRYPTED_HOW}`, (value) => hasLength(1)(value))
    .optional()
    .describe("The password of basic authentication, encrypted."),
}).superRefine(({ bearerToken, username, password }, context) => {
  const issue = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
  if (bearerToken !== undefined && (username !== undefined || password !== undefined))
    issue("bearerToken", "either bearerToken, or username and password");
  if (username !== undefined && password === undefined)
    issue("password", `the password of this username, ${ENCRYPTED_HOW}`);
  if (username === undefined && password !== undefined) issue("username", "the user name of this password");
});

const receiverSchema = z.discriminatedUnion("kind", [webhookSchema, slackSchema, alertmanagerSchema], {
  error: ({ code }) =>
    code === "invalid_union" ? KIND_ALLOWED : "an object with kind: webhook or kind: slack or kind: alertmanager",
});

export type Receiver = z.output<typeof receiverSchema>;
export type WebhookReceiver = Extract<Receiver, { readonly kind: "webhook" }>;
export type SlackReceiver = Extract<Receiver, { readonly kind: "slack" }>;
export type AlertmanagerReceiver = Extract<Receiver, { readonly kind: "alertmanager" }>;

/** The setting `notify`. */
export const notifySchema = z
  .array(receiverSchema, { error: "a list of receivers, each an object with its kind" })
  .default([])
  .describe(
    "Who is notified when an instance enters or leaves maintenance, when its end is moved, when it is overdue or forgotten, and when a change " +
      "fails: a list of receivers (docs/notify.md).",
  );

/** The settings of each kind that must be encrypted. */
const SECRETS: Readonly<Record<string, readonly string[]>> = {
  webhook: ["secret"],
  slack: ["url"],
  alertmanager: ["bearerToken", "password"],
};

function receiversIn(notify: unknown): readonly (readonly [number, Readonly<Record<string, unknown>>])[] {
  if (!Array.isArray(notify)) return [];
  return notify.flatMap((value: unknown, index): [number, Record<string, unknown>][] =>
    typeof value === "object" && value !== null ? [[index, { ...value }]] : [],
  );
}

/** The problems of secrets in plain text. For the stack's file: the program gets all of them decrypted. */
export function exposedReceivers(notify: unknown): readonly Problem[] {
  return receiversIn(notify).flatMap(([index, receiver]) =>
    (SECRETS[String(receiver.kind)] ?? []).flatMap((name) => {
      if (typeof receiver[name] !== "string") return [];
      const path = `notify[${index}].${name}`;
      const allowed = `an encrypted value; this one could be read, so make another: \`pulumi config set --secret --path '${path}'\``;
      return [{ path, found: "plain text", allowed }];
    }),
  );
}

/** Whether a value must be decrypted before it can be used. */
export function isEncryptedValue(value: unknown): value is Encrypted {
  return encrypted.safeParse(value).success;
}

/** Whether something in these receivers is encrypted. */
export function hasEncrypted(receivers: readonly Receiver[]): boolean {
  return receivers.some((receiver) => Object.values(receiver).some(isEncryptedValue));
}

/** What a message may quote of the setting: all else is a secret, or may be one under a misspelled name. */
const QUOTED = /^notify(?:\[\d+\]\.(?:kind|username|openEndedFor|matchers(?:[.[].*)?))$/;

/** Whether a message must not quote what is at a path. */
export function isHiddenReceiver(path: string): boolean {
  return /^notify(?:$|[.[])/.test(path) && !QUOTED.test(path);
}
