import { Provider as AwsProvider } from "@pulumi/aws/provider.js";
import { Provider as KubernetesProvider } from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../settings/cluster";
import { readKubeconfig } from "../settings/kubeconfig";
import type { BucketSettings, KubernetesSettings } from "../settings/schema";

/**
 * The provider of the stack's only cluster. It always names a context if one is known. Otherwise the provider would use the
 * current context (pulumi/pulumi-kubernetes#2357).
 *
 * @param cluster the cluster that the kubeconfig leads to, or `undefined` when there was no kubeconfig to read.
 */
export function clusterProvider(settings: KubernetesSettings, cluster: Cluster | undefined): KubernetesProvider {
  const context = cluster?.context ?? settings.context;
  return withoutKubeconfigVariable(
    () =>
      new KubernetesProvider("cluster", {
        ...(context === undefined ? {} : { context }),
        // The text, also for a file: the path does not exist on another machine. It contains credentials, so it is a secret.
        ...(settings.kubeconfig === undefined ? {} : { kubeconfig: pulumi.secret(readKubeconfig(settings).join("")) }),
        // Without it, a change of the authority, server name or user in the kubeconfig would replace every object of the
        // cluster (provider.go, DiffConfig). A stack never moves to another cluster, so the value is constant.
        clusterIdentifier: "the cluster of this stack",
        enableServerSideApply: true,
        // Without it, a changed text of a page replaces the ConfigMap and then the Deployment: no pod would answer meanwhile.
        enableConfigMapMutable: true,
        // A run that was killed has created objects that are not in the state. The next run takes them over.
        upsertExistingObjects: true,
      }),
  );
}

/**
 * The provider's class reads $KUBECONFIG as an input, and the engine stores inputs in the state. On another machine the path does
 * not exist. Then the provider reads it as the text of a kubeconfig, and every refresh fails. The plugin itself reads the variable.
 */
function withoutKubeconfigVariable<Result>(make: () => Result): Result {
  const { KUBECONFIG } = process.env;
  delete process.env.KUBECONFIG;
  try {
    return make();
  } finally {
    if (KUBECONFIG !== undefined) process.env.KUBECONFIG = KUBECONFIG;
  }
}

/** The provider of the bucket's store: AWS, or a store with the S3 API. */
export function storeProvider(bucket: BucketSettings): AwsProvider {
  switch (bucket.profile) {
    case "aws":
      return new AwsProvider("store", {
        region: region(bucket.region),
        ...(bucket.accountId === undefined ? {} : { allowedAccountIds: [bucket.accountId] }),
      });
    case "s3-compatible":
      return new AwsProvider("store", {
        region: region(bucket.region),
        endpoints: [{ s3: bucket.endpoint }],
        s3UsePathStyle: bucket.pathStyle,
        // Without these, the provider calls AWS services that such a store does not have.
        skipCredentialsValidation: true,
        skipRegionValidation: true,
        skipRequestingAccountId: true,
        skipMetadataApiCheck: true,
      });
  }
}

// The SDK's type lists the regions of AWS at its release. A store's region can be any word.
function region(name: string): Region {
  return name as Region;
}
type Region = Extract<NonNullable<ConstructorParameters<typeof AwsProvider>[1]>["region"], string>;
