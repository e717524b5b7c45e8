import { wildcardOf } from "../../../model/instances";
import { listed } from "../../../model/problems";
import type { Hazard, Inspection, Overridden } from "../edge";
import { allowsSnippets, type ConfiguredController, passesTlsThrough, quoted, refusedWords } from "./config-map";
import { isRead, type Reading } from "./controllers";
import { type Classes, hazardsElsewhere } from "./elsewhere";
import {
  BYPASS_LINK_PATH,
  OVERRIDE_PATH,
  OVERRIDE_PATH_LENGTH,
  type Placement,
  plainOverrideManifest,
} from "./manifests";
import {
  annotationOf,
  hostsOf,
  isCanary,
  isOurs,
  isTrue,
  type KnownIngress,
  type KnownPath,
  pathsOf,
  placeOf,
} from "./objects";
import { ANNOTATION_PREFIX, HOST_ANNOTATIONS, type HostAnnotation } from "./options";
import { comesFirst, isBypass, RIVAL_REMEDY, sharedHosts } from "./rivals";
import { aliasesOf, redirectedHostsOf, routedHostsIn } from "./routes";

/** What is known of an edge, and of the other classes of its cluster. */
export interface Known extends Classes {
  readonly placement: Placement;
  readonly reading: Reading;
  /** Those that serve the edge's class, as far as they are known. */
  readonly controllers: readonly ConfiguredController[];
}

/** What Ingresses of others, at this edge or at none, and options of the controllers would do to the maintenance of an instance. */
export function hazardsIn(known: Known): Inspection["hazardsOf"] {
  const { ingresses, placement, reading } = known;
  const others = ingresses.filter(
    (one) => !isOurs(one, placement.namespace) && !isBypass(one, placement) && isRead(one, reading) !== false,
  );
  const canaries = others.filter(isCanary);
  const routes = others.filter((one) => !isCanary(one));
  const ours = ingresses.filter((one) => isOurs(one, placement.namespace)).flatMap(pathsOf);
  const byHost = groupedBy(routes, hostsOf);
  const aliases = groupedBy(routes, aliasesOf);
  const redirected = groupedBy(routes, redirectedHostsOf);
  const routed = routedHostsIn(ingresses, placement.namespace, reading);
  const isEffective = effectivenessOf(known.controllers);
  const elsewhere = hazardsElsewhere(known, placement);
  return (instance) => {
    const { hosts } = instance;
    const shared = [...hosts.flatMap(pathsOfOverride), ...ours];
    // A canary whose Service another Ingress has, too, is a route as any other.
    const longer = canaries.filter((one) => sharedHosts(one, shared).length === 0);
    const own = new Set(hosts.flatMap((host) => byHost.get(host) ?? []));
    const hidden = hosts.filter((host) => !byHost.has(host));
    return [
      ...longPaths(hosts, [...own, ...longer]),
      ...canaries.flatMap((one) => canaryHazard(one, shared)),
      ...unownedHosts(instance, routed),
      ...refusals(instance, known),
      ...[...own].flatMap((one) => annotationHazards(one, isEffective)),
      ...hidden.flatMap((host) => [
        ...hiddenHost(host, "server-alias", aliases.get(host)),
        ...hiddenHost(host, "from-to-www-redirect", redirected.get(host)),
      ]),
      ...elsewhere(instance),
    ];
  };
}

function groupedBy(
  ingresses: readonly KnownIngress[],
  namesOf: (ingress: KnownIngress) => readonly string[],
): ReadonlyMap<string, readonly KnownIngress[]> {
  const groups = new Map<string, KnownIngress[]>();
  for (const ingress of ingresses) {
    for (const name of namesOf(ingress)) groups.set(name, [...(groups.get(name) ?? []), ingress]);
  }
  return groups;
}

/** The paths that an override may have for a host. */
function pathsOfOverride(host: string): readonly KnownPath[] {
  return [OVERRIDE_PATH, BYPASS_LINK_PATH].map((path) => ({
    host,
    path,
    isExact: false,
    service: undefined,
    port: undefined,
  }));
}

function longPaths(hosts: readonly string[], ingresses: readonly KnownIngress[]): readonly Hazard[] {
  return ingresses.flatMap((one) => {
    const taken = hosts.filter((host) => comesFirst(one, host));
    if (taken.length === 0) return [];
    return [
      {
        what: "open",
        text: `${placeOf(one)} has a path of ${listed(taken, 5)} with ${OVERRIDE_PATH_LENGTH} characters or more, so it comes before an override.`,
        remedy: RIVAL_REMEDY,
      },
    ];
  });
}

function canaryHazard(canary: KnownIngress, paths: readonly KnownPath[]): readonly Hazard[] {
  const hosts = sharedHosts(canary, paths);
  if (hosts.length === 0) return [];
  return [
    {
      what: "open",
      text: `${placeOf(canary)} is a canary of overrides, for ${listed(hosts)}: its Service would get visitors instead of the page.`,
      remedy: "Find out who made that Ingress, and delete it.",
    },
  ];
}

/**
 * Hosts below an instance's wildcard that are not in the registry. The controller prefers their own routes to the wildcard, which stands for one
 * label. Those in namespaces where the instance has no route are other sites.
 */
function unownedHosts(
  { name, hosts, otherHosts }: Overridden,
  routed: ReturnType<typeof routedHostsIn>,
): readonly Hazard[] {
  // A check comes here for each instance of the registry.
  if (!hosts.some((host) => host.startsWith("*."))) return [];
  const own = routed.filter(({ host }) => hosts.includes(host));
  const namespaces = new Set(own.map(({ namespace }) => namespace));
  return routed.flatMap(({ host, object, namespace }) => {
    const wildcard = wildcardOf(host);
    if (!hosts.includes(wildcard) || hosts.includes(host) || otherHosts.includes(host)) return [];
    if (!namespaces.has(namespace)) return [];
    return [
      {
        what: "open",
        text: `${object} has ${host}, which the override of ${wildcard} does not take over.`,
        remedy: `Add ${host} to instances.${name}.hosts, or to those of the instance that it belongs to.`,
      },
    ];
  });
}

/** Words that the controller refuses, in annotations that only this instance's override has. With a bypass, its hosts are in one. */
function refusals(instance: Overridden, { placement, controllers }: Known): readonly Hazard[] {
  const annotationsOf = (name: string) => plainOverrideManifest({ ...instance, name }, placement).metadata.annotations;
  const withHosts = { [`${ANNOTATION_PREFIX}/x-forwarded-prefix`]: instance.hosts.join("/") };
  const configs = new Map(controllers.flatMap(({ config }) => (config === undefined ? [] : [[config.place, config]])));
  return [...configs.values()].flatMap(({ place, data }) => {
    const wordsIn = (annotations: Readonly<Record<string, string>>) => refusedWords(data, annotations, "likely");
    const common = wordsIn(annotationsOf("-"));
    const inName = wordsIn(annotationsOf(instance.name)).filter((word) => !common.includes(word));
    const inHosts = wordsIn(withHosts).filter((word) => ![...common, ...inName].includes(word));
    const refusal = (words: readonly string[], where: string, remedy: string): readonly Hazard[] =>
      words.length === 0
        ? []
        : [
            {
              what: "open",
              text: `${place} has ${quoted(words)} in annotation-value-word-blocklist, ${where}.`,
              remedy,
            },
          ];
    return [
      ...refusal(
        inName,
        "which the instance's name contains, so the controller refuses its override",
        "Take the word out of the list.",
      ),
      ...refusal(
        inHosts,
        "which a host of the instance contains, so the controller refuses its override if it has a bypass",
        "Take the word out of the list, or enable the instance without a bypass.",
      ),
    ];
  });
}

type IsEffective = (annotation: string, value: string, ingress: KnownIngress) => boolean;

/** Whether an annotation does anything, by its value and by the options of the controllers. */
function effectivenessOf(controllers: readonly ConfiguredController[]): IsEffective {
  const hasSnippets = allowsSnippets(controllers) !== false;
  const hasPassthrough = passesTlsThrough(controllers) !== false;
  return (annotation, value, ingress) => {
    switch (annotation) {
      case "ssl-passthrough":
        return hasPassthrough && isTrue(value);
      case "server-snippet":
        return hasSnippets && value !== "";
      case "auth-tls-secret":
        // The other values let in visitors without a certificate (internal/ingress/annotations/authtls/main.go).
        return value !== "" && !/^(?:off|optional)/.test(annotationOf(ingress, "auth-tls-verify-client") ?? "");
      default:
        return value !== "";
    }
  };
}

function annotationHazards(ingress: KnownIngress, isEffective: IsEffective): readonly Hazard[] {
  return HOST_ANNOTATIONS.flatMap(({ effect, effectOnHost, hazard }) => {
    if (hazard === undefined || effectOnHost !== undefined) return [];
    const value = annotationOf(ingress, hazard.annotation);
    if (value === undefined || !isEffective(hazard.annotation, value, ingress)) return [];
    const { what, annotation, remedy } = hazard;
    return [{ what, text: `${placeOf(ingress)} has the annotation ${annotation}. ${effect}`, remedy }];
  });
}

/** A host of an instance that the controller knows only by an annotation of these Ingresses. */
function hiddenHost(host: string, annotation: string, ingresses: readonly KnownIngress[] = []): readonly Hazard[] {
  const decision: HostAnnotation | undefined = HOST_ANNOTATIONS.find(({ hazard }) => hazard?.annotation === annotation);
  const { hazard, effectOnHost } = decision ?? {};
  if (hazard === undefined || effectOnHost === undefined) return [];
  const { what, remedy } = hazard;
  return ingresses.map((one) => ({
    what,
    text: `${placeOf(one)} makes ${host} known by its annotation ${annotation}. ${effectOnHost}`,
    remedy,
  }));
}
