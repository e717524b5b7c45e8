import type { Figures } from "./figures";
import type { Ground } from "./ground";

/** One row of the check: what is done, what has to be seen, and how to see it. */
export interface Step {
  readonly step: string;
  readonly expected: string;
  /** Needs what only the embedded cluster has. @default false */
  readonly embeddedOnly?: boolean;
  /** Does it, and says what was seen in the words of `expected`, or whatever else it was. */
  see(ground: Ground, figures: Figures): Promise<string>;
}
