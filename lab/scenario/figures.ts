import type { Lab } from "../lab";
import { SAMPLES, type Sample } from "../samples";
import type { Seen } from "../traffic/load";

/** The samples that visitors are sent to while maintenance of one of them is enabled and disabled. */
export type LoadedSample = Extract<Sample, "acme" | "beta">;

/** What was measured on the way; printed, and never part of a row's verdict. */
export interface Figures {
  /** Seconds from `pulumi up` being started to the first page. */
  upToFirstPage?: number;
  /** Seconds that the whole `up` took that enabled maintenance, and the one that disabled it. */
  enable?: number;
  disable?: number;
  load?: Readonly<Record<LoadedSample, Seen>>;
  /** What visitors saw while the controller's release was changed, and how many seconds the `up` took. */
  controller?: Readonly<Record<string, { readonly seconds: number; readonly seen: Seen }>>;
  /** A message of one instance is changed. */
  message?: TextChange;
  /** A text of every page is changed. */
  sharedText?: TextChange;
}

/** How a page's new text came to visitors. */
export interface TextChange {
  /** How many resources the `up` changed. */
  changes: number;
  /** Seconds that the `up` took. */
  seconds: number;
  /** Seconds from the end of the `up` until nobody was shown the old text. */
  seen: number;
}

/** The figures as lines for a terminal. */
export function describeFigures({ seconds, here }: Lab, figures: Figures): string {
  const inSeconds = (value: number | undefined) => (value === undefined ? "not measured" : `${value.toFixed(1)} s`);
  const lines = [
    `tools built in            ${seconds.build === 0 ? "0 s (cached)" : inSeconds(seconds.build)}`,
    `cluster ready in          ${inSeconds(seconds.start)} (cluster, first pulumi up, ${here.kind}, ${SAMPLES.length} instances)`,
    `pulumi up to first page   ${inSeconds(figures.upToFirstPage)}`,
    `pulumi up, enable         ${inSeconds(figures.enable)}`,
    `pulumi up, disable        ${inSeconds(figures.disable)}`,
  ];
  for (const [name, change] of [
    ["message", figures.message],
    ["shared text", figures.sharedText],
  ] as const) {
    if (change === undefined) continue;
    const { changes, seconds, seen } = change;
    lines.push(
      `${`changed ${name}`.padEnd(25)} ${changes} resources changed by an up of ${inSeconds(seconds)}; seen by all ${inSeconds(seen)} after its end`,
    );
  }
  for (const [name, seen] of Object.entries(figures.load ?? {}))
    lines.push(`load on ${name}              ${describe(seen)}`);
  for (const [name, { seconds, seen }] of Object.entries(figures.controller ?? {})) {
    lines.push(`${`controller: ${name}`.padEnd(25)} an up of ${inSeconds(seconds)}; ${describe(seen)}`);
  }
  return lines.join("\n");
}

function describe({ answers, kinds, reconnects, longestGap }: Seen): string {
  const counted = Object.entries(kinds).map(([kind, count]) => `${count} × ${kind}`);
  return `${answers} answers: ${counted.join(", ")}; ${reconnects} asked again on a new connection, longest gap ${longestGap} ms`;
}
