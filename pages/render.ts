import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Instance } from "../model/instances";
import { isMail, type Links } from "../model/links";
import { isShown, type MaintenanceEntry, plainEntry, saysMore, wordsIn } from "../model/maintenance";
import { PagesError } from "../model/problems";
import { type ThemeSettings, themeOf, themeStyle } from "../model/theme";
import { bundle } from "./bundle";
import { sizeProblems, templateProblems } from "./check";
import { type Client, stringsOf } from "./clients";
import { ASSETS_PATH, FORMATS, type Format, PAGE_KINDS, type Page, type PageKind, statusOf } from "./kinds";
import { paragraphsOf, partsOf } from "./message";
import { digestOf, RETRY_SCRIPT, SCRIPT_DIGEST } from "./script";
import { type Templates, templatesOf } from "./templates";
import { durationInWords, timeInWords } from "./times";

/** A stored page: in the bucket and, if it is shared, also in the cluster. */
export interface PageObject {
  /** The key after the bucket's prefix for pages. It is also the path below the pages' URL. */
  readonly key: string;
  readonly format: Format;
  readonly body: string;
  /** The end of the window. Until then it is the value of Retry-After. Without it, and later, the page server uses its default. */
  readonly until?: Date;
}

/** Pages and the objects in which they are stored. */
export interface Pages {
  readonly pages: readonly Page[];
  readonly objects: readonly PageObject[];
}

/** An instance's own pages. They differ from the shared ones, because of its maintenance entry or its client's folder. */
export interface InstancePages extends Pages {
  readonly instance: string;
  /**
   * A digest of the pages. It is part of their keys, so the content at an address never changes. A cache can store it forever,
   * and a page server that can't reach the bucket never shows the text of an earlier maintenance.
   */
  readonly revision: string;
  /** Whether they say more than the shared pages. Then visitors must not see the shared pages while these are not yet stored. */
  readonly awaited: boolean;
}

/** The 50x page of all instances, or of one. */
export interface FailurePages extends Pages {
  readonly instance: string | undefined;
}

/** The settings that all pages of a stack share. */
export interface PageSettings {
  /** The time zone in which windows are shown, in addition to UTC. */
  readonly timeZone: string;
  readonly links: Links;
  /** The languages of the pages, the default language first. */
  readonly languages: readonly string[];
  readonly theme?: ThemeSettings | undefined;
  /** The instances whose pages differ, by name. */
  readonly clients: ReadonlyMap<string, Client>;
}

/** The subject of one page. */
interface Subject {
  readonly kind: PageKind;
  readonly instance?: Instance | undefined;
  readonly entry?: MaintenanceEntry | undefined;
}

// How often a page reloads when scripts are off. Long enough for the page server's load, short enough for a visitor's
// patience.
const RETRY_SECONDS = 60;

/** The pages for all instances and unknown hosts: every kind in every format and language. */
export function renderSharedPages(settings: PageSettings): Pages {
  const look = lookOf(undefined, settings);
  const pages = PAGE_KINDS.flatMap((kind) => renderPages({ kind }, look, settings));
  return { pages, objects: bundlesOf(pages, look).map((object) => ({ ...object, key: `shared/${object.key}` })) };
}

/**
 * The pages of an entry that says more than the shared page. `undefined` when the shared page is enough: an unscheduled
 * `["acme"]` must not wait for a bucket.
 *
 * @throws {PagesError} when a page is broken or too large.
 */
export function renderInstancePages(entry: MaintenanceEntry, settings: PageSettings): InstancePages | undefined {
  const { instance, kind } = entry;
  const client = settings.clients.get(instance.name);
  if (!isShown(entry) || !(saysMore(entry) || client !== undefined)) return undefined;
  const look = lookOf(client, settings);
  const pages = renderPages({ kind, instance, entry }, look, settings);
  const bundles = bundlesOf(pages, look);
  const until = entry.state === "overdue" ? undefined : entry.until;
  const revision = createHash("sha256")
    .update(JSON.stringify([until?.toUTCString() ?? "", bundles.map(({ key, body }) => [key, body])]))
    .digest("hex")
    .slice(0, 16);
  const objects = bundles.map((object) => ({
    ...object,
    key: `instances/${instance.name}/${revision}/${object.key}`,
    ...(until === undefined ? {} : { until }),
  }));
  return { instance: instance.name, revision, pages, objects, awaited: saysMore(entry) };
}

/**
 * The 50x pages: one for all instances, and one for each instance whose pages differ. Their addresses do not change, because a
 * server that shows them knows only the instance. Servers other than the page server use plain HTML in the first language: they
 * replace only pages to which a browser navigates. The page server uses all formats; for all instances they are shared pages.
 */
export function renderFailurePages(instances: readonly Instance[], settings: PageSettings): readonly FailurePages[] {
  return [undefined, ...clientsAmong(instances, settings)].map((instance) => {
    const look = lookOf(instance && settings.clients.get(instance.name), settings);
    const pages = renderPages({ kind: "50x", instance }, look, settings, instance === undefined ? ["html"] : FORMATS);
    const folder = instance === undefined ? "shared" : `instances/${instance.name}`;
    const plain = pages
      .slice(0, 1)
      .map(({ kind, language, format, body }) => ({ key: `${kind}.${language}.${format}`, format, body }));
    const objects = [...plain, ...(instance === undefined ? [] : bundlesOf(pages, look))];
    return {
      instance: instance?.name,
      pages,
      objects: objects.map((object) => ({ ...object, key: `${folder}/${object.key}` })),
    };
  });
}

/**
 * The pages for an unscheduled maintenance without a message, of all instances whose pages differ. They are stored in advance,
 * like the shared ones. So the maintenance of such an instance does not wait for the bucket either.
 */
export function renderStandingPages(instances: readonly Instance[], settings: PageSettings): readonly InstancePages[] {
  return clientsAmong(instances, settings).flatMap(
    (instance) => renderInstancePages(plainEntry(instance, "unscheduled"), settings) ?? [],
  );
}

function clientsAmong(instances: readonly Instance[], { clients }: PageSettings): readonly Instance[] {
  return instances.filter(({ name }) => clients.has(name));
}

function renderPages(
  subject: Subject,
  look: Look,
  settings: PageSettings,
  formats: readonly Format[] = FORMATS,
): readonly Page[] {
  const { kind, instance } = subject;
  const pages = formats.flatMap((format) =>
    settings.languages.map(
      (language): Page => ({ kind, format, language, body: RENDERERS[format](subject, language, look, settings) }),
    ),
  );
  const html = pages.filter(({ format }) => format === "html");
  const problems = [
    ...pages.flatMap((page) => sizeProblems(page, instance?.name)),
    // Tests check the markup of the shared templates.
    ...(look.client?.hasMarkup ? templateProblems(html, look.client, look.style) : []),
  ];
  if (problems.length > 0) throw new PagesError(problems);
  return pages;
}

/** One object for each kind and format, with all languages: a changed page changes four objects, not a hundred. */
function bundlesOf(pages: readonly Page[], { style }: Look): readonly PageObject[] {
  const bundles = new Map<string, Page[]>();
  for (const page of pages) {
    const name = `${page.kind}.${page.format}`;
    bundles.set(name, [...(bundles.get(name) ?? []), page]);
  }
  return [...bundles].map(([key, [first, ...others]]) => {
    if (first === undefined) throw new Error(`no page for ${key}`);
    return { key, format: first.format, body: bundle([first, ...others], [style, RETRY_SCRIPT]) };
  });
}

// --- the look: the style shared by all pages of a client, and the policy that allows it

interface Look {
  readonly client: Client | undefined;
  readonly templates: Templates;
  readonly style: string;
  readonly contentSecurityPolicy: string;
}

function lookOf(client: Client | undefined, settings: PageSettings): Look {
  const theme = themeOf(settings.theme, client?.theme);
  const shared = readFileSync(join(__dirname, "style.css"), "utf8").replace(/\/\*.*?\*\/\n/gs, "");
  const style = `\n${themeStyle(theme)}${shared}${client?.style ?? ""}`;
  return { client, templates: templatesOf(client), style, contentSecurityPolicy: policyFor(style) };
}

/**
 * The policy in the page itself, so that it applies on every server. Style sheet and script are allowed by their digests. So
 * nothing that gets into a page can add a style, a script or a frame, or send a request to another host.
 */
function policyFor(style: string): string {
  return [
    "default-src 'none'",
    `style-src ${digestOf(style)}`,
    `script-src ${SCRIPT_DIGEST}`,
    "connect-src 'self'",
    "img-src 'self' data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}

// --- the formats

/** The data for the templates for people: HTML and plain text. */
function templateData(
  { kind, instance, entry }: Subject,
  language: string,
  look: Look,
  settings: PageSettings,
): object {
  const { direction, window, message, retry, links, ...kinds } = stringsOf(language, look.client);
  return {
    kind,
    language,
    direction,
    contentSecurityPolicy: look.contentSecurityPolicy,
    retrySeconds: RETRY_SECONDS,
    script: RETRY_SCRIPT,
    style: look.style,
    logo: look.client?.logo ?? null,
    // On a 50x page this path belongs to the application, which still gets the requests.
    assets: look.client !== undefined && look.client.assets.length > 0 && kind !== "50x" ? ASSETS_PATH : null,
    strings: kinds[kind],
    labels: { window, message, retry },
    site: instance === undefined ? null : siteOf(instance),
    window: entry === undefined ? null : windowOf(entry, language, settings.timeZone),
    message: messageIn(entry, language, settings.languages) ?? null,
    links: linksOf(settings.links).map(({ relation, url }) => ({ url, text: links[relation] })),
  };
}

function siteOf({ title, hosts }: Instance): string | null {
  return title ?? hosts.find((host) => !host.startsWith("*.")) ?? null;
}

/** The operator's message in the visitor's language, or else in the first of the stack's languages that has one. */
function messageIn(entry: MaintenanceEntry | undefined, language: string, languages: readonly string[]) {
  const words = wordsIn(entry?.message, [language, ...languages]);
  if (words === undefined) return undefined;
  const paragraphs = paragraphsOf(words.text);
  return { language: words.language, text: paragraphs.join("\n\n"), paragraphs: paragraphs.map(partsOf) };
}

function linksOf({ status, contact }: Links) {
  return [
    ...(status === undefined ? [] : [{ relation: "status" as const, url: status }]),
    ...(contact === undefined
      ? []
      : [{ relation: "contact" as const, url: isMail(contact) ? `mailto:${contact}` : contact }]),
  ];
}

/** The window of a scheduled maintenance; of another kind only its end, when the site is expected back. */
function windowOf({ kind, from, until, state }: MaintenanceEntry, language: string, timeZone: string): object | null {
  const at = (time: Date | undefined) =>
    time ? { machine: time.toISOString(), text: timeInWords(time, timeZone, language) } : null;
  const none = { expected: null, from: null, until: null, duration: null, overdue: state === "overdue" };
  if (kind !== "scheduled") return until ? { ...none, expected: at(until) } : null;
  if (!from && !until) return null;
  const duration = from && until ? durationInWords(until.getTime() - from.getTime(), language) : null;
  return { ...none, from: at(from), until: at(until), duration };
}

/** The data of the problem documents: members of RFC 9457 section 3.1, and our own below `maintenance`. */
function problem({ kind, instance, entry }: Subject, language: string, look: Look, settings: PageSettings) {
  const { title, heading } = stringsOf(language, look.client)[kind];
  return {
    title,
    status: statusOf(kind),
    detail: heading,
    maintenance: entry && {
      kind: entry.kind,
      site: instance === undefined ? null : siteOf(instance),
      from: entry.from?.toISOString() ?? null,
      until: entry.until?.toISOString() ?? null,
      overdue: entry.state === "overdue",
      message: messageIn(entry, language, settings.languages) ?? null,
    },
    links: linksOf(settings.links),
  };
}

function json(subject: Subject, language: string, look: Look, settings: PageSettings): string {
  const { title, status, detail, maintenance, links } = problem(subject, language, look, settings);
  const members = {
    type: "about:blank",
    title,
    status,
    detail,
    maintenance: maintenance && {
      ...maintenance,
      message: maintenance.message?.text ?? null,
    },
    links: Object.fromEntries(links.map(({ relation, url }) => [relation, url])),
  };
  return `${JSON.stringify(members)}\n`;
}

function xml(subject: Subject, language: string, look: Look, settings: PageSettings): string {
  const { status, maintenance, ...members } = problem(subject, language, look, settings);
  const all = { language, ...members, status: status ?? null, maintenance: maintenance ?? null };
  return look.templates.render("problem.xml.liquid", subject.kind, all);
}

type Renderer = (subject: Subject, language: string, look: Look, settings: PageSettings) => string;

const RENDERERS: Readonly<Record<Format, Renderer>> = {
  html: (...page) => page[2].templates.render("page.html.liquid", page[0].kind, templateData(...page)),
  json,
  xml,
  txt: (...page) => page[2].templates.render("page.txt.liquid", page[0].kind, templateData(...page)),
};
