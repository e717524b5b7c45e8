import { ValidatingAdmissionPolicy } from "@pulumi/kubernetes/admissionregistration/v1/validatingAdmissionPolicy.js";
import { ValidatingAdmissionPolicyBinding } from "@pulumi/kubernetes/admissionregistration/v1/validatingAdmissionPolicyBinding.js";
import * as pulumi from "@pulumi/pulumi";
import type { PolicyManifests } from "./model";

export interface AdmissionPoliciesArgs {
  /** Made by `policyManifests`. */
  readonly policies: readonly PolicyManifests[];
}

/**
 * The policies with which the cluster refuses objects of others that would reach into the overrides. Needs Kubernetes 1.30 or later.
 *
 * @example
 * new AdmissionPolicies("admission-policy", { policies: policyManifests(reservations, "maintenance-pages") });
 */
export class AdmissionPolicies extends pulumi.ComponentResource {
  constructor(name: string, { policies }: AdmissionPoliciesArgs, options: pulumi.ComponentResourceOptions) {
    super("maintenance-pages:index:AdmissionPolicies", name, {}, options);
    for (const manifests of policies) this.createPolicy(`${name}-${manifests.name}`, manifests);
    this.registerOutputs({});
  }

  /** The binding comes after the policy: it is what makes the policy count. */
  private createPolicy(name: string, { policy, binding }: PolicyManifests): void {
    const declared = new ValidatingAdmissionPolicy(name, policy, { parent: this });
    new ValidatingAdmissionPolicyBinding(name, binding, { parent: this, dependsOn: [declared] });
  }
}
