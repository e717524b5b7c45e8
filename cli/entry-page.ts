import type { MaintenanceEntry } from "../model/maintenance";
import { readClients } from "../pages/clients";
import type { Format, Page } from "../pages/kinds";
import { renderInstancePages, renderSharedPages } from "../pages/render";
import type { Settings } from "../settings/read";

/**
 * The page that visitors see during an entry's maintenance, whether that has begun or not.
 *
 * @param language one of the stack's.
 * @throws {PagesError} when the client's folder is broken, or the page is too large.
 *
 * @example
 * entryPage(entry, "en", "txt", settings).body; // "acme.example.org\nWe’ll be back soon\n…"
 */
export function entryPage(entry: MaintenanceEntry, language: string, format: Format, settings: Settings): Page {
  const clients = readClients([entry.instance], settings.theme);
  const shown = { ...entry, state: entry.state === "overdue" ? entry.state : ("active" as const) };
  const own = renderInstancePages(shown, { ...settings, clients }) ?? renderSharedPages({ ...settings, clients });
  const page = own.pages.find((one) => one.kind === entry.kind && one.language === language && one.format === format);
  if (page === undefined) throw new Error(`no ${format} page ${entry.kind} in ${language}`);
  return page;
}
