import { listed } from "../model/problems";
import { noteOn } from "./inspection";
import { type Probed, seenText } from "./probe";

/**
 * A note for each edge at which hosts do not lead to their sites, although they do at another edge: before DNS is moved to the first one,
 * somebody must know. Nothing is said of a site that fails at every edge.
 *
 * @param answers what each host shows at each of its edges.
 *
 * @example
 * unservedNotes(answers); // ["Note on the edge traefik: these hosts lead to no site there, and do at another edge: acme.example.org (404, …"]
 */
export function unservedNotes(answers: readonly Probed[]): readonly string[] {
  const served = new Set(answers.filter(isSite).map(({ host }) => host));
  const unserved = answers.filter((one) => isNoSite(one) && served.has(one.host));
  return [...new Set(unserved.map(({ edge }) => edge.name))].map((edge) => {
    const here = unserved.filter((one) => one.edge.name === edge);
    const texts = here.map(({ host, seen }) => `${host} (${seenText(seen)})`);
    return noteOn(
      edge,
      `these hosts lead to no site there, and do at another edge: ${listed(texts, 5)}. Visitors who come in there get that. If an instance is not behind this edge, say so in its setting edges.`,
    );
  });
}

/** Whether a site answers. It may ask for a login, or redirect. */
function isSite({ seen }: Pick<Probed, "seen">): boolean {
  return seen.what === "other" && seen.status !== 404 && seen.status < 500;
}

/** Whether the edge answers, and no site: without a route, or without a pod. */
function isNoSite({ seen }: Pick<Probed, "seen">): boolean {
  return seen.what !== "page" && seen.what !== "nothing" && !isSite({ seen });
}
