import { Service } from "@pulumi/kubernetes/core/v1/service.js";
import { Ingress } from "@pulumi/kubernetes/networking/v1/ingress.js";
import * as pulumi from "@pulumi/pulumi";
import { SettingsError } from "../settings/problems";
import {
  type Bypass,
  bypassManifest,
  bypassServiceManifest,
  type Override,
  overrideManifest,
  type Placement,
  serviceProblem,
  standbyManifest,
} from "./maintenance-overrides.manifests";
import { PAGE_SERVER } from "./names";

/** An override, and what must be there before visitors are sent to its page, besides what all of them need. */
export interface AwaitedOverride extends Override {
  readonly dependsOn: readonly pulumi.Resource[];
}

export interface MaintenanceOverridesArgs extends Placement {
  readonly overrides: readonly AwaitedOverride[];
  /** What must be there before visitors are sent to any page. */
  readonly dependsOn: readonly pulumi.Resource[];
  /**
   * The controller, where this stack installs it. On a new cluster the first Ingress has to wait for its admission
   * webhook; an override in an incident must not wait for a chart that is being upgraded.
   */
  readonly controller: readonly pulumi.Resource[];
  /** Whether Pulumi refuses to delete or replace the standby, which every override relies on. */
  readonly protect: boolean;
}

/**
 * The overrides: for each instance in maintenance one Ingress that takes over every path of its hosts. The instance's
 * own Ingress is never touched; leaving maintenance is the deletion of the override.
 *
 * @example
 * new MaintenanceOverrides("maintenance", { overrides, namespace, ingressClassName: "nginx", dependsOn: [pageServer], controller: [], protect: true });
 */
export class MaintenanceOverrides extends pulumi.ComponentResource {
  constructor(name: string, args: MaintenanceOverridesArgs, options: pulumi.ComponentResourceOptions) {
    super("maintenance-pages:index:MaintenanceOverrides", name, {}, options);
    this.createStandby(args);
    for (const override of args.overrides) {
      const ingress = this.createOverride(name, override, args);
      if (override.bypass !== undefined) this.createBypass(override, override.bypass, args, ingress);
    }
    this.registerOutputs({});
  }

  private createStandby(args: MaintenanceOverridesArgs): Ingress {
    return new Ingress(`${PAGE_SERVER}-standby`, standbyManifest(args), {
      parent: this,
      dependsOn: [...args.dependsOn, ...args.controller],
      deleteBeforeReplace: true,
      protect: args.protect,
    });
  }

  private createOverride(name: string, override: AwaitedOverride, args: MaintenanceOverridesArgs): Ingress {
    return new Ingress(
      // By the instance's name and never by its place in the list: one that leaves must not rename the others.
      `${name}-${override.instance}`,
      overrideManifest(override, args),
      { parent: this, dependsOn: [...args.dependsOn, ...override.dependsOn], deleteBeforeReplace: true },
    );
  }

  private createBypass(override: Override, bypass: Bypass, args: MaintenanceOverridesArgs, ingress: Ingress): void {
    const { instance } = override;
    const { name, namespace } = bypass.service;
    const own = Service.get(`instance-${instance}`, `${namespace}/${name}`, { parent: this });
    // Beside what the resources are made from, where an error would be shown with what it broke; and without a stack, which
    // Pulumi shows of an error that comes this late.
    own.spec.apply((found) => {
      const problem = serviceProblem(instance, bypass.service, found);
      if (problem === undefined) return;
      const error = new SettingsError([problem]);
      delete error.stack;
      throw error;
    });
    const to = own.spec.apply((found) => bypassServiceManifest(instance, bypass.service, found));
    const options = { parent: this, dependsOn: [ingress], deleteBeforeReplace: true };
    const service = new Service(`bypass-${instance}`, { metadata: to.metadata, spec: to.spec }, options);
    const { metadata, spec } = bypassManifest(override, bypass, args);
    new Ingress(
      `bypass-${instance}`,
      { metadata: { ...metadata, annotations: pulumi.secret(metadata.annotations) }, spec },
      // The key is in the annotations, whatever a provider makes of them.
      { ...options, dependsOn: [ingress, service], additionalSecretOutputs: ["metadata"] },
    );
  }
}
