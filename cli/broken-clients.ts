import type { Instance } from "../model/instances";
import { isShown, plainEntry } from "../model/maintenance";
import { PagesError, type Problem } from "../model/problems";
import { readClients } from "../pages/clients";
import { renderFailurePages, renderInstancePages, renderStandingPages } from "../pages/render";
import { instancesWithPages, type Settings } from "../settings/read";

/**
 * The clients whose pages can't be rendered, by name, with the problems of their folders.
 *
 * @example
 * brokenClients(settings).get("acme")?.[0]?.path; // "pages/clients/acme/theme.json: accent"
 */
export function brokenClients(settings: Settings): ReadonlyMap<string, readonly Problem[]> {
  return new Map(
    instancesWithPages(settings).flatMap((instance) => {
      const problems = problemsOf(instance, settings);
      return problems.length === 0 ? [] : [[instance.name, problems]];
    }),
  );
}

function problemsOf(instance: Instance, settings: Settings): readonly Problem[] {
  try {
    const clients = readClients([instance], settings.theme);
    if (clients.size === 0) return [];
    const pageSettings = { ...settings, clients };
    renderFailurePages([instance], pageSettings);
    renderStandingPages([instance], pageSettings);
    // Without its message: one that is too long is no problem of the folder.
    for (const entry of settings.maintenance) {
      if (isShown(entry) && entry.instance.name === instance.name)
        renderInstancePages(plainEntry(instance, entry.kind), pageSettings);
    }
    return [];
  } catch (error) {
    if (error instanceof PagesError) return error.problems;
    throw error;
  }
}
