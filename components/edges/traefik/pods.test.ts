import { describe, expect, it } from "vitest";
import { suitability, traefikPod } from "./pods";
import { optionsOf } from "./static-options";

const NO_ADDRESSES = { addresses: [], nodeAddresses: [] };

describe("a Traefik", () => {
  // The arguments of Traefik's Helm chart.
  const CHART = [
    "--entryPoints.metrics.address=:9100/tcp",
    "--entryPoints.traefik.address=:8080/tcp",
    "--entryPoints.web.address=:8000/tcp",
    "--entryPoints.websecure.address=:8443/tcp",
    "--entryPoints.websecure.http.tls=true",
    "--providers.kubernetescrd",
    "--providers.kubernetescrd.allowEmptyServices=true",
    "--providers.kubernetesingress",
  ];
  const settings = {
    namespace: "traefik",
    hostNetwork: false,
    entryPoints: ["web", "websecure"],
    routersWithTls: [],
    ingressClass: undefined,
    bypassAddresses: [],
  };
  const suits = (
    args: readonly string[],
    more: Partial<typeof settings> & { readonly ingressClass?: string; readonly bypassAddresses?: string[] } = {},
    tls: readonly string[] = [],
  ) => {
    const pods = [
      {
        name: "traefik-0",
        namespace: "traefik",
        isReady: true,
        addresses: ["10.42.0.7", "fd00:42::7"],
        nodeAddresses: ["192.0.2.4"],
        options: optionsOf(args),
      },
    ];
    const { obstacles, notes } = suitability(
      pods,
      { ...settings, ...more },
      { namespace: "maintenance-pages", entryPointsWithTls: tls },
    );
    return [...obstacles, ...notes].join("\n");
  };
  const without = (option: string) => CHART.filter((one) => !one.startsWith(`--${option}`));

  it.each<[string, readonly string[], object, RegExp]>([
    ["as its Helm chart configures it", CHART, {}, /^$/],
    ["with a configuration file", ["--configfile=/etc/traefik.yml"], {}, /^$/],
    ["with its configuration elsewhere", ["--log.level=INFO"], {}, /^$/],
    ["without its provider", without("providers.kubernetescrd"), {}, /provider kubernetesCRD is not enabled/],
    [
      "that switches its provider off",
      [...without("providers.kubernetescrd"), "--providers.kubernetescrd=false"],
      {},
      /not enabled/,
    ],
    [
      "of some namespaces",
      [...CHART, "--providers.kubernetescrd.namespaces=acme,beta"],
      {},
      /does not watch the namespace maintenance-pages/,
    ],
    [
      "of some namespaces, ours among them",
      [...CHART, "--providers.kubernetescrd.namespaces=acme,maintenance-pages"],
      {},
      /^$/,
    ],
    [
      "of another class",
      [...CHART, "--providers.kubernetesCRD.ingressClass=outer"],
      {},
      /ingressClass is outer, and edges\.\*\.ingressClass is not set/,
    ],
    ["of the same class", [...CHART, "--providers.kubernetesCRD.ingressClass=outer"], { ingressClass: "outer" }, /^$/],
    [
      "that reads labelled objects alone",
      [...CHART, "--providers.kubernetescrd.labelselector=edge=outer"],
      {},
      /labels edge=outer/,
    ],
    ["with the syntax of Traefik 2", [...CHART, "--core.defaultRuleSyntax=v2"], {}, /syntax of Traefik 2/],
    [
      "without an entry point",
      CHART,
      { entryPoints: ["web", "https"] },
      /no entry point https.*some of metrics, traefik, web, websecure/,
    ],
    [
      "without http.tls",
      without("entryPoints.websecure.http"),
      {},
      /entry point websecure serves HTTPS without http\.tls.*add websecure to edges\.\*\.routersWithTls/,
    ],
    [
      "without http.tls, as the setting says",
      without("entryPoints.websecure.http"),
      { routersWithTls: ["websecure"] },
      /^$/,
    ],
    [
      "with values in arguments of their own, an option twice, one without a value, and one dash",
      [
        ...CHART.map((one) => one.slice(1)),
        "--providers.kubernetescrd.ingressClass",
        "outer",
        "--providers.kubernetescrd.namespaces=acme",
        "--providers.kubernetescrd.namespaces=maintenance-pages",
        "--providers.kubernetescrd.labelselector=",
      ],
      { ingressClass: "outer" },
      /^$/,
    ],
    [
      "with an entry point whose name only looks like HTTPS",
      [...CHART, "--entryPoints.web-insecure.address=:8001/tcp"],
      { entryPoints: ["web-insecure", "websecure"] },
      /^$/,
    ],
    [
      "whose entry point has capitals",
      CHART.map((one) => one.replace("websecure", "webSecure")),
      {},
      /no entry point websecure.*some of metrics, traefik, web, webSecure/,
    ],
    [
      "with a list with blanks, an option that comes twice, a value of the environment, and a selector that is only negative",
      [
        ...CHART,
        "--providers.kubernetescrd.namespaces=acme, maintenance-pages",
        "--providers.kubernetescrd.ingressClass=inner",
        "--providers.kubernetescrd.ingressClass=$(CLASS)",
        "--providers.kubernetescrd.labelselector=!internal,traefik!=inner,shard notin (a,b)",
      ],
      {},
      /^$/,
    ],
    [
      "that switches http.tls off afterwards",
      [...CHART, "--entryPoints.websecure.http.tls=false"],
      {},
      /websecure serves HTTPS without http\.tls/,
    ],
    [
      "behind a proxy, with addresses that need no key",
      [...CHART, "--entryPoints.websecure.forwardedHeaders.trustedIPs=192.0.2.0/24"],
      { bypassAddresses: ["203.0.113.0/24"] },
      /entry point websecure trusts forwarded headers.*PROXY protocol/,
    ],
    [
      "behind a proxy that speaks the PROXY protocol, with such addresses",
      [
        ...CHART,
        "--entryPoints.websecure.forwardedHeaders.trustedIPs=192.0.2.0/24",
        "--entryPoints.websecure.proxyProtocol.trustedIPs=192.0.2.0/24",
        "--entryPoints.web.forwardedHeaders.insecure=false",
      ],
      { bypassAddresses: ["203.0.113.0/24"] },
      /^$/,
    ],
    [
      "that believes the PROXY protocol of everybody, with such addresses",
      [
        ...CHART,
        "--entryPoints.websecure.proxyProtocol.insecure=true",
        "--entryPoints.web.proxyProtocol.insecure=false",
      ],
      { bypassAddresses: ["203.0.113.0/24"] },
      /^[^\n]*entry point websecure accepts the PROXY protocol from every address[^\n]*$/,
    ],
    [
      "behind a proxy, without such addresses",
      [...CHART, "--entryPoints.websecure.forwardedHeaders.insecure"],
      {},
      /^$/,
    ],
    [
      "with its own address among those that need no key",
      CHART,
      { bypassAddresses: ["10.0.0.0/8"] },
      /bypassAddresses has the address 10\.42\.0\.7 of the pod/,
    ],
    [
      "with its node's address among those that need no key",
      CHART,
      { bypassAddresses: ["203.0.113.0/24", "192.0.2.4"] },
      /bypassAddresses has the address 192\.0\.2\.4 of its node/,
    ],
    ["without allowEmptyServices", without("providers.kubernetescrd.allowEmpty"), {}, /allowEmptyServices is false/],
  ])("%s", (_, args, more, expected) => {
    expect(suits(args, more)).toMatch(expected);
  });

  it("in its node's network", () => {
    const pod = {
      name: "traefik-0",
      namespace: "traefik",
      hostNetwork: true,
      isReady: true,
      ...NO_ADDRESSES,
      options: optionsOf(CHART),
    };
    const cluster = { namespace: "maintenance-pages", entryPointsWithTls: [] };
    expect(suitability([pod], settings, cluster).obstacles).toStrictEqual([
      "Pod traefik/traefik-0: it uses its node's network, so the page server rejects its requests: set edges.*.hostNetwork to true.",
    ]);
    expect(suitability([pod], { ...settings, hostNetwork: true }, cluster).obstacles).toStrictEqual([]);
  });

  it.each([
    ["docker.io/traefik:v2.11.8", true],
    ["traefik:v2@sha256:0123", true],
    ["rancher/mirrored-library-traefik:2.11.8", true],
    ["docker.io/traefik:v3.6.12", false],
    ["rancher/mirrored-library-traefik:3.6.12", false],
    ["traefik:latest", false],
    ["traefik:v20", false],
    // Somebody's own image, with versions of its own.
    ["registry.example.org/traefik:2.0.1", false],
    ["registry.example.org/my-traefik:v2.0.1", false],
  ])("of the image %s is too old: %s", (image, isOld) => {
    const [pod] = traefikPod({
      metadata: { name: "traefik-0", namespace: "traefik" },
      spec: { containers: [{ image: "docker.io/busybox:1" }, { image, args: CHART }] },
    });
    const cluster = { namespace: "maintenance-pages", entryPointsWithTls: [] };
    expect(suitability(pod === undefined ? [] : [pod], settings, cluster)).toStrictEqual({
      obstacles: isOld
        ? [
            `Pod traefik/traefik-0: its image is ${image}, and the rules of the overrides have the syntax of Traefik 3: update it to 3.6 or later.`,
          ]
        : [],
      notes: [],
    });
  });

  it("beside another one in its namespace", () => {
    const pod = (release: string, args: readonly string[]) => ({
      name: `${release}-0`,
      namespace: "traefik",
      release,
      isReady: true,
      ...NO_ADDRESSES,
      options: optionsOf(args),
    });
    const outer = pod("outer", CHART);
    const inner = pod("inner", [...CHART, "--providers.kubernetesCRD.ingressClass=inner"]);
    const cluster = { namespace: "maintenance-pages", entryPointsWithTls: [] };
    const both = suitability([outer, inner], settings, cluster);
    expect(both.obstacles).toStrictEqual([]);
    expect(both.notes).toMatchObject(
      [/^Pod traefik\/inner-0: its option .* is inner,.*Another Traefik in this namespace/].map((one) =>
        expect.stringMatching(one),
      ),
    );
    expect(suitability([inner], settings, cluster).obstacles).toHaveLength(1);
    // While its pods are replaced, both kinds serve visitors.
    const old = { ...inner, release: "outer" };
    expect(suitability([outer, old], settings, cluster).obstacles).toHaveLength(1);
  });

  it("at whose entry point somebody's route has tls, by mistake perhaps: that is no obstacle", () => {
    expect(suits(CHART, {}, ["web"])).toMatch(
      /^Pod traefik\/traefik-0: routes of others have tls at its entry point web/,
    );
  });

  it("of whose pods one does not start, or does not end", () => {
    const cluster = { namespace: "maintenance-pages", entryPointsWithTls: [] };
    const pod = { name: "traefik-0", namespace: "traefik", isReady: true, ...NO_ADDRESSES, options: optionsOf(CHART) };
    const stuck = {
      ...pod,
      name: "traefik-1",
      isReady: false,
      ...NO_ADDRESSES,
      options: optionsOf([...CHART, "--providers.kubernetescrd=false"]),
    };
    expect(suitability([pod, stuck], settings, cluster)).toStrictEqual({ obstacles: [], notes: [] });
    expect(suitability([stuck], settings, cluster).obstacles).toHaveLength(1);
  });

  it.each([
    [["kube-system"], /^Traefik runs in kube-system, and not in traefik: set edges\.\*\.namespace/],
    [["traefik", "other"], /^Another Traefik runs in other/],
    [["traefik", "traefik"], /^$/],
    [[], /^No pod of Traefik was found/],
  ])("in the namespaces %j", (namespaces, expected) => {
    const pods = namespaces.map((namespace, index) => ({
      name: `traefik-${index}`,
      namespace,
      isReady: true,
      ...NO_ADDRESSES,
      options: optionsOf(CHART),
    }));
    const { obstacles, notes } = suitability(pods, settings, {
      namespace: "maintenance-pages",
      entryPointsWithTls: [],
    });
    expect(obstacles).toStrictEqual([]);
    expect(notes.join("\n")).toMatch(expected);
  });
});
