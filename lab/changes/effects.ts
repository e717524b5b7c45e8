import { countedChanges } from "../scenario/seen";
import type { Preview } from "../stack";

// What a change means for what answers visitors, by what a preview of it plans.

/** What takes away what answers visitors when it goes, or has it changed under them when it is another one. */
export const LASTING = [
  "Namespace page-server-namespace",
  "Service page-server-service",
  "Deployment page-server-deployment",
  "ConfigMap page-server-pages",
  "Ingress page-server-standby",
  "Release ingress-nginx-release",
  "Middleware page-server-closed.traefik",
  "Middleware page-server-retry.traefik",
  "ServersTransport page-server-transport.traefik",
  "HTTPRoute page-server-self-test.gateway",
] as const;

/** Those of them that Pulumi protects: another ConfigMap's name alone harms nobody. */
export const PROTECTED = LASTING.filter((name) => name !== "ConfigMap page-server-pages");

/** Those of them that a preview replaces or deletes. */
export function takenAway({ planned }: Pick<Preview, "planned">): readonly string[] {
  return LASTING.filter((name) =>
    planned.some(({ change }) => /^\S*(?:delete|replace)/.test(change) && change.endsWith(` ${name}`)),
  );
}

/** What an `up` would do, in words. */
export function operationsOf({ planned }: Pick<Preview, "planned">): string {
  return countedChanges(planned.map(({ change }) => change)).replace(/^no change$/, "nothing");
}

/** What a preview that goes ahead means for the page server. */
export function effectOf(preview: Pick<Preview, "planned">): string {
  const fieldsOf = (name: string) => preview.planned.find(({ change }) => change === `update ${name}`)?.fields;
  const taken = takenAway(preview);
  if (taken.length > 0) return `replaced or deleted: ${taken.join(", ")}`;
  const deployment = fieldsOf("Deployment page-server-deployment");
  if (deployment?.some((field) => field.startsWith("spec.template"))) return "its pods are rolled, one after the other";
  if (deployment !== undefined) return "it gets more pods, or fewer; the others stay";
  if (fieldsOf("ConfigMap page-server-pages") !== undefined) return "its copy of the pages changes; its pods stay";
  if (fieldsOf("NetworkPolicy page-server-network-policy") !== undefined)
    return "its network policy changes; its pods stay";
  return "untouched";
}
