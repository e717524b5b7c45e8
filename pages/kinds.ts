/** What a page is about, and the status it is answered with. */
export const PAGE_KINDS = ["not-found", "scheduled", "unscheduled", "50x"] as const;

export type PageKind = (typeof PAGE_KINDS)[number];

/** The forms in which every page exists; also the endings of its objects and files. */
export const FORMATS = ["html", "json"] as const;

export type Format = (typeof FORMATS)[number];

/** The status that belongs to a page, or `undefined` where the failing server decides it (50x). */
export function statusOf(kind: PageKind): 404 | 503 | undefined {
  switch (kind) {
    case "not-found":
      return 404;
    case "scheduled":
    case "unscheduled":
      return 503;
    case "50x":
      return undefined;
  }
}
