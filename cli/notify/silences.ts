import { z } from "zod";
import type { AlertmanagerReceiver } from "../../settings/notify";
import { mapSome } from "../at-once";
import type { AppliedEntry } from "../records";
import { isInMaintenance } from "./events";
import { NotSent } from "./send";

// Silences of an Alertmanager, API v2 (api/v2/openapi.yaml in prometheus/alertmanager). Nothing is remembered of them: what is there is compared with
// what has to be there, so any machine can move or end them, and one that was not reached gets them with the next run.

/** A silence as it has to be. */
export interface WantedSilence {
  readonly instance: string;
  readonly startsAt: Date;
  readonly endsAt: Date;
  /** Whether the end is only a while from now, to be extended before it comes. */
  readonly isOpenEnded: boolean;
  readonly matchers: readonly Matcher[];
  readonly comment: string;
}

const matcherSchema = z.object({
  name: z.string(),
  value: z.string(),
  isRegex: z.boolean(),
  isEqual: z.boolean().default(true),
});

type Matcher = z.output<typeof matcherSchema>;

const silencesSchema = z.array(
  z.object({
    id: z.string(),
    createdBy: z.string(),
    comment: z.string(),
    startsAt: z.coerce.date(),
    endsAt: z.coerce.date(),
    matchers: z.array(matcherSchema),
    status: z.object({ state: z.string() }),
  }),
);

type Found = z.output<typeof silencesSchema>[number];

/** A request to the Alertmanager, below its URL. */
export interface Call {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly body?: object;
}

/**
 * The silences that these entries need. An overdue maintenance has none: its window has ended, and its alerts should arrive.
 */
export function wantedSilences(
  entries: readonly AppliedEntry[],
  { matchers, openEndedFor }: Pick<AlertmanagerReceiver, "matchers" | "openEndedFor">,
  now: Date,
): readonly WantedSilence[] {
  return entries.filter(isInMaintenance).flatMap((entry): WantedSilence[] => {
    const { instance, kind = "unscheduled", from, until } = entry;
    const isOpenEnded = until === undefined;
    const endsAt = isOpenEnded ? new Date(now.getTime() + openEndedFor * 60_000) : new Date(until);
    if (endsAt <= now) return [];
    const begin = from === undefined ? now : new Date(from);
    return [
      {
        instance,
        startsAt: begin < now ? begin : now,
        endsAt,
        isOpenEnded,
        matchers: matchersOf(matchers, instance),
        comment: `${commentStart(instance)}${kind} maintenance. It ends with the maintenance.`,
      },
    ];
  });
}

/** The beginning of the comment by which the silence of an instance is found. The name of an instance has no colon. */
function commentStart(instance: string): string {
  return `${instance}: `;
}

function instanceOf({ comment }: Pick<Found, "comment">): string {
  return comment.slice(0, Math.max(0, comment.indexOf(": ")));
}

/** `{ namespace: "{instance}" }` as the API has it. An instance's name has no character that means anything in a regular expression. */
export function matchersOf(matchers: AlertmanagerReceiver["matchers"], instance: string): readonly Matcher[] {
  return Object.entries(matchers).map(([name, text]) => {
    const isRegex = text.startsWith("=~");
    const value = (isRegex ? text.slice(2) : text).replaceAll("{instance}", instance);
    return { name, value, isRegex, isEqual: true };
  });
}

/** Who created the silences of a stack. The mark tells two clusters of the same name apart. */
export function creatorOf(stack: string, mark: string): string {
  return `maintenance-pages (${stack}, ${mark})`;
}

/**
 * Makes an Alertmanager have these silences of a stack. Silences of others are left alone.
 *
 * @param endsOthers whether all other silences of the stack are ended.
 * @returns how many were made, moved or ended.
 * @throws {NotSent} when it does not do what it should. What could be done of the others was done.
 */
export async function keepSilences(
  wanted: readonly WantedSilence[],
  createdBy: string,
  now: Date,
  call: (call: Call) => Promise<string>,
  endsOthers = true,
): Promise<number> {
  // Those that have ended stay for days. An Alertmanager that does not know the parameter, such as 0.31, lists them as well.
  const list = parsed(await call({ method: "GET", path: "/api/v2/silences?expired=false" }));
  const own = list.filter((one) => one.createdBy === createdBy && one.status.state !== "expired");
  const kept = new Set<string>();
  const calls = wanted.flatMap((silence): Call[] => {
    const ofInstance = own.filter((one) => instanceOf(one) === silence.instance && !kept.has(one.id));
    const siblings = wanted.filter(({ instance }) => instance === silence.instance);
    // One with other matchers is replaced, but not one that an instance needs beside this one.
    const found =
      ofInstance.find((one) => hasMatchers(one, silence)) ??
      ofInstance.find((one) => !siblings.some((sibling) => hasMatchers(one, sibling)));
    if (found === undefined) return [posted(silence, createdBy)];
    kept.add(found.id);
    return isAsWanted(found, silence, now) ? [] : [posted(silence, createdBy, found)];
  });
  const ended = endsOthers ? own.filter(({ id }) => !kept.has(id)).map(endingOf) : [];
  const results = await mapSome([...calls, ...ended], AT_ONCE, (one) => failureOfCall(one, call));
  const failed = results.find((error) => error !== undefined);
  if (failed !== undefined) throw failed;
  return results.length;
}

// A stack may have thousands of instances, and each request has its own connection.
const AT_ONCE = 16;

/** Why a request failed; `undefined` if it did not. One that fails keeps no other from being sent. */
async function failureOfCall(one: Call, call: (call: Call) => Promise<string>): Promise<unknown> {
  try {
    await call(one);
    return undefined;
  } catch (error) {
    // What is gone needs no end.
    if (one.method === "DELETE" && error instanceof NotSent && error.status === 404) return undefined;
    return error;
  }
}

function parsed(text: string): readonly Found[] {
  try {
    return silencesSchema.parse(JSON.parse(text));
  } catch {
    throw new NotSent("its answer is no list of silences", undefined, true);
  }
}

/**
 * A silence to make or to move. One with the same matchers and the same start is moved; else Alertmanager ends the old one and makes another
 * (silence/silence.go in prometheus/alertmanager, canUpdate).
 */
function posted(silence: WantedSilence, createdBy: string, found?: Found): Call {
  const { endsAt, matchers, comment } = silence;
  const startsAt = (found?.startsAt ?? silence.startsAt).toISOString();
  const id = found === undefined ? {} : { id: found.id };
  const body = { ...id, matchers, startsAt, endsAt: endsAt.toISOString(), createdBy, comment };
  return { method: "POST", path: "/api/v2/silences", body };
}

function endingOf({ id }: Found): Call {
  return { method: "DELETE", path: `/api/v2/silence/${encodeURIComponent(id)}` };
}

function isAsWanted(found: Found, wanted: WantedSilence, now: Date): boolean {
  if (!hasMatchers(found, wanted)) return false;
  const off = Math.abs(wanted.endsAt.getTime() - found.endsAt.getTime());
  // A run every five minutes does not have to move it every time, nor a machine whose clock is a little off.
  return off < (wanted.isOpenEnded ? (wanted.endsAt.getTime() - now.getTime()) / 2 : SECOND);
}

const SECOND = 1000;

function hasMatchers(found: Pick<Found, "matchers">, { matchers }: Pick<WantedSilence, "matchers">): boolean {
  const texts = (list: readonly Matcher[]) =>
    list.map(({ name, value, isRegex, isEqual }) => JSON.stringify([name, value, isRegex, isEqual])).sort();
  return JSON.stringify(texts(found.matchers)) === JSON.stringify(texts(matchers));
}
