/** The header that says which page was served, and from where: with it a change is verified. */
export const MARKER_HEADER = "X-Maintenance-Page";

/**
 * The marker of an answer, by name; empty without one.
 *
 * @example
 * markerOf({ "x-maintenance-page": "instance=acme; kind=unscheduled" }).get("kind"); // "unscheduled"
 */
export function markerOf(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): ReadonlyMap<string, string> {
  const pairs = String(headers[MARKER_HEADER.toLowerCase()] ?? "").split("; ");
  return new Map(pairs.map((pair) => [pair.split("=")[0] ?? "", pair.split("=")[1] ?? ""]));
}
