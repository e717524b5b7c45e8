import { describe, expect, it } from "vitest";
import type { ConfiguredController } from "./config-map";
import type { Version } from "./controllers";
import { ingressClassSchema } from "./objects";
import { suitability } from "./suitability";

const settings = { className: "nginx", namespace: "ingress-nginx", hostNetwork: false };
const classOf = (controller: string, name = "nginx") =>
  ingressClassSchema.parse({ metadata: { name }, spec: { controller } });
const NGINX = classOf("k8s.io/ingress-nginx");

const controller = (
  options: Readonly<Record<string, string>> = {},
  more: Partial<ConfiguredController> = {},
): ConfiguredController => ({
  namespace: "ingress-nginx",
  hostNetwork: false,
  isReady: true,
  version: [1, 11, 1],
  options: new Map(Object.entries(options)),
  config: { place: "ConfigMap ingress-nginx/controller", data: {} },
  ...more,
});

const found = (
  controllers: readonly ConfiguredController[],
  more: { readonly classes?: readonly ReturnType<typeof classOf>[]; readonly hostNetwork?: boolean } = {},
) =>
  suitability(
    { ...settings, hostNetwork: more.hostNetwork ?? false },
    { namespace: "pages", classes: more.classes ?? [NGINX], controllers },
  );

const NOTHING = { obstacles: [], notes: [] };

describe("the class", () => {
  it.each([
    "k8s.io/ingress-nginx",
    "k8s.io/internal-nginx",
    "webapprouting.kubernetes.azure.com/nginx",
    "webapprouting.kubernetes.azure.com/nginx/second",
  ])("of %s is ingress-nginx's", (name) => {
    expect(found([], { classes: [classOf(name)] })).toStrictEqual(NOTHING);
  });

  it("that does not exist is a note, because a controller that can't read classes does not need it", () => {
    expect(found([], { classes: [classOf("k8s.io/ingress-nginx", "public")] })).toStrictEqual({
      obstacles: [],
      notes: [
        "IngressClass nginx does not exist, and an ingress-nginx ignores Ingresses of a class without such an object, unless it may not read IngressClasses. The cluster has public: correct edges.*.className.",
      ],
    });
  });

  it("of a known other product is an obstacle, and of an unknown one a note", () => {
    expect(found([], { classes: [classOf("nginx.org/ingress-controller")] })).toStrictEqual({
      obstacles: [
        "IngressClass nginx is served by F5's NGINX Ingress Controller (nginx.org/ingress-controller), and not by ingress-nginx: correct edges.*.className, or make this an edge of another kind.",
      ],
      notes: [],
    });
    expect(found([], { classes: [classOf("haproxy.org/ingress-controller/second")] }).obstacles.join()).toContain(
      "HAProxy",
    );
    expect(found([], { classes: [classOf("example.com/web")] })).toStrictEqual({
      obstacles: [],
      notes: [
        "IngressClass nginx is served by example.com/web, which is not known here. Overrides work only if that is an ingress-nginx.",
      ],
    });
  });

  it("of any name is right, if an ingress-nginx is known to serve it", () => {
    for (const name of ["example.com/web", "traefik.io/ingress-controller"])
      expect(found([controller()], { classes: [classOf(name)] })).toStrictEqual(NOTHING);
  });

  it("says nothing if classes can't be read", () => {
    expect(suitability(settings, { namespace: "pages", classes: undefined, controllers: [] })).toStrictEqual(NOTHING);
  });
});

describe("a controller", () => {
  it("as its Helm chart configures it", () => {
    expect(found([controller()])).toStrictEqual(NOTHING);
  });

  it.each([
    [
      controller({ "watch-namespace": "acme" }),
      "The controller in ingress-nginx watches only the namespace acme (--watch-namespace), and the overrides are in pages: have it watch all namespaces.",
    ],
    [
      controller({ "annotations-prefix": "example.com" }),
      "The controller in ingress-nginx reads annotations with the prefix example.com (--annotations-prefix), and those of the overrides have nginx.ingress.kubernetes.io: remove that option.",
    ],
    [
      controller({}, { config: { place: "ConfigMap a/b", data: { "annotations-risk-level": "Low" } } }),
      "ConfigMap a/b has annotations-risk-level: Low, so the controller refuses the overrides: set it to Medium, High or Critical.",
    ],
    [
      controller(
        {},
        { config: { place: "ConfigMap a/b", data: { "annotation-value-word-blocklist": "unscheduled" } } },
      ),
      'ConfigMap a/b has "unscheduled" in annotation-value-word-blocklist, and every override\'s annotations contain that, so the controller refuses the overrides: take it out of the list.',
    ],
  ])("with an obstacle, which is said once for all its pods (%#)", (one, text) => {
    expect(found([one, one])).toStrictEqual({ obstacles: [text], notes: [] });
    // Another controller of the class works.
    expect(found([one, controller()])).toStrictEqual({
      obstacles: [],
      notes: [
        `${text} Another controller of the class has no such obstacle. If visitors come in at this one, too, they do not get the page.`,
      ],
    });
  });

  it.each([
    [
      controller({}, { hostNetwork: true }),
      "The controller in ingress-nginx uses its node's network, so the page server may reject its requests: set edges.*.hostNetwork to true.",
    ],
    [
      controller({}, { namespace: "kube-system" }),
      "The controller in kube-system serves the class nginx, and the page server lets in only requests from ingress-nginx: set edges.*.namespace to kube-system.",
    ],
  ])("whose requests a network policy may keep from the page server is a note (%#)", (one, text) => {
    expect(found([one, one])).toStrictEqual({ obstacles: [], notes: [text] });
  });

  it("in its node's network or anywhere, if the setting says so", () => {
    const all = [controller({}, { hostNetwork: true }), controller({}, { namespace: "kube-system" })];
    for (const one of all) expect(found([one], { hostNetwork: true })).toStrictEqual(NOTHING);
  });

  it("that watches the overrides' namespace alone, or one that a variable names", () => {
    for (const namespace of ["pages", "", "$(TEAM)"])
      expect(found([controller({ "watch-namespace": namespace })])).toStrictEqual(NOTHING);
  });

  it("that watches some namespaces by their labels is a note", () => {
    expect(found([controller({ "watch-namespace-selector": "team=web" })])).toStrictEqual({
      obstacles: [],
      notes: [
        "The controller in ingress-nginx watches only namespaces with the labels team=web (--watch-namespace-selector): the namespace pages must have them.",
      ],
    });
  });

  it.each<[Version, string | undefined]>([
    [[0, 49, 3], "The controller in ingress-nginx is ingress-nginx 0.49.3. Overrides need 1.0.0 or later: update it."],
    [[1, 0, 0], undefined],
    [[1, 5, 1], undefined],
    [
      [1, 6, 3],
      "The controller in ingress-nginx is ingress-nginx 1.6.3, which ignores Ingresses with a path like an override's: update it to 1.6.4 or later.",
    ],
    [[1, 6, 4], undefined],
    [[1, 15, 1], undefined],
  ])("of version %j", (version, note) => {
    expect(found([controller({}, { version })])).toStrictEqual({
      obstacles: [],
      notes: note === undefined ? [] : [note],
    });
  });

  it("without a pod that is ready", () => {
    const stuck = controller({ "watch-namespace": "acme" }, { isReady: false });
    // While another one is, it keeps nobody from that.
    expect(found([stuck, controller()])).toStrictEqual(NOTHING);
    const { obstacles, notes } = found([stuck]);
    expect(obstacles).toHaveLength(1);
    expect(notes).toStrictEqual([
      "No pod of the controller of the class nginx is ready, so visitors get no answer: see the pods in ingress-nginx.",
    ]);
  });
});
