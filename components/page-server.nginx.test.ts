import { describe, expect, it } from "vitest";
import { nginxConfiguration } from "./page-server.nginx";
import { CORS_HEADERS } from "./page-server.nginx.negotiation";

const over = (pagesUrl: string) => nginxConfiguration({ pagesUrl, retryAfter: 300 });

describe("the page server's nginx configuration", () => {
  it("verifies the bucket's certificate, and asks by its name", () => {
    const configuration = over("https://pages.s3.eu-central-1.amazonaws.com/pages");
    expect(configuration).toContain("proxy_ssl_verify on;");
    expect(configuration).toContain("proxy_ssl_server_name on;");
    expect(configuration).toContain("proxy_set_header Host pages.s3.eu-central-1.amazonaws.com;");
    expect(over("http://10.0.0.1:7070/b/pages")).not.toContain("proxy_ssl");
    expect(over("http://10.0.0.1:7070/b/pages")).toContain("proxy_set_header Host 10.0.0.1:7070;");
  });

  it("names the bucket only with a variable behind it, so that nginx starts when the name is unknown", () => {
    const passes = [...over("https://pages.example/pages").matchAll(/proxy_pass (\S+);/g)].map((match) => match[1]);
    expect(new Set(passes)).toStrictEqual(new Set(["https://pages.example/pages/$key"]));
  });

  it("answers no request with a status of its own", () => {
    const statuses = [...over("https://pages.example/pages").matchAll(/^ +error_page .*=(\d*) /gm)].map(([, to]) => to);
    expect(new Set(statuses)).toStrictEqual(new Set(["503", "404"]));
  });

  it("gives every visitors' port every header, since an inner add_header would drop the outer ones", () => {
    const servers = over("https://pages.example/pages")
      .split(/^ {2}server \{/m)
      .slice(1, 3);
    const names = servers.map((server) => [...server.matchAll(/add_header (\S+)/g)].map((match) => match[1]));
    const common = [
      "Cache-Control",
      "Vary",
      ...Object.keys(CORS_HEADERS),
      "Content-Security-Policy",
      "X-Content-Type-Options",
      "X-Robots-Tag",
      "Referrer-Policy",
    ];
    expect(names).toStrictEqual([
      ["X-Maintenance-Page", "Retry-After", ...common],
      ["X-Maintenance-Page", ...common],
    ]);
    for (const server of servers) expect(server).not.toMatch(/^ {6}add_header/m);
  });
});
