import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { bypassText, bypassUse, domainsOf } from "./bypass";

const key = { header: "0123", cookie: "maintenance-bypass-0123" };
const acme = {
  name: "acme",
  hosts: ["acme.example.org", "studio.acme.example.org", "*.acme.example.org", "shop.test"],
};

it("asks by the host's name, or by the edge's address", () => {
  expect(bypassUse(acme, key, undefined).curl).toBe("curl -H 'X-Maintenance-Bypass: 0123' https://acme.example.org/");
  expect(bypassUse(acme, key, "http://127.0.0.1:8080").curl).toBe(
    "curl -H 'X-Maintenance-Bypass: 0123' -H 'Host: acme.example.org' http://127.0.0.1:8080/",
  );
});

it("sets a cookie for the domains that cover every host", () => {
  expect(domainsOf(acme.hosts)).toStrictEqual(["acme.example.org", "shop.test"]);
});

it("has a bookmark that sets the cookie, and takes it away when it is there", () => {
  const { bookmarklet } = bypassUse(acme, key, undefined);
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

it("tells a person how", () => {
  const text = bypassText(bypassUse(acme, key, undefined));
  expect(text).toContain("curl -H");
  expect(text).toContain("javascript:");
});
