import type { KubernetesObject } from "@kubernetes/client-node";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BypassUse } from "../../cli/bypass";
import { EXIT } from "../../cli/errors";
import type { Edge } from "../../lab/edges/edge";
import { GATEWAY } from "../../lab/edges/gateway-api/objects";
import type { Lab } from "../../lab/lab";
import { HOST_PATTERNS, hostsOf, ingressOf, ruleFor } from "../../lab/samples";
import { untilAnswer, visit } from "../../lab/traffic/visitor";
import { LINK_SECONDS } from "../../model/bypass";
import { startBrowser } from "../browser/browser";
import { isOpen } from "./acme-under-load";

const APPS = "apps.acme.localhost";
const HOSTS = [...hostsOf("acme"), APPS];

/** The Ingress of acme's third host. */
export function ingressOfApps(): KubernetesObject & { readonly spec: object } {
  const { metadata, spec, ...kind } = ingressOf("acme");
  return { ...kind, metadata: { ...metadata, name: "apps" }, spec: { ...spec, rules: [ruleFor(APPS, "caddy")] } };
}

/** The HTTPRoute of acme's third host. */
export function routeOfApps(): KubernetesObject & { readonly spec: object } {
  return {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "HTTPRoute",
    metadata: { name: "apps", namespace: "acme" },
    spec: { parentRefs: [GATEWAY], hostnames: [APPS], rules: [{ backendRefs: [{ name: "caddy", port: 80 }] }] },
  };
}

/**
 * Opens the links of an instance with three hosts in Chromium, over HTTPS.
 *
 * @param here a cluster with acme, not in maintenance, the edge, and what leads acme's third host to its pods.
 */
export function describeLinkInChromium(
  here: () => { readonly lab: Lab; readonly edge: Edge; readonly route: KubernetesObject },
): void {
  describe("a bypass link in Chromium, of an instance with three hosts", () => {
    let browser: Browser;
    let page: Page;
    let links: BypassUse["links"];

    const type = (...args: readonly string[]) => here().lab.stack.tryMaintenance(...args);
    const bodyAt = async (host: string) => {
      await page.goto(`https://${host}/a/path?b=c`);
      return (await page.textContent("body")) ?? "";
    };

    beforeAll(async () => {
      const { lab, edge, route } = here();
      await lab.samples.apply(route);
      await untilAnswer(() => visit(edge.url, APPS), isOpen("acme"), 30);
      await lab.stack.type([
        "config",
        "set",
        "--path",
        `hostPatterns[${HOST_PATTERNS.length}]`,
        "apps.{instance}.localhost",
      ]);
      await lab.stack.up();
      const { code, output } = await type("enable", "acme", "--bypass", "--yes");
      expect(code, output).toBe(EXIT.done);
      links = (JSON.parse((await type("bypass", "acme", "--json")).stdout) as BypassUse).links;
      browser = await startBrowser([`--host-resolver-rules=MAP * ${new URL(edge.encryptedUrl).host}`]);
      // The controller has a certificate that it made itself.
      page = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
    });
    afterAll(async () => {
      await browser?.close();
      const { lab, route } = here();
      await type("disable", "acme", "--yes");
      await lab.stack.type(["config", "rm", "--path", `hostPatterns[${HOST_PATTERNS.length}]`]);
      await lab.stack.up();
      await lab.samples.delete(route);
    });

    it("is there for each host", () => {
      expect(links.map(({ host }) => host)).toStrictEqual(HOSTS);
    });

    it("lets the browser in on all three by one click, and is taken back by another", async () => {
      for (const { host, url, end } of links) {
        for (const one of HOSTS) expect(await bodyAt(one)).not.toContain("this is acme");

        await page.goto(url);
        expect(page.url()).toBe(`https://${host}/`);
        expect(await page.textContent("body")).toContain("this is acme: GET /");
        for (const one of HOSTS) expect(await bodyAt(one)).toContain("this is acme: GET /a/path");
        expect(await page.evaluate("[document.cookie, document.referrer]")).toStrictEqual(["", ""]);

        const now = Date.now() / 1000;
        const cookies = await page.context().cookies();
        expect(new Set(cookies.map(({ domain }) => domain))).toStrictEqual(new Set(HOSTS));
        for (const cookie of cookies) {
          expect(cookie).toMatchObject({ path: "/", httpOnly: true, secure: true, sameSite: "Lax", value: "always" });
          expect(cookie.expires).toBeGreaterThan(now);
          expect(cookie.expires).toBeLessThanOrEqual(now + LINK_SECONDS);
        }

        await page.goto(end);
        expect(page.url()).toBe(`https://${host}/`);
        expect(await page.context().cookies()).toStrictEqual([]);
        for (const one of HOSTS) expect(await bodyAt(one)).not.toContain("this is acme");
      }
    });

    it("with another key lets nobody in", async () => {
      for (const { url } of links) {
        await page.goto(url.replace(/key=\w+/, `key=${"0".repeat(32)}`));
        for (const one of HOSTS) expect(await bodyAt(one)).not.toContain("this is acme");
        await page.context().clearCookies();
      }
    });
  });
}
