import { messageOf } from "../../model/problems";
import type { Lab } from "../lab";
import type { Sample } from "../samples";
import type { Up } from "../stack";
import { everyHostIs, isPageOf, seeChanges } from "./seen";

// The controller follows some seconds after the `up`. The next step must not see the answers from before.

type Where = Pick<Lab, "edge" | "stack">;

/** Enables maintenance for one instance, and for no other, as an operator does. Returns when each of its hosts shows the page. */
export async function enable({ edge, stack }: Where, sample: Sample): Promise<Up> {
  await stack.type(["config", "set", "maintenance", JSON.stringify([sample])]);
  const up = await stack.up();
  await everyHostIs(sample, isPageOf(sample), edge).catch((error: unknown) => {
    throw new Error(`${messageOf(error)}after an up: ${seeChanges(up)}`);
  });
  return up;
}

/** Disables all maintenance. Returns when each host of the instance that was in maintenance answers from the instance itself. */
export async function disable({ edge, stack }: Where, sample: Sample): Promise<Up> {
  await stack.type(["config", "set", "maintenance", "[]"]);
  const up = await stack.up();
  await everyHostIs(sample, ({ status }) => status === 200, edge);
  return up;
}
