import * as pulumi from "@pulumi/pulumi";

export interface DestroyProtectionArgs {
  /** Whether Pulumi refuses to destroy the stack. */
  readonly protect: boolean;
  /** What has to stay while it refuses: everything. */
  readonly dependsOn: readonly pulumi.Resource[];
}

/**
 * What `pulumi destroy` would delete first, and must not: then it deletes nothing of what this depends on either
 * (pkg/resource/deploy/deployment_executor.go in pulumi/pulumi, performPostSteps). With the protected objects alone it deletes
 * the others before it comes to them, and every instance in maintenance is open.
 *
 * The name is what a person reads in Pulumi's refusal.
 *
 * @example
 * new DestroyProtection("the-setting-protect", { protect: true, dependsOn: [bucket, pageServer, overrides] });
 */
export class DestroyProtection extends pulumi.ComponentResource {
  constructor(name: string, { protect, dependsOn }: DestroyProtectionArgs) {
    super("maintenance-pages:index:DestroyProtection", name, {}, { protect, dependsOn: [...dependsOn] });
    this.registerOutputs({});
  }
}
