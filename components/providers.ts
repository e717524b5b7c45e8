import { Provider as AwsProvider } from "@pulumi/aws/provider.js";
import { Provider as KubernetesProvider } from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../settings/cluster";
import { readKubeconfig } from "../settings/kubeconfig";
import type { BucketSettings, KubernetesSettings } from "../settings/schema";

/**
 * The provider of the one cluster this stack is for. It always names a context when one is known: without it the
 * provider falls back to whatever is current (pulumi/pulumi-kubernetes#2357).
 *
 * @param cluster where the kubeconfig leads, or `undefined` when there was none to read.
 */
export function clusterProvider(settings: KubernetesSettings, cluster: Cluster | undefined): KubernetesProvider {
  const context = cluster?.context ?? settings.context;
  return withoutKubeconfigVariable(
    () =>
      new KubernetesProvider("cluster", {
        ...(context === undefined ? {} : { context }),
        // The text, also of a file: a path leads nowhere on the next machine. It holds credentials, hence secret.
        ...(settings.kubeconfig === undefined ? {} : { kubeconfig: pulumi.secret(readKubeconfig(settings).join("")) }),
        // Without it another authority, server name or user in the kubeconfig would replace every object of the cluster
        // (provider.go, DiffConfig). A stack never moves to another cluster, so one value is right always.
        clusterIdentifier: "the cluster of this stack",
        enableServerSideApply: true,
        // Without it a changed page's text replaces the ConfigMap, and with it the Deployment: no pod is left to answer.
        enableConfigMapMutable: true,
        // A run that was killed has made objects that the state does not know. The next one takes them over.
        upsertExistingObjects: true,
      }),
  );
}

/**
 * The provider's class takes the path in $KUBECONFIG for an input, and the engine keeps inputs in the state. On the next machine
 * a path that leads nowhere is read as a kubeconfig's text, and every refresh fails. The plugin reads the variable itself.
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
