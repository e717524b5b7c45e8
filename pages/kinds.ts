import mime from "mime";

/** The kinds of pages; see `statusOf` for their statuses. */
export const PAGE_KINDS = ["not-found", "provisioning", "scheduled", "unscheduled", "50x"] as const;

export type PageKind = (typeof PAGE_KINDS)[number];

/** The formats of every page. They are also the endings of its objects and files. */
export const FORMATS = ["html", "json", "xml", "txt"] as const;

export type Format = (typeof FORMATS)[number];

/** One page in one format and language, as visitors get it. */
export interface Page {
  readonly kind: PageKind;
  readonly format: Format;
  /** The BCP 47 tag of the page's language. */
  readonly language: string;
  readonly body: string;
}

/**
 * The value of Content-Type for each format. JSON and XML are problem documents. Their media types have no file ending
 * (RFC 9457 section 3 and appendix B).
 */
export const CONTENT_TYPES: Readonly<Record<Format, string>> = {
  html: `${mime.getType("html")}; charset=utf-8`,
  json: "application/problem+json",
  xml: "application/problem+xml",
  txt: `${mime.getType("txt")}; charset=utf-8`,
};

/**
 * The Content-Disposition of every page's object. With it the page server recognizes a page: another server may answer at the
 * bucket's address. Of the headers that a store keeps with an object, this is one that no CDN rewrites.
 */
export const PAGE_DISPOSITION = 'inline; filename="maintenance-page"';

/**
 * The metadata of a page's object for Retry-After: the end of the window as an HTTP date, and in seconds since 1970, with which the page
 * server finds out whether it has passed.
 */
export function untilMetadata(until: Date): Readonly<Record<string, string>> {
  return { "retry-after": until.toUTCString(), until: String(Math.floor(until.getTime() / 1000)) };
}

/**
 * The path below which an instance in maintenance serves its client's assets. The application's own paths below it can't be
 * reached meanwhile.
 */
export const ASSETS_PATH = "/.maintenance-page/";

/** The status of a page; `undefined` when the failing server decides it (50x). */
export function statusOf(kind: PageKind): 404 | 503 | undefined {
  switch (kind) {
    case "not-found":
      return 404;
    case "provisioning":
    case "scheduled":
    case "unscheduled":
      return 503;
    case "50x":
      return undefined;
  }
}
