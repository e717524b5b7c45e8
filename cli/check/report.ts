import { plainTable } from "../report";
import { visibleLines } from "../visible";
import type { Finding, Result } from "./finding";

/** The findings that need somebody come last: the end of an output is what a person reads first. */
const ORDER: readonly Result[] = ["ok", "unknown", "warning", "problem"];

/**
 * The findings as a table, and their sum in one line.
 *
 * @param columns the width of the terminal; `undefined` if the output goes elsewhere. Then no line is broken.
 */
export function checkText(findings: readonly Finding[], columns: number | undefined): string {
  const rows = ORDER.flatMap((result) => findings.filter((one) => one.result === result)).map(
    ({ result, check, edge = "", instance = "", text, remedy }) => [
      result === "ok" ? "ok" : result.toUpperCase(),
      check,
      edge,
      instance,
      visibleLines(remedy === undefined ? text : `${text}\n→ ${remedy}`),
    ],
  );
  const head = ["", "check", "edge", "instance", "found"];
  const table = plainTable(head, columns === undefined ? undefined : widthsOf(head, rows, columns));
  table.push(...rows);
  return `${table.toString().replace(/ +$/gm, "")}\n\n${sumText(findings)}`;
}

/** Narrower than this, a column of sentences can't be read: then the terminal breaks the lines. */
const NARROWEST = 30;

/** The widths of the columns: each as wide as its widest text, and the last as wide as the terminal has room. */
function widthsOf(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  columns: number,
): readonly number[] | undefined {
  const widths = head
    .slice(0, -1)
    .map((title, index) => Math.max(title.length, ...rows.map((row) => row[index]?.length ?? 0)));
  const left = columns - widths.reduce((sum, width) => sum + width + GAP, 0);
  return left < NARROWEST ? undefined : [...widths, left];
}

/** Between two columns. */
const GAP = 2;

/**
 * @example
 * sumText([{ check: "DNS", result: "ok", text: "3 hosts" }]); // "Checked: 1 ok."
 */
function sumText(findings: readonly Finding[]): string {
  const counts = [...ORDER].reverse().flatMap((result) => {
    const count = findings.filter((one) => one.result === result).length;
    return count === 0 ? [] : [`${count} ${result}${count > 1 && /^(?:warning|problem)$/.test(result) ? "s" : ""}`];
  });
  return `Checked: ${counts.join(", ")}.`;
}
