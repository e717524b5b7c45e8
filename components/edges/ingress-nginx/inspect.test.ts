import { expect, it } from "vitest";
import { driftIn, type KnownIngress } from "./inspect";
import { OVERRIDE_PATH } from "./manifests";

const acme = { name: "acme", hosts: ["acme.example.org", "studio.acme.example.org"], otherHosts: [] };

const ingress = (
  namespace: string,
  name: string,
  paths: Readonly<Record<string, readonly string[]>>,
  annotations: Readonly<Record<string, string>> = {},
  ingressClassName = "nginx",
): KnownIngress => ({
  metadata: { namespace, name, annotations },
  spec: {
    ingressClassName,
    rules: Object.entries(paths).map(([host, all]) => ({ host, http: { paths: all.map((path) => ({ path })) } })),
  },
});

const USE_REGEX = { "nginx.ingress.kubernetes.io/use-regex": "true" };
const everywhere = (path: string) => Object.fromEntries(acme.hosts.map((host) => [host, [path]]));
const override = ingress("maintenance-pages", "maintenance-acme", everywhere(OVERRIDE_PATH), USE_REGEX);
const own = ingress("acme", "acme", everywhere("/"));

const drift = (isShown: boolean, ...ingresses: readonly KnownIngress[]) =>
  driftIn(ingresses, "default", { className: "nginx" }, "maintenance-pages")(acme, isShown);

it.each([
  ["in maintenance, as declared", true, [own, override], []],
  ["open, as declared", false, [own], []],
  ["deleted by hand", true, [own], ["its override is not there"]],
  ["still there after the maintenance", false, [own, override], ["its override is still there"]],
  [
    "with another path",
    true,
    [
      ingress(
        "maintenance-pages",
        "maintenance-acme",
        { ...everywhere(OVERRIDE_PATH), "acme.example.org": ["/a"] },
        USE_REGEX,
      ),
    ],
    ["the path of acme.example.org of its override was changed"],
  ],
  [
    "without a host",
    true,
    [ingress("maintenance-pages", "maintenance-acme", { "acme.example.org": [OVERRIDE_PATH] }, USE_REGEX)],
    ["the path of studio.acme.example.org of its override was changed"],
  ],
  [
    "with another class, and no longer a regular expression",
    true,
    [ingress("maintenance-pages", "maintenance-acme", everywhere(OVERRIDE_PATH), {}, "other")],
    ["ingressClassName of its override was changed", "use-regex of its override was changed"],
  ],
  [
    "with a longer path beside it",
    true,
    [override, ingress("acme", "long", { "studio.acme.example.org": [`/(?:api|${"x".repeat(600)})`] })],
    ["Ingress acme/long comes first for a path of studio.acme.example.org"],
  ],
  [
    "with its own bypass, and the long path of another host",
    true,
    [
      override,
      ingress("acme", "bypass-acme", everywhere(OVERRIDE_PATH), { "nginx.ingress.kubernetes.io/canary": "true" }),
      ingress("beta", "long", { "beta.example.org": [`/${"x".repeat(600)}`] }),
    ],
    [],
  ],
] as const)("%s", (_, isShown, ingresses, expected) => {
  expect(drift(isShown, ...ingresses).map(({ text }) => text)).toStrictEqual(expected);
});
