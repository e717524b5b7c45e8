import { BYPASS_HEADER, isKeyValue, keyWith } from "../../../model/bypass";
import { INSTANCE_LABEL } from "../../names";
import { bypassNameOf, OVERRIDE_PATH_LENGTH, type Placement } from "./manifests";
import { annotationOf, hasOurLabel, type KnownIngress, type KnownPath, pathsOf } from "./objects";
import { ANNOTATION_PREFIX } from "./options";

/** What to do about an Ingress that comes before an override. */
export const RIVAL_REMEDY = "Shorten the path of that Ingress, or delete it.";

/**
 * Whether an Ingress has a path of a host that comes before an override's. The controller sorts the paths of a host by their length in
 * bytes (internal/ingress/controller/controller.go, getBackendServers).
 */
export function comesFirst(ingress: KnownIngress, host: string): boolean {
  return pathsOf(ingress).some((one) => one.host === host && Buffer.byteLength(one.path) >= OVERRIDE_PATH_LENGTH);
}

/**
 * The hosts of paths for which a canary gets visitors. A canary belongs to the backend of the path that it shares, and so gets the
 * visitors of every path with this backend, whatever their host (internal/ingress/controller/controller.go, mergeAlternativeBackends).
 */
export function sharedHosts(canary: KnownIngress, paths: readonly KnownPath[]): readonly string[] {
  const isSame = (one: KnownPath, other: KnownPath) =>
    one.host === other.host && one.path === other.path && one.isExact === other.isExact;
  const own = pathsOf(canary);
  return [...new Set(paths.filter((path) => own.some((one) => isSame(one, path))).map(({ host }) => host))];
}

/** The annotations of a bypass that make it a canary; see `bypassManifest`. */
const BYPASS_ANNOTATIONS: readonly string[] = [
  "canary",
  "canary-by-header",
  "canary-by-header-value",
  "canary-by-cookie",
];

/**
 * Whether a canary is the program's own bypass. A name and labels are not enough, because anybody can write them: it must also be one that
 * gets no visitor without a key.
 */
export function isBypass(ingress: KnownIngress, { edge }: Pick<Placement, "edge">): boolean {
  const { name, labels = {}, annotations = {} } = ingress.metadata;
  const instance = labels[INSTANCE_LABEL];
  const prefix = `${ANNOTATION_PREFIX}/`;
  const canary = Object.keys(annotations).filter((one) => one.startsWith(`${prefix}canary`));
  const key = annotationOf(ingress, "canary-by-header-value");
  return (
    instance !== undefined &&
    isKeyValue(key) &&
    annotationOf(ingress, "canary-by-cookie") === keyWith(key).cookie &&
    hasOurLabel(ingress.metadata) &&
    name === bypassNameOf(instance, edge) &&
    annotationOf(ingress, "canary-by-header") === BYPASS_HEADER &&
    canary.every((one) => BYPASS_ANNOTATIONS.includes(one.slice(prefix.length)))
  );
}
