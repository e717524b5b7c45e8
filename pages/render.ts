import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Liquid } from "liquidjs";
import { isShown, type MaintenanceEntry } from "../settings/maintenance";
import { FORMATS, type Format, PAGE_KINDS, type PageKind, statusOf } from "./kinds";
import strings from "./languages/en.json";

/** One page in one format, as it is stored in the bucket and, when shared, in the cluster. */
export interface Page {
  readonly kind: PageKind;
  readonly format: Format;
  readonly body: string;
  /** The key below the bucket's prefix for pages, and so the path below the bucket's URL. */
  readonly key: string;
  /** When to come back, as the value of a Retry-After header (an HTTP date); without it the page server's default. */
  readonly retryAfter: string | undefined;
}

/** A page of one instance's own: what its maintenance entry says differs from the shared page. */
export interface InstancePages {
  readonly instance: string;
  /**
   * A digest of the pages. It is part of their keys, so an address never changes its content: a cache can keep it for
   * ever, and a page server that lost the bucket can't show the text of an earlier maintenance.
   */
  readonly revision: string;
  readonly pages: readonly Page[];
}

const here = __dirname;
const style = readFileSync(join(here, "style.css"), "utf8");
const templates = new Liquid({
  root: join(here, "templates"),
  extname: ".liquid",
  // Everything that is put into a page is text unless the template says otherwise.
  outputEscape: "escape",
  strictVariables: true,
  strictFilters: true,
  ownPropertyOnly: true,
});

/**
 * The policy that travels in the page, so that it holds wherever the page is served from. The style sheet is allowed by
 * its digest, hence nothing that gets into a page can add style, script, image or frame.
 */
export const contentSecurityPolicy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'`,
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

// How often a page that stays open asks again. Well above the page server's cost of an answer, well below a visitor's
// patience.
const RETRY_SECONDS = 60;

/** The pages that any instance and unknown hosts share: every kind in every format. */
export function renderSharedPages(): readonly Page[] {
  return PAGE_KINDS.flatMap((kind) =>
    FORMATS.map((format) => ({
      kind,
      format,
      body: format === "html" ? html(kind, undefined) : json(kind, undefined),
      key: `shared/${kind}.${format}`,
      retryAfter: undefined,
    })),
  );
}

/**
 * The pages of an entry that says more than the shared page does, or `undefined` when the shared page says it all: an
 * unscheduled `["acme"]` must not wait for a bucket.
 */
export function renderInstancePages(entry: MaintenanceEntry): InstancePages | undefined {
  if (!isShown(entry) || !saysMore(entry)) return undefined;
  const bodies = { html: html(entry.kind, entry), json: json(entry.kind, entry) };
  const instance = entry.instance.name;
  const retryAfter = entry.state === "overdue" ? undefined : entry.until?.toUTCString();
  const revision = createHash("sha256")
    .update(JSON.stringify([entry.kind, bodies, retryAfter ?? ""]))
    .digest("hex")
    .slice(0, 16);
  return {
    instance,
    revision,
    pages: FORMATS.map((format) => ({
      kind: entry.kind,
      format,
      body: bodies[format],
      key: `instances/${instance}/${revision}/${entry.kind}.${format}`,
      retryAfter,
    })),
  };
}

function saysMore(entry: MaintenanceEntry): boolean {
  return entry.from !== undefined || entry.until !== undefined || entry.message !== undefined;
}

function html(kind: PageKind, entry: MaintenanceEntry | undefined): string {
  return templates.renderFileSync("page", {
    language: "en",
    contentSecurityPolicy,
    retrySeconds: RETRY_SECONDS,
    style,
    strings: strings[kind],
    labels: { window: strings.window, message: strings.message },
    host: entry?.instance.hosts.find((host) => !host.startsWith("*.")) ?? null,
    window: entry?.from || entry?.until ? windowOf(entry) : null,
    paragraphs: entry?.message?.split(/\r?\n(?:[\t ]*\r?\n)+/) ?? [],
  });
}

function windowOf(entry: MaintenanceEntry): object {
  const at = (time: Date | undefined) => (time ? { machine: time.toISOString(), text: inWords(time) } : null);
  return { from: at(entry.from), until: at(entry.until), overdue: entry.state === "overdue" };
}

const words = new Intl.DateTimeFormat("en-GB", {
  weekday: "long",
  day: "numeric",
  month: "long",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  timeZone: "UTC",
  timeZoneName: "short",
});

function inWords(time: Date): string {
  return words.format(time);
}

/** The members are those of problem details (RFC 9457 section 3.1), with our own under `maintenance`. */
function json(kind: PageKind, entry: MaintenanceEntry | undefined): string {
  const status = statusOf(kind);
  return `${JSON.stringify({
    type: "about:blank",
    title: strings[kind].title,
    ...(status === undefined ? {} : { status }),
    detail: strings[kind].heading,
    ...(entry === undefined
      ? {}
      : {
          maintenance: {
            kind: entry.kind,
            from: entry.from?.toISOString() ?? null,
            until: entry.until?.toISOString() ?? null,
            overdue: entry.state === "overdue",
            message: entry.message ?? null,
          },
        }),
  })}\n`;
}
