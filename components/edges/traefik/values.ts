import type { TraefikSettings } from "./settings";

/** Values of Traefik's Helm chart. */
export interface TraefikValues {
  readonly providers: {
    readonly kubernetesCRD: {
      readonly enabled: boolean;
      readonly allowEmptyServices: boolean;
      readonly ingressClass?: string;
    };
  };
  readonly [other: string]: unknown;
}

/**
 * The values that Traefik's Helm chart must have for this edge. The first two are the chart's defaults. With `allowEmptyServices`,
 * visitors of an instance without a ready pod get Traefik's 503, and not the not-found page.
 *
 * @example
 * helmValues({ ingressClass: undefined }); // { providers: { kubernetesCRD: { enabled: true, allowEmptyServices: true } } }
 */
export function helmValues({ ingressClass }: Pick<TraefikSettings, "ingressClass">): TraefikValues {
  const provider = { enabled: true, allowEmptyServices: true } as const;
  return { providers: { kubernetesCRD: ingressClass === undefined ? provider : { ...provider, ingressClass } } };
}
