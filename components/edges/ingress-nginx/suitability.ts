import { listed } from "../../../model/problems";
import type { Inspection } from "../edge";
import { type ConfiguredController, configFindings } from "./config-map";
import { isAtLeast, optionOf, type Version } from "./controllers";
import { plainOverrideManifest } from "./manifests";
import { type IngressClass, isIngressNginx } from "./objects";
import { ANNOTATION_PREFIX } from "./options";
import type { IngressNginxSettings } from "./settings";

type Findings = Pick<Inspection, "obstacles" | "notes">;

const NOTHING: Findings = { obstacles: [], notes: [] };

/** What decides whether overrides work at an edge. */
export interface Surroundings {
  /** The page server's namespace. */
  readonly namespace: string;
  /** The cluster's, or `undefined` if they can't be read. */
  readonly classes: readonly IngressClass[] | undefined;
  /** Those that serve the edge's class, as far as they are known. */
  readonly controllers: readonly ConfiguredController[];
}

/** Compares the class of an edge and its controllers with what overrides need. An obstacle prevents every override; a note does not. */
export function suitability(
  settings: Pick<IngressNginxSettings, "className" | "namespace" | "hostNetwork">,
  surroundings: Surroundings,
): Findings {
  const ofClass = classFindings(settings, surroundings);
  const ofControllers = controllerFindings(settings, surroundings);
  return {
    obstacles: [...ofClass.obstacles, ...ofControllers.obstacles],
    notes: [...ofClass.notes, ...ofControllers.notes],
  };
}

/** Controllers of other products, by the value of `spec.controller`, which for some goes on after it. */
const OTHER_PRODUCTS: Readonly<Record<string, string>> = {
  "nginx.org/ingress-controller": "F5's NGINX Ingress Controller",
  "traefik.io/ingress-controller": "Traefik",
  "haproxy.org/ingress-controller": "HAProxy",
  "haproxy-ingress.github.io/controller": "HAProxy Ingress",
  "ingress-controllers.konghq.com/kong": "Kong",
  "projectcontour.io/": "Contour",
  "ingress.k8s.aws/alb": "the AWS Load Balancer Controller",
  "azure/application-gateway": "Azure's Application Gateway",
  "cilium.io/ingress-controller": "Cilium",
  "istio.io/ingress-controller": "Istio",
  "openshift.io/ingress-to-route": "OpenShift's router",
};

/** Whether the class exists, and who serves it. */
function classFindings(
  { className }: Pick<IngressNginxSettings, "className">,
  { classes, controllers }: Surroundings,
): Findings {
  if (classes === undefined) return NOTHING;
  const own = classes.find(({ metadata }) => metadata.name === className);
  if (own === undefined) {
    const names = classes.map(({ metadata }) => metadata.name);
    const there = names.length === 0 ? "no IngressClass" : listed(names);
    return {
      obstacles: [],
      notes: [
        `IngressClass ${className} does not exist, and an ingress-nginx ignores Ingresses of a class without such an object, unless it may not read IngressClasses. The cluster has ${there}: correct edges.*.className.`,
      ],
    };
  }
  const name = own.spec.controller ?? "";
  if (controllers.length > 0 || isIngressNginx(name)) return NOTHING;
  const product = Object.entries(OTHER_PRODUCTS).find(([one]) => name.startsWith(one))?.[1];
  return product === undefined
    ? {
        obstacles: [],
        notes: [
          `IngressClass ${className} is served by ${name || "nobody"}, which is not known here. Overrides work only if that is an ingress-nginx.`,
        ],
      }
    : {
        obstacles: [
          `IngressClass ${className} is served by ${product} (${name}), and not by ingress-nginx: correct edges.*.className, or make this an edge of another kind.`,
        ],
        notes: [],
      };
}

/** Whether the controllers read the overrides, and reach the page server. */
function controllerFindings(settings: Parameters<typeof suitability>[0], surroundings: Surroundings): Findings {
  const { controllers } = surroundings;
  const ready = controllers.filter(({ isReady }) => isReady);
  // One that does not start, or does not end, keeps nobody from the others.
  const own = (ready.length > 0 ? ready : controllers).map((controller) =>
    findingsOf(controller, settings, surroundings),
  );
  const obstacles = new Set(own.flatMap((one) => one.obstacles));
  const notes = new Set(own.flatMap((one) => one.notes));
  const isSuitable = own.some((one) => one.obstacles.length === 0);
  return {
    obstacles: isSuitable ? [] : [...obstacles],
    notes: [
      ...(ready.length === 0 && controllers.length > 0 ? [notReady(settings.className, controllers)] : []),
      ...(isSuitable ? [...obstacles].map((text) => `${text} ${OTHER_CONTROLLER}`) : []),
      ...notes,
    ],
  };
}

const OTHER_CONTROLLER =
  "Another controller of the class has no such obstacle. If visitors come in at this one, too, they do not get the page.";

function notReady(className: string, controllers: readonly ConfiguredController[]): string {
  const namespaces = [...new Set(controllers.map(({ namespace }) => namespace))];
  return `No pod of the controller of the class ${className} is ready, so visitors get no answer: see the pods in ${listed(namespaces)}.`;
}

function findingsOf(
  controller: ConfiguredController,
  settings: Parameters<typeof suitability>[0],
  { namespace }: Pick<Surroundings, "namespace">,
): Findings {
  const place = `The controller in ${controller.namespace}`;
  const ofConfig =
    controller.config === undefined
      ? NOTHING
      : configFindings(controller.config, controller.version, commonAnnotations(settings.className, namespace));
  return {
    obstacles: [...unreadOverrides(place, controller, namespace), ...ofConfig.obstacles],
    notes: [...rejection(place, controller, settings), ...doubts(place, controller, namespace), ...ofConfig.notes],
  };
}

/** The annotations that every override has. An instance's name adds more to one of them: this one adds a hyphen, which is in there anyway. */
function commonAnnotations(ingressClassName: string, namespace: string): Readonly<Record<string, string>> {
  const nobody = { name: "-", hosts: [], otherHosts: [] };
  return plainOverrideManifest(nobody, { edge: "", namespace, ingressClassName }).metadata.annotations;
}

/**
 * The page server lets in requests from one namespace, or from every address. It is no obstacle: not every cluster's network follows
 * NetworkPolicies.
 */
function rejection(
  place: string,
  controller: ConfiguredController,
  settings: Parameters<typeof suitability>[0],
): readonly string[] {
  if (settings.hostNetwork) return [];
  if (controller.hostNetwork)
    return [
      `${place} uses its node's network, so the page server may reject its requests: set edges.*.hostNetwork to true.`,
    ];
  return controller.namespace === settings.namespace
    ? []
    : [
        `${place} serves the class ${settings.className}, and the page server lets in only requests from ${settings.namespace}: set edges.*.namespace to ${controller.namespace}.`,
      ];
}

/** Options with which a controller does not read the overrides. */
function unreadOverrides(place: string, controller: ConfiguredController, namespace: string): readonly string[] {
  const watched = optionOf(controller, "watch-namespace") ?? "";
  const prefix = optionOf(controller, "annotations-prefix") ?? ANNOTATION_PREFIX;
  return [
    ...(watched === "" || watched === namespace
      ? []
      : [
          `${place} watches only the namespace ${watched} (--watch-namespace), and the overrides are in ${namespace}: have it watch all namespaces.`,
        ]),
    ...(prefix === ANNOTATION_PREFIX
      ? []
      : [
          `${place} reads annotations with the prefix ${prefix} (--annotations-prefix), and those of the overrides have ${ANNOTATION_PREFIX}: remove that option.`,
        ]),
  ];
}

/** What may keep a controller from reading the overrides. */
function doubts(place: string, controller: ConfiguredController, namespace: string): readonly string[] {
  const selector = optionOf(controller, "watch-namespace-selector") ?? "";
  return [
    ...(selector === ""
      ? []
      : [
          `${place} watches only namespaces with the labels ${selector} (--watch-namespace-selector): the namespace ${namespace} must have them.`,
        ]),
    ...versionNote(place, controller.version),
  ];
}

/** The oldest version that has Ingresses of networking.k8s.io/v1 and IngressClasses as they are today (Changelog.md, 1.0.0). */
const OLDEST: Version = [1, 0, 0];

/**
 * From this version to the next, the controller ignores an Ingress with other characters in its path than a list of it has. The override's
 * path has a number sign and an exclamation mark, which are not in there (changelog/Changelog-1.6.0.md; the check came with
 * https://github.com/kubernetes/ingress-nginx/pull/9309 and went with https://github.com/kubernetes/ingress-nginx/pull/9626).
 */
const CHECKED_PATHS: readonly [Version, Version] = [
  [1, 5, 2],
  [1, 6, 4],
];

function versionNote(place: string, version: Version | undefined): readonly string[] {
  if (version === undefined) return [];
  const name = `${place} is ingress-nginx ${version.join(".")}`;
  const [from, until] = CHECKED_PATHS;
  if (!isAtLeast(version, OLDEST)) return [`${name}. Overrides need 1.0.0 or later: update it.`];
  if (isAtLeast(version, from) && !isAtLeast(version, until))
    return [
      `${name}, which ignores Ingresses with a path like an override's: update it to ${until.join(".")} or later.`,
    ];
  return [];
}
