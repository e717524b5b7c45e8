import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { KubernetesObject } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { parse } from "yaml";
import type { BypassUse } from "../../cli/bypass";
import { EXIT } from "../../cli/errors";
import { PROJECT } from "../../cli/project";
import type { Edge } from "../../lab/edges/edge";
import type { EnvoyGateway } from "../../lab/edges/gateway-api/envoy-gateway";
import { envoyProxy, GATEWAY, gateway, LISTENERS } from "../../lab/edges/gateway-api/objects";
import { at, type Lab, startLab } from "../../lab/lab";
import { hostsOf, LONG_PATH } from "../../lab/samples";
import { describeFigures, type Figures } from "../../lab/scenario/figures";
import { scenario } from "../../lab/scenario/scenario";
import { inWordsOf, isPageOf, marker } from "../../lab/scenario/seen";
import { isOwnOf } from "../../lab/scenario/step";
import { openLink } from "../../lab/traffic/link";
import { type Answer, untilAnswer, visit } from "../../lab/traffic/visitor";
import { isOpen, underLoad } from "./acme-under-load";
import { describeLinkInChromium, routeOfApps } from "./link-in-chromium";

// A real ingress-nginx, a real Traefik and a real Envoy Gateway on one cluster, as during a migration.

let lab: Lab;
let traefik: Edge;
let envoy: EnvoyGateway;

const TRAEFIK = { providers: { kubernetesCRD: { enabled: true, allowEmptyServices: true } } } as const;

beforeAll(async () => {
  lab = await startLab({ report: (line) => console.log(line) });
  const { embedded } = lab.cluster;
  if (embedded === undefined) throw new Error("only on the embedded cluster");
  await embedded.createTraefikTypes();
  await embedded.createGatewayApiTypes();
  traefik = await embedded.startTraefik(TRAEFIK);
  envoy = await embedded.startEnvoyGateway();
  await lab.samples.deployRoutes();
  for (const edge of [traefik, envoy]) {
    for (const host of hostsOf("acme")) await untilAnswer(() => visit(edge.url, host), isOpen("acme"), 60);
  }
});
afterAll(() => lab?.stop());

const isNotFound = (answer: Answer) => answer.status === 404 && marker(answer).get("kind") === "not-found";

const type = (...args: readonly string[]) => lab.stack.tryMaintenance(...args);

const set = (path: string, value: string) => lab.stack.type(["config", "set", "--path", path, value]);

describe("the move from ingress-nginx and from Traefik, with acme in maintenance throughout", () => {
  it("the new edge is added: visitors at the old ones see nothing but the page", async () => {
    await set("edges.default.kind", "ingress-nginx");
    await set("edges.traefik.kind", "traefik");
    await set("edges.traefik.address", traefik.url);
    const enabled = await type("enable", "acme", "--yes");
    expect(enabled.code, enabled.output).toBe(EXIT.refused);
    await lab.stack.up();
    const again = await type("enable", "acme", "--yes");
    expect(again.code, again.output).toBe(EXIT.done);
    const wrong = await underLoad([lab.edge, traefik.url], ["page"], async () => {
      await set("edges.gateway.kind", "gateway-api");
      await set("edges.gateway.parentRefs[0].name", GATEWAY.name);
      await set("edges.gateway.parentRefs[0].namespace", GATEWAY.namespace);
      await set("edges.gateway.address", envoy.url);
      await lab.stack.up();
      for (const host of hostsOf("acme")) await untilAnswer(() => visit(envoy.url, host), isPageOf("acme"), 30);
    });
    expect(wrong).toStrictEqual([]);
    const { code, output } = await type("status");
    expect(code, output).toBe(EXIT.done);
  });

  it("DNS moves, the old controllers go, and then their edges: nobody sees acme at the new one", async () => {
    const wrong = await underLoad([envoy.url, envoy.encryptedUrl], ["page"], async () => {
      await lab.cluster.embedded?.edge?.stop();
      await traefik.stop();
      // The controller's admission webhook would refuse every Ingress while it is gone.
      await lab.samples.delete({
        apiVersion: "admissionregistration.k8s.io/v1",
        kind: "ValidatingWebhookConfiguration",
        metadata: { name: "ingress-nginx-admission" },
      });
      await lab.stack.type(["config", "set", "protect", "false"]);
      await lab.stack.up();
      await lab.stack.type(["config", "rm", "--path", "edges.default"]);
      await lab.stack.type(["config", "rm", "--path", "edges.traefik"]);
      await lab.stack.type(["config", "set", "protect", "true"]);
      const { changes } = await lab.stack.up();
      expect(changes).toContain("delete Ingress maintenance-acme");
      expect(changes).toContain("delete IngressRoute maintenance-acme.traefik");
    });
    expect(wrong).toStrictEqual([]);
  });

  it("disable lets visitors in: 0 wrong", async () => {
    const wrong = await underLoad([envoy.url, envoy.encryptedUrl], ["page", "own"], async () => {
      const { code, output } = await type("disable", "acme", "--yes");
      expect(code, output).toBe(EXIT.done);
    });
    expect(wrong).toStrictEqual([]);
    for (const host of hostsOf("acme")) expect(isOpen("acme")(await visit(envoy.url, host))).toBe(true);
    for (const edge of [envoy.url, envoy.encryptedUrl])
      expect(isNotFound(await visit(edge, "nobody.localhost"))).toBe(true);
  });
});

describe("the command, with Envoy Gateway alone", () => {
  it("enables with a bypass, and the key lets a person through", async () => {
    const wrong = await underLoad([envoy.url, envoy.encryptedUrl], ["page", "own"], async () => {
      const { code, output } = await type("enable", "acme", "--bypass", "--yes");
      expect(code, output).toBe(EXIT.done);
      expect(output).toContain("update HTTPRoute maintenance-acme.gateway");
      expect(output).toMatch(/Checking the bypass of acme …\n {2}acme\.localhost at gateway: 200, the site itself/);
    });
    expect(wrong).toStrictEqual([]);
    const key = JSON.parse((await type("bypass", "acme", "--json")).stdout) as BypassUse;
    const { header, cookie } = key;
    for (const path of ["/a/b?c", "/exact", `${LONG_PATH}/x`]) {
      for (const headers of [
        { "x-maintenance-bypass": header.value },
        { cookie: `a=b; ${cookie.name}=${cookie.value}; c=d` },
      ]) {
        expect(isOpen("acme")(await visit(envoy.url, "acme.localhost", path, { headers })), path).toBe(true);
      }
      for (const headers of [
        { "x-maintenance-bypass": `${header.value}0` },
        { cookie: `x${cookie.name}=${cookie.value}` },
      ]) {
        expect(isPageOf("acme")(await visit(envoy.url, "acme.localhost", path, { headers })), path).toBe(true);
      }
    }
    for (const { host, url, end } of key.links) {
      const opened = await openLink(envoy.url, url);
      expect(opened.end).toBe(`${host}/`);
      expect(isOpen("acme")(opened.answer), opened.answer.body).toBe(true);
      expect(new Set(opened.walked)).toStrictEqual(new Set(hostsOf("acme")));
      const again = await openLink(envoy.url, url, { cookies: opened.cookies });
      expect(again.walked).toStrictEqual(opened.walked);
      const ended = await openLink(envoy.url, end, { cookies: again.cookies });
      expect(isPageOf("acme")(ended.answer)).toBe(true);
    }
    expect(await lab.stack.type(["stack", "export"])).not.toContain(header.value);
  });

  it("status finds an override that was deleted or changed by hand; ci/up.sh makes it as declared", async () => {
    const override = {
      apiVersion: "gateway.networking.k8s.io/v1",
      kind: "HTTPRoute",
      metadata: { name: "maintenance-acme.gateway", namespace: "maintenance-pages" },
    };
    await lab.samples.edit("HTTPRoute", "maintenance-pages", override.metadata.name, (text) =>
      text.replaceAll("/acme/unscheduled/", "/beta/unscheduled/"),
    );
    const changed = await type("status");
    expect(changed.code).toBe(EXIT.attention);
    expect(changed.output).toContain("its override has other filters than declared");
    await lab.samples.delete(override);
    await sleep(2000);
    const deleted = await type("status");
    expect(deleted.code).toBe(EXIT.attention);
    expect(deleted.output).toContain("its override is not there");
    await lab.stack.script("up.sh");
    for (const host of hostsOf("acme")) await untilAnswer(() => visit(envoy.url, host), isPageOf("acme"), 30);
  });

  it("an override that was made by hand, with docs/template/override-gateway-api.yaml: disable says what to do, and ci/up.sh leaves it alone", async () => {
    const template = readFileSync(join(PROJECT, "docs", "template", "override-gateway-api.yaml"), "utf8")
      .replaceAll("acme.example.org", "gamma.localhost")
      // As the runbook's command does it.
      .replace("by-hand.maintenance-acme", "by-hand.maintenance-gamma.gateway")
      .replaceAll("instance: acme", "instance: gamma")
      .replace("value: /acme/", "value: /gamma/")
      .replace("name: edge", `name: ${GATEWAY.name}`)
      .replace("namespace: gateways", `namespace: ${GATEWAY.namespace}`);
    const byHand = parse(template) as KubernetesObject;
    onTestFinished(() => lab.samples.delete(byHand).catch(() => undefined));
    await lab.samples.apply(byHand);
    for (const host of hostsOf("gamma")) await untilAnswer(() => visit(envoy.url, host), isPageOf("gamma"), 30);
    const refused = await type("disable", "gamma", "--yes");
    const deletion =
      "kubectl delete httproutes.gateway.networking.k8s.io maintenance-gamma.gateway by-hand.maintenance-gamma.gateway 2.maintenance-gamma.gateway --ignore-not-found --namespace maintenance-pages";
    expect(refused.output).toContain(`  ${deletion}\n`);
    expect(refused.code).toBe(EXIT.refused);
    // It ends with the code of `status`, which says that the configuration has no such maintenance.
    await expect(lab.stack.script("up.sh")).rejects.toThrow("exit code 5");
    for (const host of hostsOf("gamma")) expect(isPageOf("gamma")(await visit(envoy.url, host))).toBe(true);
    await lab.samples.delete(byHand);
    for (const host of hostsOf("gamma")) await untilAnswer(() => visit(envoy.url, host), isOpen("gamma"), 30);
  });

  it("disables, and the override is parked: it has no host of the instance", async () => {
    const wrong = await underLoad([envoy.url, envoy.encryptedUrl], ["page", "own"], async () => {
      const { code, output } = await type("disable", "acme", "--yes");
      expect(code, output).toBe(EXIT.done);
    });
    expect(wrong).toStrictEqual([]);
    const left = (await lab.samples.left("maintenance-pages")).filter((one) => one.includes("acme"));
    expect(left).toStrictEqual(["HTTPRoute maintenance-acme.gateway"]);
    expect((await lab.stack.up()).changes).toStrictEqual([]);
    expect((await type("status")).code).toBe(EXIT.done);
  });
});

describeLinkInChromium(() => ({ lab, edge: envoy, route: routeOfApps() }));

describe("a Gateway that would not use an override", () => {
  const refusal = async () => {
    const { code, output } = await type("enable", "acme", "--yes");
    expect(code, output).toBe(EXIT.refused);
    return output;
  };

  it("does not admit the namespace", async () => {
    const closed = LISTENERS.map(({ allowedRoutes: _, ...listener }) => listener);
    await lab.samples.apply(gateway(closed));
    expect(await refusal()).toContain(
      "does not admit routes of the namespace maintenance-pages at its listeners http, https",
    );
    await lab.samples.apply(gateway());
    await untilAnswer(() => visit(envoy.url, "nobody.localhost"), isNotFound, 30);
  });

  it("keeps the order in which routes were written", async () => {
    await lab.samples.apply(envoyProxy({ preserveRouteOrder: true }));
    expect(await refusal()).toContain("preserveRouteOrder");
    await lab.samples.apply(envoyProxy({ preserveRouteOrder: false }));
  });

  it("is of another implementation, or does not exist", async () => {
    await set("edges.gateway.implementation", "istio");
    expect(await refusal()).toContain("edges.*.implementation is istio: set it to envoy-gateway.");
    await expect(lab.stack.preview()).rejects.toThrow(/found: +"istio"\n.*\n.*nearest: +envoy-gateway/);
    await lab.stack.type(["config", "rm", "--path", "edges.gateway.implementation"]);
    await set("edges.gateway.parentRefs[0].name", "another");
    expect(await refusal()).toContain(`Gateway ${GATEWAY.namespace}/another does not exist.`);
    await set("edges.gateway.parentRefs[0].name", GATEWAY.name);
  });
});

describe("one instance in maintenance, with Envoy Gateway at the edge: the rows of `npm run local -- --check --edge gateway-api` that depend on it", () => {
  const figures: Figures = {};
  const here = (): Lab => ({
    ...lab,
    ...at({ kind: "gateway-api", name: "gateway", url: envoy.url, port: envoy.port, running: envoy }),
  });
  afterAll(() => console.log(describeFigures(lab, figures)));

  for (const { step, expected, see } of scenario.filter(isOwnOf("gateway-api"))) {
    it(`${step}: ${expected}`, async () => {
      expect(inWordsOf("gateway-api", await see(here(), figures))).toBe(inWordsOf("gateway-api", expected));
    });
  }
});
