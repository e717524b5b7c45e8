import type * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import type { BypassKey } from "../../model/bypass";
import type { InstanceService } from "../../model/instances";
import type { Kind } from "../../model/maintenance";

/**
 * An edge: where visitors' requests come into the cluster. The program and the command know this interface alone; what an edge of one
 * kind is made of is in that kind's folder.
 */
export interface Edge {
  /** The name in the setting `edges`. */
  readonly name: string;
  /** Where its hosts are probed, such as `http://127.0.0.1:8080`; `undefined` where DNS leads to it. */
  readonly address: string | undefined;
  /** From where its requests reach the page server: pods of a namespace, or a node's own address. */
  readonly source: { readonly namespace: string } | "nodes";
  /** The ports of the page server's Service for this edge, besides those for all edges. Each leads to the pods' port `announced`. */
  readonly ports: readonly ServicePort[];
  /** How long the controller may take until visitors see a change, in seconds. */
  readonly patience: number;
  /** Why a host may show something else than it should, by what it shows. */
  readonly reasons: Reasons;

  /** Whether a resource is part of an instance's maintenance at this edge, by its type and its logical name. */
  isPartOf(instance: string, resource: ResourceName): boolean;

  /** Reads what there is in the cluster, and lays an instance's override beside what was declared. */
  readDrift(cluster: ClusterReader, namespace: string): Promise<DriftOf>;
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

/** Why a host may show something else than it should. */
export interface Reasons {
  /** The not-found page, during maintenance. */
  readonly notFound: string;
  /** The 50x page, during maintenance. */
  readonly failure: string;
  /** An answer that is not this program's, during maintenance. */
  readonly other: string;
  /** The instance's page, after its maintenance. */
  readonly leftover: string;
}

/** Reads objects through the cluster's API. */
export interface ClusterReader {
  /**
   * The items of a list.
   *
   * @param path such as `/apis/networking.k8s.io/v1/ingresses`.
   * @throws when the API can't be reached, refuses, or answers something else.
   */
  list<Item>(path: string, item: z.ZodType<Item>): Promise<readonly Item[]>;
}

/**
 * How an instance's override differs from what was declared, in words, or what overrules it; nothing when it does not differ.
 *
 * @param isShown whether the instance should show its page.
 */
export type DriftOf = (
  instance: { readonly name: string; readonly hosts: readonly string[] },
  isShown: boolean,
) => readonly string[];

/** One instance that is in maintenance, as every edge has to show it. */
export interface Override {
  readonly instance: string;
  readonly hosts: readonly string[];
  readonly kind: Kind;
  /** The revision of the instance's own page, or `undefined` for the shared one. */
  readonly revision: string | undefined;
  /** Whether its pages show files of their own, which then have to be reached. */
  readonly hasAssets: boolean;
  /** How a person who has the key still reaches the instance. */
  readonly bypass: Bypass | undefined;
}

/** The way past an override. */
export interface Bypass {
  readonly key: BypassKey;
  /** The Service that the instance's own Ingress leads to. */
  readonly service: InstanceService;
}

/** What an edge needs to declare its resources. */
export interface EdgeArgs {
  /** The page server's namespace, which the overrides are in. */
  readonly namespace: string;
  /** The page server's Service: a controller that is installed comes after it. */
  readonly service: pulumi.Resource;
  /** The page server's pods: no visitor is sent there before. */
  readonly deployment: pulumi.Resource;
  /** Whether Pulumi refuses to delete or replace what all overrides and all sites depend on. */
  readonly protect: boolean;
  /** Every instance's name, in the order of the registry. */
  readonly instances: readonly string[];
  readonly overrides: readonly AwaitedOverride[];
  readonly provider: pulumi.ProviderResource;
}

/** An override, and what must be there before visitors are sent to its page, besides what all of them need. */
export interface AwaitedOverride extends Override {
  readonly dependsOn: readonly pulumi.Resource[];
}

/** What an edge has declared. */
export interface EdgeResources {
  readonly resources: readonly pulumi.Resource[];
  /** The Helm values of its controller, for one that the stack does not install. */
  readonly helmValues: Readonly<Record<string, unknown>>;
}

/** The edge that is there when the setting `edges` says nothing. */
export const DEFAULT_EDGE = "default";

/**
 * The name of a resource of an edge. The default edge's names have no addition. A dot separates the two names, since no instance and
 * no edge has one in its name.
 *
 * @example
 * nameAt("public", "maintenance-acme"); // "maintenance-acme.public"
 */
export function nameAt(edge: string, name: string): string {
  return edge === DEFAULT_EDGE ? name : `${name}.${edge}`;
}
