import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Liquid } from "liquidjs";
import { isShown, type MaintenanceEntry } from "../settings/maintenance";
import { isMail, type LinksSettings } from "../settings/schema";
import { FORMATS, type Format, PAGE_KINDS, type PageKind, statusOf } from "./kinds";
import strings from "./languages/en.json";
import { durationInWords, timeInWords } from "./times";

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

/** What all pages of a stack have in common. */
export interface PageSettings {
  /** The zone in which windows are shown, beside UTC. */
  readonly timeZone: string;
  readonly links: LinksSettings;
}

/** The pages that any instance and unknown hosts share: every kind in every format. */
export function renderSharedPages(settings: PageSettings): readonly Page[] {
  return PAGE_KINDS.flatMap((kind) =>
    FORMATS.map((format) => ({
      kind,
      format,
      body: RENDERERS[format](kind, undefined, settings),
      key: `shared/${kind}.${format}`,
      retryAfter: undefined,
    })),
  );
}

/**
 * The pages of an entry that says more than the shared page does, or `undefined` when the shared page says it all: an
 * unscheduled `["acme"]` must not wait for a bucket.
 */
export function renderInstancePages(entry: MaintenanceEntry, settings: PageSettings): InstancePages | undefined {
  if (!isShown(entry) || !saysMore(entry)) return undefined;
  const bodies = FORMATS.map((format) => ({ format, body: RENDERERS[format](entry.kind, entry, settings) }));
  const instance = entry.instance.name;
  const retryAfter = entry.state === "overdue" ? undefined : entry.until?.toUTCString();
  const revision = createHash("sha256")
    .update(JSON.stringify([entry.kind, bodies, retryAfter ?? ""]))
    .digest("hex")
    .slice(0, 16);
  return {
    instance,
    revision,
    pages: bodies.map(({ format, body }) => ({
      kind: entry.kind,
      format,
      body,
      key: `instances/${instance}/${revision}/${entry.kind}.${format}`,
      retryAfter,
    })),
  };
}

function saysMore(entry: MaintenanceEntry): boolean {
  return entry.from !== undefined || entry.until !== undefined || entry.message !== undefined;
}

/** What the templates for people, HTML and plain text, are filled with. */
function context(kind: PageKind, entry: MaintenanceEntry | undefined, settings: PageSettings): object {
  return {
    language: "en",
    contentSecurityPolicy,
    retrySeconds: RETRY_SECONDS,
    style,
    strings: strings[kind],
    labels: { window: strings.window, message: strings.message, retry: strings.retry },
    host: entry?.instance.hosts.find((host) => !host.startsWith("*.")) ?? null,
    window: entry?.from || entry?.until ? windowOf(entry, settings.timeZone) : null,
    paragraphs: entry?.message?.split(/\r?\n(?:[\t ]*\r?\n)+/) ?? [],
    links: linksOf(settings.links),
  };
}

function linksOf({ status, contact }: LinksSettings): readonly { readonly text: string; readonly url: string }[] {
  const texts = strings.links;
  return [
    ...(status === undefined ? [] : [{ text: texts.status, url: status }]),
    ...(contact === undefined ? [] : [{ text: texts.contact, url: isMail(contact) ? `mailto:${contact}` : contact }]),
  ];
}

function windowOf(entry: MaintenanceEntry, timeZone: string): object {
  const { from, until } = entry;
  const at = (time: Date | undefined) =>
    time ? { machine: time.toISOString(), text: timeInWords(time, timeZone) } : null;
  return {
    from: at(from),
    until: at(until),
    duration: from && until ? durationInWords(until.getTime() - from.getTime()) : null,
    overdue: entry.state === "overdue",
  };
}

/** What the problem documents say: members of RFC 9457 section 3.1, and our own under `maintenance`. */
function problem(kind: PageKind, entry: MaintenanceEntry | undefined) {
  return {
    status: statusOf(kind),
    maintenance: entry && {
      kind: entry.kind,
      from: entry.from?.toISOString() ?? null,
      until: entry.until?.toISOString() ?? null,
      overdue: entry.state === "overdue",
      message: entry.message ?? null,
    },
  };
}

function json(kind: PageKind, entry: MaintenanceEntry | undefined): string {
  const { status, maintenance } = problem(kind, entry);
  const { title, heading } = strings[kind];
  return `${JSON.stringify({ type: "about:blank", title, status, detail: heading, maintenance })}\n`;
}

function xml(kind: PageKind, entry: MaintenanceEntry | undefined): string {
  const { status, maintenance } = problem(kind, entry);
  const filling = { strings: strings[kind], status: status ?? null, maintenance: maintenance ?? null };
  return templates.renderFileSync("problem.xml.liquid", filling);
}

type Renderer = (kind: PageKind, entry: MaintenanceEntry | undefined, settings: PageSettings) => string;

const RENDERERS: Readonly<Record<Format, Renderer>> = {
  html: (...page) => templates.renderFileSync("page.html.liquid", context(...page)),
  json,
  xml,
  txt: (...page) => templates.renderFileSync("page.txt.liquid", context(...page)),
};
