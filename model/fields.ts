import { z } from "zod";
import { nearest, type Problem, pathText } from "./problems";

/**
 * The building blocks of the schemas for a stack's configuration and for a client's files. A message says what is allowed.
 * `problemsOf` adds the path and what was found.
 */

/** A label of a host name (RFC 1123 section 2.1). Kubernetes has the same rule for the names of most objects. */
export const DNS_LABEL = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

export const dnsLabel = (what: string) =>
  z
    .string({ error: `${what}: lower-case letters, digits and inner hyphens, 63 at most` })
    .regex(DNS_LABEL, { error: `${what}: lower-case letters, digits and inner hyphens, 63 at most` });

// An issue of the schema contains its message, but not the allowed choices. So they are stored by message.
const choicesByMessage = new Map<string, readonly string[]>();

const isSubdomain = (name: string) => name.length <= 253 && name.split(".").every((label) => DNS_LABEL.test(label));

/** Labels with dots between them: the name of a cluster-wide object, such as `webapprouting.kubernetes.azure.com`. */
export const dnsSubdomain = (what: string) => {
  const error = `${what}: labels of lower-case letters, digits and inner hyphens, with dots between them, 253 characters at most`;
  return z.string({ error }).refine(isSubdomain, { error });
};

// apimachinery/pkg/util/validation/validation.go of Kubernetes, IsQualifiedName and IsValidLabelValue.
const LABEL_NAME = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

/** Whether a name has a domain of its own before a slash, such as `example.com/gpu`. */
export function isQualifiedByDomain(name: string): boolean {
  const [domain = "", own = "", ...rest] = name.split("/");
  return rest.length === 0 && isSubdomain(domain) && LABEL_NAME.test(own);
}

/** The key of a label or a taint, such as `kubernetes.io/arch`. */
export const labelKey = (what: string) => {
  const error = `${what}: letters, digits and inner - _ and ., 63 at most; before it, if need be, a domain and a slash`;
  return z.string({ error }).refine((key) => LABEL_NAME.test(key) || isQualifiedByDomain(key), { error });
};

/** The value of a label or a taint. */
export const labelValue = (what: string) => {
  const error = `${what}: letters, digits and inner - _ and ., 63 at most`;
  return z.string({ error }).refine((value) => value === "" || LABEL_NAME.test(value), { error });
};

// The grammar in reference.go of distribution/reference, without IPv6 addresses.
const LABEL = "[A-Za-z0-9](?:[-A-Za-z0-9]*[A-Za-z0-9])?";
const HOST = `(?:${LABEL}(?:\\.${LABEL})*(?::\\d+)?/)?`;
const PART = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const IMAGE = new RegExp(
  `^${HOST}${PART}(?:/${PART})*(?::\\w[\\w.-]{0,127})?(?:@(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}))?$`,
);

/** The reference of a container image: a registry's host if need be, a name, and a tag or a digest or both. */
export const containerImage = (what: string) => z.string({ error: what }).regex(IMAGE, { error: what });

// As above: the reasons why an object can't have a setting, by message and by the setting's name.
const refusalsByMessage = new Map<string, ReadonlyMap<string, string>>();

/**
 * An object that rejects unknown keys. Otherwise a misspelled setting would silently have its default.
 *
 * @param refusals settings that a person may look for here, each with what is allowed instead and why.
 */
export function section<Shape extends z.ZodRawShape>(shape: Shape, refusals: Readonly<Record<string, string>> = {}) {
  const names = Object.keys(shape);
  const message = `the settings ${names.join(", ")}`;
  choicesByMessage.set(message, names);
  refusalsByMessage.set(message, new Map(Object.entries(refusals)));
  return z.strictObject(shape, {
    error: (issue) => (issue.code === "unrecognized_keys" ? message : `an object with ${message}`),
  });
}

/** The message for a value that must be one of a few. `problemsOf` adds the nearest one. */
export function oneOf(names: readonly string[]): string {
  const message = names.join(" or ");
  choicesByMessage.set(message, names);
  return message;
}

/** The settings or values that a message lists. */
function choicesNamedIn(message: string): readonly string[] {
  return choicesByMessage.get(message) ?? [];
}

/**
 * A rule for the length of a text or a list. Zod's own `min` and `max` also read the `length` of other values. If it is an
 * object that can't be compared with a number, they throw a JavaScript error.
 */
export const hasLength =
  (from: number, to = Number.POSITIVE_INFINITY) =>
  ({ length }: { readonly length: number }) =>
    from <= length && length <= to;

export const text = (allowed: string) => z.string({ error: allowed }).refine(hasLength(1), { error: allowed });

export const flag = (allowed = "true or false") => z.boolean({ error: allowed });

export const wholeNumber = (from: number, to: number, unit: string) => {
  const error = `a whole number of ${unit} from ${from} to ${to}`;
  return z.int({ error }).min(from, { error }).max(to, { error });
};

export const url = (allowed: string) =>
  z
    .string({ error: allowed })
    .refine((value) => /^https?:\/\/[^\s\p{Cc}\p{Cs}\ufffe\uffff"'\\;{}$?#]+$/u.test(value) && isPlain(value), {
      error: allowed,
    });

/** Whether a URL can be parsed and has no user name and password. nginx would read a user name as part of the host. */
function isPlain(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { username, password } = new URL(value);
  return username === "" && password === "";
}

/** Plain text that can be put into a page of any format. */
export const plainText = (longest: number) =>
  z
    .string({ error: "plain text" })
    .refine(hasLength(0, longest), { error: `plain text of ${longest} characters at most` })
    // Cc without tab and line breaks. Cs is half of a surrogate pair, which UTF-8 can't encode. XML 1.0 allows neither
    // of them, nor U+FFFE and U+FFFF.
    .regex(/^(?:[\t\n\r]|[^\p{Cc}\p{Cs}\ufffe\uffff])*$/u, { error: "plain text without control characters" });

/**
 * One name of a list. The message shows the nearest one.
 *
 * @param isOther whether a name is allowed that the list can't have.
 */
export const choice = (what: string, names: readonly string[], isOther: (name: string) => boolean = () => false) => {
  const error = `${what}: ${names.join(", ")}`;
  choicesByMessage.set(error, names);
  return z.string({ error }).refine((name) => names.includes(name) || isOther(name), { error });
};

/** Turns an issue of the schema into problems, for the person who wrote the value. */
export function problemsOf(
  issue: z.core.$ZodIssue,
  values: unknown,
  above: readonly PropertyKey[] = [],
): readonly Problem[] {
  const path = [...above, ...issue.path];
  const found = valueAt(values, path);
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => {
      const problem = { path: pathText([...path, key]), found: valueAt(found, [key]) };
      const refusal = refusalsByMessage.get(issue.message)?.get(key);
      if (refusal !== undefined) return { ...problem, allowed: refusal };
      return { ...problem, allowed: issue.message, nearest: nearest(key, choicesNamedIn(issue.message)) };
    });
  }
  if (issue.code === "invalid_union") {
    // The person probably meant the branch whose outer shape matches the value.
    const meant = issue.errors.find((branch) => branch.every((inner) => inner.path.length > 0 || !isWrongShape(inner)));
    if (meant !== undefined && meant.length > 0) return meant.flatMap((inner) => problemsOf(inner, values, path));
  }
  if (issue.code === "invalid_key") {
    const key = String(path.at(-1));
    return issue.issues.map(({ message }) => ({
      path: pathText(path),
      found: key,
      allowed: message,
      nearest: nearest(key, choicesNamedIn(message)),
    }));
  }
  return [{ path: pathText(path), found, allowed: issue.message, nearest: nearestOf(issue, found) }];
}

function isWrongShape(issue: z.core.$ZodIssue): boolean {
  return issue.code === "invalid_type" || issue.code === "invalid_union";
}

function nearestOf(issue: z.core.$ZodIssue, found: unknown): string | undefined {
  if (issue.code === "invalid_value" && typeof found === "string") {
    return nearest(
      found,
      issue.values.filter((value) => typeof value === "string"),
    );
  }
  if (issue.code === "invalid_format" && issue.format === "datetime" && typeof found === "string") {
    return nearestTime(found);
  }
  if (issue.code === "custom" && typeof issue.params?.nearest === "string") return issue.params.nearest;
  if ((issue.code === "custom" || issue.code === "invalid_union") && typeof found === "string") {
    return nearest(found, choicesNamedIn(issue.message));
  }
  if (issue.code === "too_small" && typeof found === "number") return String(issue.minimum);
  if (issue.code === "too_big" && typeof found === "number") return String(issue.maximum);
  return undefined;
}

/**
 * The time that a person wrote without quotes. YAML reads it as a time, and Pulumi's engine passes it on in Go's format,
 * `2026-12-01 22:00:00 +0100 +0100`. It is suggested but not accepted: a time without an offset arrives as UTC.
 */
function nearestTime(found: string): string | undefined {
  const parts = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.\d+)? ([+-]\d\d)(\d\d) \S+$/.exec(found);
  if (parts === null) return undefined;
  const [, date, clock, hours, minutes] = parts;
  return `"${date}T${clock}${hours}:${minutes}"`;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (typeof inner === "object" && inner !== null ? Reflect.get(inner, key) : undefined),
    value,
  );
}
