import { z } from "zod";
import type { Settings } from "../../settings/read";
import { inZone, spanOf } from "../times";
import { visibleLine } from "../visible";
import { EVENTS, type Happened } from "./events";

// What receivers get to read: the JSON of a webhook, and the words of a chat.

/** The version of the JSON. A new field does not change it; another meaning of a field does. */
export const VERSION = 1;

const eventSchema = z.strictObject({
  event: z.enum(EVENTS),
  instance: z.string(),
  hosts: z.array(z.string()),
  /** `open`, or the state of its entry. */
  state: z.enum(["open", "planned", "active", "overdue", "ended"]),
  kind: z.string().nullable(),
  from: z.iso.datetime().nullable(),
  until: z.iso.datetime().nullable(),
  previousUntil: z.iso.datetime().nullable(),
  message: z.record(z.string(), z.string()).nullable(),
  reason: z.string().nullable(),
});

/** The JSON of a webhook, as docs/notify.md describes it. */
export const notificationSchema = z.strictObject({
  version: z.literal(VERSION),
  id: z.string(),
  time: z.iso.datetime(),
  stack: z.string(),
  events: z.array(eventSchema),
});

export type Notification = z.output<typeof notificationSchema>;

/** What happened, and where. */
export interface Notice {
  /** The same for each attempt to send it. */
  readonly id: string;
  readonly time: Date;
  readonly stack: string;
  readonly events: readonly Happened[];
  readonly settings: Pick<Settings, "instances" | "maintenance" | "timeZone">;
}

// A reason may be the output of a whole run.
const LONGEST_REASON = 500;

export function notificationOf({ id, time, stack, events, settings }: Notice): Notification {
  return {
    version: VERSION,
    id,
    time: time.toISOString(),
    stack,
    events: events.map(({ event, instance, before, after, reason }) => {
      const message = settings.maintenance.find((entry) => entry.instance.name === instance)?.message;
      return {
        event,
        instance,
        hosts: [...(settings.instances.find(({ name }) => name === instance)?.hosts ?? [])],
        state: after?.state ?? "open",
        // An instance that has left may be in the list provisioning now.
        kind: (event === "left" ? before : (after ?? before))?.kind ?? null,
        from: after?.from ?? null,
        until: after?.until ?? null,
        previousUntil: before?.until ?? null,
        message: message === undefined ? null : { ...message },
        reason: reason === undefined ? null : shortened(visibleLine(reason), LONGEST_REASON),
      };
    }),
  };
}

// One request has all events of a run, and a chat shows no endless list.
const MOST_LINES = 20;

/** The same in words, for Slack. A name or a reason can't have a mention or another line in it. */
export function slackText(notice: Notice): string {
  const { events } = notificationOf(notice);
  const lines = events.slice(0, MOST_LINES).map((event) => `• ${escaped(lineOf(event, notice))}`);
  const more = events.length > MOST_LINES ? [`… and ${events.length - MOST_LINES} more`] : [];
  return [`Maintenance at ${escaped(notice.stack)}`, ...lines, ...more].join("\n");
}

function lineOf(event: Notification["events"][number], { settings: { timeZone }, time }: Notice): string {
  const { instance, kind, state, hosts, until, previousUntil, reason } = event;
  const shown = (text: string) => inZone(new Date(text), timeZone);
  const host =
    hosts[0] === undefined ? "" : ` (${hosts[0]}${hosts.length > 1 ? `, and ${hosts.length - 1} more` : ""})`;
  switch (event.event) {
    case "entered":
      return `${instance}${host} is in ${kind} maintenance, ${until === null ? "without an expected end" : `until ${shown(until)}`}`;
    case "left":
      return state === "active"
        ? `${instance}${host} is not in maintenance any more, and shows the page of an instance that is being set up`
        : `${instance}${host} is open again`;
    case "extended": {
      const end = until === null ? "without an expected end" : `until ${shown(until)}`;
      const earlier = previousUntil === null ? "it had no expected end" : `was ${shown(previousUntil)}`;
      return `${instance}${host} stays in maintenance ${end}, ${earlier}`;
    }
    case "overdue": {
      const end = until === null ? "" : ` at ${shown(until)}, ${spanOf(time.getTime() - Date.parse(until))} ago`;
      return `${instance}${host} is OVERDUE: its maintenance should have ended${end}`;
    }
    case "forgotten":
      return `${instance}${host} seems FORGOTTEN: it is in unscheduled maintenance without an expected end`;
    case "failed":
      return `${instance}${host}: FAILED: ${reason}`;
  }
}

// https://docs.slack.dev/messaging/formatting-message-text, "Escaping text".
function escaped(text: string): string {
  return visibleLine(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function shortened(text: string, longest: number): string {
  const characters = Array.from(text); // a slice of the text could end with half of a surrogate pair, which is no valid JSON for many
  return characters.length <= longest ? text : `${characters.slice(0, longest - 1).join("")}…`;
}
