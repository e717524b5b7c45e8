import { Release } from "@pulumi/kubernetes/helm/v3/release.js";
import * as pulumi from "@pulumi/pulumi";
import type { IngressNginxSettings } from "../settings/schema";
import { type IngressNginxValues, releaseValues } from "./ingress-controller.values";

export interface IngressControllerArgs {
  readonly ingressNginx: IngressNginxSettings;
  readonly values: IngressNginxValues;
  /** Whether Pulumi refuses to delete the release, and with it every site's way in. */
  readonly protect: boolean;
}

/**
 * The ingress-nginx Helm release, for clusters that have no controller yet. It goes after the page server's Service
 * (`dependsOn`): the controller exits at its start when its default backend's Service is missing.
 *
 * @example
 * new IngressController("ingress-nginx", { ingressNginx, values, protect: true }, { dependsOn: [pageServer.service] });
 */
export class IngressController extends pulumi.ComponentResource {
  constructor(name: string, args: IngressControllerArgs, options: pulumi.ComponentResourceOptions) {
    super("maintenance-pages:index:IngressController", name, {}, options);
    this.createRelease(name, args);
    this.registerOutputs({});
  }

  private createRelease(name: string, { ingressNginx, values, protect }: IngressControllerArgs): Release {
    const { chart, version, repository, releaseName, namespace } = ingressNginx;
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
        values: { ...releaseValues(values) },
      },
      { parent: this, protect },
    );
  }
}
