import { setTimeout as sleep } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import { CustomOverrides } from "../custom-overrides";
import { type AwaitedOverride, type EdgeArgs, type EdgeResources, nameAt } from "../edge";
import {
  bypassManifests,
  linkManifests,
  type Manifest,
  notFoundManifests,
  overrideManifests,
  type Placement,
  selfTestManifests,
  sharedManifests,
} from "./manifests";
import type { TraefikSettings } from "./settings";
import { helmValues } from "./values";

/** Declares an edge of the kind traefik. */
export function declareTraefik(edge: string, settings: TraefikSettings, args: EdgeArgs): EdgeResources {
  const { namespace, deployment, overrides, protect, provider } = args;
  const created = new MaintenanceOverrides(
    nameAt(edge, "maintenance"),
    { placement: { ...settings, edge, namespace }, dependsOn: [deployment], overrides, protect },
    { provider },
  );
  return {
    standing: created.standing,
    overrides: created.overrides,
    overridden: created.overridden,
    helmValues: { ...helmValues(settings) },
  };
}

type Dependencies = readonly pulumi.Input<pulumi.Resource>[];

const WATCH_MILLISECONDS = 1000;

/**
 * The same resource, once Traefik knows it. Traefik watches each kind by itself. On a busy machine it saw a route before the middleware
 * that was created first, dropped the route, and answered 503 without a page until it loaded its configuration again.
 */
function known(resource: pulumi.Resource): pulumi.Output<pulumi.Resource> {
  return resource.urn.apply(async () => {
    if (!pulumi.runtime.isDryRun()) await sleep(WATCH_MILLISECONDS);
    return resource;
  });
}

interface MaintenanceOverridesArgs {
  readonly placement: Placement;
  readonly overrides: readonly AwaitedOverride[];
  /** The resources that must exist before visitors are sent to any page. */
  readonly dependsOn: readonly pulumi.Resource[];
  /** Whether Pulumi refuses to delete or replace what every override needs. */
  readonly protect: boolean;
}

/**
 * The routes of an edge: for each instance in maintenance routes that take over every path of its hosts, and standing ones. The
 * instance's own routes never change. To disable maintenance, the override is deleted: its routes first, then its middleware.
 */
class MaintenanceOverrides extends CustomOverrides {
  readonly standing: readonly pulumi.Resource[];
  readonly overrides: readonly pulumi.Resource[];
  readonly overridden: pulumi.Output<unknown>;

  constructor(name: string, args: MaintenanceOverridesArgs, options: pulumi.ComponentResourceOptions) {
    super(name, options);
    // A route is dropped if something does not exist that it uses. So that is created first, and deleted last.
    const { protect } = args;
    const shared = sharedManifests(args.placement).map((manifest) => this.create(manifest, [], { protect }));
    const sharedKnown = shared.map(known);
    const createRewritten = (
      [middleware, ...routes]: readonly [Manifest, ...Manifest[]],
      dependsOn: readonly pulumi.Resource[],
    ) => {
      const first = this.create(middleware, dependsOn);
      return [first, ...this.createRoutes(routes, [...sharedKnown, known(first)])];
    };
    const selfTest = createRewritten(selfTestManifests(args.placement), args.dependsOn);
    const notFound = this.createRoutes(notFoundManifests(args.placement), [...args.dependsOn, ...sharedKnown]);
    const overrides = args.overrides.map((override) =>
      createRewritten(overrideManifests(override, args.placement), [...args.dependsOn, ...override.dependsOn]),
    );
    const links = args.overrides.flatMap(({ bypass, ...override }) =>
      bypass === undefined ? [] : createRewritten(linkManifests(override, bypass, args.placement), args.dependsOn),
    );
    const bypasses = args.overrides.flatMap((override, index) =>
      this.createBypass(override, args.placement, overrides[index] ?? []),
    );
    this.standing = [...shared, ...selfTest, ...notFound];
    this.overrides = [...overrides.flat(), ...bypasses, ...links];
    this.overridden = pulumi.all(overrides.flat().map(({ urn }) => urn));
    this.registerOutputs({});
  }

  private createRoutes(routes: readonly Manifest[], dependsOn: Dependencies): readonly pulumi.Resource[] {
    return routes.map((route) => this.create(route, dependsOn));
  }

  private createBypass(
    { bypass, ...override }: AwaitedOverride,
    placement: Placement,
    dependsOn: Dependencies,
  ): readonly pulumi.Resource[] {
    if (bypass === undefined) return [];
    return bypassManifests(override, bypass, placement).map((route) => this.createSecret(route, dependsOn));
  }
}
