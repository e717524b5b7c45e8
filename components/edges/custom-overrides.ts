import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import * as pulumi from "@pulumi/pulumi";

/** An object of a custom type, with a name of its own in the stack, which is also its name in the cluster. */
export interface CustomManifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  };
  readonly spec: Readonly<Record<string, unknown>>;
}

type Dependencies = readonly pulumi.Input<pulumi.Resource>[];

/** The overrides of an edge whose objects are of custom types. */
export abstract class CustomOverrides extends pulumi.ComponentResource {
  abstract readonly standing: readonly pulumi.Resource[];
  abstract readonly overrides: readonly pulumi.Resource[];
  abstract readonly overridden: pulumi.Output<unknown>;

  constructor(name: string, options: pulumi.ComponentResourceOptions) {
    super("maintenance-pages:index:MaintenanceOverrides", name, {}, options);
  }

  /** Named by the manifest, never by a position in a list: removing an entry must not rename the others. */
  protected create(
    manifest: Omit<CustomManifest, "spec"> & { readonly spec: pulumi.Input<CustomManifest["spec"]> },
    dependsOn: Dependencies,
    options: pulumi.CustomResourceOptions = {},
  ): CustomResource {
    return new CustomResource(
      manifest.metadata.name,
      { ...manifest },
      { ...options, parent: this, dependsOn: [...dependsOn], deleteBeforeReplace: true },
    );
  }

  /** For a manifest that contains a key. The provider's outputs must be secret, too. */
  protected createSecret(manifest: CustomManifest, dependsOn: Dependencies): CustomResource {
    const secret = { ...manifest, spec: pulumi.secret(manifest.spec) };
    return this.create(secret, dependsOn, { additionalSecretOutputs: ["spec"] });
  }
}
