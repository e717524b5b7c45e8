import { commandLineOf, hasEnded, isPodReady, type Pod } from "../controller-pods";
import { type IngressClass, isTrue, type KnownIngress } from "./objects";

/** The pods of ingress-nginx's Helm chart, and of RKE2's. MicroK8s and AKS have other labels, so nothing is known of theirs. */
export const PODS = `/api/v1/pods?labelSelector=${encodeURIComponent(
  "app.kubernetes.io/name in (ingress-nginx,rke2-ingress-nginx),app.kubernetes.io/component=controller",
)}`;

/** A pod of the controller. */
export interface Controller {
  readonly namespace: string;
  readonly hostNetwork: boolean;
  /** Whether visitors are sent to it. */
  readonly isReady: boolean;
  /** `undefined` if the image's tag does not tell. */
  readonly version: Version | undefined;
  /** Its options, by their names without dashes; see `optionOf`. */
  readonly options: ReadonlyMap<string, string>;
}

/** Such as 1.11.1. */
export type Version = readonly [number, number, number];

/** The controller of a pod; none if it has ended, or if it is no ingress-nginx. */
export function controllerIn(pod: Pod): readonly Controller[] {
  if (hasEnded(pod)) return [];
  const { metadata, spec } = pod;
  // A sidecar may be beside it.
  const container = spec.containers.find((one) => commandLineOf(one).some((word) => PROGRAM.test(word)));
  if (container === undefined) return [];
  const variables = new Map(
    (container.env ?? []).flatMap((one) => {
      const field = FIELDS[one.valueFrom?.fieldRef?.fieldPath ?? ""];
      const value = one.value ?? (field === undefined ? undefined : metadata[field]);
      return value === undefined ? [] : [[one.name, value] as const];
    }),
  );
  const commandLine = commandLineOf(container).map((word) =>
    word.replace(/\$\(([^)]+)\)/g, (whole, variable: string) => variables.get(variable) ?? whole),
  );
  return [
    {
      namespace: metadata.namespace,
      hostNetwork: spec.hostNetwork === true,
      isReady: isPodReady(pod),
      version: versionIn(container.image ?? ""),
      options: optionsIn(commandLine),
    },
  ];
}

const PROGRAM = /(?:^|\/)nginx-ingress-controller$/;

const FIELDS: Readonly<Record<string, "name" | "namespace">> = {
  "metadata.name": "name",
  "metadata.namespace": "namespace",
};

/**
 * The version in an image's tag. Only official tags and those of RKE2 count: others may have versions of their own.
 *
 * @example
 * versionIn("registry.k8s.io/ingress-nginx/controller:v1.11.1@sha256:e6439a12"); // [1, 11, 1]
 */
export function versionIn(image: string): Version | undefined {
  const [, major, minor, patch] = /:(?:controller-v|nginx-|v)(\d+)\.(\d+)\.(\d+)/.exec(image) ?? [];
  if (major === undefined) return undefined;
  return [Number(major), Number(minor), Number(patch)];
}

/** Whether a version is another one, or a later one. */
export function isAtLeast(version: Version, other: Version): boolean {
  const index = version.findIndex((part, position) => part !== other[position]);
  return index === -1 || (version[index] ?? 0) > (other[index] ?? 0);
}

/** The options in a command line, as pflag reads them: a value after `=` or in the next word; of an option that is there twice, the last. */
function optionsIn(commandLine: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    commandLine.flatMap((word, index) => {
      const [, name, own] = /^--([^=]+)(?:=(.*))?$/s.exec(word) ?? [];
      if (name === undefined) return [];
      const next = commandLine[index + 1];
      return [[name, own ?? (next === undefined || next.startsWith("-") ? "true" : next)] as const];
    }),
  );
}

/** The defaults of the options that are used here (pkg/flags/flags.go in kubernetes/ingress-nginx). */
const DEFAULTS = {
  "annotations-prefix": "nginx.ingress.kubernetes.io",
  configmap: "",
  "controller-class": "k8s.io/ingress-nginx",
  "enable-ssl-passthrough": "false",
  "ingress-class": "nginx",
  "ingress-class-by-name": "false",
  "watch-ingress-without-class": "false",
  "watch-namespace": "",
  "watch-namespace-selector": "",
} as const;

/** An option of a controller. `undefined` if its value has a variable that is not in the pod's own object. */
export function optionOf({ options }: Pick<Controller, "options">, name: keyof typeof DEFAULTS): string | undefined {
  const value = options.get(name) ?? DEFAULTS[name];
  return value.includes("$(") ? undefined : value;
}

/** Whether a controller reads the Ingresses of a class (internal/ingress/controller/store/store.go, ingressClassEventHandler). */
export function serves(controller: Pick<Controller, "options">, { metadata, spec }: IngressClass): boolean {
  const isByName =
    isTrue(optionOf(controller, "ingress-class-by-name")) && optionOf(controller, "ingress-class") === metadata.name;
  return isByName || optionOf(controller, "controller-class") === spec.controller;
}

/** Which Ingresses the controllers of an edge read. */
export interface Reading {
  /** The names of their classes. */
  readonly classNames: readonly string[];
  /** The values of the annotation that was there before classes were. */
  readonly annotations: readonly string[];
  /** Whether they read Ingresses without a class, too. `undefined` if no controller is known. */
  readonly withoutClass: boolean | undefined;
}

/**
 * Which Ingresses the controllers of a class read: all of this class, and of other classes that belong to the same controller.
 *
 * @param classes those of the cluster, as far as they can be read.
 * @param controllers those that serve the class.
 */
export function readingOf(
  className: string,
  classes: readonly IngressClass[],
  controllers: readonly Pick<Controller, "options">[],
): Reading {
  const own = classes.find(({ metadata }) => metadata.name === className);
  const isServed = (one: IngressClass) =>
    controllers.length > 0
      ? controllers.some((controller) => serves(controller, one))
      : one.spec.controller === own?.spec.controller;
  return {
    classNames: [...new Set([className, ...classes.filter(isServed).map(({ metadata }) => metadata.name)])],
    annotations:
      controllers.length > 0
        ? controllers.flatMap((controller) => optionOf(controller, "ingress-class") ?? [])
        : [className],
    withoutClass:
      controllers.length > 0
        ? controllers.some((controller) => isTrue(optionOf(controller, "watch-ingress-without-class")))
        : undefined,
  };
}

/** The annotation that names a class. It counts only where the field is missing. */
const CLASS_ANNOTATION = "kubernetes.io/ingress.class";

/** The class of an Ingress, if it has one. */
export function classNameOf({ metadata, spec }: KnownIngress): string | undefined {
  return spec.ingressClassName ?? metadata.annotations?.[CLASS_ANNOTATION];
}

/**
 * Whether the controllers of an edge read an Ingress (internal/ingress/controller/store/store.go, GetIngressClass). `undefined` if that
 * depends on an option of a controller that is not known.
 */
export function isRead({ metadata, spec }: KnownIngress, reading: Reading): boolean | undefined {
  if (spec.ingressClassName !== undefined) return reading.classNames.includes(spec.ingressClassName);
  const annotation = metadata.annotations?.[CLASS_ANNOTATION];
  return annotation === undefined ? reading.withoutClass : reading.annotations.includes(annotation);
}
