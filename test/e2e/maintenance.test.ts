import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeFigures, type Figures } from "../../local/figures";
import { type Ground, startGround } from "../../local/ground";
import { scenario } from "../../local/scenario";
import { whyNotHere } from "../../local/step";

/** The rows of `npm run local -- --check`, each a test, on the same ground. */
describe("one instance in maintenance, on a real cluster", () => {
  const figures: Figures = {};
  let ground: Ground | undefined;

  beforeAll(async () => {
    ground = await startGround({ report: (line) => console.log(line) });
  });

  afterAll(async () => {
    if (ground !== undefined) console.log(describeFigures(ground, figures));
    await ground?.stop();
  });

  for (const row of scenario) {
    it(`${row.step}: ${row.expected}`, async ({ skip }) => {
      if (ground === undefined) throw new Error("there is no cluster");
      const why = whyNotHere(row, ground);
      skip(why !== undefined, why);
      expect(await row.see(ground, figures)).toBe(row.expected);
    });
  }
});
