import { Ingress } from "@pulumi/kubernetes/networking/v1/ingress.js";
import * as pulumi from "@pulumi/pulumi";
import { ASSETS_PATH } from "../pages/kinds";
import type { Kind } from "../settings/maintenance";
import { labels, PAGE_SERVER, SERVICE_PORTS } from "./names";

/** One instance that is in maintenance. */
export interface Override {
  readonly instance: string;
  readonly hosts: readonly string[];
  readonly kind: Kind;
  /** The revision of the instance's own page, or `undefined` for the shared one. */
  readonly revision: string | undefined;
  /** Whether its pages show files of their own, which then have to be reached. */
  readonly hasAssets: boolean;
  /** What must be there before visitors are sent to this page, besides what all of them need. */
  readonly dependsOn: readonly pulumi.Resource[];
}

export interface MaintenanceOverridesArgs {
  readonly overrides: readonly Override[];
  /** The page server's namespace, in which the overrides are as well. */
  readonly namespace: string;
  readonly ingressClassName: string;
  /** What must be there before visitors are sent to any page. */
  readonly dependsOn: readonly pulumi.Resource[];
  /**
   * The controller, where this stack installs it. On a new cluster the first Ingress has to wait for its admission
   * webhook; an override in an incident must not wait for a chart that is being upgraded.
   */
  readonly controller: readonly pulumi.Resource[];
}

/**
 * The overrides: for each instance in maintenance one Ingress that takes over every path of its hosts. The instance's
 * own Ingress is never touched; leaving maintenance is the deletion of the override.
 *
 * @example
 * new MaintenanceOverrides("maintenance", { overrides, namespace, ingressClassName: "nginx", dependsOn: [pageServer], controller: [] });
 */
export class MaintenanceOverrides extends pulumi.ComponentResource {
  constructor(name: string, args: MaintenanceOverridesArgs, options: pulumi.ComponentResourceOptions) {
    super("maintenance-pages:index:MaintenanceOverrides", name, {}, options);
    this.createStandby(args);
    for (const override of args.overrides) this.createOverride(name, override, args);
    this.registerOutputs({});
  }

  private createStandby(args: MaintenanceOverridesArgs): Ingress {
    return new Ingress(`${PAGE_SERVER}-standby`, standbyManifest(args), {
      parent: this,
      dependsOn: [...args.dependsOn, ...args.controller],
      deleteBeforeReplace: true,
    });
  }

  private createOverride(name: string, override: Override, args: MaintenanceOverridesArgs): Ingress {
    return new Ingress(
      // By the instance's name and never by its place in the list: one that leaves must not rename the others.
      `${name}-${override.instance}`,
      overrideManifest(override, args),
      { parent: this, dependsOn: [...args.dependsOn, ...override.dependsOn], deleteBeforeReplace: true },
    );
  }
}

/**
 * The override's manifest.
 *
 * A second Ingress with the host and the path `/` is refused by the admission webhook, and without the webhook the older
 * Ingress wins. A canary can't either: it takes over every host that shares the Service and fails when that has no
 * endpoints. A path that is a regular expression can: with `use-regex` on any one Ingress of a host, ingress-nginx renders
 * all of the host's paths as regular expressions, the longest first, and nginx takes the first that matches.
 */
export function overrideManifest(override: Omit<Override, "dependsOn">, { namespace, ingressClassName }: Placement) {
  const { instance, hosts, kind, revision, hasAssets } = override;
  return {
    metadata: {
      name: `maintenance-${instance}`,
      namespace,
      labels: { ...labels("maintenance-override"), "app.kubernetes.io/instance": instance },
      annotations: {
        "nginx.ingress.kubernetes.io/use-regex": "true",
        // Tells the page server which page it is, and with $1 (see OVERRIDE_PATH) which of the client's files; else nothing
        // of what a visitor asks for gets there. page-server.nginx.ts reads it.
        "nginx.ingress.kubernetes.io/rewrite-target": `/${instance}/${kind}/${revision ?? "-"}/${hasAssets ? "$1" : ""}`,
        // An upload gets the page and not 413; it is passed on as it comes, and never stored on the controller's disk.
        "nginx.ingress.kubernetes.io/proxy-body-size": "0",
        "nginx.ingress.kubernetes.io/proxy-request-buffering": "off",
        ...leftAlone,
      },
    },
    spec: {
      ingressClassName,
      rules: hosts.map((host) => ({
        host,
        http: { paths: [{ path: OVERRIDE_PATH, pathType: "ImplementationSpecific", backend }] },
      })),
    },
  };
}

/**
 * The manifest of the standby: an Ingress that is always there, for a host that can't exist (RFC 6761 section 6.4), with
 * the overrides' backend.
 *
 * A reloaded nginx gets the routes at once but the endpoints of a backend that is new to it up to a second later
 * (rootfs/etc/nginx/lua/balancer.lua, BACKENDS_SYNC_INTERVAL), and answers with a bare 503 until then: 5 of 1,336 visitors
 * when one instance entered and left with no other in maintenance. With the standby the backend is never new: 0 of 50,162
 * through 21 enters and leaves.
 */
export function standbyManifest({ namespace, ingressClassName }: Placement) {
  return {
    metadata: {
      name: `${PAGE_SERVER}-standby`,
      namespace,
      labels: labels("maintenance-standby"),
      annotations: { ...leftAlone },
    },
    spec: {
      ingressClassName,
      rules: [
        { host: `${PAGE_SERVER}.${namespace}.invalid`, http: { paths: [{ path: "/", pathType: "Prefix", backend }] } },
      ],
    },
  };
}

type Placement = Pick<MaintenanceOverridesArgs, "namespace" | "ingressClassName">;

const backend = { service: { name: PAGE_SERVER, port: { name: SERVICE_PORTS.maintenance.name } } };

/** What keeps others from acting on an Ingress of ours. */
const leftAlone = {
  // A host's DNS record is the instance's affair.
  "external-dns.alpha.kubernetes.io/controller": "none",
  // ingress-nginx writes an Ingress's status once a minute, and no record of ours waits for it.
  "pulumi.com/skipAwait": "true",
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
