import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { nginxConfiguration } from "./model";
import { CORS_HEADERS } from "./negotiation";

const over = (pagesUrl: string, languages: readonly string[] = ["en", "ar", "zh-Hant"]) =>
  nginxConfiguration({
    pagesUrl,
    retryAfter: 300,
    languages,
    clients: [{ name: "gamma", hosts: ["gamma.example.org", "*.gamma.example.org"] }],
    otherHosts: ["beta.example.org", "beta.gamma.example.org"],
    hasCertificateAuthority: false,
    mark: "1a2b3c4d",
  });

const visitorsServers = () =>
  over("https://pages.example/pages")
    .split(/^ {2}server \{/m)
    .slice(1, 4)
    .map((server) => server.replace(/^ {2}\}[\s\S]*/m, ""));

const LINK_ANSWER = / {4}location @link \{[\s\S]*?\n {4}\}\n/;

describe("the page server's nginx configuration", () => {
  it("matches golden/nginx.conf (--update writes it)", async () => {
    const golden = join(__dirname, "golden", "nginx.conf");
    await expect(over("https://pages.example.org/pages")).toMatchFileSnapshot(golden);
  });

  it("verifies the bucket's certificate, and requests it by name", () => {
    const configuration = over("https://pages.s3.eu-central-1.amazonaws.com/pages");
    expect(configuration).toContain("proxy_ssl_verify on;");
    expect(configuration).toContain("proxy_ssl_server_name on;");
    expect(configuration).toContain("proxy_set_header Host pages.s3.eu-central-1.amazonaws.com;");
    expect(over("http://10.0.0.1:7070/b/pages")).not.toContain("proxy_ssl");
    expect(over("http://10.0.0.1:7070/b/pages")).toContain("proxy_set_header Host 10.0.0.1:7070;");
  });

  it("always has a variable in the bucket's URL, so that nginx starts when the name can't be resolved", () => {
    const passes = [...over("https://pages.example/pages").matchAll(/proxy_pass (\S+);/g)].map((match) => match[1]);
    const named = passes.filter((place) => place?.startsWith("https:"));
    expect(new Set(named)).toStrictEqual(
      new Set(["https://pages.example/pages/$key", "https://pages.example/pages$request_uri"]),
    );
    for (const place of passes) if (!named.includes(place)) expect(place).toMatch(/^http:\/\/(?:pages\/|unix:)/);
    expect(over("https://pages.example/pages")).toContain("upstream pages {\n    server unix:");
  });

  it("marks every page with the stack", () => {
    const markers = [...over("https://pages.example/pages").matchAll(/add_header X-Maintenance-Page "(.*)" always/g)];
    expect(markers.map((match) => match[1])).toStrictEqual([
      "instance=$instance; kind=$page; revision=$revision; stack=1a2b3c4d; source=$shown_source",
      "instance=$instance; kind=$page; revision=$revision; stack=1a2b3c4d; source=$shown_source",
      "kind=$backend_kind; stack=1a2b3c4d; source=$shown_source",
    ]);
  });

  it("changes the status of every answer as intended, with 200 only for a client's asset", () => {
    const [maintenance = "", bypass = "", notFound = ""] = visitorsServers();
    const places = (server: string) =>
      [...server.matchAll(/^ +error_page .*=(\d*) (\S+);/gm)].map(([, status, place]) => [status, place]);
    for (const [status, place] of [...places(maintenance), ...places(bypass)]) {
      if (place === "/-/asset") expect(status).toBe("200");
      else if (place === "/-/refused") expect(status).toBe("400");
      else if (place === "@link") expect(status).toBe("303");
      else expect(["503", "404 /-/nothing"]).toContain(status === "503" ? status : `${status} ${place}`);
    }
    // A body that is too large leads to that location, which decides again.
    const found = places(notFound).filter(([, place]) => place !== "@too-large");
    for (const [status, place] of found) {
      if (place === "/-/refused") expect(status).toBe("400");
      else if (place?.startsWith("/-/")) expect(place).toContain(`/-/${status}/`);
      else expect(place).toBe(`@plain-${status}`);
    }
    expect(new Set(found.map(([status]) => status))).toStrictEqual(new Set(["400", "404", "500", "502", "503", "504"]));
  });

  it("contains the given languages, the first as the default, and longer names before shorter ones", () => {
    const all = over("https://pages.example/pages", ["fr", "zh-Hans", "zh-Hant", "pt-BR"]);
    const maps = /# --- which language[\s\S]*?# ---/.exec(all)?.[0] ?? "";
    expect(maps).toContain("default fr;");
    for (const alias of ["zh-tw zh-Hant", "zh zh-Hans", "pt pt-BR"]) expect(maps).toContain(`    ${alias};`);
    expect(maps).toMatch(/<best>[^)]*\bzh-tw\|[^)]*\|zh\|/);
    expect(maps).not.toMatch(/^ +en /m);
  });

  it("sets every header on every visitors' port, and none in an inner block, which would drop the outer ones", () => {
    // A link's answer is no page, and has headers of its own.
    const servers = visitorsServers().map((server) => server.replace(LINK_ANSWER, ""));
    const names = servers.map((server) => [...server.matchAll(/add_header (\S+)/g)].map((match) => match[1]));
    const common = [
      "Cache-Control",
      "Content-Language",
      "Vary",
      ...Object.keys(CORS_HEADERS),
      "Content-Security-Policy",
      "X-Content-Type-Options",
      "X-Robots-Tag",
      "Referrer-Policy",
    ];
    expect(names).toStrictEqual([
      ["X-Maintenance-Page", "Retry-After", ...common],
      ["X-Maintenance-Page", "Retry-After", ...common],
      ["X-Maintenance-Page", "Retry-After", ...common],
    ]);
    for (const server of servers) expect(server).not.toMatch(/^ {6}add_header/m);
  });

  it("answers links on one port only, with a cookie of our own and without a referrer", () => {
    const [maintenance = "", bypass = "", notFound = ""] = visitorsServers();
    for (const server of [maintenance, notFound]) expect(server).not.toMatch(/@link|Set-Cookie/);
    const [answer = ""] = LINK_ANSWER.exec(bypass) ?? [];
    expect([...answer.matchAll(/add_header (.*) always;/g)].map((match) => match[1])).toStrictEqual([
      "Location $link_location",
      'Set-Cookie "maintenance-bypass-$link_key=$link_value; $link_attributes"',
      "Set-Cookie $older_cookie",
      "Cache-Control no-store",
      "Referrer-Policy no-referrer",
      "X-Robots-Tag noindex",
    ]);
  });
});
