import type { Document } from "yaml";

/** Why a document without a syntax error has no value. */
export const BROKEN_ALIAS =
  "it has an alias that leads nowhere, to itself, or to too much; a text that begins with * needs quotes";

/**
 * The value of a YAML document that has no syntax error; `BROKEN_ALIAS` when an alias in it can't be followed.
 *
 * @example
 * resolved(parseDocument("hosts: [*.example.org]")); // BROKEN_ALIAS
 */
export function resolved(document: Document): unknown {
  try {
    const value: unknown = document.toJS({ maxAliasCount: MOST_ALIASES });
    JSON.stringify(value); // it can't be, when it contains itself
    return value;
  } catch (error) {
    if (error instanceof ReferenceError || error instanceof TypeError) return BROKEN_ALIAS;
    throw error;
  }
}

// More than anybody writes, and few enough that aliases of aliases don't fill the memory.
const MOST_ALIASES = 10_000;
