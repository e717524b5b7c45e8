import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "node:tls";
import type { KubernetesObject } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import type { BypassUse } from "../../cli/bypass";
import { EXIT } from "../../cli/errors";
import { PROJECT } from "../../cli/project";
import type { TraefikValues } from "../../components/edges/traefik/values";
import { makeAuthority } from "../../lab/cluster/certificates";
import { CONTROL_ADDRESS } from "../../lab/cluster/control-plane";
import { PageServerPods } from "../../lab/cluster/page-server-pods";
import type { Edge } from "../../lab/edges/edge";
import { at, type Lab, startLab } from "../../lab/lab";
import { CHALLENGE, hostsOf, ruleFor } from "../../lab/samples";
import { describeFigures, type Figures } from "../../lab/scenario/figures";
import { scenario } from "../../lab/scenario/scenario";
import { isPageOf, marker } from "../../lab/scenario/seen";
import { isOwnOf } from "../../lab/scenario/step";
import { openLink } from "../../lab/traffic/link";
import { agentFor } from "../../lab/traffic/proxy-protocol";
import { type Answer, untilAnswer, visit } from "../../lab/traffic/visitor";
import { isOpen, underLoad } from "./acme-under-load";
import { describeLinkInChromium, ingressOfApps } from "./link-in-chromium";

// A real ingress-nginx and a real Traefik on one cluster, as during a migration. Traefik has the three providers of Harmony's chart, and so
// it also reads the Ingresses of ingress-nginx's class.

let lab: Lab;
let traefik: Edge;
let pods: PageServerPods;

/** Where visitors' connections come from: Linux takes the first address of the sandbox for a connection to another one of it. */
const RELAYS = CONTROL_ADDRESS;

const HELM_VALUES = {
  providers: { kubernetesCRD: { enabled: true, allowEmptyServices: true } },
} satisfies TraefikValues;

beforeAll(async () => {
  lab = await startLab({ report: (line) => console.log(line) });
  const { embedded } = lab.cluster;
  if (embedded === undefined) throw new Error("only on the embedded cluster");
  await embedded.createTraefikTypes();
  // A load balancer may name its visitors by the PROXY protocol. Connections without it stay what they are.
  traefik = await embedded.startTraefik(HELM_VALUES, {
    options: { "entryPoints.web.proxyProtocol.trustedIPs": `${RELAYS}/32` },
  });
  pods = new PageServerPods(lab.cluster.kube);
  for (const host of hostsOf("acme")) await untilAnswer(() => visit(traefik.url, host), isOpen("acme"), 60);
});
afterAll(() => lab?.stop());

const isNotFound = (answer: Answer) => answer.status === 404 && marker(answer).get("kind") === "not-found";
const isThere = ({ status }: Answer) => status === 200;

const type = (...args: readonly string[]) => lab.stack.tryMaintenance(...args);

const set = (path: string, value: string) => lab.stack.type(["config", "set", "--path", path, value]);

describe("Traefik has taken the class of ingress-nginx over, and the stack does not know it", () => {
  beforeAll(() => set("edges.default.address", traefik.url));
  afterAll(() => set("edges.default.address", lab.edge));

  it("enable refuses, before it changes anything", async () => {
    const before = readFileSync(join(PROJECT, "Pulumi.local.yaml"), "utf8");
    const { code, output } = await type("enable", "acme", "--yes");
    expect(code, output).toBe(EXIT.refused);
    expect(output).toContain(`Nothing was changed.\nFAILS OPEN at default (${traefik.url})`);
    expect(output).toContain("Add an edge of the kind traefik");
    expect(readFileSync(join(PROJECT, "Pulumi.local.yaml"), "utf8")).toBe(before);
    expect((await lab.stack.preview()).length).toBe(0);
  });

  it("status says which edge fails open", async () => {
    const { code, output } = await type("status");
    expect(code).toBe(EXIT.attention);
    expect(output).toMatch(/^FAILS OPEN +acme/m);
    expect(output).toContain(`FAILS OPEN at default (${traefik.url})`);
  });

  it("plain Pulumi says nothing, and acme stays visible: that is why", async () => {
    await lab.stack.type(["config", "set", "maintenance", '["acme"]']);
    await lab.stack.up();
    await sleep(5000);
    expect(isOpen("acme")(await visit(traefik.url, "acme.localhost"))).toBe(true);
    expect(isPageOf("acme")(await visit(lab.edge, "acme.localhost"))).toBe(true);
  });
});

describe("the migration, with acme in maintenance throughout", () => {
  it("the new edge is added: visitors at the old one see nothing but the page", async () => {
    const wrong = await underLoad([lab.edge], ["page"], async () => {
      await set("edges.traefik.kind", "traefik");
      await set("edges.traefik.address", traefik.url);
      await lab.stack.up();
      for (const host of hostsOf("acme")) await untilAnswer(() => visit(traefik.url, host), isPageOf("acme"), 30);
    });
    expect(wrong).toStrictEqual([]);
    const { code, output } = await type("status");
    expect(code, output).toBe(EXIT.done);
  });

  it("DNS moves, the old controller goes, and then its edge: nobody sees acme at the new one", async () => {
    const old = lab.cluster.embedded?.edge;
    const wrong = await underLoad([traefik.url, traefik.encryptedUrl], ["page"], async () => {
      await old?.stop();
      // The controller's admission webhook would refuse every Ingress while it is gone.
      await lab.samples.delete({
        apiVersion: "admissionregistration.k8s.io/v1",
        kind: "ValidatingWebhookConfiguration",
        metadata: { name: "ingress-nginx-admission" },
      });
      await lab.stack.type(["config", "set", "protect", "false"]);
      await lab.stack.up();
      await lab.stack.type(["config", "rm", "--path", "edges.default"]);
      await lab.stack.type(["config", "set", "protect", "true"]);
      const { changes } = await lab.stack.up();
      expect(changes).toContain("delete Ingress maintenance-acme");
    });
    expect(wrong).toStrictEqual([]);
    expect((await lab.samples.left("maintenance-pages")).filter((one) => one.startsWith("Ingress "))).toStrictEqual([]);
  });

  it("disable lets visitors in: 0 wrong", async () => {
    const wrong = await underLoad([traefik.url, traefik.encryptedUrl], ["page", "own"], async () => {
      const { code, output } = await type("disable", "acme", "--yes");
      expect(code, output).toBe(EXIT.done);
    });
    expect(wrong).toStrictEqual([]);
    for (const host of hostsOf("acme")) expect(isOpen("acme")(await visit(traefik.url, host))).toBe(true);
    expect(isNotFound(await visit(traefik.url, "nobody.localhost"))).toBe(true);
    expect(isNotFound(await visit(traefik.encryptedUrl, "nobody.localhost"))).toBe(true);
  });
});

describe("the command, with Traefik alone", () => {
  it("enables with a bypass, and the key lets a person through", async () => {
    const wrong = await underLoad([traefik.url, traefik.encryptedUrl], ["page", "own"], async () => {
      const { code, output } = await type("enable", "acme", "--bypass", "--yes");
      expect(code, output).toBe(EXIT.done);
      expect(output).toContain("create IngressRoute maintenance-acme.traefik");
      expect(output).toMatch(/Checking the bypass of acme …\n {2}acme\.localhost at traefik: 200, the site itself/);
    });
    expect(wrong).toStrictEqual([]);
    const key = JSON.parse((await type("bypass", "acme", "--json")).stdout) as BypassUse;
    const { header, cookie } = key;
    for (const headers of [
      { "x-maintenance-bypass": header.value },
      { cookie: `a=b; ${cookie.name}=${cookie.value}; c=d` },
    ]) {
      expect(isOpen("acme")(await visit(traefik.url, "acme.localhost", "/a/b?c", { headers }))).toBe(true);
    }
    for (const headers of [
      { "x-maintenance-bypass": `${header.value}0` },
      { cookie: `x${cookie.name}=${cookie.value}` },
    ]) {
      expect(isPageOf("acme")(await visit(traefik.url, "acme.localhost", "/", { headers }))).toBe(true);
    }
    for (const { host, url, end } of key.links) {
      const opened = await openLink(traefik.url, url);
      expect(opened.end).toBe(`${host}/`);
      expect(isOpen("acme")(opened.answer), opened.answer.body).toBe(true);
      expect(new Set(opened.walked)).toStrictEqual(new Set(hostsOf("acme")));
      const again = await openLink(traefik.url, url, { cookies: opened.cookies });
      expect(again.walked).toStrictEqual(opened.walked);
      const ended = await openLink(traefik.url, end, { cookies: again.cookies });
      expect(isPageOf("acme")(ended.answer)).toBe(true);
    }
    expect(await lab.stack.type(["stack", "export"])).not.toContain(header.value);
  });

  it("status finds what was deleted, changed and put before by hand; ci/up.sh makes it as declared", async () => {
    expect((await type("status")).code).toBe(EXIT.done);
    const middleware = {
      apiVersion: "traefik.io/v1alpha1",
      kind: "Middleware",
      metadata: { name: "maintenance-acme.traefik", namespace: "maintenance-pages" },
    };
    await lab.samples.delete(middleware);
    await sleep(4000);
    const deleted = await type("status");
    expect(deleted.code).toBe(EXIT.attention);
    expect(deleted.output).toContain("the Middleware of its override is not there");
    await lab.stack.script("up.sh");
    for (const host of hostsOf("acme")) expect(isPageOf("acme")(await visit(traefik.url, host))).toBe(true);

    const rival = ownRoute("rival", { match: "Host(`acme.localhost`)", priority: 2_000_000_000 });
    await lab.samples.apply(rival);
    await sleep(4000);
    const overruled = await type("status");
    expect(overruled.code).toBe(EXIT.attention);
    expect(overruled.output).toContain("IngressRoute acme/rival has a higher priority for acme.localhost");
    await lab.samples.delete(rival);
    await sleep(4000);
  });

  it("an override that was made by hand, with docs/template/override-traefik.yaml: disable says what to do, enable takes it over", async () => {
    const template = readFileSync(join(PROJECT, "docs", "template", "override-traefik.yaml"), "utf8")
      .replaceAll("acme\\.example\\.org", "gamma\\.localhost")
      // As the runbook's command does it.
      .replaceAll(/(name|serversTransport): (maintenance-acme|page-server-[a-z]+)$/gm, "$1: $2.traefik")
      .replaceAll("maintenance-acme", "maintenance-gamma")
      .replaceAll("instance: acme", "instance: gamma")
      .replace("replacement: /acme/", "replacement: /gamma/");
    for (const one of parseAllDocuments(template)) await lab.samples.apply(one.toJS() as KubernetesObject);
    for (const host of hostsOf("gamma")) await untilAnswer(() => visit(traefik.url, host), isPageOf("gamma"), 30);
    const refused = await type("disable", "gamma", "--yes");
    const deletion = "kubectl delete ingressroutes.traefik.io maintenance-gamma.traefik --namespace maintenance-pages";
    expect(refused.output).toContain(`  ${deletion}\n`);
    expect(refused.code).toBe(EXIT.refused);
    const enabled = await type("enable", "gamma", "--yes");
    expect(enabled.output).toContain("The override of gamma is there already");
    expect(enabled.code, enabled.output).toBe(EXIT.done);
    const disabled = await type("disable", "gamma", "--yes");
    expect(disabled.code, disabled.output).toBe(EXIT.done);
    for (const host of hostsOf("gamma")) await untilAnswer(() => visit(traefik.url, host), isOpen("gamma"), 30);
  });

  it("disables, and nothing of the instance is left", async () => {
    const wrong = await underLoad([traefik.url, traefik.encryptedUrl], ["page", "own"], async () => {
      const { code, output } = await type("disable", "acme", "--yes");
      expect(code, output).toBe(EXIT.done);
    });
    expect(wrong).toStrictEqual([]);
    expect((await lab.samples.left("maintenance-pages")).filter((one) => one.includes("acme"))).toStrictEqual([]);
  });
});

describeLinkInChromium(() => ({ lab, edge: traefik, route: ingressOfApps() }));

describe("addresses that need no key", () => {
  const [office, officeToo, elsewhere] = ["203.0.113.7", "2001:db8::7", "203.0.114.7"] as const;
  const visitFrom = (address: string, host: string, headers = {}, path = "/courses") =>
    visit(traefik.url, host, path, { headers, agent: agentFor(address) });

  beforeAll(async () => {
    await set("edges.traefik.bypassAddresses[0]", "203.0.113.0/24");
    // Pulumi takes the address for a secret.
    await lab.stack.type([
      "config",
      "set",
      "--path",
      "edges.traefik.bypassAddresses[1]",
      "2001:db8::/48",
      "--plaintext",
    ]);
    expect((await lab.stack.up()).changes).toStrictEqual([]);
    for (const args of [["acme", "--bypass"], ["beta"]]) {
      const { code, output } = await type("enable", ...args, "--yes");
      expect(code, output).toBe(EXIT.done);
    }
  });
  afterAll(async () => {
    await type("disable", "acme", "beta", "--yes");
    await lab.stack.type(["config", "rm", "--path", "edges.traefik.bypassAddresses"]);
    await lab.stack.up();
  });

  it("let their visitors in, and nobody else's", async () => {
    for (const address of [office, officeToo]) {
      for (const host of hostsOf("acme")) {
        await untilAnswer(() => visitFrom(address, host), isOpen("acme"), 20);
        expect((await visitFrom(address, host)).body).toContain("GET /courses");
      }
    }
    for (const host of hostsOf("acme")) expect(isPageOf("acme")(await visitFrom(elsewhere, host))).toBe(true);
    expect(isPageOf("acme")(await visit(traefik.url, "acme.localhost"))).toBe(true);
  });

  it("are not read from a header that a visitor can write", async () => {
    for (const name of ["x-forwarded-for", "x-real-ip", "forwarded", "cf-connecting-ip", "true-client-ip"]) {
      for (const value of [office, `${office}, ${office}`, `for=${office}`]) {
        const answer = await visitFrom(elsewhere, "acme.localhost", { [name]: value });
        expect(isPageOf("acme")(answer), `${name}: ${value}`).toBe(true);
      }
    }
  });

  it("get the page where they want it, as the command's own checks do", async () => {
    const headers = { "x-maintenance-bypass": "none" };
    expect(isPageOf("acme")(await visitFrom(office, "acme.localhost", headers))).toBe(true);
    const key = (JSON.parse((await type("bypass", "acme", "--json")).stdout) as BypassUse).header.value;
    const withKey = { "x-maintenance-bypass": key };
    expect(isOpen("acme")(await visitFrom(office, "acme.localhost", withKey))).toBe(true);
  });

  it("reach no instance whose maintenance has no bypass", async () => {
    expect(isPageOf("beta")(await visitFrom(office, "beta.localhost"))).toBe(true);
  });

  it("that are the operator's own change nothing of what status and disable see", async () => {
    await set("edges.traefik.bypassAddresses[0]", RELAYS);
    expect((await lab.stack.up()).changes).toStrictEqual(["update IngressRoute bypass-acme.traefik"]);
    await untilAnswer(() => visit(traefik.url, "acme.localhost"), isOpen("acme"), 20);
    const { code, output } = await type("status");
    expect(code, output).toBe(EXIT.done);
    expect(output).toMatch(/^ok +acme/m);
  });

  it("that are none are refused, and nothing is changed", async () => {
    await set("edges.traefik.bypassAddresses[0]", "203.0.113.7/24");
    const { code, output } = await type("status");
    expect(code).toBe(EXIT.refused);
    expect(output).toMatch(
      /edges\.traefik\.bypassAddresses\[0\]\n +found: +"203\.0\.113\.7\/24"\n.*\n +nearest: +203\.0\.113\.0\/24/,
    );
    await set("edges.traefik.bypassAddresses[0]", "203.0.113.0/24");
    await lab.stack.up();
  });
});

/** An IngressRoute of acme's own. */
function ownRoute(
  name: string,
  route: { readonly match: string; readonly priority?: number },
  more: object = {},
): KubernetesObject & { readonly spec: object } {
  return {
    apiVersion: "traefik.io/v1alpha1",
    kind: "IngressRoute",
    metadata: { name, namespace: "acme" },
    spec: { routes: [{ kind: "Rule", ...route, services: [{ name: "caddy", port: 80 }] }], ...more },
  };
}

describe("an instance with routes of its own", () => {
  const folder = mkdtempSync(join(tmpdir(), "certificate-"));
  let authority: string;
  const made: KubernetesObject[] = [];
  const apply = async (manifest: KubernetesObject) => {
    await lab.samples.apply(manifest);
    made.push(manifest);
  };

  /** The protocol and the issuer of a connection, or `refused`. */
  function handshake(host: string, maxVersion: "TLSv1.2" | "TLSv1.3"): Promise<string> {
    const { hostname, port } = new URL(traefik.encryptedUrl);
    return new Promise((resolve) => {
      const socket = connect(
        { host: hostname, port: Number(port), servername: host, ca: authority, maxVersion },
        () => {
          resolve(`${socket.getProtocol()}${socket.authorized ? ", its own certificate" : ""}`);
          socket.destroy();
        },
      );
      socket.on("error", () => resolve("refused"));
    });
  }

  beforeAll(async () => {
    const made = await makeAuthority(folder);
    authority = made.certificate;
    await made.issue("server", {
      subject: "/CN=acme.localhost",
      alternativeNames: hostsOf("acme").map((host) => `DNS:${host}`),
    });
    const stringData = {
      "tls.crt": readFileSync(join(folder, "server.crt"), "utf8"),
      "tls.key": readFileSync(join(folder, "server.key"), "utf8"),
    };
    const metadata = { namespace: "acme" };
    const spec = { minVersion: "VersionTLS13" };
    await apply({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { ...metadata, name: "tls" },
      type: "kubernetes.io/tls",
      stringData,
    } as KubernetesObject);
    await apply({
      apiVersion: "traefik.io/v1alpha1",
      kind: "TLSOption",
      metadata: { ...metadata, name: "modern" },
      spec,
    } as KubernetesObject);
    const tls = { secretName: "tls", options: { name: "modern" } };
    // Its Ingress has no TLS options, so Traefik would use the default ones for both.
    await lab.samples.deleteIngress("acme");
    await apply(
      ownRoute("own", { match: "Host(`acme.localhost`)", priority: 100_000 }, { entryPoints: ["websecure"], tls }),
    );
    // As cert-manager's solver, during the maintenance.
    const solver = ruleFor("acme.localhost", "caddy");
    const [path] = solver.http.paths;
    const paths = [
      { ...path, path: CHALLENGE, pathType: "Exact" },
      { ...path, path: "/exact", pathType: "Exact" },
    ];
    await apply({
      apiVersion: "networking.k8s.io/v1",
      kind: "Ingress",
      metadata: {
        ...metadata,
        name: "solver",
        annotations: { "traefik.ingress.kubernetes.io/router.entrypoints": "web" },
      },
      spec: { ingressClassName: "traefik", rules: [{ ...solver, http: { paths } }] },
    } as KubernetesObject);
    await untilAnswer(() => visit(traefik.encryptedUrl, "acme.localhost"), isOpen("acme"), 30);
    await sleep(3000);
  });
  afterAll(async () => {
    for (const manifest of made) await lab.samples.delete(manifest);
    await lab.samples.createIngress("acme");
    rmSync(folder, { recursive: true });
  });

  it("has its certificate and its TLS options before, during and after the maintenance, and every path shows the page", async () => {
    const tls = async () => [
      await handshake("acme.localhost", "TLSv1.3"),
      await handshake("acme.localhost", "TLSv1.2"),
    ];
    const own = ["TLSv1.3, its own certificate", "refused"];
    expect(await tls()).toStrictEqual(own);
    const enabled = await type("enable", "acme", "--yes");
    expect(enabled.code, enabled.output).toBe(EXIT.done);
    expect(await tls()).toStrictEqual(own);
    for (const edge of [traefik.url, traefik.encryptedUrl]) {
      for (const path of [
        "/",
        "/exact",
        "/.well-known/acme-challenge/a/../../courses",
        "/.well-known/acme-challenge/",
      ]) {
        expect(isPageOf("acme")(await visit(edge, "acme.localhost", path)), `${edge}${path}`).toBe(true);
      }
      expect(isThere(await visit(edge, "acme.localhost", CHALLENGE)), edge).toBe(true);
    }
    const disabled = await type("disable", "acme", "--yes");
    expect(disabled.code, disabled.output).toBe(EXIT.done);
    expect(await tls()).toStrictEqual(own);
  });
});

describe("no page server pod is ready", () => {
  let strict: Edge;

  beforeAll(async () => {
    const { embedded } = lab.cluster;
    if (embedded === undefined) throw new Error("only on the embedded cluster");
    const options = { "providers.kubernetesCRD.allowEmptyServices": "false" };
    strict = await embedded.startTraefik(HELM_VALUES, { number: 1, options });
    const { code, output } = await type("enable", "acme", "--yes");
    expect(code, output).toBe(EXIT.done);
    expect(output).toContain("allowEmptyServices is false");
  });

  it("with allowEmptyServices true and false visitors get 503, and never the instance", async () => {
    await untilAnswer(() => visit(strict.url, "acme.localhost"), isPageOf("acme"), 30);
    await pods.scale(0);
    await pods.untilReady(0);
    await sleep(4000);
    for (const { url, encryptedUrl } of [traefik, strict]) {
      for (const edge of [url, encryptedUrl]) {
        for (const path of ["/", "/courses"]) {
          const answer = await visit(edge, "acme.localhost", path);
          expect(`${answer.status} ${marker(answer).get("kind") ?? "without a page"}`, edge).toBe("503 without a page");
        }
        expect(isOpen("beta")(await visit(edge, "beta.localhost"))).toBe(true);
        expect(isThere(await visit(edge, "acme.localhost", CHALLENGE))).toBe(true);
      }
    }
    await pods.scale(2);
    await pods.untilReady();
    for (const { url } of [traefik, strict])
      await untilAnswer(() => visit(url, "acme.localhost"), isPageOf("acme"), 30);
    const { code, output } = await type("disable", "acme", "--yes");
    expect(code, output).toBe(EXIT.done);
  });
});

describe("one instance in maintenance, with Traefik at the edge: the rows of `npm run local -- --check --edge traefik` that depend on it", () => {
  const figures: Figures = {};
  const here = (): Lab => ({
    ...lab,
    ...at({ kind: "traefik", name: "traefik", url: traefik.url, port: traefik.port, running: traefik }),
  });
  afterAll(() => console.log(describeFigures(lab, figures)));

  for (const { step, expected, see } of scenario.filter(isOwnOf("traefik"))) {
    it(`${step}: ${expected}`, async () => {
      expect(await see(here(), figures)).toBe(expected);
    });
  }
});
