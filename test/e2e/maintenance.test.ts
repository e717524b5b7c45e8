import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeFigures, type Figures } from "../../local/figures";
import { type Ground, startGround } from "../../local/ground";
import { scenario } from "../../local/scenario";

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

  // The others need a controller that the stack installs: own-cluster.test.ts walks those.
  for (const { step, expected, see } of scenario.filter(({ needs = "embedded" }) => needs === "embedded")) {
    it(`${step}: ${expected}`, async () => {
      if (ground === undefined) throw new Error("there is no cluster");
      expect(await see(ground, figures)).toBe(expected);
    });
  }
});
