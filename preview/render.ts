import { LANGUAGES } from "../model/languages";
import { PagesError } from "../model/problems";
import { clientNames, readClients } from "../pages/clients";
import type { Stored } from "./page-server";
import { SAMPLE_SETTINGS, type Sample, samplesOf } from "./samples";

/** All that the gallery shows. */
export interface Rendering extends Stored {
  readonly samples: readonly Sample[];
  readonly languages: readonly string[];
}

/** What came of rendering: the pages, or what a person has to mend first. */
export type Rendered = { readonly rendering: Rendering } | { readonly problem: string };

/** Renders every page with every client's folder. */
export function render(): Rendered {
  try {
    const clients = readClients(clientNames().map((name) => ({ name })));
    const settings = { ...SAMPLE_SETTINGS, languages: LANGUAGES, clients };
    const samples = samplesOf(settings);
    const objects = samples.flatMap((sample) => sample.objects);
    return { rendering: { samples, objects, clients: [...clients.values()], languages: LANGUAGES } };
  } catch (error) {
    return {
      problem: error instanceof PagesError ? error.message : String(error instanceof Error ? error.stack : error),
    };
  }
}

// Started as a process of its own, which has read every file anew, code included, it sends what it rendered.
process.send?.(render());
