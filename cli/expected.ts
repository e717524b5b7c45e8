import { isShown, type Kind, saysMore } from "../model/maintenance";
import { clientNames } from "../pages/clients";
import type { Settings } from "../settings/read";

/** The page that an instance in maintenance should show. The page server's marker says which one it is. */
export interface ExpectedPage {
  readonly kind: Kind;
  /** `instance`: it has a page of its own, because of a message, a window or its look. Otherwise the page is the same for all. */
  readonly source: "instance" | "shared";
  /** The revision of its own page; `undefined` when it is not checked. */
  readonly revision?: string;
}

/** The pages of all instances in maintenance, without the revisions: to know these, the pages must be rendered. */
export function expectedPages({ maintenance }: Pick<Settings, "maintenance">): ReadonlyMap<string, ExpectedPage> {
  const clients = new Set(clientNames());
  return new Map(
    maintenance
      .filter(isShown)
      .map((entry) => [
        entry.instance.name,
        { kind: entry.kind, source: saysMore(entry) || clients.has(entry.instance.name) ? "instance" : "shared" },
      ]),
  );
}
