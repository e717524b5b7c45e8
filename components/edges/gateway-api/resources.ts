import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { type Problem, SettingsError } from "../../../model/problems";
import { CustomOverrides } from "../custom-overrides";
import { type AwaitedOverride, type Bypass, type EdgeArgs, type EdgeResources, nameAt } from "../edge";
import { placementIn, readCluster } from "./cluster";
import {
  bypassManifests,
  type Covered,
  type Manifest,
  notFoundManifests,
  overrideManifests,
  type Placement,
  parkedManifests,
  policyManifests,
  selfTestManifests,
} from "./manifests";
import { API_VERSION } from "./objects";
import { leftOpen, told } from "./overruled";
import { groupsOf, madeOverride, nextOverride, notFoundParents, parkedHostIn } from "./routes";
import type { GatewayApiSettings, Parent } from "./settings";
import { wrongImplementations } from "./suitability";

/**
 * Declares an edge of the kind gateway-api.
 *
 * An override depends on the instance's own routes, so they are read from the cluster: a path that is `Exact` there must be so in the override.
 *
 * @throws {SettingsError} when the cluster has no Gateway API, or another implementation of it than the setting says; or a bypass names a port
 *   that its Service does not have.
 * @throws {Unreachable} when the cluster can't be read.
 */
export async function declareGatewayApi(
  edge: string,
  settings: GatewayApiSettings,
  args: EdgeArgs,
): Promise<EdgeResources> {
  const { namespace, deployment, overrides, protect, provider, instances } = args;
  const { routes, hasTypes, unread, classes, ...topology } = await readCluster(args.cluster);
  if (!hasTypes) throw new SettingsError([noTypes(edge)]);
  const wrong = wrongImplementations(edge, settings, { ...topology, classes });
  if (wrong.length > 0) throw new SettingsError(wrong);
  for (const text of unread) pulumi.log.warn(`Not read at ${edge}: ${text}`);
  const groups = groupsOf(routes, namespace);
  const { ours, others } = groups;
  const placement = placementIn(topology, edge, settings, namespace);

  const covering = await Promise.all(
    overrides.map(async (override): Promise<CoveringOverride> => {
      const { covered, parkedHost } = nextOverride(override.instance, override, groups, placement, topology);
      for (const hazard of leftOpen(override, covered, { others, ...topology }, placement))
        pulumi.log.warn(`${override.instance} at ${edge}: ${told(hazard)}`);
      return {
        ...override,
        covered,
        parkedHost,
        bypass: override.bypass && (await withPort(override, override.bypass, args)),
      };
    }),
  );

  // Those of instances that are not in the stack any more are not among them: they have no visitors, so they can be deleted.
  const parked = instances
    .filter((instance) => !overrides.some((override) => override.instance === instance))
    .flatMap((instance) => {
      const made = madeOverride(instance, ours, placement);
      return parkedManifests(instance, made.length, placement, parkedHostIn(made, instance, placement));
    });

  const created = new MaintenanceOverrides(
    nameAt(edge, "maintenance"),
    {
      placement,
      notFoundParents: notFoundParents(settings.parentRefs, others, topology),
      dependsOn: [deployment],
      overrides: covering,
      parked,
      protect,
    },
    { provider },
  );
  return {
    standing: created.standing,
    overrides: created.overrides,
    overridden: created.overridden,
    helmValues: {},
  };
}

function noTypes(edge: string): Problem {
  const allowed = `ingress-nginx or traefik, until the cluster has ${API_VERSION}, the types of the Gateway API`;
  return { path: `edges.${edge}.kind`, found: "gateway-api", allowed };
}

const serviceSchema = z.object({
  metadata: z.object({ name: z.string() }),
  spec: z.object({ ports: z.array(z.object({ name: z.string().optional(), port: z.number() })).default([]) }),
});

/** The same with the number of the Service's port: a route can't have its name. */
async function withPort(
  { instance }: Pick<AwaitedOverride, "instance">,
  bypass: Bypass,
  { cluster }: Pick<EdgeArgs, "cluster">,
): Promise<Bypass> {
  const { name, namespace, port } = bypass.service;
  if (typeof port === "number") return bypass;
  const services = (await cluster.list(`/api/v1/namespaces/${namespace}/services`, serviceSchema)) ?? [];
  const ports = services.find(({ metadata }) => metadata.name === name)?.spec.ports ?? [];
  const found = ports.find((one) => one.name === port);
  if (found === undefined) {
    const allowed = `a port of the Service ${namespace}/${name}, by number or name${ports.length === 0 ? ": there is no such Service" : `: ${ports.map((one) => one.name ?? one.port).join(", ")}`}`;
    throw new SettingsError([{ path: `instances.${instance}.service.port`, found: port, allowed }]);
  }
  return { ...bypass, service: { ...bypass.service, port: found.port } };
}

/** An override with what it takes over. */
interface CoveringOverride extends AwaitedOverride {
  readonly covered: Covered;
  readonly parkedHost: string | undefined;
}

interface MaintenanceOverridesArgs {
  readonly placement: Placement;
  readonly notFoundParents: readonly Parent[];
  readonly overrides: readonly CoveringOverride[];
  /** The routes of instances that were in maintenance before. */
  readonly parked: readonly Manifest[];
  /** The resources that must exist before visitors are sent to any page. */
  readonly dependsOn: readonly pulumi.Resource[];
  /** Whether Pulumi refuses to delete or replace the self-test, and with it the edge. */
  readonly protect: boolean;
}

/**
 * The routes of an edge: for each instance in maintenance routes that take over every path of its hosts, and standing ones. The
 * instance's own routes never change. To disable maintenance, the hosts are taken from the override, and it stays.
 */
class MaintenanceOverrides extends CustomOverrides {
  readonly standing: readonly pulumi.Resource[];
  readonly overrides: readonly pulumi.Resource[];
  readonly overridden: pulumi.Output<unknown>;

  constructor(name: string, args: MaintenanceOverridesArgs, options: pulumi.ComponentResourceOptions) {
    super(name, options);
    const { placement, protect } = args;
    const policies = policyManifests(placement).map((policy) => this.create(policy, []));
    const dependsOn = [...args.dependsOn, ...policies];
    this.standing = [
      ...policies,
      ...selfTestManifests(placement).map((route) => this.create(route, dependsOn, { protect })),
      ...notFoundManifests(args.notFoundParents, placement).map((route) => this.create(route, dependsOn)),
    ];
    const overrides = args.overrides.map((override) =>
      overrideManifests(override, override.covered, placement, override.parkedHost).map((route) =>
        this.create(route, [...dependsOn, ...override.dependsOn]),
      ),
    );
    const parked = args.parked.map((route) => this.create(route, dependsOn));
    const bypasses = args.overrides.flatMap((override, index) =>
      this.createBypass(override, placement, overrides[index] ?? []),
    );
    this.overrides = [...overrides.flat(), ...parked, ...bypasses];
    this.overridden = pulumi.all(overrides.flat().map(({ urn }) => urn));
    this.registerOutputs({});
  }

  private createBypass(
    { bypass, covered, ...override }: CoveringOverride,
    placement: Placement,
    dependsOn: readonly pulumi.Resource[],
  ): readonly pulumi.Resource[] {
    if (bypass === undefined) return [];
    return bypassManifests(override, bypass, covered, placement).map((route) => this.createSecret(route, dependsOn));
  }
}
