import type * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import type { BypassKey } from "../../model/bypass";
import type { InstanceService } from "../../model/instances";
import type { Kind } from "../../model/maintenance";
import type { Reservation } from "./reservation";

/**
 * An edge: where visitors' requests come into the cluster. The program and the command use only this interface. The code for one
 * kind of edge is in the folder of that kind.
 */
export interface Edge {
  /** The name in the setting `edges`. */
  readonly name: string;
  /** The URL at which its hosts are probed, such as `http://127.0.0.1:8080`; `undefined` if DNS leads to it. */
  readonly address: string | undefined;
  /** The addresses from which a bypass needs no key, where the edge can tell. @default none */
  readonly bypassAddresses?: readonly string[];
  /** The source of its requests to the page server: the pods of a namespace, or the address of a node. */
  readonly source: { readonly namespace: string } | "nodes";
  /** The ports of the page server's Service for this edge, in addition to those for all edges. Each leads to the pods' port `bypass`. */
  readonly ports: readonly ServicePort[];
  /** The time that the controller may need until visitors see a change, in seconds. */
  readonly patience: number;
  /** Why a host may show something unexpected, by the answer. */
  readonly reasons: Reasons;
  /** Whether its overrides depend on the instance's own routes, and so may be outdated without a change of the configuration. */
  readonly followsRoutes: boolean;

  /** The command that deletes an instance's override, if Pulumi does not know it. */
  deletionOf(instance: string, namespace: string): string;

  /** Whether a resource is part of an instance's maintenance at this edge, by its type and its logical name. */
  isPartOf(instance: string, resource: ResourceName): boolean;

  /**
   * Whether a resource follows what is in the cluster, so that a change of it is no change of the configuration. Any run may make it.
   */
  followsCluster(resource: ResourceName): boolean;

  /**
   * What nobody else may have in an object, for a cluster that refuses such objects; see components/admission-policy.
   *
   * @param namespace the page server's namespace.
   */
  reservationsOf(namespace: string): readonly Reservation[];

  /** Reads the cluster: the overrides, and what else decides whether they work. */
  inspect(cluster: ClusterReader, namespace: string): Promise<Inspection>;
}

/** What the cluster's API tells of an edge. */
export interface Inspection {
  /** Compares an instance's override with the declared one. */
  readonly driftOf: DriftOf;
  /** When the edge's self-test was created in the cluster, or `undefined` if it is not there, or not requested; see `selfTestOf`. */
  readonly selfTestSince: Date | undefined;
  /** Whether the edge might not show its self-test although overrides work, so that it is not requested; a note says why. @default false */
  readonly skipsSelfTest?: boolean;
  /** Why no override works at this edge, in sentences that say what to do. Empty if nothing is known to prevent it. */
  readonly obstacles: readonly string[];
  /** What a person should know of the edge's controller, although overrides work. */
  readonly notes: readonly string[];
  /**
   * What would be in the way of an instance's maintenance, or change what its visitors see during it. Empty if nothing is known. It is asked
   * of instances that are not in maintenance: of the others, `driftOf` tells what comes before the override.
   */
  readonly hazardsOf: (instance: Overridden) => readonly Hazard[];
  /** The hosts for which objects of others have routes at this edge. */
  readonly routedHosts: readonly RoutedHost[];
  /** The objects of an instance's override, for the cluster's API to admit or to refuse. They are not kept there. */
  readonly trialOf: (instance: Overridden) => readonly TrialObject[];
}

/** Something of an instance or of a client of the edge that a maintenance would run into. */
export interface Hazard {
  /**
   * - `open`: visitors of a path, or of a whole host, would still get the instance, or nothing;
   * - `altered`: visitors would get the page, but not as usual.
   */
  readonly what: "open" | "altered";
  /** In one sentence that names the object. */
  readonly text: string;
  /** What to do, in one sentence. */
  readonly remedy: string;
}

/** A host for which an object has a route. */
export interface RoutedHost {
  /** In lower case; a wildcard begins with `*.`. */
  readonly host: string;
  /** Such as `Ingress acme/acme`. */
  readonly object: string;
  readonly namespace: string;
}

/** An object as the cluster's API takes it. */
export interface TrialObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
}

/** A port of the page server's Service. */
export interface ServicePort {
  readonly name: string;
  readonly port: number;
}

/** A resource of the stack, as the engine names it. */
export interface ResourceName {
  /** Such as `kubernetes:networking.k8s.io/v1:Ingress`. */
  readonly type: string;
  /** Such as `maintenance-acme`. */
  readonly name: string;
}

/** Why a host may show something unexpected. */
export interface Reasons {
  /** It shows the not-found page during maintenance. */
  readonly notFound: string;
  /** It shows the 50x page during maintenance. */
  readonly failure: string;
  /** It shows an answer that is not from the page server during maintenance. */
  readonly other: string;
  /** It shows the instance's page after the maintenance. */
  readonly leftover: string;
  /** What to do about an object that comes before the override. */
  readonly overruled: string;
  /** It does not show the self-test's page. */
  readonly selfTest: string;
}

/** Reads objects through the cluster's API. */
export interface ClusterReader {
  /**
   * The items of a list.
   *
   * @param path such as `/apis/networking.k8s.io/v1/ingresses`.
   * @returns `undefined` when the cluster has no objects of this kind.
   * @throws when the API can't be reached, rejects the request, or answers in another format.
   */
  list<Item>(path: string, item: z.ZodType<Item>): Promise<readonly Item[] | undefined>;
}

/**
 * The differences between an instance's override and the declared one, and the objects that overrule it. Empty without differences.
 *
 * @param isShown whether the instance should show its page.
 */
export type DriftOf = (instance: Overridden, isShown: boolean) => readonly Drift[];

/** An instance, as its override takes it over. */
export interface Overridden extends Pick<Override, "hosts" | "otherHosts"> {
  readonly name: string;
  /** The edges that it is behind, if the registry lists them; see `isBehind`. */
  readonly edges?: readonly string[] | undefined;
  /** Those of the hosts that it may not have; see `Instance`. */
  readonly assumedHosts?: readonly string[] | undefined;
}

/** The override of an instance, as far as it is compared with the cluster. Its page is not. */
export function overrideOf({ name, hosts, otherHosts }: Overridden): Override {
  return {
    instance: name,
    hosts,
    otherHosts,
    kind: "unscheduled",
    revision: undefined,
    hasAssets: false,
    bypass: undefined,
  };
}

/** A difference between the cluster and what is declared. */
export interface Drift {
  /**
   * - `missing`: the override is not there;
   * - `leftover`: the override is there, and should not be;
   * - `changed`: the override is not as it was declared;
   * - `overruled`: another object comes first;
   * - `outdated`: an object of the instance comes first that was added or changed since, and another `up` takes it over.
   */
  readonly what: "missing" | "leftover" | "changed" | "overruled" | "outdated";
  /** The same in words, such as `its override is not there`. */
  readonly text: string;
}

/** One instance in maintenance, as every edge must show it. */
export interface Override {
  readonly instance: string;
  readonly hosts: readonly string[];
  /** The hosts of other instances that a wildcard of this one covers. They are not taken over. */
  readonly otherHosts: readonly string[];
  readonly kind: Kind;
  /** The revision of the instance's own page, or `undefined` for the shared one. */
  readonly revision: string | undefined;
  /** Whether its pages load assets, which must then be reachable. */
  readonly hasAssets: boolean;
  /** How a person with the key can still reach the instance. */
  readonly bypass: Bypass | undefined;
}

/**
 * The domain of the hosts that a stack has for itself. No client uses a host below it (RFC 6761 section 6.4).
 *
 * @param namespace the page server's namespace.
 */
export function ownDomain(namespace: string): string {
  return `${namespace}.invalid`;
}

/**
 * The self-test of an edge: an override that always exists, for a host that no client uses. An edge that does not
 * show its page would not show that of an instance either. It may be another controller than the one that the setting says.
 */
export function selfTestOf(edge: string, namespace: string): Override {
  return {
    instance: "self-test",
    hosts: [`${edge}.self-test.${ownDomain(namespace)}`],
    otherHosts: [],
    kind: "unscheduled",
    revision: undefined,
    hasAssets: false,
    bypass: undefined,
  };
}

/** The way past an override. */
export interface Bypass {
  readonly key: BypassKey;
  /** The Service behind the instance's own Ingress. */
  readonly service: InstanceService;
  /** The hosts that a link opens, one after the other; see `walkOf`. */
  readonly walk: readonly string[];
}

/** The arguments with which an edge declares its resources. */
export interface EdgeArgs {
  /** The page server's namespace. The overrides are in it. */
  readonly namespace: string;
  /** The page server's Service. If the stack installs the controller, the controller comes after it. */
  readonly service: pulumi.Resource;
  /** The page server's Deployment. Visitors are sent to it only when it is ready. */
  readonly deployment: pulumi.Resource;
  /** Whether Pulumi refuses to delete or replace the objects that all overrides and all sites depend on. */
  readonly protect: boolean;
  /** Every instance's name, in the order of the registry. */
  readonly instances: readonly string[];
  readonly overrides: readonly AwaitedOverride[];
  /** For an edge whose overrides depend on what is in the cluster. */
  readonly cluster: ClusterReader;
  readonly provider: pulumi.ProviderResource;
}

/** An override, and the resources that must exist before visitors are sent to its page, in addition to those of all overrides. */
export interface AwaitedOverride extends Override {
  readonly dependsOn: readonly pulumi.Resource[];
}

/** The resources that an edge has declared. */
export interface EdgeResources {
  /** What is there whether an instance is in maintenance or not. */
  readonly standing: readonly pulumi.Resource[];
  /** The overrides, with their bypasses. */
  readonly overrides: readonly pulumi.Resource[];
  /** Known when every override is in the cluster. It never is if one fails. */
  readonly overridden: pulumi.Output<unknown>;
  /** The Helm values for its controller, if the stack does not install it. */
  readonly helmValues: Readonly<Record<string, unknown>>;
}

/** The name of the edge that exists without the setting `edges`. */
export const DEFAULT_EDGE = "default";

/**
 * The name of a resource of an edge. The names of the default edge have no suffix. A dot separates the two names, because names of
 * instances and edges contain no dot.
 *
 * @example
 * nameAt("public", "maintenance-acme"); // "maintenance-acme.public"
 */
export function nameAt(edge: string, name: string): string {
  return edge === DEFAULT_EDGE ? name : `${name}.${edge}`;
}
