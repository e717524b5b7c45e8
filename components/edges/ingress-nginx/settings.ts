import { z } from "zod";
import { dnsLabel, dnsSubdomain, flag, section, text, url } from "../../../model/fields";
import { address, bypassAddressesRefused } from "../fields";

/**
 * How many instances can have a bypass at the same time. Each bypass needs a backend of its own, and a backend must exist before
 * it is needed (manifests.ts, standbyManifest). So their number is fixed.
 */
export const BYPASS_SLOTS = 16;

const helmValues = z.record(z.string(), z.unknown(), { error: "an object of Helm values" });

/** An edge of the kind ingress-nginx: a controller. This stack installs it, or only provides its Helm values. */
export const ingressNginxSchema = section(
  {
    kind: z.literal("ingress-nginx", { error: "ingress-nginx" }),
    address: address(),
    className: dnsSubdomain("an ingress class").default("nginx").describe("The ingress class of the overrides."),
    namespace: dnsLabel("a namespace").default("ingress-nginx").describe("The controller's namespace."),
    hostNetwork: flag()
      .default(false)
      .describe("Whether the controller's pods use the host's network. Their traffic then comes from node addresses."),
    gatewayErrors: flag()
      .default(true)
      .describe(
        "Whether visitors of an instance that does not answer get the 50x page instead of the controller's own 502, 503 or " +
          "504. Answers of applications are never replaced.",
      ),
    install: flag()
      .default(false)
      .describe("Whether this stack installs the controller. If not, use the values of the output helmValues."),
    // 4.15.1 (controller v1.15.1) is the chart's last release: the project was retired in March 2026.
    version: text("a version of the chart, such as 4.15.1").default("4.15.1").describe("The chart's version."),
    chart: text("the name of a chart, or a path to one")
      .default("ingress-nginx")
      .describe("The chart: its name in the repository, or the path to your own copy."),
    repository: url("the http(s) URL of a chart repository")
      .default("https://kubernetes.github.io/ingress-nginx")
      .describe("The chart's repository. It is not used when `chart` is a path."),
    releaseName: dnsLabel("a release name").default("ingress-nginx").describe("The Helm release's name."),
    values: helmValues
      .default({})
      .describe("More Helm values for the release. The program's own values are merged into them and win."),
  },
  bypassAddressesRefused("a bypass there is a canary, which matches a request by a header or a cookie"),
).superRefine((settings, context) => {
  const { gatewayErrors, values } = settings;
  const config = lookUp(values, ["controller", "config"]);
  for (const [setting, message] of Object.entries(configProblems(gatewayErrors, config))) {
    context.addIssue({ code: "custom", path: ["values", "controller", "config", setting], message });
  }
  for (const { path, message } of contradictions(settings)) {
    context.addIssue({ code: "custom", path: ["values", ...path], message });
  }
});

export type IngressNginxSettings = z.output<typeof ingressNginxSchema>;

/** Settings that two edges must not share: a class belongs to one controller, and a release is one controller. */
export function conflictsBetween(
  edges: readonly (readonly [string, IngressNginxSettings])[],
): readonly { readonly path: readonly string[]; readonly message: string }[] {
  return edges.flatMap(([name, edge], index) =>
    edges.slice(0, index).flatMap(([other, { className, install, namespace, releaseName }]) => [
      ...(edge.className === className
        ? [{ path: [name, "className"], message: `a class that no other edge has: edges.${other} has this one` }]
        : []),
      ...(install && edge.install && edge.namespace === namespace && edge.releaseName === releaseName
        ? [
            {
              path: [name, "releaseName"],
              message: `a release that no other edge installs: edges.${other} installs this one`,
            },
          ]
        : []),
    ]),
  );
}

/**
 * Helm values that say something else than the edge's own settings, which the overrides and the network policy follow; and those with which
 * the controller does not see the overrides, or refuses them.
 */
function contradictions({
  className,
  hostNetwork,
  namespace,
  values,
}: {
  readonly className: string;
  readonly hostNetwork: boolean;
  readonly namespace: string;
  readonly values: Readonly<Record<string, unknown>>;
}): readonly { readonly path: readonly string[]; readonly message: string }[] {
  const check = (path: readonly string[], isRight: (value: unknown) => boolean, message: string) => {
    const value = lookUp(values, path);
    return value === undefined || isRight(value) ? [] : [{ path, message }];
  };
  const equals = (wanted: unknown) => (value: unknown) => value === wanted;
  return [
    ...check(["controller", "hostNetwork"], equals(hostNetwork), `${hostNetwork}, as this edge's hostNetwork says`),
    ...check(
      ["controller", "ingressClassResource", "name"],
      equals(className),
      `${className}, as this edge's className says`,
    ),
    ...check(["namespaceOverride"], equals(namespace), `${namespace}, as this edge's namespace says`),
    ...check(["controller", "scope", "enabled"], equals(false), `false: ${WATCHES_ALL}`),
    ...[
      ["scope", "namespaceSelector"],
      ["extraArgs", "watch-namespace"],
      ["extraArgs", "watch-namespace-selector"],
    ].flatMap((path) => check(["controller", ...path], equals(""), `no value: ${WATCHES_ALL}`)),
    ...check(
      ["controller", "extraArgs", "controller-class"],
      () => false,
      "no value: ingressClassResource.controllerValue sets it, for the class as well",
    ),
    // Every other value counts as Low (internal/ingress/annotations/parser/main.go in kubernetes/ingress-nginx, StringRiskToRisk).
    ...check(
      ["controller", "config", "annotations-risk-level"],
      (value) => typeof value === "string" && ["medium", "high", "critical"].includes(value.toLowerCase()),
      "Medium, High or Critical: with Low the controller refuses the overrides",
    ),
    ...check(
      ["controller", "extraArgs", "ingress-class"],
      equals(className),
      `${className}, as this edge's className says`,
    ),
  ];
}

const WATCHES_ALL = "the controller must watch the namespaces of the page server and of all instances";

/** The problems of the controller settings that decide which error pages visitors see. */
function configProblems(gatewayErrors: boolean, config: unknown): Readonly<Record<string, string>> {
  const [codesSetting, passedSetting] = ["custom-http-errors", "disable-proxy-intercept-errors"];
  const codes = lookUp(config, [codesSetting]);
  const passed = lookUp(config, [passedSetting]);
  if (gatewayErrors) {
    const message = "no value, because gatewayErrors sets it; for your own value set gatewayErrors: false";
    return {
      ...(codes === undefined ? {} : { [codesSetting]: message }),
      ...(passed === undefined ? {} : { [passedSetting]: message }),
    };
  }
  // A value of another type is an error in the chart's values. Helm reports it.
  const all = (typeof codes === "string" || typeof codes === "number" ? String(codes) : "")
    .split(",")
    .map((code) => code.trim());
  if (all.includes("404")) {
    return { [codesSetting]: "codes without 404, which would replace every instance's own 404 pages" };
  }
  if (all.includes("503") && passed !== true && passed !== "true") {
    return {
      [codesSetting]: `codes without 503, which would replace every instance's own 503 answers; or ${passedSetting}: "true"`,
    };
  }
  return {};
}

function lookUp(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (typeof inner === "object" && inner !== null ? Reflect.get(inner, key) : undefined),
    value,
  );
}
