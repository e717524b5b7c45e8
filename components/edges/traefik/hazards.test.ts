import { describe, expect, it } from "vitest";
import { bypassKey } from "../../../model/bypass";
import { hazardsIn } from "./hazards";
import { bypassManifests, notFoundManifests, type Placement } from "./manifests";
import { ingressRouteSchema, type KnownRoutes } from "./objects";
import { optionsOf } from "./static-options";

const placement: Placement = {
  edge: "default",
  namespace: "maintenance-pages",
  entryPoints: ["web", "websecure"],
  routersWithTls: [],
  ingressClass: undefined,
  bypassAddresses: [],
};
const acme = { name: "acme", hosts: ["acme.example.org", "studio.acme.example.org"], otherHosts: [] };
const nothing: KnownRoutes = {
  ingressRoutes: [],
  middlewares: [],
  transports: [],
  tcpRoutes: [],
  ingresses: [],
  options: [],
};
const metadata = { name: "own", namespace: "acme" };

const hazardsOf = (more: Partial<KnownRoutes>, instance: Parameters<ReturnType<typeof hazardsIn>>[0] = acme) =>
  hazardsIn({ ...nothing, ...more }, placement)(instance);
const textsOf = (...args: Parameters<typeof hazardsOf>) => hazardsOf(...args).map(({ text }) => text);

const route = (match: string, more: { priority?: number; entryPoints?: string[] } = {}) => ({
  metadata,
  spec: { entryPoints: more.entryPoints, routes: [{ match, priority: more.priority }] },
});
const ingress = (annotations: Readonly<Record<string, string>>, ingressClassName = "traefik") => ({
  metadata: { ...metadata, annotations: { ...annotations } },
  spec: { ingressClassName, rules: [{ host: "acme.example.org" }] },
});

describe("objects that would come before an override", () => {
  it("each has a remedy", () => {
    const priority = { "traefik.ingress.kubernetes.io/router.priority": "1000000000" };
    expect(
      hazardsOf({
        ingressRoutes: [route("Host(`acme.example.org`) || Host(`studio.acme.example.org`)", { priority: 2e9 })],
        ingresses: [ingress(priority)],
        tcpRoutes: [{ metadata, spec: { tls: {}, routes: [{ match: "HostSNIRegexp(`^.+\\.example\\.org$`)" }] } }],
      }),
    ).toStrictEqual([
      {
        what: "open",
        text: "IngressRoute acme/own has a higher priority for acme.example.org, studio.acme.example.org than an override",
        remedy: "Give that route a priority below 1,000,000,000, or delete it.",
      },
      {
        what: "open",
        text: "Ingress acme/own has a higher priority for acme.example.org than an override",
        remedy:
          "Give its annotation traefik.ingress.kubernetes.io/router.priority a value below 1,000,000,000, or delete it.",
      },
      {
        what: "open",
        text: "IngressRouteTCP acme/own takes the encrypted connections for acme.example.org, studio.acme.example.org",
        remedy:
          "Save it (kubectl get ingressroutetcps.traefik.io own --namespace acme --output yaml > saved.yaml) and delete it for the maintenance, or move it to another entry point for good.",
      },
    ]);
  });

  it.each<[string, Partial<KnownRoutes>]>([
    ["a route with Traefik's own priorities", { ingressRoutes: [route("Host(`acme.example.org`)")] }],
    ["a high route for another host", { ingressRoutes: [route("Host(`beta.example.org`)", { priority: 2e9 })] }],
    [
      "an Ingress with a high priority at Traefik's own entry point",
      {
        ingresses: [
          ingress({
            "traefik.ingress.kubernetes.io/router.priority": "2000000000",
            "traefik.ingress.kubernetes.io/router.entrypoints": "traefik",
          }),
        ],
      },
    ],
    [
      "a route for TCP without encryption",
      { tcpRoutes: [{ metadata, spec: { routes: [{ match: "HostSNI(`acme.example.org`)" }] } }] },
    ],
    [
      "a route for every connection, which comes after the not-found page",
      { tcpRoutes: [{ metadata, spec: { tls: {}, routes: [{ match: "HostSNI(`*`)" }] } }] },
    ],
  ])("%s does not", (_, more) => {
    expect(hazardsOf(more)).toStrictEqual([]);
  });
});

it("an Ingress has its annotations in whatever case, and of several the highest priority", () => {
  const router = "traefik.ingress.kubernetes.io/router";
  const priority = { [`${router}.priority`]: "1", [`${router}.Priority`]: "2000000000" };
  expect(textsOf({ ingresses: [ingress(priority)] })).toStrictEqual([
    "Ingress acme/own has a higher priority for acme.example.org than an override",
  ]);
  expect(textsOf({ ingresses: [ingress({ [`${router}.entryPoints`]: "office" })] })).toHaveLength(1);
});

describe("a route with the name of a bypass", () => {
  const named = (match: string, name = "bypass-x") => ({
    metadata: { name, namespace: "tenant" },
    spec: { routes: [{ match, priority: 2e9 }] },
  });
  const manifests = (instance: Pick<typeof acme, "hosts"> & { readonly otherHosts: readonly string[] }) =>
    bypassManifests(
      { ...instance, instance: "acme" },
      {
        key: bypassKey("a-secret-of-more-than-thirty-two-characters", "acme"),
        service: { name: "caddy", namespace: "acme", port: 80 },
      },
      { ...placement, entryPoints: ["web", "office"], routersWithTls: ["websecure"] },
    ).map((one) => ingressRouteSchema.parse(one));
  const rule = manifests(acme)[0]?.spec.routes?.[0]?.match ?? "";

  it("is a bypass as the program makes it", () => {
    for (const otherHosts of [[], ["beta.example.org"]]) {
      const ingressRoutes = manifests({ hosts: ["acme.example.org", "*.example.org"], otherHosts });
      expect(ingressRoutes.map(({ metadata }) => metadata.name)).toStrictEqual(["bypass-acme", "tls.bypass-acme"]);
      expect(hazardsOf({ ingressRoutes })).toStrictEqual([]);
    }
  });

  it.each([
    "Host(`acme.example.org`)",
    `${rule} || Host(\`acme.example.org\`)`,
    `Host(\`acme.example.org\`) || ${rule}`,
    rule.replace(" && (", " || ("),
    rule.replace("maintenance-bypass-", "|"),
    rule.replace(/(?<=X-Maintenance-Bypass`, `)\w+/, "").replace(/(?<=maintenance-bypass-)\w+/, ""),
    // It would get the requests by which the command finds out what visitors see.
    rule.replace(/(?<=X-Maintenance-Bypass`, `)\w+/, "none").replace(/(?<=maintenance-bypass-)\w+/, "none"),
  ])("is a rival without the key: %s", (match) => {
    expect(textsOf({ ingressRoutes: [named(match)] })).toHaveLength(1);
    expect(textsOf({ ingressRoutes: [named(match, "tls.bypass-x")] })).toHaveLength(1);
  });

  it("is a rival if one of its rules needs no key", () => {
    const both = named(rule);
    const routes = [...both.spec.routes, ...named("Host(`acme.example.org`)").spec.routes];
    expect(textsOf({ ingressRoutes: [{ ...both, spec: { routes } }] })).toHaveLength(1);
  });

  it("is no way around for an Ingress with ssl-passthrough", () => {
    const passed = ingress({ "nginx.ingress.kubernetes.io/ssl-passthrough": "true" }, "nginx");
    const options = [optionsOf(["--providers.kubernetesIngressNGINX"]) ?? []].flat();
    const ingresses = [{ ...passed, metadata: { ...passed.metadata, name: "bypass-x" } }];
    expect(textsOf({ ingresses, options })).toHaveLength(1);
  });
});

describe("an Ingress with ssl-passthrough", () => {
  const passed = [ingress({ "nginx.ingress.kubernetes.io/ssl-passthrough": "true" }, "nginx")];
  const provider = "--providers.kubernetesIngressNGINX";
  const optionsWith = (...args: readonly string[]) => [optionsOf(["--providers.kubernetesCRD", ...args]) ?? []].flat();

  it("takes the connections at a Traefik that reads it", () => {
    expect(hazardsOf({ ingresses: passed, options: optionsWith(provider) })).toStrictEqual([
      {
        what: "open",
        text: "Ingress acme/own takes the encrypted connections for acme.example.org",
        remedy: "Remove its annotation nginx.ingress.kubernetes.io/ssl-passthrough, for the maintenance or for good.",
      },
    ]);
  });

  it("takes none at a Traefik that does not read it, or may not", () => {
    for (const options of [[], optionsWith(), optionsWith(`${provider}.ingressClass=other`)]) {
      expect(hazardsOf({ ingresses: passed, options })).toStrictEqual([]);
    }
  });
});

describe("an instance at an entry point that the edge does not list", () => {
  const elsewhere = (entryPoint: string) =>
    `IngressRoute acme/own has acme.example.org at the entry point ${entryPoint}, which edges.default.entryPoints does not list: visitors there would get the instance`;

  it("is open there", () => {
    expect(
      hazardsOf({ ingressRoutes: [route("Host(`acme.example.org`)", { entryPoints: ["web", "office"] })] }),
    ).toStrictEqual([
      {
        what: "open",
        text: elsewhere("office"),
        remedy:
          "Set edges.default.entryPoints to [web, websecure, office]; or, if it is an entry point of another Traefik, add an edge for that one.",
      },
    ]);
    const annotations = { "traefik.ingress.kubernetes.io/router.entrypoints": "web, office" };
    expect(textsOf({ ingresses: [ingress(annotations)] })).toStrictEqual([
      elsewhere("office").replace("IngressRoute", "Ingress"),
    ]);
  });

  it.each<[string, Partial<KnownRoutes>]>([
    ["has all of its entry points", { ingressRoutes: [route("Host(`acme.example.org`)", { entryPoints: ["web"] })] }],
    ["is at the default ones", { ingressRoutes: [route("Host(`acme.example.org`)", { entryPoints: [] })] }],
    [
      "is at Traefik's own",
      { ingressRoutes: [route("Host(`acme.example.org`)", { entryPoints: ["web", "traefik"] })] },
    ],
    ["is of another instance", { ingressRoutes: [route("Host(`beta.example.org`)", { entryPoints: ["office"] })] }],
    ["is of nobody", { ingressRoutes: [route("PathPrefix(`/metrics`)", { entryPoints: ["office"] })] }],
  ])("is not, if the route %s", (_, more) => {
    expect(hazardsOf(more)).toStrictEqual([]);
  });

  it("is not, if another edge of the instance has it", () => {
    const notFound = notFoundManifests({ ...placement, edge: "office", entryPoints: ["office"] });
    const ingressRoutes = [
      ...notFound.map((one) => ingressRouteSchema.parse(one)),
      route("Host(`acme.example.org`)", { entryPoints: ["office", "cellar"] }),
    ];
    expect(textsOf({ ingressRoutes })).toStrictEqual([elsewhere("cellar")]);
    expect(textsOf({ ingressRoutes }, { ...acme, edges: ["default", "office"] })).toStrictEqual([elsewhere("cellar")]);
    expect(textsOf({ ingressRoutes }, { ...acme, edges: ["default"] })).toStrictEqual([
      elsewhere("office"),
      elsewhere("cellar"),
    ]);
  });
});
