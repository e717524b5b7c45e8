import { z } from "zod";
import { dnsLabel, flag, section, text, url } from "../../../model/fields";

/**
 * How many instances can have a bypass at once. Each needs a backend that no other has, and a backend has to be there
 * before it is needed (manifests.ts, standbyManifest), so there is a number of them.
 */
export const BYPASS_SLOTS = 16;

const helmValues = z.record(z.string(), z.unknown(), { error: "an object of Helm values" });

/** An edge of the kind ingress-nginx: a controller, which this stack installs or only gives values for. */
export const ingressNginxSchema = section({
  kind: z.literal("ingress-nginx", { error: "ingress-nginx" }),
  address: url("an http(s) URL, such as http://127.0.0.1:8080")
    .optional()
    .describe("Where the command `maintenance` probes hosts, when DNS does not lead there. Default: `https://<host>`."),
  className: dnsLabel("an ingress class").default("nginx").describe("The ingress class of the overrides."),
  namespace: dnsLabel("a namespace").default("ingress-nginx").describe("The controller's namespace."),
  hostNetwork: flag()
    .default(false)
    .describe(
      "Set it when the controller's pods use the host's network: their traffic then comes from node addresses.",
    ),
  gatewayErrors: flag()
    .default(true)
    .describe(
      "Whether visitors of an instance that doesn't answer get the 50x page instead of the controller's own 502, 503 or " +
        "504. What applications answer is never replaced.",
    ),
  install: flag()
    .default(false)
    .describe("Whether this stack installs the controller. If not, take the values from the output helmValues."),
  // 4.15.1 (controller v1.15.1) is the chart's last release: the project was retired in March 2026.
  version: text("a version of the chart, such as 4.15.1").default("4.15.1").describe("The chart's version."),
  chart: text("a chart's name, or a path to one")
    .default("ingress-nginx")
    .describe("The chart: its name in the repository, or a path to a copy of your own."),
  repository: url("the http(s) URL of a chart repository")
    .default("https://kubernetes.github.io/ingress-nginx")
    .describe("The chart's repository; not used when `chart` is a path."),
  releaseName: dnsLabel("a release name").default("ingress-nginx").describe("The Helm release's name."),
  values: helmValues.default({}).describe("More Helm values for the release; deep-merged under the program's own."),
}).superRefine(({ gatewayErrors, values }, context) => {
  const config = lookUp(values, ["controller", "config"]);
  for (const [setting, message] of Object.entries(configProblems(gatewayErrors, config))) {
    context.addIssue({ code: "custom", path: ["values", "controller", "config", setting], message });
  }
});

export type IngressNginxSettings = z.output<typeof ingressNginxSchema>;

/** What two edges can't both have: one class has one controller, and one release is one controller. */
export function conflictsBetween(
  edges: readonly (readonly [string, IngressNginxSettings])[],
): readonly { readonly path: readonly string[]; readonly message: string }[] {
  return edges.flatMap(([name, edge], index) =>
    edges
      .slice(0, index)
      .flatMap(([other, { className, install, namespace, releaseName }]) => [
        ...(edge.className === className
          ? [{ path: [name, "className"], message: `a class of its own: edges.${other} has this one` }]
          : []),
        ...(install && edge.install && edge.namespace === namespace && edge.releaseName === releaseName
          ? [{ path: [name, "releaseName"], message: `a release of its own: edges.${other} installs this one` }]
          : []),
      ]),
  );
}

/** What is wrong with the part of the controller's configuration that says whose error pages visitors see. */
function configProblems(gatewayErrors: boolean, config: unknown): Readonly<Record<string, string>> {
  const [codesSetting, passedSetting] = ["custom-http-errors", "disable-proxy-intercept-errors"];
  const codes = lookUp(config, [codesSetting]);
  const passed = lookUp(config, [passedSetting]);
  if (gatewayErrors) {
    const message = "nothing: gatewayErrors sets it; or a value of your own, with gatewayErrors: false";
    return {
      ...(codes === undefined ? {} : { [codesSetting]: message }),
      ...(passed === undefined ? {} : { [passedSetting]: message }),
    };
  }
  // What is neither is a fault of the chart's values, which Helm will tell.
  const all = (typeof codes === "string" || typeof codes === "number" ? String(codes) : "")
    .split(",")
    .map((code) => code.trim());
  if (all.includes("404")) {
    return { [codesSetting]: "codes without 404: with it every instance's own 404 pages would be replaced" };
  }
  if (all.includes("503") && passed !== true && passed !== "true") {
    return {
      [codesSetting]: `codes without 503, or ${passedSetting}: "true": without it the maintenance pages would be replaced`,
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
