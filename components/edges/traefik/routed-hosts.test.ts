import { expect, it } from "vitest";
import { keyWith } from "../../../model/bypass";
import { bypassManifests, type Placement } from "./manifests";
import { ingressRouteSchema, type KnownIngress, type KnownRoutes } from "./objects";
import { routedHostsIn } from "./routed-hosts";
import { optionsOf } from "./static-options";

const placement: Placement = {
  edge: "default",
  namespace: "maintenance-pages",
  entryPoints: ["web", "websecure"],
  routersWithTls: [],
  ingressClass: undefined,
  bypassAddresses: [],
};

const routedIn = (more: Partial<KnownRoutes>) =>
  routedHostsIn(
    { ingressRoutes: [], middlewares: [], transports: [], tcpRoutes: [], ingresses: [], options: [], ...more },
    placement,
  );

it("the hosts of IngressRoutes at the edge, without our own", () => {
  const route = (match: string, metadata: object = {}, entryPoints?: string[]) => ({
    metadata: { name: "own", namespace: "acme", ...metadata },
    spec: { entryPoints, routes: [{ match }, { match: `${match} && PathPrefix(\`/api\`)` }] },
  });
  const ingressRoutes = [
    route("Host(`acme.example.org`) || Host(`*.acme.example.org`)"),
    route("PathPrefix(`/`)", { name: "all" }),
    route("Host(`office.example.org`)", {}, ["office"]),
    route("Host(`other.example.org`)", { annotations: { "kubernetes.io/ingress.class": "other" } }),
    route("Host(`page.example.org`)", { namespace: "maintenance-pages" }),
    ...bypassManifests(
      { instance: "acme", hosts: ["bypass.example.org"], otherHosts: [] },
      { key: keyWith("0123456789abcdef0123456789abcdef"), service: { name: "caddy", namespace: "acme", port: 80 } },
      placement,
    ).map((one) => ingressRouteSchema.parse(one)),
  ];
  expect(routedIn({ ingressRoutes })).toStrictEqual(
    ["acme.example.org", "*.acme.example.org"].map((host) => ({
      host,
      object: "IngressRoute acme/own",
      namespace: "acme",
    })),
  );
});

const ingressOf = (name: string, ingressClassName?: string, annotations?: Record<string, string>): KnownIngress => ({
  metadata: { name, namespace: "acme", annotations },
  spec: { ingressClassName, rules: [{ host: `${name}.example.org` }, { host: `${name}.example.org` }, {}] },
});
const INGRESSES = [
  ingressOf("own", "traefik"),
  ingressOf("nginx", "nginx"),
  ingressOf("other", "other"),
  ingressOf("annotated", undefined, { "kubernetes.io/ingress.class": "traefik" }),
  ingressOf("old", undefined, { "kubernetes.io/ingress.class": "nginx" }),
  ingressOf("without"),
  ingressOf("office", "traefik", { "traefik.ingress.kubernetes.io/router.entrypoints": "office" }),
];

it.each<[string, readonly string[], readonly string[]]>([
  ["kubernetesCRD alone", [], []],
  ["kubernetesIngress", ["kubernetesIngress"], ["own", "annotated", "without"]],
  ["kubernetesIngress with a class", ["kubernetesIngress.ingressClass=other"], ["other"]],
  ["kubernetesIngressNGINX", ["kubernetesIngressNGINX"], ["nginx", "old"]],
  [
    "kubernetesIngressNGINX with Ingresses without a class",
    ["kubernetesIngressNGINX", "kubernetesIngressNGINX.watchIngressWithoutClass"],
    ["nginx", "old", "without"],
  ],
  [
    "both",
    ["kubernetesIngress=true", "kubernetesIngressNGINX.ingressClass=other"],
    ["own", "other", "annotated", "without"],
  ],
  ["both, switched off", ["kubernetesIngress=false", "kubernetesIngressNGINX=false"], []],
])("the hosts of Ingresses, with the provider %s", (_, providers, expected) => {
  const options = optionsOf(["--providers.kubernetesCRD", ...providers.map((one) => `--providers.${one}`)]);
  const found = routedIn({ ingresses: INGRESSES, options: options === undefined ? [] : [options] });
  expect(found).toStrictEqual(
    expected.map((name) => ({ host: `${name}.example.org`, object: `Ingress acme/${name}`, namespace: "acme" })),
  );
});

it("the hosts of Ingresses are not known without the options of a Traefik", () => {
  expect(routedIn({ ingresses: INGRESSES })).toStrictEqual([]);
});
