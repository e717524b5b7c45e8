import { type MaintenanceEntry, plainEntry } from "../model/maintenance";
import type { Client } from "../pages/clients";
import type { Page } from "../pages/kinds";
import { PAGE_KINDS, type PageKind } from "../pages/kinds";
import {
  type PageObject,
  type PageSettings,
  renderFailurePages,
  renderInstancePages,
  renderSharedPages,
} from "../pages/render";

/** A page as somebody might see it, in every format and language. */
export interface Sample {
  /** What it shows, and of whom: unique. */
  readonly name: string;
  readonly kind: PageKind;
  /** The client whose folder it is made with, or `undefined` for the shared look. */
  readonly client: Client | undefined;
  /** The instance it belongs to, or `undefined` for a page that all share. */
  readonly instance: string | undefined;
  readonly revision: string | undefined;
  readonly pages: readonly Page[];
  /** What the page server needs to show it. */
  readonly objects: readonly PageObject[];
}

const MESSAGE = {
  en: "We’re upgrading to the next release.\n\nCourses and grades can be read again from 23:00. Progress: https://status.example.org/upgrade",
  de: "Wir stellen auf die nächste Version um.\n\nKurse und Noten sind ab 23:00 Uhr wieder lesbar. Zum Stand: https://status.example.org/upgrade",
  ar: "نقوم بالترقية إلى الإصدار التالي.\n\nيمكن الاطلاع على المقررات والدرجات من جديد ابتداءً من الساعة 23:00: https://status.example.org/upgrade",
};

const FROM = new Date("2027-01-10T19:00:00Z");
const UNTIL = new Date("2027-01-10T22:00:00Z");

type Said = Partial<Pick<MaintenanceEntry, "kind" | "from" | "until" | "message" | "state">>;

const SAID: Readonly<Record<string, Said>> = {
  "scheduled, with window and message": { from: FROM, until: UNTIL, message: MESSAGE },
  "scheduled, overdue": { from: FROM, until: UNTIL, state: "overdue" },
  "unscheduled, with its end and a message": { kind: "unscheduled", until: UNTIL, message: MESSAGE },
};

const BY_CLIENT_ALONE: Readonly<Record<string, Said>> = {
  unscheduled: { kind: "unscheduled" },
  scheduled: {},
  provisioning: { kind: "provisioning" },
};

/** What the stack's settings say of pages, for samples of no particular stack. */
export const SAMPLE_SETTINGS = {
  timeZone: "Europe/Berlin",
  links: { status: "https://status.example.org", contact: "help@example.org" },
} as const;

/**
 * Every page that there can be: the shared ones, those of an instance without a folder, and those of every client.
 *
 * @example
 * samplesOf({ ...SAMPLE_SETTINGS, languages: ["en"], clients: new Map() })[0]?.name; // "not-found"
 */
export function samplesOf(settings: PageSettings): readonly Sample[] {
  const shared = renderSharedPages(settings);
  return [
    ...PAGE_KINDS.map((kind) => ({
      name: kind,
      kind,
      client: undefined,
      instance: undefined,
      revision: undefined,
      pages: shared.pages.filter((page) => page.kind === kind),
      objects: shared.objects.filter(({ key }) => key.startsWith(`shared/${kind}.`)),
    })),
    ...instanceSamples("acme", SAID, settings),
    ...[...settings.clients.values()].flatMap((client) => [
      ...instanceSamples(client.name, { ...SAID, ...BY_CLIENT_ALONE }, settings),
      failureSample(client, settings),
    ]),
  ];
}

/** The pages of a stack's own entries, as they are once the maintenance has begun. */
export function entrySamples(entries: readonly MaintenanceEntry[], settings: PageSettings): readonly Sample[] {
  return entries.flatMap((entry) =>
    sampleOf(
      `${entry.state}, ${entry.kind} in the stack`,
      { ...entry, state: entry.state === "overdue" ? entry.state : "active" },
      settings,
    ),
  );
}

function instanceSamples(
  name: string,
  said: Readonly<Record<string, Said>>,
  settings: PageSettings,
): readonly Sample[] {
  return Object.entries(said).flatMap(([what, more]) =>
    sampleOf(what, { ...plainEntry(instanceOf(name), "scheduled"), ...more }, settings),
  );
}

/** None when the entry shows a page that all share. */
function sampleOf(what: string, entry: MaintenanceEntry, settings: PageSettings): readonly Sample[] {
  const own = renderInstancePages(entry, settings);
  if (own === undefined) return [];
  const { instance, revision, pages, objects } = own;
  const client = settings.clients.get(instance);
  return [{ name: `${what} (${instance})`, kind: entry.kind, client, instance, revision, pages, objects }];
}

function failureSample(client: Client, settings: PageSettings): Sample {
  const { name } = client;
  const own = renderFailurePages([instanceOf(name)], settings).find(({ instance }) => instance === name);
  const pages = own?.pages ?? [];
  return { name: `50x (${name})`, kind: "50x", client, instance: name, revision: undefined, pages, objects: [] };
}

function instanceOf(name: string) {
  return { name, hosts: [`${name}.example.org`] };
}
