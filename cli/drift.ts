import type { Drift, Edge } from "../components/edges/edge";
import { type Instance, isBehind } from "../model/instances";
import type { Settings } from "../settings/read";

/**
 * What a person does about the drifts of an instance, in sentences. Every part of the command says the same.
 *
 * @param stack the stack's name.
 *
 * @example
 * remedyFor(acme, drifts, edges, settings, "mycluster"); // ["acme: its override was deleted or changed by hand. …"]
 */
export function remedyFor(
  instance: Instance,
  drifts: readonly Drift[],
  edges: readonly Edge[],
  { pageServer }: Pick<Settings, "pageServer">,
  stack: string,
): readonly string[] {
  const { name } = instance;
  const has = (...kinds: readonly Drift["what"][]) => drifts.some(({ what }) => kinds.includes(what));
  return [
    ...(has("missing", "changed")
      ? [
          `${name}: its override was deleted or changed by hand, and Pulumi does not know it. \`ci/up.sh ${stack}\` reads the cluster`,
          "  first, and makes it as declared. It also applies all other pending changes, which `npx maintenance plan` lists.",
        ]
      : []),
    ...(has("leftover")
      ? [
          `${name}: its override is in the cluster, and not in this configuration: made by hand, or from another checkout (then`,
          `  \`git pull\`, and look again). To take it over: npx maintenance enable ${name}. To delete it:`,
          ...edges
            .filter((edge) => isBehind(instance, edge.name))
            .map((edge) => `  ${edge.deletionOf(name, pageServer.namespace)}`),
        ]
      : []),
    ...(has("overruled")
      ? [`${name}: shorten the path of that object, or delete it: it comes before the override.`]
      : []),
  ];
}
