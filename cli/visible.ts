import { visible } from "../model/problems";

// What the cluster says has texts of others: names of their objects, messages of webhooks, certificates, errors. A terminal obeys the control
// characters in them, and a line break could begin a line that looks like one of ours. `--json` needs none of this.

/**
 * A text of others in one line. A line break becomes a space.
 *
 * @example
 * visibleLine("office\u001b[2K\nok"); // "office\\u001b[2K ok"
 */
export function visibleLine(text: string): string {
  return visible(text.replace(/\s*[\r\n]\s*/g, " "));
}

/**
 * A text of others whose line breaks are kept: in a table, whose cells indent each line; or in a message of its own.
 *
 * @example
 * visibleLines("denied:\n\tno\u0007"); // "denied:\n  no\\u0007"
 */
export function visibleLines(text: string): string {
  return text
    .split(/\r?\n/)
    .map((line) => visible(line.replaceAll("\t", "  ")))
    .join("\n");
}
