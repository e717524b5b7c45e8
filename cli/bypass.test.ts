import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { bypassText, bypassUse, domainsOf } from "./bypass";

const key = { header: "0123", cookie: "maintenance-bypass-0123" };
const acme = {
  name: "acme",
  hosts: ["acme.example.org", "studio.acme.example.org", "*.acme.example.org", "shop.test"],
};

it("asks by the host's name, or by the edge's address", () => {
  expect(bypassUse(acme, key, []).curl).toBe("curl -H 'X-Maintenance-Bypass: 0123' https://acme.example.org/");
  expect(bypassUse(acme, key, [{ name: "default", address: "http://127.0.0.1:8080" }]).curl).toBe(
    "curl -H 'X-Maintenance-Bypass: 0123' -H 'Host: acme.example.org' http://127.0.0.1:8080/",
  );
});

it("sets a cookie for the domains that cover every host", () => {
  expect(domainsOf(acme.hosts)).toStrictEqual(["acme.example.org", "shop.test"]);
});

it("has a bookmark that sets the cookie, and takes it away when it is there", () => {
  const { bookmarklet } = bypassUse(acme, key, []);
  const click = (cookie: string) => {
    const set: string[] = [];
    let reloads = 0;
    const document = {
      get cookie() {
        return cookie;
      },
      set cookie(value: string) {
        set.push(value);
      },
    };
    const location = { protocol: "https:", reload: () => reloads++ };
    runInNewContext(bookmarklet.replace(/^javascript:/, ""), { document, location });
    return { set, reloads };
  };
  const cookie = (age: number, domain: string) =>
    `maintenance-bypass-0123=always;path=/;samesite=lax;max-age=${age};domain=${domain};secure`;
  expect(click("")).toStrictEqual({
    set: [cookie(28_800, "acme.example.org"), cookie(28_800, "shop.test")],
    reloads: 1,
  });
  expect(click("a=b; maintenance-bypass-0123=always").set).toStrictEqual([
    cookie(0, "acme.example.org"),
    cookie(0, "shop.test"),
  ]);
  // A browser decodes an address first.
  expect(decodeURI(bookmarklet)).toBe(bookmarklet);
});

it("tells from where no key is needed", () => {
  const use = bypassUse(acme, key, [
    { name: "default", address: undefined },
    { name: "traefik", address: undefined, bypassAddresses: ["203.0.113.0/24", "2001:db8::7"] },
  ]);
  expect(use.addresses).toStrictEqual([{ edge: "traefik", ranges: ["203.0.113.0/24", "2001:db8::7"] }]);
  expect(bypassText(use)).toContain("Without a key, at the edge traefik: from 203.0.113.0/24, 2001:db8::7.");
  expect(bypassText(use)).toContain("\n  curl -H 'X-Maintenance-Bypass: none' https://acme.example.org/");
  expect(bypassText(bypassUse(acme, key, []))).not.toContain("Without a key");
});

it("tells a person how", () => {
  const text = bypassText(bypassUse(acme, key, []));
  expect(text).toContain("curl -H");
  // Without the name it would be the selected stack's keys.
  expect(text).toContain("`npx maintenance bypass acme --rotate`");
  expect(text).toContain("javascript:");
  for (const { url } of bypassUse(acme, key, []).links) expect(text).toContain(`\n  ${url}\n`);
  expect(text).toContain("?end=");
  expect(text).toContain("opens every host that has one");
  const alone = { name: "acme", hosts: ["a.test", "b.test"], assumedHosts: ["b.test"] };
  expect(bypassText(bypassUse(alone, key, []))).not.toContain("hosts=");
  expect(bypassText(bypassUse({ name: "acme", hosts: ["*.acme.example.org"] }, key, []))).not.toContain("?key=");
});

describe("the links", () => {
  const path = "/.maintenance-page/bypass";
  const linksOf = (hosts: readonly string[], assumedHosts: readonly string[] = []) =>
    bypassUse({ name: "acme", hosts, assumedHosts }, key, []).links.map(({ url }) => url);

  it("open every host from each of them, and are there for taking the cookies back", () => {
    expect(bypassUse(acme, key, []).links).toStrictEqual(
      ["acme.example.org", "studio.acme.example.org", "shop.test"].map((host) => ({
        host,
        url: `https://${host}${path}?key=0123&hosts=3`,
        end: `https://${host}${path}?end=0123&hosts=3`,
      })),
    );
  });

  it("open one host alone where there is no other, or where the walk would end, or be too long", () => {
    expect(linksOf(["a.test"])).toStrictEqual([`https://a.test${path}?key=0123`]);
    expect(linksOf(["a.test", "b.test", "c.test"], ["c.test"])).toStrictEqual([
      `https://a.test${path}?key=0123&hosts=2`,
      `https://b.test${path}?key=0123&hosts=2`,
      `https://c.test${path}?key=0123`,
    ]);
    const many = Array.from({ length: 16 }, (_, index) => `${index}.test`);
    expect(linksOf(many).map((url) => url.split("?key=0123")[1])).toStrictEqual([
      ...Array.from({ length: 14 }, () => "&hosts=14"),
      "",
      "",
    ]);
  });
});
