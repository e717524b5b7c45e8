import { createHash } from "node:crypto";
import { BYPASS_HEADER } from "../../../model/bypass";
import { DNS_LABEL } from "../../../model/fields";
import type { InstanceService } from "../../../model/instances";
import type { Problem } from "../../../model/problems";
import { ASSETS_PATH } from "../../../pages/kinds";
import { labels, NOT_AWAITED, OURS } from "../../names";
import { BYPASS_PORT, PAGE_SERVER, pageAddress, SERVICE_PORTS } from "../../page-server/contract";
import { type Bypass, nameAt, type Override, type ServicePort } from "../edge";
import { BYPASS_SLOTS } from "./settings";

/** The names of an override's resources, in the cluster and in the stack. */
export const NAMES = {
  override: (instance: string, edge: string) => nameAt(edge, `maintenance-${instance}`),
  bypass: (instance: string, edge: string) => nameAt(edge, `bypass-${instance}`),
  /** In the stack alone: the instance's own Service, which is read. */
  instance: (instance: string, edge: string) => nameAt(edge, `instance-${instance}`),
  standby: (edge: string) => nameAt(edge, `${PAGE_SERVER}-standby`),
} as const;

/**
 * The Service's port of a bypass' slot. All of them lead to the same port of the pods, but a backend of ingress-nginx is a
 * Service's port, and so each is one of its own.
 */
export function bypassServicePort(slot: number): ServicePort {
  return { name: `${BYPASS_PORT}-${slot}`, port: 100 + slot };
}

/** A bypass as this edge makes it. */
export interface SlottedBypass extends Bypass {
  /** Which of the backends for bypasses is this override's. */
  readonly slot: number;
}

/** An override as this edge shows it. */
export interface SlottedOverride extends Override {
  readonly bypass: SlottedBypass | undefined;
}

/**
 * Gives each of these instances a slot, none to two. It is the instance's place in the registry, so with up to 16 instances
 * none is ever moved by another's coming or going; with more, the next one that is free.
 *
 * @param instances in the order of the `maintenance` list; those beyond the last slot get none.
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

/** Where overrides are, and which controller they are for. */
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
 * A second Ingress with the host and the path `/` is refused by the admission webhook, and without the webhook the older
 * Ingress wins. A canary can't either: it takes over every host that shares the Service and fails when that has no
 * endpoints. A path that is a regular expression can: with `use-regex` on any one Ingress of a host, ingress-nginx renders
 * all of the host's paths as regular expressions, the longest first, and nginx takes the first that matches.
 */
export function overrideManifest(override: SlottedOverride, { edge, namespace, ingressClassName }: Placement) {
  const { instance, hosts, hasAssets, bypass } = override;
  const page = pageAddress(override);
  return {
    metadata: {
      name: NAMES.override(instance, edge),
      namespace,
      labels: { ...labels("maintenance-override"), "app.kubernetes.io/instance": instance },
      annotations: {
        "nginx.ingress.kubernetes.io/use-regex": "true",
        ...(bypass === undefined ? rewritten(hasAssets ? `${page}$1` : page) : announced(page)),
        // An upload gets the page and not 413; it is passed on as it comes, and never stored on the controller's disk.
        "nginx.ingress.kubernetes.io/proxy-body-size": "0",
        "nginx.ingress.kubernetes.io/proxy-request-buffering": "off",
        ...persistent,
        ...leftAlone,
      },
    },
    spec: {
      ingressClassName,
      rules: overrideRules(
        hosts,
        backendOf(bypass === undefined ? SERVICE_PORTS.maintenance : bypassServicePort(bypass.slot)),
      ),
    },
  };
}

function overrideRules(hosts: readonly string[], backend: object) {
  return hosts.map((host) => ({
    host,
    http: { paths: [{ path: OVERRIDE_PATH, pathType: "ImplementationSpecific", backend }] },
  }));
}

/**
 * The path becomes the page's address, with $1 (see OVERRIDE_PATH) for the client's file. Nothing else of the visitor's path reaches the
 * page server. page-server/templates/maintenance.conf.liquid reads it.
 */
function rewritten(target: string) {
  return { "nginx.ingress.kubernetes.io/rewrite-target": target };
}

/**
 * The page's address is in a header, and the path stays. A request through a bypass goes through the override's location
 * too, and a rewrite-target would change its path for the instance. The header is rendered beside a rewrite
 * alone (internal/ingress/controller/template/template.go, buildProxyPass), hence the one that changes nothing.
 */
function announced(page: string) {
  return { ...rewritten("$uri"), "nginx.ingress.kubernetes.io/x-forwarded-prefix": page };
}

function backendOf({ name }: { readonly name: string }) {
  return { service: { name: PAGE_SERVER, port: { name } } };
}

// A Service's name is a DNS label: without dots, of 63 characters at most. An instance's may be that long by itself.
function serviceName(name: string): string {
  if (DNS_LABEL.test(name)) return name;
  const digest = createHash("sha256").update(name).digest("hex").slice(0, 8);
  return `${name.replaceAll(".", "-").slice(0, 54)}-${digest}`;
}

function bypassMetadata(instance: string, edge: string, namespace: string) {
  return {
    name: serviceName(NAMES.bypass(instance, edge)),
    namespace,
    labels: { ...labels("maintenance-bypass"), "app.kubernetes.io/instance": instance },
  };
}

/** The part of a Service's specification that says where it leads. */
interface FoundService {
  readonly selector?: Readonly<Record<string, string>>;
  readonly ports?: readonly {
    readonly name?: string;
    readonly port: number;
    readonly targetPort?: number | string;
  }[];
}

/**
 * The bypass' Service: the instance's pods under another name. With the instance's own Service the bypass would be the very
 * upstream of its Ingress, and the controller leaves a canary out whose upstream any path of the host has already
 * (internal/ingress/controller/controller.go, mergeAlternativeBackends).
 *
 * @param found what the instance's own Service has; see `serviceProblem`.
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

/** Why a bypass can't lead where an instance's own Service does: it has no such port, or leads to no pods. */
export function serviceProblem(instance: string, service: InstanceService, found: FoundService): Problem | undefined {
  if (found.selector !== undefined && portIn(found, service) !== undefined) return undefined;
  const ports = (found.ports ?? []).map(({ name, port }) => (name === undefined ? port : `${port} (${name})`));
  return {
    path: `instances.${instance}.service`,
    found: `Service ${service.namespace}/${service.name}, port ${service.port}`,
    allowed: found.selector === undefined ? "a Service with a selector" : `a port of it: ${ports.join(", ")}`,
  };
}

function portIn({ ports }: FoundService, { port }: InstanceService) {
  return ports?.find((one) => one.port === port || one.name === port);
}

const BYPASS_SERVICE_PORT = 80;

/**
 * The bypass' manifest: a canary on the override's own path, for requests with the key in a header or a cookie. A canary
 * hangs on its primary's backend, wherever that is used, hence the one of its own for each override with a bypass. It is in
 * the instance's namespace, because an Ingress leads to Services of its own. Its annotations are a secret.
 */
export function bypassManifest(
  { instance, hosts }: Pick<Override, "instance" | "hosts">,
  { key, service: { namespace } }: Bypass,
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
        ...leftAlone,
      },
    },
    spec: { ingressClassName, rules: overrideRules(hosts, backend) },
  };
}

/**
 * The manifest of the standby: an Ingress that is always there, for a host that can't exist (RFC 6761 section 6.4), with
 * the overrides' backend.
 *
 * A reloaded nginx gets the routes at once but the endpoints of a backend that is new to it up to a second later
 * (rootfs/etc/nginx/lua/balancer.lua, BACKENDS_SYNC_INTERVAL), and answers with a bare 503 until then: 5 of 1,336 visitors
 * when one instance entered and left with no other in maintenance. With the standby the backend is never new: 0 of 50,162
 * through 21 enters and leaves. For the same reason the backends of bypasses are a number of ports, and not made when one
 * is asked for: 12 of 8,476 visitors saw a bare 503 when it went with its override.
 */
export function standbyManifest({ edge, namespace, ingressClassName }: Placement) {
  const slots = Array.from({ length: BYPASS_SLOTS }, (_, slot) => bypassServicePort(slot));
  const paths = [SERVICE_PORTS.maintenance, ...slots].map((port) => ({
    path: `/${port.name}`,
    pathType: "Exact",
    backend: backendOf(port),
  }));
  return {
    metadata: {
      name: NAMES.standby(edge),
      namespace,
      labels: labels("maintenance-standby"),
      annotations: { ...leftAlone },
    },
    spec: { ingressClassName, rules: [{ host: `${PAGE_SERVER}.${namespace}.invalid`, http: { paths } }] },
  };
}

/**
 * What keeps a visitor from waiting for a page server pod that is gone, or from meeting it again and again: by default the
 * controller waits 5 s for a connection, and tries three times. When a pod was deleted without a moment to finish, a visitor
 * waited 15 s; when one was killed, 8 of 564 met it three times.
 */
const persistent = {
  "nginx.ingress.kubernetes.io/proxy-connect-timeout": "1",
  "nginx.ingress.kubernetes.io/proxy-next-upstream-tries": "10",
  "nginx.ingress.kubernetes.io/proxy-next-upstream-timeout": "5",
};

/** What keeps others from acting on an Ingress of ours. */
const leftAlone = {
  // A host's DNS record is the instance's affair.
  "external-dns.alpha.kubernetes.io/controller": "none",
  ...OURS,
  // ingress-nginx writes an Ingress's status once a minute, and no record of ours waits for it.
  ...NOT_AWAITED,
};

/**
 * The length of the override's path, in characters: the longest path comes first, so it has to be longer than any path of
 * any application. Paths of hundreds of characters are not written by people; nginx takes up to 4,096 in one parameter.
 */
export const OVERRIDE_PATH_LENGTH = 512;

/**
 * Every path but the one by which certificates are renewed (RFC 8555 section 8.3): those requests still reach the
 * instance's solver. The comment `(?#…)` matches nothing and makes the path long. Of a path of ours the group has what
 * comes after it, the name of a file; of any other it is empty.
 */
export const OVERRIDE_PATH = overridePath(OVERRIDE_PATH_LENGTH);

function overridePath(length: number): string {
  const assets = ASSETS_PATH.slice(1).replace(".", "\\.");
  const around = `/(?#)(?!\\.well-known/acme-challenge/)(?:${assets}([a-z0-9._/-]+)$)?`;
  return around.replace("(?#)", () => `(?#${"x".repeat(length - around.length)})`);
}
