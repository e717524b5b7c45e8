import { createHash } from "node:crypto";
import { BYPASS_HEADER } from "../../../model/bypass";
import { DNS_LABEL } from "../../../model/fields";
import type { InstanceService } from "../../../model/instances";
import type { Problem } from "../../../model/problems";
import { ASSETS_PATH } from "../../../pages/kinds";
import { INSTANCE_LABEL, labels, NOT_AWAITED, OURS } from "../../names";
import {
  ANNOUNCED,
  announcedAddress,
  BYPASS_PORT,
  LINK_PATH,
  PAGE_SERVER,
  pageAddress,
  SERVICE_PORTS,
} from "../../page-server/contract";
import {
  type Bypass,
  nameAt,
  type Overridden,
  type Override,
  overrideOf,
  ownDomain,
  type ServicePort,
  selfTestOf,
} from "../edge";
import { SHIELD_ANNOTATIONS } from "./options";
import { BYPASS_SLOTS } from "./settings";

/** The names of an override's resources, in the cluster and in the stack. */
export const NAMES = {
  override: (instance: string, edge: string) => nameAt(edge, `maintenance-${instance}`),
  bypass: (instance: string, edge: string) => nameAt(edge, `bypass-${instance}`),
  /** Only in the stack: the instance's own Service. Pulumi reads it. */
  instance: (instance: string, edge: string) => nameAt(edge, `instance-${instance}`),
  standby: (edge: string) => nameAt(edge, `${PAGE_SERVER}-standby`),
  selfTest: (edge: string) => nameAt(edge, `${PAGE_SERVER}-self-test`),
} as const;

/**
 * The Service's port for a slot. All these ports lead to the same port of the pods. But a backend of ingress-nginx is a port of a
 * Service, and each slot needs its own backend.
 */
export function bypassServicePort(slot: number): ServicePort {
  return { name: `${BYPASS_PORT}-${slot}`, port: 100 + slot };
}

/** A bypass with its slot. */
export interface SlottedBypass extends Bypass {
  /** The number of its backend, from 0. */
  readonly slot: number;
}

/** An override with the slot of its bypass. */
export interface SlottedOverride extends Omit<Override, "otherHosts"> {
  readonly bypass: SlottedBypass | undefined;
}

/**
 * Gives each of these instances a slot of its own. The slot is the instance's position in the registry. So with up to 16 instances
 * no slot changes when another instance comes or goes. With more instances, an instance gets the next free slot.
 *
 * @param instances in the order of the `maintenance` list. Instances beyond the last slot get none.
 *
 * @example
 * bypassSlots(["beta"], ["acme", "beta"]); // Map { "beta" => 1 }
 */
export function bypassSlots(instances: readonly string[], registry: readonly string[]): ReadonlyMap<string, number> {
  const slots = new Map<string, number>();
  const taken = new Set<number>();
  for (const instance of instances.slice(0, BYPASS_SLOTS)) {
    let slot = registry.indexOf(instance) % BYPASS_SLOTS;
    while (taken.has(slot)) slot = (slot + 1) % BYPASS_SLOTS;
    taken.add(slot);
    slots.set(instance, slot);
  }
  return slots;
}

/** The place of overrides and their controller. */
export interface Placement {
  /** The edge's name. */
  readonly edge: string;
  /** The page server's namespace. */
  readonly namespace: string;
  readonly ingressClassName: string;
}

/**
 * The override's manifest.
 *
 * Why it has a regular expression as its path:
 *
 * - A second Ingress with the host and the path `/` does not work: the admission webhook rejects it, and without the webhook the
 *   older Ingress wins.
 * - A canary does not work: it takes over every host that shares the Service, and it fails when the Service has no endpoints.
 * - A regular expression works: with `use-regex` on any Ingress of a host, ingress-nginx renders all paths of the host as regular
 *   expressions, the longest first. nginx uses the first that matches.
 */
export function overrideManifest(override: SlottedOverride, placement: Placement) {
  const { instance } = override;
  return takeover(override, placement, {
    name: NAMES.override(instance, placement.edge),
    labels: { ...labels("maintenance-override"), [INSTANCE_LABEL]: instance },
  });
}

/** The manifest of an instance's override with the shared page and without a bypass. */
export function plainOverrideManifest(instance: Overridden, placement: Placement) {
  return overrideManifest({ ...overrideOf(instance), bypass: undefined }, placement);
}

/** The manifest of the self-test: that of an override, for a host that no client uses. */
export function selfTestManifest(placement: Placement) {
  const { edge, namespace } = placement;
  const override = { ...selfTestOf(edge, namespace), bypass: undefined };
  return takeover(override, placement, { name: NAMES.selfTest(edge), labels: labels("maintenance-self-test") });
}

function takeover(
  override: SlottedOverride,
  { namespace, ingressClassName }: Placement,
  metadata: { readonly name: string; readonly labels: Record<string, string> },
) {
  const { hosts, hasAssets, bypass } = override;
  const page = pageAddress(override);
  const address = announcedAddress(override, bypass?.walk);
  const toPage = {
    path: OVERRIDE_PATH,
    backend: backendOf(bypass === undefined ? SERVICE_PORTS.maintenance : bypassServicePort(bypass.slot)),
  };
  const toLink = { path: BYPASS_LINK_PATH, backend: backendOf(ANNOUNCED) };
  return {
    metadata: {
      name: metadata.name,
      namespace,
      labels: metadata.labels,
      annotations: {
        "nginx.ingress.kubernetes.io/use-regex": "true",
        ...(bypass === undefined ? addressInPath(hasAssets ? `${page}$1` : page) : addressInHeader(address)),
        ...SHIELD_ANNOTATIONS,
        ...unmanaged,
      },
    },
    spec: {
      ingressClassName,
      rules: rulesFor(hosts, bypass === undefined ? [toPage] : [toLink, toPage]),
    },
  };
}

function rulesFor(hosts: readonly string[], paths: readonly { readonly path: string; readonly backend: object }[]) {
  return hosts.map((host) => ({
    host,
    http: { paths: paths.map(({ path, backend }) => ({ path, pathType: "ImplementationSpecific", backend })) },
  }));
}

/**
 * The path becomes the page's address, with $1 (see OVERRIDE_PATH) for the client's asset. No other part of the visitor's path
 * reaches the page server. page-server/templates/maintenance.conf.liquid reads it.
 */
function addressInPath(target: string) {
  return { "nginx.ingress.kubernetes.io/rewrite-target": target };
}

/**
 * The page's address is in a header, and the path stays. A request with the key also goes through the override's location, and a
 * rewrite-target would change its path for the instance. The controller renders the header only together with a rewrite
 * (internal/ingress/controller/template/template.go, buildProxyPass). So this rewrite changes nothing.
 */
function addressInHeader(page: string) {
  return { ...addressInPath("$uri"), "nginx.ingress.kubernetes.io/x-forwarded-prefix": page };
}

function backendOf({ name }: { readonly name: string }) {
  return { service: { name: PAGE_SERVER, port: { name } } };
}

// A Service's name is a DNS label: without dots, with 63 characters at most. An instance's name alone may have 63.
function serviceName(name: string): string {
  if (DNS_LABEL.test(name)) return name;
  const digest = createHash("sha256").update(name).digest("hex").slice(0, 8);
  return `${name.replaceAll(".", "-").slice(0, 54)}-${digest}`;
}

/** The name of a bypass in the cluster: of its Ingress and of its Service. */
export function bypassNameOf(instance: string, edge: string): string {
  return serviceName(NAMES.bypass(instance, edge));
}

function bypassMetadata(instance: string, edge: string, namespace: string) {
  return {
    name: bypassNameOf(instance, edge),
    namespace,
    labels: { ...labels("maintenance-bypass"), [INSTANCE_LABEL]: instance },
  };
}

/** The part of a Service's specification that selects pods and ports. */
interface FoundService {
  readonly selector?: Readonly<Record<string, string>>;
  readonly ports?: readonly {
    readonly name?: string;
    readonly port: number;
    readonly targetPort?: number | string;
  }[];
}

/**
 * The Service of a bypass: the instance's pods under another name. With the instance's own Service, the bypass would have the same
 * upstream as the instance's Ingress. The controller ignores a canary whose upstream a path of the host already uses
 * (internal/ingress/controller/controller.go, mergeAlternativeBackends).
 *
 * @param found the specification of the instance's own Service; see `serviceProblem`.
 */
export function bypassServiceManifest(
  instance: string,
  service: InstanceService,
  found: FoundService,
  { edge }: Pick<Placement, "edge">,
) {
  const own = portIn(found, service);
  return {
    metadata: { ...bypassMetadata(instance, edge, service.namespace), annotations: { ...OURS, ...NOT_AWAITED } },
    spec: {
      selector: { ...found.selector },
      ports: [
        { name: BYPASS_PORT, port: BYPASS_SERVICE_PORT, targetPort: own?.targetPort ?? own?.port ?? service.port },
      ],
    },
  };
}

/** Why a bypass can't use an instance's own Service: the Service has no such port, or selects no pods. */
export function serviceProblem(instance: string, service: InstanceService, found: FoundService): Problem | undefined {
  if (found.selector !== undefined && portIn(found, service) !== undefined) return undefined;
  const ports = (found.ports ?? []).map(({ name, port }) => (name === undefined ? port : `${port} (${name})`));
  return {
    path: `instances.${instance}.service`,
    found: `Service ${service.namespace}/${service.name}, port ${service.port}`,
    allowed: found.selector === undefined ? "a Service with a selector" : `a port of this Service: ${ports.join(", ")}`,
  };
}

function portIn({ ports }: FoundService, { port }: InstanceService) {
  return ports?.find((one) => one.port === port || one.name === port);
}

const BYPASS_SERVICE_PORT = 80;

/**
 * The manifest of a bypass: a canary on the override's path, for requests with the key in a header or a cookie. A canary belongs to
 * its primary's backend, everywhere that backend is used. So each override with a bypass has its own backend. The bypass is in the
 * instance's namespace, because an Ingress can only use Services of its own namespace. Its annotations are a secret.
 */
export function bypassManifest(
  { instance, hosts }: Pick<Override, "instance" | "hosts">,
  { key, service: { namespace } }: Pick<Bypass, "key" | "service">,
  { edge, ingressClassName }: Pick<Placement, "edge" | "ingressClassName">,
) {
  const metadata = bypassMetadata(instance, edge, namespace);
  const backend = { service: { name: metadata.name, port: { number: BYPASS_SERVICE_PORT } } };
  return {
    metadata: {
      ...metadata,
      annotations: {
        "nginx.ingress.kubernetes.io/use-regex": "true",
        "nginx.ingress.kubernetes.io/canary": "true",
        "nginx.ingress.kubernetes.io/canary-by-header": BYPASS_HEADER,
        "nginx.ingress.kubernetes.io/canary-by-header-value": key.header,
        "nginx.ingress.kubernetes.io/canary-by-cookie": key.cookie,
        ...unmanaged,
      },
    },
    spec: { ingressClassName, rules: rulesFor(hosts, [{ path: OVERRIDE_PATH, backend }]) },
  };
}

/**
 * The manifest of the standby: an Ingress that always exists, for a host that can't exist (RFC 6761 section 6.4), with the
 * overrides' backends.
 *
 * A reloaded nginx gets the routes at once, but the endpoints of a new backend up to a second later
 * (rootfs/etc/nginx/lua/balancer.lua, BACKENDS_SYNC_INTERVAL). Until then it answers with a bare 503: 5 of 1,336 visitors got it when
 * maintenance was enabled and disabled for one instance, with no other in maintenance. With the standby the backend is never new:
 * 0 of 50,162 visitors got it while maintenance was enabled and disabled 21 times. For the same reason the backends of bypasses are
 * a fixed number of ports. When a backend was created and deleted with its override, 12 of 8,476 visitors got a bare 503.
 */
export function standbyManifest({ edge, namespace, ingressClassName }: Placement) {
  const slots = Array.from({ length: BYPASS_SLOTS }, (_, slot) => bypassServicePort(slot));
  const paths = [SERVICE_PORTS.maintenance, ANNOUNCED, ...slots].map((port) => ({
    path: `/${port.name}`,
    pathType: "Exact",
    backend: backendOf(port),
  }));
  return {
    metadata: {
      name: NAMES.standby(edge),
      namespace,
      labels: labels("maintenance-standby"),
      annotations: { ...unmanaged },
    },
    spec: { ingressClassName, rules: [{ host: `${PAGE_SERVER}.${ownDomain(namespace)}`, http: { paths } }] },
  };
}

/** Keeps other controllers from acting on our Ingresses. */
const unmanaged = {
  // The instance's own Ingress manages the DNS records of its hosts.
  "external-dns.alpha.kubernetes.io/controller": "none",
  ...OURS,
  // ingress-nginx writes the status of an Ingress once a minute. Nothing here needs it.
  ...NOT_AWAITED,
};

/**
 * The length of the override's path, in characters. The longest path comes first, so this one must be longer than any path of an
 * application. People do not write paths of hundreds of characters. nginx accepts up to 4,096 in one parameter.
 */
export const OVERRIDE_PATH_LENGTH = 512;

/**
 * Matches every path except the one for the renewal of certificates (RFC 8555 section 8.3): those requests still reach the
 * instance's solver. The comment `(?#…)` matches nothing and makes the path long. For an asset's path the group contains the name
 * of the asset; for any other path it is empty.
 */
export const OVERRIDE_PATH = overridePath(OVERRIDE_PATH_LENGTH);

/**
 * Matches the path of bypass links. It comes before the override's path, and has another backend, which no canary has joined. So a person
 * whose cookie is there already still reaches the page server.
 */
export const BYPASS_LINK_PATH = padded(`/(?#)${LINK_PATH.slice(1).replace(".", "\\.")}$`, OVERRIDE_PATH_LENGTH + 1);

function overridePath(length: number): string {
  const assets = ASSETS_PATH.slice(1).replace(".", "\\.");
  return padded(`/(?#)(?!\\.well-known/acme-challenge/)(?:${assets}([a-z0-9._/-]+)$)?`, length);
}

function padded(expression: string, length: number): string {
  return expression.replace("(?#)", () => `(?#${"x".repeat(length - expression.length)})`);
}
