import type { MaintenanceEntry } from "../model/maintenance";
import { readClients } from "../pages/clients";
import { renderInstancePages, renderSharedPages } from "../pages/render";
import type { Settings } from "../settings/read";

/** A page as a browser shows it, and its words. */
export interface EntryPage {
  readonly html: string;
  readonly text: string;
}

/**
 * The page that visitors see during an entry's maintenance, whether that has begun or not.
 *
 * @param language one of the stack's.
 * @throws {PagesError} when the client's folder is broken, or the page is too large.
 *
 * @example
 * entryPage(entry, "en", settings).text; // "acme.example.org\nWe’ll be back soon\n…"
 */
export function entryPage(entry: MaintenanceEntry, language: string, settings: Settings): EntryPage {
  const clients = readClients([entry.instance], settings.theme);
  const shown = { ...entry, state: entry.state === "overdue" ? entry.state : ("active" as const) };
  const own = renderInstancePages(shown, { ...settings, clients }) ?? renderSharedPages({ ...settings, clients });
  const inFormat = (format: "html" | "txt") => {
    const page = own.pages.find((one) => one.kind === entry.kind && one.language === language && one.format === format);
    if (page === undefined) throw new Error(`no ${format} page ${entry.kind} in ${language}`);
    return page.body;
  };
  return { html: inFormat("html"), text: inFormat("txt") };
}
