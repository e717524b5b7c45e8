import type { Edge } from "../../components/edges/edge";
import { listed } from "../../model/problems";
import type { Engine } from "../engine";
import { isForPeople } from "../errors";
import { describeChanges, partition } from "../guard";
import type { Finding } from "./finding";

const CHECK = "pulumi preview";

/**
 * Runs the program and previews the stack: that needs the state, its passphrase, the credentials of the store and of the cluster, and Pulumi's
 * plugins. `enable` needs the same.
 *
 * @param instances the names of all instances: a change of an override is due, and delays nobody.
 */
export async function programFindings(
  engine: Pick<Engine, "preview">,
  instances: readonly string[],
  edges: readonly Edge[],
): Promise<readonly Finding[]> {
  try {
    const { own, others } = partition(await engine.preview({}), instances, edges);
    if (others.length > 0)
      return [
        {
          check: CHECK,
          result: "warning",
          text: `changes are pending that are no maintenance: ${listed(sortedChanges(others), 5)}. \`enable\` refuses as long as they are`,
          remedy: "Apply them at leisure: `pulumi up`.",
        },
      ];
    const due = sortedChanges(own);
    const text = due.length === 0 ? "nothing would change" : `pending: ${listed(due, 5)}`;
    return [{ check: CHECK, result: "ok", text }];
  } catch (error) {
    if (!isForPeople(error)) throw error;
    const remedy = "`pulumi preview` shows all of it. As long as it fails, so does every change.";
    return [{ check: CHECK, result: "problem", text: error.message, remedy }];
  }
}

/** The engine's own order is that in which it happens to come to each. */
function sortedChanges(changes: Parameters<typeof describeChanges>[0]): readonly string[] {
  return [...describeChanges(changes)].sort();
}
