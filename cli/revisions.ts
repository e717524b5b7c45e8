import { isShown, type MaintenanceEntry } from "../model/maintenance";
import { readClients } from "../pages/clients";
import { renderInstancePages } from "../pages/render";
import type { Settings } from "../settings/read";
import { type ExpectedPage, expectedPages } from "./expected";

/**
 * The expected pages of all instances in maintenance, with the revisions of these instances' pages. The pages are rendered for that.
 *
 * @throws {PagesError} when a page is broken or too large.
 */
export function expectedRevisions(settings: Settings, instances: readonly string[]): ReadonlyMap<string, ExpectedPage> {
  const pages = new Map(expectedPages(settings));
  const shown = settings.maintenance.filter((entry) => isShown(entry) && instances.includes(entry.instance.name));
  for (const entry of shown) {
    const expected = pages.get(entry.instance.name);
    if (expected !== undefined) pages.set(entry.instance.name, { ...expected, revision: revisionOf(entry, settings) });
  }
  return pages;
}

function revisionOf(entry: MaintenanceEntry, settings: Settings): string {
  const clients = readClients([entry.instance], settings.theme);
  return renderInstancePages(entry, { ...settings, clients })?.revision ?? "-";
}
