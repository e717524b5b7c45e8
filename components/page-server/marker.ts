/** The header that names the served page and its source. It verifies a change. */
export const MARKER_HEADER = "X-Maintenance-Page";

/**
 * The values of the marker in an answer, by name. Empty without a marker.
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
