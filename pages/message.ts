import LinkifyIt from "linkify-it";

/** A piece of a paragraph: text, and where it leads when it is a link. */
export interface Part {
  readonly text: string;
  readonly url: string | null;
}

// Only what a person can see is a link: an address with its scheme, or of mail. A bare `example.org` may be the name of
// anything.
const links = new LinkifyIt({ fuzzyLink: false, fuzzyIP: false, fuzzyEmail: true }).add("ftp:", null).add("//", null);

/** A message's paragraphs: an empty line begins one. */
export function paragraphsOf(message: string): readonly string[] {
  return message.split(/\r?\n(?:[\t ]*\r?\n)+/);
}

/**
 * A paragraph with its links found. The parts' texts are the paragraph, nothing more and nothing less.
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
