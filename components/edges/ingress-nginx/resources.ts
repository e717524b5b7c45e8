import { Service } from "@pulumi/kubernetes/core/v1/service.js";
import { Release } from "@pulumi/kubernetes/helm/v3/release.js";
import { Ingress } from "@pulumi/kubernetes/networking/v1/ingress.js";
import * as pulumi from "@pulumi/pulumi";
import { SettingsError } from "../../../model/problems";
import { type AwaitedOverride, type EdgeArgs, type EdgeResources, nameAt } from "../edge";
import {
  bypassManifest,
  bypassServiceManifest,
  bypassSlots,
  NAMES,
  overrideManifest,
  type Placement,
  type SlottedBypass,
  type SlottedOverride,
  selfTestManifest,
  serviceProblem,
  standbyManifest,
} from "./manifests";
import type { IngressNginxSettings } from "./settings";
import { helmValues, type IngressNginxValues, releaseValues } from "./values";

/** Declares an edge of the kind ingress-nginx. */
export function declareIngressNginx(edge: string, settings: IngressNginxSettings, args: EdgeArgs): EdgeResources {
  const { namespace, service, deployment, protect, provider } = args;
  const values = helmValues(namespace, settings);
  const controller = settings.install
    ? [
        new IngressController(
          nameAt(edge, "ingress-nginx"),
          { settings, values, protect },
          { provider, dependsOn: [service] },
        ),
      ]
    : [];
  const overrides = new MaintenanceOverrides(
    nameAt(edge, "maintenance"),
    {
      edge,
      namespace,
      ingressClassName: settings.className,
      dependsOn: [deployment],
      controller,
      protect,
      overrides: withSlots(args),
    },
    { provider },
  );
  return {
    standing: [...controller, overrides.standby, overrides.selfTest],
    overrides: overrides.overrides,
    overridden: overrides.overridden,
    helmValues: values,
  };
}

/** The overrides, with a slot for each bypass. */
function withSlots({ instances, overrides }: EdgeArgs): readonly SlottedAwaitedOverride[] {
  const bypassed = overrides.filter(({ bypass }) => bypass !== undefined).map(({ instance }) => instance);
  const slots = bypassSlots(bypassed, instances);
  return overrides.map(({ bypass, ...override }) => {
    const slot = slots.get(override.instance);
    return { ...override, bypass: bypass === undefined || slot === undefined ? undefined : { ...bypass, slot } };
  });
}

interface IngressControllerArgs {
  readonly settings: IngressNginxSettings;
  readonly values: IngressNginxValues;
  /** Whether Pulumi refuses to delete the release. Without it no visitor reaches any site. */
  readonly protect: boolean;
}

/**
 * The ingress-nginx Helm release, for clusters without a controller. It comes after the page server's Service (`dependsOn`): the
 * controller exits at its start when its default backend's Service is missing.
 */
class IngressController extends pulumi.ComponentResource {
  constructor(name: string, args: IngressControllerArgs, options: pulumi.ComponentResourceOptions) {
    super("maintenance-pages:index:IngressController", name, {}, options);
    this.createRelease(name, args);
    this.registerOutputs({});
  }

  private createRelease(name: string, { settings, values, protect }: IngressControllerArgs): Release {
    const { chart, version, repository, releaseName, namespace } = settings;
    const isPath = chart.includes("/");
    return new Release(
      `${name}-release`,
      {
        name: releaseName,
        chart,
        version,
        ...(isPath ? {} : { repositoryOpts: { repo: repository } }),
        namespace,
        createNamespace: true,
        values: { ...releaseValues(values, settings.className) },
      },
      { parent: this, protect },
    );
  }
}

type SlottedAwaitedOverride = SlottedOverride & Pick<AwaitedOverride, "dependsOn">;

interface MaintenanceOverridesArgs extends Placement {
  readonly overrides: readonly SlottedAwaitedOverride[];
  /** The resources that must exist before visitors are sent to any page. */
  readonly dependsOn: readonly pulumi.Resource[];
  /**
   * The controller, if this stack installs it. On a new cluster the first Ingress must wait for its admission webhook. But an
   * override during an incident must not wait for the upgrade of a chart.
   */
  readonly controller: readonly pulumi.Resource[];
  /** Whether Pulumi refuses to delete or replace the standby. Every override needs it. */
  readonly protect: boolean;
}

/**
 * The overrides: for each instance in maintenance, one Ingress that takes over every path of its hosts. The instance's own Ingress
 * never changes. To disable maintenance, the override is deleted.
 */
class MaintenanceOverrides extends pulumi.ComponentResource {
  readonly standby: Ingress;
  readonly selfTest: Ingress;
  /** With their bypasses. */
  readonly overrides: readonly pulumi.Resource[];
  readonly overridden: pulumi.Output<unknown>;

  constructor(name: string, args: MaintenanceOverridesArgs, options: pulumi.ComponentResourceOptions) {
    super("maintenance-pages:index:MaintenanceOverrides", name, {}, options);
    this.standby = this.createStandby(args);
    this.selfTest = this.createSelfTest(args);
    const ingresses = args.overrides.map((override) => this.createOverride(override, args));
    const bypasses = args.overrides.flatMap((override, index) => {
      const ingress = ingresses[index];
      if (override.bypass === undefined || ingress === undefined) return [];
      return this.createBypass(override, override.bypass, args, ingress);
    });
    this.overrides = [...ingresses, ...bypasses];
    this.overridden = pulumi.all(ingresses.map(({ urn }) => urn));
    this.registerOutputs({});
  }

  private createStandby(args: MaintenanceOverridesArgs): Ingress {
    return new Ingress(NAMES.standby(args.edge), standbyManifest(args), {
      parent: this,
      dependsOn: [...args.dependsOn, ...args.controller],
      deleteBeforeReplace: true,
      protect: args.protect,
    });
  }

  private createSelfTest(args: MaintenanceOverridesArgs): Ingress {
    return new Ingress(NAMES.selfTest(args.edge), selfTestManifest(args), {
      parent: this,
      dependsOn: [...args.dependsOn, ...args.controller],
      deleteBeforeReplace: true,
    });
  }

  private createOverride(override: SlottedAwaitedOverride, args: MaintenanceOverridesArgs): Ingress {
    return new Ingress(
      // Named by the instance, not by its position in the list: removing an entry must not rename the others.
      NAMES.override(override.instance, args.edge),
      overrideManifest(override, args),
      { parent: this, dependsOn: [...args.dependsOn, ...override.dependsOn], deleteBeforeReplace: true },
    );
  }

  private createBypass(
    override: SlottedOverride,
    bypass: SlottedBypass,
    args: MaintenanceOverridesArgs,
    ingress: Ingress,
  ): readonly pulumi.Resource[] {
    const { instance } = override;
    const { name, namespace } = bypass.service;
    const own = Service.get(NAMES.instance(instance, args.edge), `${namespace}/${name}`, { parent: this });
    // Checked in a separate `apply`: in one that a resource uses, Pulumi would show the error together with that resource. Pulumi
    // also shows the stack of an error that is thrown this late, so the stack is deleted.
    own.spec.apply((found) => {
      const problem = serviceProblem(instance, bypass.service, found);
      if (problem === undefined) return;
      const error = new SettingsError([problem]);
      delete error.stack;
      throw error;
    });
    const manifest = own.spec.apply((found) => bypassServiceManifest(instance, bypass.service, found, args));
    const options = { parent: this, dependsOn: [ingress], deleteBeforeReplace: true };
    const resourceName = NAMES.bypass(instance, args.edge);
    const service = new Service(resourceName, { metadata: manifest.metadata, spec: manifest.spec }, options);
    const { metadata, spec } = bypassManifest(override, bypass, args);
    const canary = new Ingress(
      resourceName,
      { metadata: { ...metadata, annotations: pulumi.secret(metadata.annotations) }, spec },
      // The annotations contain the key. The provider's outputs must be secret, too.
      { ...options, dependsOn: [ingress, service], additionalSecretOutputs: ["metadata"] },
    );
    return [service, canary];
  }
}
