import Table from "cli-table3";
import type { MaintenanceEntry } from "../model/maintenance";
import { seenText, targetText } from "./probe";
import type { InstanceStatus, Status } from "./status";
import { inZone, spanOf } from "./times";
import { visibleLine, visibleLines } from "./visible";

/** The entries as a table, or a sentence when there are none. */
export function listText(entries: readonly MaintenanceEntry[], timeZone: string): string {
  if (entries.length === 0) return "Nothing is in maintenance, and nothing is planned.";
  const table = plainTable(["instance", "kind", "state", "from", "until", "ends", ""]);
  for (const { instance, kind, state, from, until, endsAutomatically, bypass } of entries) {
    const ends = endsAutomatically ? "automatically" : "manually";
    const window = [inZone(from, timeZone), inZone(until, timeZone)];
    table.push([instance.name, kind, state, ...window, ends, bypass ? "with a bypass" : ""]);
  }
  return table.toString();
}

/** An instance's status as `--json` prints it. */
export function statusValue(
  { from, until, message, since, drift, remedy: _, hosts, ...status }: InstanceStatus,
  now: Date,
) {
  return {
    ...status,
    hosts: hosts.map(({ host, edge, seen, asDeclared, why }) => ({ host, edge: edge.name, seen, asDeclared, why })),
    drift: drift ?? null,
    kind: status.kind ?? null,
    from: from?.toISOString() ?? null,
    until: until?.toISOString() ?? null,
    message: message ?? null,
    secondsLeft: until === undefined ? null : Math.round((until.getTime() - now.getTime()) / 1000),
    since: since === undefined ? null : { author: since.author, time: since.time.toISOString() },
  };
}

/** Every instance with what it should show and what it shows; what differs stands out. */
export function statusText({ instances, obstacles, notes, unreachable }: Status, timeZone: string, now: Date): string {
  const table = plainTable(["", "instance", "declared", "at the edge", "window", "since"]);
  for (const status of instances) {
    const { name, declared, kind, message, bypass, since, hosts } = status;
    const differs = hosts.filter(({ asDeclared }) => !asDeclared);
    const seen = differs.length > 0 ? differs : hosts.slice(0, 1);
    table.push([
      status.attention.length > 0 ? status.attention.join(", ").toUpperCase() : "ok",
      name,
      [
        declared === "open" ? "open" : `${declared}, ${kind}${bypass ? ", with a bypass" : ""}`,
        ...Object.entries(message ?? {}).map(([language, text]) => `${language}: ${shortened(text)}`),
      ].join("\n"),
      [
        ...seen.map((one) =>
          differs.length === 0 ? seenText(one.seen, true) : `${targetText(one)}: ${seenText(one.seen)}`,
        ),
        ...(status.drift ?? []).map(visibleLines),
      ].join("\n"),
      windowText(status, timeZone, now),
      since === undefined ? "" : `${inZone(since.time, timeZone)}, ${since.author}`,
    ]);
  }
  // An override that was changed by hand is the reason, where that is known.
  const unexplained = instances.filter(({ drift }) => drift === undefined || drift.length === 0);
  const wrong = unexplained.flatMap(({ hosts }) => hosts.filter(({ asDeclared }) => !asDeclared));
  const reasons = [...new Set(wrong.map(({ why }) => why))].map((why) => {
    const hosts = wrong.filter((one) => one.why === why);
    return `${hosts.map(targetText).join(", ")}: ${why}`;
  });
  const unknown = visibleLine(
    `The cluster's API can't be reached, so the overrides themselves were not read: ${unreachable}`,
  );
  return [
    table.toString(),
    ...(obstacles.length > 0 ? ["", ...obstacles] : []),
    ...(notes.length > 0 ? ["", ...notes] : []),
    ...(reasons.length > 0 ? ["", ...reasons] : []),
    ...instances.flatMap(({ remedy }) => (remedy.length > 0 ? ["", ...remedy] : [])),
    ...(unreachable === undefined ? [] : ["", unknown]),
  ].join("\n");
}

// Enough to recognise a message, in a table that fits on a screen.
const LONGEST_EXCERPT = 40;

function shortened(text: string): string {
  const line = text.replace(/\s+/g, " ");
  return line.length <= LONGEST_EXCERPT ? line : `${line.slice(0, LONGEST_EXCERPT - 1)}…`;
}

function windowText({ from, until, declared, endsAutomatically }: InstanceStatus, timeZone: string, now: Date): string {
  if (declared === "planned" && from !== undefined) {
    return `starts at ${inZone(from, timeZone)}, in ${spanOf(from.getTime() - now.getTime())}`;
  }
  if (until === undefined) return "";
  const left = until.getTime() - now.getTime();
  const span = left < 0 ? `${spanOf(left)} ago` : `${spanOf(left)} left`;
  return `until ${inZone(until, timeZone)}, ${span}${endsAutomatically ? ", ends automatically" : ""}`;
}

/** A table without lines. */
export function plainTable(head: readonly string[]) {
  const none = Object.fromEntries(
    [
      "top",
      "top-mid",
      "top-left",
      "top-right",
      "bottom",
      "bottom-mid",
      "bottom-left",
      "bottom-right",
      "left",
      "left-mid",
      "mid",
      "mid-mid",
      "right",
      "right-mid",
    ].map((name) => [name, ""]),
  );
  return new Table({
    head: [...head],
    chars: { ...none, middle: "  " },
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
  });
}
