import type { InferredOptionTypes } from "yargs";
import type { z } from "zod";
import { LANGUAGES } from "../model/languages";
import { ENDS, KINDS } from "../model/maintenance";
import type { entrySchema } from "../settings/schema";
import { inputError } from "./errors";
import type { Clock } from "./local-time";
import { inZone, timeFrom } from "./times";

/** What the options of `enable` change of an entry. A setting that is not there stays as it is; one that is `undefined` is taken away. */
export type EntryChange = { readonly [Key in keyof Omit<Entry, "instance">]?: Entry[Key] | undefined };

type Entry = z.input<typeof entrySchema>;

/** The options of `enable`: one for each setting of an entry. */
export const entryOptions = {
  kind: { choices: KINDS, describe: "Which page is shown. Default: unscheduled" },
  from: {
    type: "string",
    describe: "When it begins: now, 30m, 2h, or a time with an offset. Default: now, or as it was",
  },
  until: { type: "string", describe: "When it is expected to end: 2h from now, or a time with an offset" },
  message: {
    type: "string",
    array: true,
    nargs: 1,
    describe:
      'Your words to visitors; in more languages: --message "en: Back soon" --message "fr: …"; --message "" takes them away',
  },
  ends: { choices: ENDS, describe: "Whether it ends by itself. Default: manually" },
  bypass: {
    type: "boolean",
    describe:
      "Let people with its key (npx maintenance bypass) or from bypassAddresses reach it; --no-bypass ends that",
  },
} as const satisfies Record<keyof EntryChange, object>;

/** The options as they were typed. */
export type TypedEntry = Partial<InferredOptionTypes<typeof entryOptions>>;

/**
 * The change that the options mean.
 *
 * @param clock lengths of time count from its `now`.
 * @throws {CommandError} when a time or a message can't be read.
 *
 * @example
 * entryChange({ until: "2h", message: ["Back soon"] }, settings); // { until: "2026-12-01T22:00:00.000Z", message: "Back soon" }
 */
export function entryChange({ kind, from, until, message, ends, bypass }: TypedEntry, clock: Clock): EntryChange {
  const begin = from === undefined ? undefined : timeFrom(from, clock, "--from");
  const end = until === undefined ? undefined : timeFrom(until, clock, "--until");
  if (begin !== undefined && end !== undefined && end <= begin) {
    throw inputError({
      path: "--until",
      found: until,
      allowed: `a time after --from, which is ${inZone(new Date(begin), clock.timeZone)}; 2h counts from now, and not from --from`,
    });
  }
  return {
    ...(kind === undefined ? {} : { kind }),
    ...(begin === undefined ? {} : { from: begin }),
    ...(end === undefined ? {} : { until: end }),
    ...(message === undefined ? {} : { message: messageFrom(message) }),
    ...(ends === undefined ? {} : { ends }),
    ...(bypass === undefined ? {} : { bypass }),
  };
}

/** The language in front of a text, and the text. Without a space after it only a language of the pages is one: `en:Back soon`. */
function partsOf(text: string): { readonly language: string; readonly words: string } | undefined {
  const [, tag = "", space = "", words = ""] = /^([A-Za-z]{2,3}(?:-[A-Za-z]+)?):(\s*)(.*)$/s.exec(text) ?? [];
  const language = LANGUAGES.find((one) => one.toLowerCase() === tag.toLowerCase());
  if (language !== undefined) return { language, words };
  // Such as nl: a language without pages, which the settings refuse. `Note: …` is no language.
  return space !== "" && /^[a-z]{2,3}(-|$)/.test(tag) ? { language: tag, words } : undefined;
}

/** One text, or one for each language; `undefined` for no words. */
function messageFrom(texts: readonly string[]): string | Record<string, string> | undefined {
  const [first = ""] = texts;
  const parts = texts.map(partsOf);
  if (texts.length === 1 && parts[0] === undefined) return first.trim() === "" ? undefined : first;
  const byLanguage: Record<string, string> = {};
  for (const [index, part] of parts.entries()) {
    if (part === undefined || part.language in byLanguage) {
      throw inputError({
        path: "--message",
        found: texts[index],
        allowed: 'one text; or several, each with a language of its own, such as "en: Back soon"',
      });
    }
    byLanguage[part.language] = part.words;
  }
  return byLanguage;
}
