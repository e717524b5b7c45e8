import type { Ground } from "./ground";
import type { Seen } from "./load";
import type { Sample } from "./samples";

/** What was measured on the way; printed, and never part of a row's verdict. */
export interface Figures {
  /** Seconds from `pulumi up` being started to the first page. */
  upToFirstPage?: number;
  /** Seconds that the `up` of entering took as a whole. */
  enter?: number;
  leave?: number;
  load?: Readonly<Record<Sample, Seen>>;
}

/** The figures as lines for a terminal. */
export function describeFigures({ seconds }: Ground, figures: Figures): string {
  const inSeconds = (value: number | undefined) => (value === undefined ? "not measured" : `${value.toFixed(1)} s`);
  const lines = [
    `tools built in            ${seconds.build === 0 ? "0 s (cached)" : inSeconds(seconds.build)}`,
    `cluster ready in          ${inSeconds(seconds.start)} (cluster, first pulumi up, ingress-nginx, two instances)`,
    `pulumi up to first page   ${inSeconds(figures.upToFirstPage)}`,
    `pulumi up, enter          ${inSeconds(figures.enter)}`,
    `pulumi up, leave          ${inSeconds(figures.leave)}`,
  ];
  for (const [name, seen] of Object.entries(figures.load ?? {})) {
    const kinds = Object.entries(seen.kinds).map(([kind, count]) => `${count} × ${kind}`);
    lines.push(
      `load on ${name}              ${seen.answers} answers: ${kinds.join(", ")}; ${seen.reconnects} asked again on a new connection, longest gap ${seen.longestGap} ms`,
    );
  }
  return lines.join("\n");
}
