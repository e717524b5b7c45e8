import mime from "mime";

/** What a page is about, and the status it is answered with. */
export const PAGE_KINDS = ["not-found", "provisioning", "scheduled", "unscheduled", "50x"] as const;

export type PageKind = (typeof PAGE_KINDS)[number];

/** The forms in which every page exists; also the endings of its objects and files. */
export const FORMATS = ["html", "json", "xml", "txt"] as const;

export type Format = (typeof FORMATS)[number];

/** One page in one format and language, as a visitor gets it. */
export interface Page {
  readonly kind: PageKind;
  readonly format: Format;
  /** The BCP 47 tag of the page's language. */
  readonly language: string;
  readonly body: string;
}

/**
 * The media type of each form, as a Content-Type header has it. JSON and XML are problem documents, whose types no
 * file ending stands for (RFC 9457 section 3 and appendix B).
 */
export const CONTENT_TYPES: Readonly<Record<Format, string>> = {
  html: `${mime.getType("html")}; charset=utf-8`,
  json: "application/problem+json",
  xml: "application/problem+xml",
  txt: `${mime.getType("txt")}; charset=utf-8`,
};

/**
 * The Content-Disposition of every page's object: how the page server knows one from whatever else answers at the bucket's
 * address. Of what a store keeps with an object, no CDN rewrites this header.
 */
export const PAGE_DISPOSITION = 'inline; filename="maintenance-page"';

/**
 * The path under which an instance in maintenance answers with its client's assets; nothing else of the instance is
 * reached there meanwhile.
 */
export const ASSETS_PATH = "/.maintenance-page/";

/** The status that belongs to a page, or `undefined` where the failing server decides it (50x). */
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
