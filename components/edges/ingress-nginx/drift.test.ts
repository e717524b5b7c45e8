import { expect, it } from "vitest";
import { keyWith } from "../../../model/bypass";
import { overrideOf } from "../edge";
import { driftIn } from "./drift";
import {
  BYPASS_LINK_PATH,
  bypassManifest,
  OVERRIDE_PATH,
  overrideManifest,
  plainOverrideManifest,
  selfTestManifest,
  standbyManifest,
} from "./manifests";
import { ingressSchema, type KnownIngress } from "./objects";

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

const everywhere = (path: string) => Object.fromEntries(acme.hosts.map((host) => [host, [path]]));
const own = ingress("acme", "acme", everywhere("/"));

const placement = { edge: "default", namespace: "maintenance-pages", ingressClassName: "nginx" };
const override = ingressSchema.parse(plainOverrideManifest(acme, placement));

/** The override, edited by hand. */
const edited = (annotations: Readonly<Record<string, string>>, spec: object = {}): KnownIngress => ({
  metadata: {
    ...override.metadata,
    annotations: {
      ...override.metadata.annotations,
      ...Object.fromEntries(
        Object.entries(annotations).map(([name, value]) => [`nginx.ingress.kubernetes.io/${name}`, value]),
      ),
    },
  },
  spec: { ...override.spec, ...spec },
});
const rulesWith = (change: (text: string) => string) => ({
  rules: JSON.parse(change(JSON.stringify(override.spec.rules))),
});
const reading = { classNames: ["nginx", "nginx-too"], annotations: ["nginx"], withoutClass: undefined };
const drift = (isShown: boolean, ...ingresses: readonly KnownIngress[]) =>
  driftIn(ingresses, placement, reading)(acme, isShown);

const CANARY = { "nginx.ingress.kubernetes.io/canary": "true", "nginx.ingress.kubernetes.io/canary-weight": "100" };
const way = {
  key: keyWith("0123456789abcdef0123456789abcdef"),
  service: { name: "caddy", namespace: "acme", port: 80 },
};
const bypass = ingressSchema.parse(bypassManifest({ instance: "acme", hosts: acme.hosts }, way, placement));
const overrideWithBypass = ingressSchema.parse(
  overrideManifest({ ...overrideOf(acme), bypass: { ...way, walk: acme.hosts, slot: 0 } }, placement),
);
const long = { "studio.acme.example.org": [`/(?:api|${"x".repeat(600)})`] };

it.each([
  ["in maintenance, as declared", true, [own, override], []],
  ["in maintenance with a bypass, as declared", true, [own, overrideWithBypass, bypass], []],
  [
    "with a canary of the links of its bypass",
    true,
    [overrideWithBypass, ingress("evil", "grab", { "acme.example.org": [BYPASS_LINK_PATH] }, CANARY)],
    ["Ingress evil/grab is a canary for acme.example.org, so its Service gets visitors instead of the page"],
  ],
  ["open, as declared", false, [own], []],
  ["deleted by hand", true, [own], ["its override is not there"]],
  ["still there after the maintenance", false, [own, override], ["its override is still there"]],
  [
    "with another path",
    true,
    [edited({}, { rules: ingress("", "", { ...everywhere(OVERRIDE_PATH), "acme.example.org": ["/a"] }).spec.rules })],
    ["the Service of its override was changed", "the path of acme.example.org of its override was changed"],
  ],
  [
    "without a host",
    true,
    [edited({}, { rules: override.spec.rules?.slice(0, 1) })],
    ["the path of studio.acme.example.org of its override was changed"],
  ],
  [
    "with another class, and no longer a regular expression",
    true,
    [edited({ "use-regex": "false" }, { ingressClassName: "other" })],
    ["ingressClassName of its override was changed", "use-regex of its override was changed"],
  ],
  [
    "with another annotation that shields the page",
    true,
    [edited({ "custom-http-errors": "404" })],
    ["custom-http-errors of its override was changed"],
  ],
  [
    "with the page of another instance",
    true,
    [edited({ "rewrite-target": "/beta/unscheduled/-/" })],
    ["the page of its override was changed"],
  ],
  [
    "with another Service",
    true,
    [
      edited(
        {},
        rulesWith((text) => text.replaceAll('"page-server"', '"caddy"')),
      ),
    ],
    ["the Service of its override was changed"],
  ],
  ["with an annotation in addition", true, [edited({ "proxy-buffering": "off" })], []],
  [
    "with the address in a header, for a bypass",
    true,
    [edited({ "rewrite-target": "$uri", "x-forwarded-prefix": "/acme/scheduled/-/" })],
    [],
  ],
  [
    "with a longer path beside it",
    true,
    [override, ingress("acme", "long", long)],
    ["Ingress acme/long comes first for a path of studio.acme.example.org"],
  ],
  [
    "with a longer path of another class of the same controller beside it, and one of another controller",
    true,
    [override, ingress("acme", "long", long, {}, "nginx-too"), ingress("acme", "other", long, {}, "traefik")],
    ["Ingress acme/long comes first for a path of studio.acme.example.org"],
  ],
  [
    "with a path that is longer in bytes, beside it",
    true,
    [override, ingress("acme", "long", { "acme.example.org": [`/${"é".repeat(256)}`] })],
    ["Ingress acme/long comes first for a path of acme.example.org"],
  ],
  [
    "with its own bypass, and the long path of another host",
    true,
    [override, bypass, ingress("beta", "long", { "beta.example.org": [`/${"x".repeat(600)}`] })],
    [],
  ],
  [
    "with somebody's canary on its path",
    true,
    [override, ingress("evil", "grab", everywhere(OVERRIDE_PATH), CANARY)],
    [
      "Ingress evil/grab is a canary for acme.example.org, studio.acme.example.org, so its Service gets visitors instead of the page",
    ],
  ],
  [
    "with somebody's canary on a longer path, whose Service another Ingress may have, too",
    true,
    [override, ingress("evil", "grab", long, CANARY)],
    ["Ingress evil/grab comes first for a path of studio.acme.example.org"],
  ],
  [
    "with a canary of the instance's own path",
    true,
    [override, ingress("acme", "canary", everywhere("/"), CANARY)],
    [],
  ],
  [
    "with a canary that pretends to be its bypass, but gets every visitor",
    true,
    [
      override,
      {
        ...bypass,
        metadata: { ...bypass.metadata, namespace: "evil", annotations: { ...bypass.metadata.annotations, ...CANARY } },
      },
    ],
    [
      "Ingress evil/bypass-acme is a canary for acme.example.org, studio.acme.example.org, so its Service gets visitors instead of the page",
    ],
  ],
  [
    "with a canary that pretends to be its bypass, but gets the command's own requests",
    true,
    [
      override,
      ingressSchema.parse(
        bypassManifest({ instance: "acme", hosts: acme.hosts }, { ...way, key: keyWith("none") }, placement),
      ),
    ],
    [
      "Ingress acme/bypass-acme is a canary for acme.example.org, studio.acme.example.org, so its Service gets visitors instead of the page",
    ],
  ],
] as const)("%s", (_, isShown, ingresses, expected) => {
  expect(drift(isShown, ...ingresses).map(({ text }) => text)).toStrictEqual(expected);
});

it("an override with somebody's canary on the route of the standby or of the self-test, which share its backend", () => {
  const standing = [standbyManifest(placement), selfTestManifest(placement)].map((one) => ingressSchema.parse(one));
  const declared = ingressSchema.parse(plainOverrideManifest(acme, placement));
  const grab = (standingOne: KnownIngress | undefined, path: number): KnownIngress => ({
    metadata: { namespace: "evil", name: "grab", annotations: CANARY },
    spec: {
      ingressClassName: "nginx",
      rules: (standingOne?.spec.rules ?? []).map((rule) => ({
        host: rule.host,
        http: { paths: (rule.http?.paths ?? []).slice(path, path + 1) },
      })),
    },
  });
  const texts = (canary: KnownIngress) => drift(true, declared, ...standing, canary).map(({ text }) => text);
  expect(texts(grab(standing[0], 0))).toStrictEqual([
    "Ingress evil/grab is a canary for page-server.maintenance-pages.invalid, so its Service gets visitors instead of the page",
  ]);
  expect(texts(grab(standing[1], 0))).toStrictEqual([
    "Ingress evil/grab is a canary for default.self-test.maintenance-pages.invalid, so its Service gets visitors instead of the page",
  ]);
  // The backend of a bypass is another one.
  expect(texts(grab(standing[0], 1))).toStrictEqual([]);
});
