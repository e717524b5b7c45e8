import type { Document } from "yaml";

/** Why a document without a syntax error has no value. */
export const BROKEN_ALIAS =
  "it has an alias that leads nowhere, or to too much; a text that begins with * needs quotes";

/**
 * The value of a YAML document that has no syntax error; `BROKEN_ALIAS` when an alias in it can't be followed.
 *
 * @example
 * resolved(parseDocument("hosts: [*.example.org]")); // BROKEN_ALIAS
 */
export function resolved(document: Document): unknown {
  try {
    return document.toJS();
  } catch (error) {
    if (error instanceof ReferenceError) return BROKEN_ALIAS;
    throw error;
  }
}
