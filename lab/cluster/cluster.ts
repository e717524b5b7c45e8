import type { IngressNginxValues } from "../../components/edges/ingress-nginx/values";
import type { Edge, EmbeddedCluster, ObjectStore } from "./embedded";
import type { Kube } from "./kube";

/** A cluster to try the program on: one made here, or one that a kubeconfig leads to. */
export interface LocalCluster {
  readonly kube: Kube;
  readonly clusterName: string;
  /** What a shell needs to reach it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Whether the program installs ingress-nginx, as the Helm release, or `startIngressNginx` does with the stack's output. */
  readonly installsController: boolean;
  readonly objectStore: ObjectStore;
  /** What can be made to fail; `undefined` for a cluster of the person's own. */
  readonly embedded: EmbeddedCluster | undefined;
  startIngressNginx(values: IngressNginxValues): Promise<Pick<Edge, "url" | "port">>;
  stop(): Promise<void>;
}
