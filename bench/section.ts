import Table from "cli-table3";
import type { Measured } from "./compare";

/** What one benchmark found: a table, what it shows, and perhaps a chart of it. */
export interface Section {
  readonly title: string;
  /** What was measured, how, and against what. */
  readonly about: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly chart?: Chart;
  /** What of Pulumi it was measured with, a line each. */
  readonly parts?: readonly string[];
}

/** Bars, one for each name. */
export interface Chart {
  readonly title: string;
  readonly unit: string;
  readonly bars: Readonly<Record<string, number>>;
}

/** `12,345/s` and `1.2 ms`. */
export function cellsOf({ requestsPerSecond, p99 }: Measured): readonly [string, string] {
  return [`${Math.round(requestsPerSecond).toLocaleString("en")}/s`, `${p99.toFixed(1)} ms`];
}

export function ratio(ours: number, alternative: number): string {
  return (ours / alternative).toFixed(2);
}

/** For a terminal. */
export function printed({ title, head, rows }: Section): string {
  const table = new Table({ head: [...head], style: { head: [], border: [] } });
  for (const row of rows) table.push([...row]);
  return `${title}\n${table.toString()}\n`;
}

/** For docs/benchmarks.md. GitHub draws the chart. */
export function markdown({ title, about, head, rows, chart, parts = [] }: Section): string {
  const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const table = [row(head), row(head.map((_, index) => (index === 0 ? "---" : "--:"))), ...rows.map(row)].join("\n");
  const measuredWith = parts.length === 0 ? "" : `\nMeasured with: ${parts.join("; ")}.\n`;
  return `## ${title}\n\n${about}\n\n${table}\n${chart === undefined ? "" : `\n${drawn(chart)}\n`}${measuredWith}`;
}

function drawn({ title, unit, bars }: Chart): string {
  return [
    "```mermaid",
    "xychart-beta",
    `  title "${title}"`,
    `  x-axis [${Object.keys(bars)
      .map((name) => `"${name}"`)
      .join(", ")}]`,
    // By itself the axis begins at the lowest bar, which makes any difference look large.
    `  y-axis "${unit}" 0 --> ${Math.max(1, ...Object.values(bars)).toFixed(3)}`,
    `  bar [${Object.values(bars)
      .map((value) => value.toFixed(3))
      .join(", ")}]`,
    "```",
  ].join("\n");
}
