import { podSchema } from "../controller-pods";
import type { ClusterReader, Inspection, Reasons, ResourceName } from "../edge";
import { type LenientReader, lenientReader } from "../lenient-reader";
import { type Config, type ConfiguredController, configMapOf } from "./config-map";
import { type Controller, controllerIn, PODS, readingOf, serves } from "./controllers";
import { driftIn } from "./drift";
import { hazardsIn } from "./hazards";
import { NAMES, plainOverrideManifest } from "./manifests";
import { configMapSchema, ingressClassSchema, ingressSchema } from "./objects";
import { RIVAL_REMEDY } from "./rivals";
import { routedHostsIn } from "./routes";
import type { IngressNginxSettings } from "./settings";
import { suitability } from "./suitability";

/** The controller reloads its nginx at most every 3.3 s (its sync rate limit is 0.3 per second), and a reload takes time. */
export const PATIENCE = 30;

export const REASONS: Reasons = {
  notFound:
    "No Ingress has this host: the controller has not reloaded yet, or it does not watch the override's class or namespace.",
  failure:
    "The controller has not reloaded yet; or it replaces the page, although the override's annotation `custom-http-errors` forbids that: " +
    "a snippet in its configuration, or another proxy in front of it, may do so.",
  other:
    "The controller has not reloaded yet, or its reload failed (see its log); or DNS leads to another edge; " +
    "or the override was changed by hand: `pulumi up --refresh` repairs it.",
  leftover:
    "The override is still there: the controller has not reloaded yet; or somebody enabled it from another checkout (git pull, and look " +
    "again, before you remove anything); or the override was made by hand.",
  overruled: RIVAL_REMEDY,
  selfTest:
    "The controller at this edge does not understand the overrides of the kind ingress-nginx: it does not show the edge's self-test. Often it is " +
    "Traefik, which reads Ingresses of ingress-nginx, but not their regular expressions. Add an edge of the kind traefik (docs/traefik.md).",
};

const INGRESS = "kubernetes:networking.k8s.io/v1:Ingress";
const SERVICE = "kubernetes:core/v1:Service";

/** The command that deletes an instance's override. */
export function deletionOf(edge: string, instance: string, namespace: string): string {
  return `kubectl delete ingress ${NAMES.override(instance, edge)} --namespace ${namespace}`;
}

/** Whether a resource is part of an instance's maintenance: of its override or its bypass. */
export function isPartOf(edge: string, instance: string, { type, name }: ResourceName): boolean {
  const isBypass = name === NAMES.bypass(instance, edge);
  return (type === INGRESS && (isBypass || name === NAMES.override(instance, edge))) || (type === SERVICE && isBypass);
}

/**
 * Reads every Ingress of the cluster, the IngressClasses, and the options of the controllers of the edge's class. They do not tell everything
 * of a controller that has other labels: only the edge itself does, by its self-test.
 *
 * @param namespace the overrides' namespace.
 * @param classNameByEdge the class of each edge of this kind, by the edge's name.
 */
export async function inspect(
  edge: string,
  settings: Pick<IngressNginxSettings, "className" | "namespace" | "hostNetwork">,
  cluster: ClusterReader,
  namespace: string,
  classNameByEdge: ReadonlyMap<string, string>,
): Promise<Inspection> {
  const lenient = lenientReader(cluster);
  const [ingresses = [], classes, pods = []] = await Promise.all([
    cluster.list("/apis/networking.k8s.io/v1/ingresses", ingressSchema),
    lenient.list("/apis/networking.k8s.io/v1/ingressclasses", ingressClassSchema),
    lenient.list(PODS, podSchema),
  ]);
  const { className } = settings;
  const own = classes?.find(({ metadata }) => metadata.name === className);
  const serving = pods.flatMap(controllerIn).filter((one) => own !== undefined && serves(one, own));
  const controllers = await withConfigs(serving, lenient);
  const placement = { edge, namespace, ingressClassName: className };
  const reading = readingOf(className, classes ?? [], controllers);
  const selfTest = ingresses.find(
    ({ metadata }) => metadata.namespace === namespace && metadata.name === NAMES.selfTest(edge),
  );
  const { obstacles, notes } = suitability(settings, { namespace, classes, controllers });
  return {
    driftOf: driftIn(ingresses, placement, reading),
    hazardsOf: hazardsIn({ ingresses, placement, reading, controllers, classes: classes ?? [], classNameByEdge }),
    routedHosts: routedHostsIn(ingresses, namespace, reading),
    trialOf: (instance) => [
      { apiVersion: "networking.k8s.io/v1", kind: "Ingress", ...plainOverrideManifest(instance, placement) },
    ],
    selfTestSince: selfTest?.metadata.creationTimestamp,
    obstacles,
    notes: [...lenient.unread.map((text) => `Not checked: ${text}`), ...notes],
  };
}

/** Reads the ConfigMaps of these controllers, each once. */
async function withConfigs(
  controllers: readonly Controller[],
  lenient: LenientReader,
): Promise<readonly ConfiguredController[]> {
  const configs = new Map<string, Promise<Config | undefined>>();
  const read = (namespace: string, name: string): Promise<Config | undefined> => {
    const key = `${namespace}/${name}`;
    const path = `/api/v1/namespaces/${namespace}/configmaps?fieldSelector=metadata.name%3D${name}`;
    const config =
      configs.get(key) ??
      lenient
        .list(path, configMapSchema)
        .then((found) => found && { place: `ConfigMap ${key}`, data: found[0]?.data ?? {} });
    configs.set(key, config);
    return config;
  };
  return Promise.all(
    controllers.map(async (controller) => {
      const place = configMapOf(controller);
      return { ...controller, config: place && (await read(place.namespace, place.name)) };
    }),
  );
}
