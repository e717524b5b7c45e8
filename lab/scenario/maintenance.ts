import { messageOf } from "../cluster/errors";
import type { Lab } from "../lab";
import type { Sample } from "../samples";
import type { Up } from "../stack";
import { everyHostIs, isPageOf, seeChanges } from "./seen";

// The controller follows some seconds after the `up`, and what comes next must not meet what was before.

type Where = Pick<Lab, "edge" | "stack">;

/** Puts one instance in maintenance, and no other, as an operator does: ends when each of its hosts shows the page. */
export async function enter({ edge, stack }: Where, sample: Sample): Promise<Up> {
  await stack.type(["config", "set", "maintenance", JSON.stringify([sample])]);
  const up = await stack.up();
  await everyHostIs(sample, isPageOf(sample), edge).catch((error: unknown) => {
    throw new Error(`${messageOf(error)}after an up: ${seeChanges(up)}`);
  });
  return up;
}

/** Ends all maintenance: ends when each host of an instance that was in it is the instance's own again. */
export async function leave({ edge, stack }: Where, sample: Sample): Promise<Up> {
  await stack.type(["config", "set", "maintenance", "[]"]);
  const up = await stack.up();
  await everyHostIs(sample, ({ status }) => status === 200, edge);
  return up;
}
