import { Provider as AwsProvider } from "@pulumi/aws/provider.js";
import { Provider as KubernetesProvider } from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../settings/cluster";
import type { BucketSettings, KubernetesSettings } from "../settings/schema";

/**
 * The provider of the one cluster this stack is for. It always names a context when one is known: without it the
 * provider falls back to whatever is current (pulumi/pulumi-kubernetes#2357).
 *
 * @param cluster where the kubeconfig leads, or `undefined` when there was none to read.
 */
export function clusterProvider(settings: KubernetesSettings, cluster: Cluster | undefined): KubernetesProvider {
  const context = cluster?.context ?? settings.context;
  return new KubernetesProvider("cluster", {
    ...(context === undefined ? {} : { context }),
    // A kubeconfig holds credentials; secret, it is encrypted in the state.
    ...(settings.kubeconfig === undefined ? {} : { kubeconfig: pulumi.secret(settings.kubeconfig) }),
    enableServerSideApply: true,
  });
}

/** The provider of the bucket's store: AWS, or a store that speaks its S3 API. */
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
        // Calls to AWS services that such a store does not have.
        skipCredentialsValidation: true,
        skipRegionValidation: true,
        skipRequestingAccountId: true,
        skipMetadataApiCheck: true,
      });
  }
}

// The SDK types regions as the list that AWS had when it was released; a store's region can be any word.
function region(name: string): Region {
  return name as Region;
}
type Region = Extract<NonNullable<ConstructorParameters<typeof AwsProvider>[1]>["region"], string>;
