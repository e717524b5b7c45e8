import { isDeepStrictEqual } from "node:util";
import { listed } from "../../../model/problems";
import { PAGE_SERVER } from "../../page-server/contract";
import type { Drift, DriftOf, Overridden } from "../edge";
import { isRead, type Reading } from "./controllers";
import { BYPASS_LINK_PATH, NAMES, OVERRIDE_PATH, type Placement, plainOverrideManifest } from "./manifests";
import { annotationOf, isCanary, isOurs, type KnownIngress, pathsOf, placeOf } from "./objects";
import { ANNOTATION_PREFIX } from "./options";
import { comesFirst, isBypass, sharedHosts } from "./rivals";

/** Compares these Ingresses with the declared override. A request for `/` is not enough: another path may lead elsewhere. */
export function driftIn(ingresses: readonly KnownIngress[], placement: Placement, reading: Reading): DriftOf {
  const { edge, namespace } = placement;
  const read = ingresses.filter((one) => isRead(one, reading) !== false);
  const routes = read.filter((one) => !isCanary(one));
  const canaries = read.filter((one) => isCanary(one) && !isBypass(one, placement));
  const ours = ingresses.filter((one) => isOurs(one, namespace)).flatMap(pathsOf);
  return (instance, isShown) => {
    const { name, hosts } = instance;
    const own = ingresses.find(
      ({ metadata }) => metadata.namespace === namespace && metadata.name === NAMES.override(name, edge),
    );
    if (!isShown) return own === undefined ? [] : [{ what: "leftover", text: "its override is still there" }];
    if (own === undefined) return [{ what: "missing", text: "its override is not there" }];
    const rivals = routes.filter((one) => one !== own);
    const ports = pathsOf(own).map(({ port }) => port);
    const shared = [...pathsOf(own), ...ours.filter(({ port }) => ports.includes(port))];
    // A canary whose Service another Ingress has, too, is a route as any other.
    const longer = canaries.filter((one) => sharedHosts(one, shared).length === 0);
    return [
      ...changesOf(own, instance, placement).map((field) => ({
        what: "changed" as const,
        text: `${field} of its override was changed`,
      })),
      ...hosts.flatMap((host) =>
        [...rivals, ...longer]
          .filter((one) => comesFirst(one, host))
          .map((one): Drift => ({ what: "overruled", text: `${placeOf(one)} comes first for a path of ${host}` })),
      ),
      ...canaries.flatMap((one): readonly Drift[] => {
        const found = sharedHosts(one, shared);
        if (found.length === 0) return [];
        return [
          {
            what: "overruled",
            text: `${placeOf(one)} is a canary for ${listed(found)}, so its Service gets visitors instead of the page`,
          },
        ];
      }),
    ];
  };
}

/** The annotations with the page's address: the first one with a bypass, the second one without. */
const ADDRESSES = ["x-forwarded-prefix", "rewrite-target"] as const;

/**
 * The fields of an override that are not as declared. What it has in addition is left out: an admission policy of the cluster may have added it.
 * Of the page's address only the instance is compared.
 */
function changesOf(own: KnownIngress, instance: Overridden, placement: Placement): readonly string[] {
  const { metadata, spec } = plainOverrideManifest(instance, placement);
  const prefix = `${ANNOTATION_PREFIX}/`;
  const annotations = Object.entries(metadata.annotations).flatMap(([annotation, value]) => {
    const name = annotation.slice(prefix.length);
    const isCompared = annotation.startsWith(prefix) && !ADDRESSES.some((one) => one === name);
    return isCompared && annotationOf(own, name) !== value ? [name] : [];
  });
  const [address = ""] = ADDRESSES.flatMap((name) => annotationOf(own, name) ?? []);
  return [
    ...(own.spec.ingressClassName === spec.ingressClassName ? [] : ["ingressClassName"]),
    ...annotations,
    ...(address.startsWith(`/${instance.name}/`) ? [] : ["the page"]),
    ...(pathsOf(own).every(({ service }) => service === PAGE_SERVER) ? [] : ["the Service"]),
    ...instance.hosts.filter((host) => !hasOnlyOverridePath(own, host)).map((host) => `the path of ${host}`),
  ];
}

function hasOnlyOverridePath(ingress: KnownIngress, wanted: string): boolean {
  const paths = pathsOf(ingress).flatMap(({ host, path }) => (host === wanted ? [path] : []));
  // With a bypass there is the path of its links, too.
  return isDeepStrictEqual(
    paths.filter((path) => path !== BYPASS_LINK_PATH),
    [OVERRIDE_PATH],
  );
}
