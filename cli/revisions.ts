import { isShown, type MaintenanceEntry } from "../model/maintenance";
import { readClients } from "../pages/clients";
import { renderInstancePages } from "../pages/render";
import type { Settings } from "../settings/read";
import { type ExpectedPage, expectedPages } from "./expected";

/**
 * The expected pages of all instances in maintenance, with the revisions of these instances' pages. The pages are rendered for that.
 *
 * @param leftOut the clients whose folder is left out: see `ProgramOptions`.
 * @throws {PagesError} when a page is broken or too large.
 */
export function expectedRevisions(
  settings: Settings,
  instances: readonly string[],
  leftOut: readonly string[] = [],
): ReadonlyMap<string, ExpectedPage> {
  const pages = new Map(expectedPages(settings));
  const shown = settings.maintenance.filter((entry) => isShown(entry) && instances.includes(entry.instance.name));
  for (const entry of shown) {
    const expected = pages.get(entry.instance.name);
    if (expected === undefined) continue;
    const revision = revisionOf(entry, settings, leftOut);
    const source = revision === NO_REVISION ? "shared" : "instance";
    pages.set(entry.instance.name, { ...expected, source, revision });
  }
  return pages;
}

// What the marker of a shared page has (components/page-server/marker.ts).
const NO_REVISION = "-";

function revisionOf(entry: MaintenanceEntry, settings: Settings, leftOut: readonly string[]): string {
  const { instance } = entry;
  const clients = readClients(leftOut.includes(instance.name) ? [] : [instance], settings.theme);
  return renderInstancePages(entry, { ...settings, clients })?.revision ?? NO_REVISION;
}
