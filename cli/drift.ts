import type { DriftAt } from "./inspection";

/**
 * What a person does about the drifts of an instance, in sentences. Every part of the command says the same.
 *
 * @param name the instance's name.
 * @param namespace the page server's, in which the overrides are.
 * @param stack the stack's name.
 *
 * @example
 * remedyFor("acme", drifts, "maintenance-pages", "mycluster"); // ["acme: its override was deleted or changed by hand. …"]
 */
export function remedyFor(
  name: string,
  drifts: readonly DriftAt[],
  namespace: string,
  stack: string,
): readonly string[] {
  const of = (...kinds: readonly DriftAt["what"][]) => drifts.filter(({ what }) => kinds.includes(what));
  const leftover = of("leftover");
  return [
    ...(of("missing", "changed").length > 0
      ? [
          `${name}: its override was deleted or changed by hand, and Pulumi does not know it. \`ci/up.sh ${stack}\` reads the cluster`,
          `  first, and makes it as declared. It also applies all other pending changes, which \`npx maintenance plan --stack ${stack}\` lists.`,
        ]
      : []),
    ...(leftover.length > 0
      ? [
          `${name}: its override is in the cluster, and not in this configuration: made by hand, or from another checkout (then`,
          `  \`git pull\`, and look again). To keep the page: npx maintenance enable ${name}. To let visitors in instead, delete it:`,
          ...leftover.map(({ edge }) => `  ${edge.deletionOf(name, namespace)}`),
        ]
      : []),
    ...(of("outdated").length > 0
      ? [
          `${name}: its own routes have changed since, and visitors there get the instance. To take them over:`,
          `  npx maintenance enable ${name}`,
          `If that changes nothing, the override was changed by hand: \`ci/up.sh ${stack}\` makes it as declared.`,
        ]
      : []),
    ...new Set(
      of("overruled").map(({ edge }) => `${name}: an object comes before its override. ${edge.reasons.overruled}`),
    ),
  ];
}
