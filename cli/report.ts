import Table from "cli-table3";
import { z } from "zod";
import type { MaintenanceEntry } from "../settings/maintenance";
import { inWords } from "./edge";
import type { InstanceStatus } from "./status";
import { inZone, spanOf } from "./times";

/** What `maintenance list --json` prints: the entries of the configuration, in their order. */
export const listSchema = z.array(
  z.strictObject({
    instance: z.string(),
    kind: z.enum(["scheduled", "unscheduled", "provisioning"]),
    state: z.enum(["planned", "active", "overdue", "closed"]),
    hosts: z.array(z.string()),
    from: z.iso.datetime().nullable(),
    until: z.iso.datetime().nullable(),
    message: z.record(z.string(), z.string()).nullable(),
  }),
);

export type Listed = z.output<typeof listSchema>[number];

export function listedEntry({ instance, kind, state, from, until, message }: MaintenanceEntry): Listed {
  return {
    instance: instance.name,
    kind,
    state,
    hosts: [...instance.hosts],
    from: from?.toISOString() ?? null,
    until: until?.toISOString() ?? null,
    message: message === undefined ? null : { ...message },
  };
}

/** The entries as a table, or a sentence when there are none. */
export function listText(entries: readonly MaintenanceEntry[], timeZone: string): string {
  if (entries.length === 0) return "Nothing is in maintenance, and nothing is planned.";
  const table = plainTable(["instance", "kind", "state", "from", "until"]);
  for (const { instance, kind, state, from, until } of entries) {
    table.push([instance.name, kind, state, inZone(from, timeZone), inZone(until, timeZone)]);
  }
  return table.toString();
}

/** An instance's status as `--json` prints it. */
export function statusValue({ from, until, since, ...status }: InstanceStatus, now: Date) {
  return {
    ...status,
    kind: status.kind ?? null,
    from: from?.toISOString() ?? null,
    until: until?.toISOString() ?? null,
    secondsLeft: until === undefined ? null : Math.round((until.getTime() - now.getTime()) / 1000),
    since: since === undefined ? null : { author: since.author, time: since.time.toISOString() },
  };
}

/** Every instance with what it should show and what it shows; what differs stands out. */
export function statusText(statuses: readonly InstanceStatus[], timeZone: string, now: Date): string {
  const table = plainTable(["", "instance", "declared", "at the edge", "window", "since"]);
  for (const status of statuses) {
    const { name, declared, kind, since, hosts } = status;
    const differs = hosts.filter(({ asDeclared }) => !asDeclared);
    const seen = differs.length > 0 ? differs : hosts.slice(0, 1);
    table.push([
      status.attention.length > 0 ? status.attention.join(", ").toUpperCase() : "ok",
      name,
      declared === "open" ? "open" : `${declared}, ${kind}`,
      differs.length === 0
        ? seen.map((one) => inWords(one.seen)).join("")
        : seen.map((one) => `${one.host}: ${inWords(one.seen)}`).join("\n"),
      windowText(status, timeZone, now),
      since === undefined ? "" : `${inZone(since.time, timeZone)}, ${since.author}`,
    ]);
  }
  return table.toString();
}

function windowText({ from, until, declared }: InstanceStatus, timeZone: string, now: Date): string {
  if (declared === "planned" && from !== undefined) {
    return `closes at ${inZone(from, timeZone)}, in ${spanOf(from.getTime() - now.getTime())}`;
  }
  if (until === undefined) return "";
  const left = until.getTime() - now.getTime();
  return `until ${inZone(until, timeZone)}, ${left < 0 ? `${spanOf(left)} ago` : `${spanOf(left)} left`}`;
}

function plainTable(head: string[]) {
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
    head,
    chars: { ...none, middle: "  " },
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
  });
}
