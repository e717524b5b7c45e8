import { listed } from "../../model/problems";
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
export function checkText(findings: readonly Finding[], columns = Number.POSITIVE_INFINITY): string {
  const sorted = ORDER.flatMap((result) => findings.filter((one) => one.result === result));
  const rows = sorted.map(({ result, check, edge = "", instances = [] }) => [
    result === "ok" ? "ok" : result.toUpperCase(),
    check,
    edge,
    instances.length === 0 ? "" : listed(instances, 3),
  ]);
  const texts = sorted.map(({ text, remedy }) => visibleLines(remedy === undefined ? text : `${text}\n→ ${remedy}`));
  const left = columns - widthOf(rows);
  const table = left < NARROWEST ? withTextsBelow(rows, texts, columns) : withTextsBeside(rows, texts, left);
  return `${table.replace(/ +$/gm, "")}\n\n${sumText(findings)}`;
}

const HEAD = ["", "check", "edge", "instance"];

/** Between two columns. */
const GAP = 2;

/** In a narrower column, sentences are hard to read. */
const NARROWEST = 40;

type Rows = readonly (readonly string[])[];

/** The width of these columns, and of the gap after them. */
function widthOf(rows: Rows): number {
  return HEAD.map((title, index) => Math.max(title.length, ...rows.map((row) => row[index]?.length ?? 0)) + GAP).reduce(
    (sum, width) => sum + width,
  );
}

/** The texts in the last column, which has this width. */
function withTextsBeside(rows: Rows, texts: readonly string[], width: number): string {
  const table = plainTable([...HEAD, "found"]);
  table.push(...rows.map((row, index) => [...row, wrapped(texts[index] ?? "", width)]));
  return table.toString();
}

/** Each text below its row. */
function withTextsBelow(rows: Rows, texts: readonly string[], columns: number): string {
  const table = plainTable(HEAD);
  table.push(...rows.map((row) => [...row]));
  const [head, ...lines] = table.toString().split("\n");
  const below = texts.map((text) => wrapped(text, columns - INDENT.length).replace(/^/gm, INDENT));
  return [head, ...lines.flatMap((line, index) => [line, below[index]])].join("\n");
}

const INDENT = "    ";

/**
 * Breaks lines between words. What a person copies stays whole: a longer word, such as a URL, which the terminal itself breaks; and a command in
 * backticks.
 *
 * @example
 * wrapped("run `pulumi up`", 12); // "run\n`pulumi up`"
 */
function wrapped(text: string, width: number): string {
  return text
    .split("\n")
    .flatMap((whole) => {
      const lines: string[] = [];
      let line = "";
      for (const [word] of whole.matchAll(/\s*(?:`[^`]*`|\S)+/g)) {
        if (line !== "" && line.length + word.length > width) {
          lines.push(line);
          line = word.trimStart();
        } else line += word;
      }
      return [...lines, line];
    })
    .join("\n");
}

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
