import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Lab, startLab } from "../../lab/lab";
import { describeFigures, type Figures } from "../../lab/scenario/figures";
import { scenario } from "../../lab/scenario/scenario";
import { isWalkedOn } from "../../lab/scenario/step";

/** The rows of `npm run local -- --check`, each a test, in the same lab. */
describe("one instance in maintenance, on a real cluster", () => {
  const figures: Figures = {};
  let lab: Lab | undefined;

  beforeAll(async () => {
    lab = await startLab({ report: (line) => console.log(line) });
  });

  afterAll(async () => {
    if (lab !== undefined) console.log(describeFigures(lab, figures));
    await lab?.stop();
  });

  // The others need a controller that the stack installs: own-cluster.test.ts walks those.
  for (const { step, expected, see } of scenario.filter(isWalkedOn("ingress-nginx"))) {
    it(`${step}: ${expected}`, async () => {
      if (lab === undefined) throw new Error("there is no cluster");
      expect(await see(lab, figures)).toBe(expected);
    });
  }
});
