import LinkifyIt from "linkify-it";

/** A piece of a paragraph: its text, and its URL if it is a link. */
export interface Part {
  readonly text: string;
  readonly url: string | null;
}

// A link must be clear in the text: a URL with its scheme, or a mail address. `example.org` alone may be any name.
const links = new LinkifyIt({ fuzzyLink: false, fuzzyIP: false, fuzzyEmail: true }).add("ftp:", null).add("//", null);

/** The paragraphs of a message. An empty line starts a new one. */
export function paragraphsOf(message: string): readonly string[] {
  return message.split(/\r?\n(?:[\t ]*\r?\n)+/);
}

/**
 * Finds the links in a paragraph. Together the texts of the parts are exactly the paragraph.
 *
 * @example
 * partsOf("See https://status.example.org."); // [{ text: "See ", … }, { text: "https://…", url: "https://…" }, { text: ".", … }]
 */
export function partsOf(paragraph: string): readonly Part[] {
  const parts: Part[] = [];
  let end = 0;
  for (const { index, lastIndex, url } of links.match(paragraph) ?? []) {
    if (index > end) parts.push({ text: paragraph.slice(end, index), url: null });
    parts.push({ text: paragraph.slice(index, lastIndex), url });
    end = lastIndex;
  }
  if (end < paragraph.length) parts.push({ text: paragraph.slice(end), url: null });
  return parts;
}
