import * as pulumi from "@pulumi/pulumi";

export interface DestroyProtectionArgs {
  /** Whether Pulumi refuses to destroy the stack. */
  readonly protect: boolean;
  /** The resources that must stay while it refuses. */
  readonly dependsOn: readonly pulumi.Resource[];
}

/**
 * One of the first resources that `pulumi destroy` would delete. It is protected, so Pulumi deletes nothing that it depends on either
 * (pkg/resource/deploy/deployment_executor.go in pulumi/pulumi, performPostSteps). With only the other objects protected, Pulumi
 * deletes the unprotected ones before it stops, and every instance in maintenance is open.
 *
 * Pulumi's error message shows the name.
 *
 * @example
 * new DestroyProtection("the-setting-protect", { protect: true, dependsOn: [bucket, pageServer] });
 */
export class DestroyProtection extends pulumi.ComponentResource {
  constructor(name: string, { protect, dependsOn }: DestroyProtectionArgs) {
    super("maintenance-pages:index:DestroyProtection", name, {}, { protect, dependsOn: [...dependsOn] });
    this.registerOutputs({});
  }
}
