import { isForPeople } from "../cli/errors";
import { findStack, StackFile } from "../cli/project";
import { LANGUAGES } from "../model/languages";
import type { MaintenanceEntry } from "../model/maintenance";
import { clientNames, readClients } from "../pages/clients";
import type { PageSettings } from "../pages/render";
import { readClock } from "../settings/clock";
import type { Stored } from "./page-server";
import { entrySamples, SAMPLE_SETTINGS, type Sample, samplesOf } from "./samples";

/** All that the gallery shows. */
export interface Rendering extends Stored {
  readonly samples: readonly Sample[];
  readonly languages: readonly string[];
}

/** What came of rendering: the pages, or what a person has to mend first. */
export type Rendered = { readonly rendering: Rendering } | { readonly problem: string };

/** Renders every page with every client's folder; of a stack, as its settings say, and its own entries as well. */
async function render(stack: string | undefined): Promise<Rendered> {
  try {
    const { entries, settings } = stack === undefined ? samplesAlone() : await settingsOf(stack);
    const samples = [...entrySamples(entries, settings), ...samplesOf(settings)];
    const objects = samples.flatMap((sample) => sample.objects);
    return { rendering: { samples, objects, clients: [...settings.clients.values()], languages: settings.languages } };
  } catch (error) {
    return { problem: isForPeople(error) ? error.message : String(error instanceof Error ? error.stack : error) };
  }
}

interface Subjects {
  readonly entries: readonly MaintenanceEntry[];
  readonly settings: PageSettings;
}

function samplesAlone(): Subjects {
  const clients = readClients(clientNames().map((name) => ({ name })));
  return { entries: [], settings: { ...SAMPLE_SETTINGS, languages: LANGUAGES, clients } };
}

async function settingsOf(stack: string): Promise<Subjects> {
  const settings = StackFile.open(await findStack(stack)).content.settings(readClock());
  return {
    entries: settings.maintenance,
    settings: { ...settings, clients: readClients(settings.instances, settings.theme) },
  };
}

// Started as a process of its own, which has read every file anew, code included, it sends what it rendered.
const [, , stack] = process.argv;
render(stack).then((rendered) => process.send?.(rendered));
