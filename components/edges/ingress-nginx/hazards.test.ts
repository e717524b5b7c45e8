import { describe, expect, it } from "vitest";
import { keyWith } from "../../../model/bypass";
import type { Overridden } from "../edge";
import type { ConfiguredController } from "./config-map";
import { hazardsIn } from "./hazards";
import {
  BYPASS_LINK_PATH,
  bypassManifest,
  OVERRIDE_PATH,
  plainOverrideManifest,
  selfTestManifest,
  standbyManifest,
} from "./manifests";
import { ingressClassSchema, ingressSchema, type KnownIngress } from "./objects";

const acme = { name: "acme", hosts: ["acme.example.org", "studio.acme.example.org"], otherHosts: [] };
const placement = { edge: "default", namespace: "pages", ingressClassName: "nginx" };
const reading = { classNames: ["nginx"], annotations: ["nginx"], withoutClass: undefined };

const ingress = (
  namespace: string,
  name: string,
  paths: Readonly<Record<string, string>>,
  annotations: Readonly<Record<string, string>> = {},
  spec: object = { ingressClassName: "nginx" },
): KnownIngress =>
  ingressSchema.parse({
    metadata: {
      namespace,
      name,
      annotations: Object.fromEntries(
        Object.entries(annotations).map(([key, value]) => [`nginx.ingress.kubernetes.io/${key}`, value]),
      ),
    },
    spec: { ...spec, rules: Object.entries(paths).map(([host, path]) => ({ host, http: { paths: [{ path }] } })) },
  });
const BOTH = { "acme.example.org": "/", "studio.acme.example.org": "/" };
const WEIGHT = { canary: "true", "canary-weight": "100" };

const controller = (options: Readonly<Record<string, string>>, data: Readonly<Record<string, string>>) => ({
  namespace: "ingress-nginx",
  hostNetwork: false,
  isReady: true,
  version: [1, 11, 1] as const,
  options: new Map(Object.entries(options)),
  config: { place: "ConfigMap ingress-nginx/controller", data },
});

const hazards = (
  ingresses: readonly KnownIngress[],
  more: { readonly instance?: Overridden; readonly controllers?: readonly ConfiguredController[] } = {},
) =>
  hazardsIn({
    ingresses,
    placement,
    reading,
    controllers: more.controllers ?? [],
    classes: [ingressClassSchema.parse({ metadata: { name: "internal" }, spec: { controller: "k8s.io/internal" } })],
    classNameByEdge: new Map([["default", "nginx"]]),
  })(more.instance ?? acme);
const texts = (...all: Parameters<typeof hazards>) => hazards(...all).map(({ what, text }) => `${what}: ${text}`);

const standing = [standbyManifest(placement), selfTestManifest(placement)].map((one) => ingressSchema.parse(one));

it("says nothing of an instance as it is installed, nor of what the program makes, nor of others", () => {
  const bypass = bypassManifest(
    { instance: "acme", hosts: acme.hosts },
    { key: keyWith("0123456789abcdef0123456789abcdef"), service: { name: "caddy", namespace: "acme", port: 80 } },
    placement,
  );
  expect(
    hazards([
      ...standing,
      ingressSchema.parse(bypass),
      ingressSchema.parse(plainOverrideManifest({ ...acme, name: "gone" }, placement)),
      ingress("acme", "web", BOTH, { "proxy-body-size": "0", "proxy-ssl-secret": "acme/tls", "ssl-ciphers": "HIGH" }),
      ingress("acme", "canary", BOTH, WEIGHT),
      ingress("acme", "other", { "acme.example.org": `/${"x".repeat(600)}` }, {}, { ingressClassName: "traefik" }),
      ingress("beta", "web", { "beta.example.org": `/${"x".repeat(600)}` }, { "app-root": "/home" }),
    ]),
  ).toStrictEqual([]);
});

describe("an open site is", () => {
  it("a route at a class that no edge has", () => {
    expect(texts([ingress("acme", "office", BOTH, {}, { ingressClassName: "internal" })])).toStrictEqual([
      "open: Ingress acme/office has acme.example.org, studio.acme.example.org at the class internal, which no edge of acme has: visitors there would get the instance.",
    ]);
  });

  it("a path that comes before an override's, of an Ingress with this class or without any", () => {
    const long = { "acme.example.org": `/${"x".repeat(600)}` };
    expect(hazards([ingress("acme", "web", long), ingress("acme", "classless", long, {}, {})])).toStrictEqual(
      ["web", "classless"].map((name) => ({
        what: "open",
        text: `Ingress acme/${name} has a path of acme.example.org with 512 characters or more, so it comes before an override.`,
        remedy: "Shorten the path of that Ingress, or delete it.",
      })),
    );
    expect(texts([ingress("evil", "grab", long, WEIGHT)])).toHaveLength(1);
  });

  it("a canary of its override, or of what always exists and has the same backend", () => {
    const grab = (host: string, path: string) => ingress("evil", "grab", { [host]: path }, WEIGHT);
    const text = (host: string) => [
      `open: Ingress evil/grab is a canary of overrides, for ${host}: its Service would get visitors instead of the page.`,
    ];
    for (const path of [OVERRIDE_PATH, BYPASS_LINK_PATH])
      expect(texts([...standing, grab("acme.example.org", path)])).toStrictEqual(text("acme.example.org"));
    const selfTest = "default.self-test.pages.invalid";
    expect(texts([...standing, grab(selfTest, OVERRIDE_PATH)])).toStrictEqual(text(selfTest));
    // The type of the standby's paths is Exact, and this one's is not: the controller does not join them.
    expect(texts([...standing, grab("page-server.pages.invalid", "/maintenance")])).toStrictEqual([]);
    const [standby] = standing;
    const exact = standby && { ...grab("a", "/"), spec: standby.spec };
    expect(texts([...standing, ...(exact ? [exact] : [])])).toStrictEqual(text("page-server.pages.invalid"));
  });

  it("a host below its wildcard that is not in the registry", () => {
    const instance = {
      name: "acme",
      hosts: ["acme.example.org", "*.acme.example.org"],
      otherHosts: ["beta.acme.example.org"],
    };
    const ingresses = [
      ingress("acme", "web", { "acme.example.org": "/", "*.acme.example.org": "/" }),
      ingress("acme", "studio", { "studio.acme.example.org": "/" }),
      ingress("beta", "web", { "beta.acme.example.org": "/" }),
    ];
    expect(hazards(ingresses, { instance })).toStrictEqual([
      {
        what: "open",
        text: "Ingress acme/studio has studio.acme.example.org, which the override of *.acme.example.org does not take over.",
        remedy: "Add studio.acme.example.org to instances.acme.hosts, or to those of the instance that it belongs to.",
      },
    ]);
  });

  it("no host below its wildcard that is another site's, or two labels below", () => {
    const instance = { name: "acme", hosts: ["*.example.org"], otherHosts: [] };
    const web = ingress("acme", "web", { "*.example.org": "/" });
    const others = [
      ingress("monitoring", "grafana", { "grafana.example.org": "/" }),
      ingress("acme", "grafana", { "grafana.tools.example.org": "/", "*.tools.example.org": "/" }),
    ];
    expect(texts([web, ...others], { instance })).toStrictEqual([]);
    const own = ingress("acme", "shop", { "shop.example.org": "/" });
    expect(texts([web, ...others, own], { instance })).toStrictEqual([
      "open: Ingress acme/shop has shop.example.org, which the override of *.example.org does not take over.",
    ]);
  });

  it("a name that the controller refuses, and with a bypass a host", () => {
    const controllers = [controller({}, { "annotation-value-word-blocklist": "load_module, root,timeout" })];
    expect(texts([], { controllers })).toStrictEqual([]);
    expect(
      texts([], { controllers: [...controllers, ...controllers], instance: { ...acme, name: "root" } }),
    ).toStrictEqual([
      'open: ConfigMap ingress-nginx/controller has "root" in annotation-value-word-blocklist, which the instance\'s name contains, so the controller refuses its override.',
    ]);
    expect(texts([], { controllers, instance: { ...acme, hosts: ["root.example.org"] } })).toStrictEqual([
      'open: ConfigMap ingress-nginx/controller has "root" in annotation-value-word-blocklist, which a host of the instance contains, so the controller refuses its override if it has a bypass.',
    ]);
  });

  it("one whose TLS is passed through", () => {
    const passed = [ingress("acme", "web", BOTH, { "ssl-passthrough": "true" })];
    const text = [
      "open: Ingress acme/web has the annotation ssl-passthrough. HTTPS goes to the instance's pods unread. Only visitors over HTTP get the page.",
    ];
    expect(texts(passed)).toStrictEqual(text);
    expect(texts(passed, { controllers: [controller({ "enable-ssl-passthrough": "true" }, {})] })).toStrictEqual(text);
    // Without this option the controller ignores the annotation.
    expect(texts(passed, { controllers: [controller({}, {})] })).toStrictEqual([]);
    expect(texts([ingress("acme", "web", BOTH, { "ssl-passthrough": "false" })])).toStrictEqual([]);
  });
});

describe("an altered page is", () => {
  const of = (annotations: Readonly<Record<string, string>>, ...controllers: readonly ConfiguredController[]) =>
    texts([ingress("acme", "web", BOTH, annotations)], { controllers });

  it("one behind a redirect", () => {
    expect(of({ "app-root": "/home" })).toStrictEqual([
      "altered: Ingress acme/web has the annotation app-root. `/` answers with a redirect to this path, and the path shows the page.",
    ]);
  });

  it("one for visitors with a certificate", () => {
    const text = [
      "altered: Ingress acme/web has the annotation auth-tls-secret. Visitors without a client certificate get no page, as they get no answer from the instance.",
    ];
    expect(of({ "auth-tls-secret": "acme/ca", "auth-tls-verify-depth": "2" })).toStrictEqual(text);
    expect(of({ "auth-tls-secret": "acme/ca", "auth-tls-verify-client": "on" })).toStrictEqual(text);
    expect(of({ "auth-tls-secret": "acme/ca", "auth-tls-verify-client": "optional_no_ca" })).toStrictEqual([]);
    expect(of({ "auth-tls-verify-client": "on" })).toStrictEqual([]);
  });

  it("one with a snippet, if the controller uses it", () => {
    const text = ["altered: Ingress acme/web has the annotation server-snippet. Any nginx configuration for the host."];
    const snippet = { "server-snippet": "return 200;" };
    expect(of(snippet)).toStrictEqual(text);
    expect(of(snippet, controller({}, { "allow-snippet-annotations": "true" }))).toStrictEqual(text);
    expect(of(snippet, controller({}, {}))).toStrictEqual([]);
  });

  it.each(["server-alias", "from-to-www-redirect"])(
    "a host that only %s makes known: it has no certificate",
    (name) => {
      const instance = { ...acme, hosts: ["acme.example.org", "www.acme.example.org"] };
      const value = name === "server-alias" ? "www.acme.example.org" : "true";
      const web = ingress("acme", "web", { "acme.example.org": "/" }, { [name]: value });
      expect(texts([web], { instance })).toStrictEqual([
        `altered: Ingress acme/web makes www.acme.example.org known by its annotation ${name}. A host of the instance that only this annotation makes known shows the page with the controller's default certificate.`,
      ]);
      // Another Ingress has its certificate.
      expect(texts([web, ingress("acme", "www", { "www.acme.example.org": "/" })], { instance })).toStrictEqual([]);
      // As an alias, or behind a redirect, it shows the page.
      expect(texts([web])).toStrictEqual([]);
    },
  );
});
