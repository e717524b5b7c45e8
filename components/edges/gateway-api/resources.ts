import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { type Problem, SettingsError } from "../../../model/problems";
import { type AwaitedOverride, type Bypass, type EdgeArgs, type EdgeResources, nameAt } from "../edge";
import { readCluster } from "./cluster";
import { listenersOf, unusedDomainOf } from "./listeners";
import {
  bypassManifests,
  type Covered,
  type Manifest,
  notFoundManifests,
  overrideManifests,
  type Placement,
  parkedManifests,
  selfTestManifests,
} from "./manifests";
import { API_VERSION, type HttpRoute } from "./objects";
import { coveredIn, groupsOf, madeOverrides, shadowedHosts } from "./routes";
import type { GatewayApiSettings } from "./settings";

/**
 * Declares an edge of the kind gateway-api.
 *
 * An override depends on the instance's own routes, so they are read from the cluster: a path that is `Exact` there must be so in the override.
 *
 * @throws {SettingsError} when the cluster has no Gateway API, or an override would take over a host of another instance.
 * @throws {Unreachable} when the cluster can't be read.
 */
export async function declareGatewayApi(
  edge: string,
  settings: GatewayApiSettings,
  args: EdgeArgs,
): Promise<EdgeResources> {
  const { namespace, deployment, overrides, protect, provider, instances } = args;
  const { routes, hasTypes, ...topology } = await readCluster(args.cluster);
  if (!hasTypes) throw new SettingsError([noTypes(edge)]);
  const { ours, others } = groupsOf(routes, namespace);
  const unusedDomain = unusedDomainOf(listenersOf(settings.parentRefs, topology));
  const placement = { ...settings, edge, namespace, unusedDomain };
  refuseShadows(overrides, ours, others);

  const covering = await Promise.all(
    overrides.map(async (override): Promise<CoveringOverride> => {
      const covered = coveredIn(override, others, settings, topology);
      for (const match of covered.unmirrored)
        pulumi.log.warn(unmirroredText(override.instance, edge, match.path.value));
      return { ...override, covered, bypass: override.bypass && (await withPort(override, override.bypass, args)) };
    }),
  );

  // Those of instances that nobody has any more are not among them: they have no visitors, so they can be deleted.
  const made = madeOverrides(ours, placement);
  const parked = instances
    .filter((instance) => !overrides.some((override) => override.instance === instance))
    .flatMap((instance) => {
      const override = made.get(instance);
      return override === undefined ? [] : parkedManifests(instance, override, placement);
    });

  const created = new MaintenanceOverrides(
    nameAt(edge, "maintenance"),
    { placement, dependsOn: [deployment], overrides: covering, parked, protect },
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

/**
 * Refuses to show an instance's page for hosts of others: see `shadowedHosts`. Where it is shown already, a warning is enough: an error would keep
 * all other instances from entering maintenance, too.
 *
 * @throws {SettingsError} with each host.
 */
function refuseShadows(
  overrides: readonly AwaitedOverride[],
  ours: readonly HttpRoute[],
  others: readonly HttpRoute[],
): void {
  const hostnames = [...others.flatMap(({ spec }) => spec.hostnames), ...overrides.flatMap(({ hosts }) => hosts)];
  const shown = new Set(ours.flatMap(({ spec }) => spec.hostnames));
  const problems = overrides.flatMap((override) =>
    shadowedHosts(override, hostnames).flatMap((host): readonly Problem[] => {
      const { instance, hosts } = override;
      const wildcards = hosts.filter((one) => one.startsWith("*.")).join(", ");
      const text = `${instance} has ${wildcards}, which covers ${host} of another instance. No HTTPRoute has that hostname, so its visitors would get the page of ${instance}`;
      if (hosts.every((one) => shown.has(one))) {
        pulumi.log.warn(`${text}. Create an HTTPRoute with the hostname ${host}.`);
        return [];
      }
      return [
        {
          path: "maintenance",
          found: instance,
          allowed: `${text}. Create an HTTPRoute with the hostname ${host} first`,
        },
      ];
    }),
  );
  if (problems.length > 0) throw new SettingsError(problems);
}

function unmirroredText(instance: string, edge: string, path: string): string {
  return `${instance} at ${edge}: visitors of ${path} still get the instance. The override can't have a copy of that match: remove a header from it.`;
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
}

interface MaintenanceOverridesArgs {
  readonly placement: Placement;
  readonly overrides: readonly CoveringOverride[];
  /** The routes of instances that were in maintenance before. */
  readonly parked: readonly Manifest[];
  /** The resources that must exist before visitors are sent to any page. */
  readonly dependsOn: readonly pulumi.Resource[];
  /** Whether Pulumi refuses to delete or replace the standing routes. */
  readonly protect: boolean;
}

/**
 * The routes of an edge: for each instance in maintenance routes that take over every path of its hosts, and standing ones. The
 * instance's own routes never change. To disable maintenance, the hosts are taken from the override, and it stays.
 */
class MaintenanceOverrides extends pulumi.ComponentResource {
  readonly standing: readonly pulumi.Resource[];
  readonly overrides: readonly pulumi.Resource[];
  readonly overridden: pulumi.Output<unknown>;

  constructor(name: string, args: MaintenanceOverridesArgs, options: pulumi.ComponentResourceOptions) {
    super("maintenance-pages:index:MaintenanceOverrides", name, {}, options);
    const { placement, dependsOn, protect } = args;
    this.standing = [...selfTestManifests(placement), ...notFoundManifests(placement)].map((route) =>
      this.create(route, dependsOn, { protect }),
    );
    const overrides = args.overrides.map((override) =>
      overrideManifests(override, override.covered, placement).map((route) =>
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
    // The matches contain the key. The provider's outputs must be secret, too.
    return bypassManifests(override, bypass, covered, placement).map((route) =>
      this.create({ ...route, spec: pulumi.secret(route.spec) }, dependsOn, { additionalSecretOutputs: ["spec"] }),
    );
  }

  /** Named by the manifest, never by a position in a list: removing an entry must not rename the others. */
  private create(
    manifest: Omit<Manifest, "spec"> & { readonly spec: pulumi.Input<Manifest["spec"]> },
    dependsOn: readonly pulumi.Resource[],
    options: pulumi.CustomResourceOptions = {},
  ): CustomResource {
    return new CustomResource(
      manifest.metadata.name,
      { ...manifest },
      { ...options, parent: this, dependsOn: [...dependsOn], deleteBeforeReplace: true },
    );
  }
}
