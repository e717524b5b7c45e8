import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { allowsSnippets, configFindings, PAGE_HEADERS, passesTlsThrough } from "./config-map";
import type { Version } from "./controllers";

const PLACE = "ConfigMap ingress-nginx/controller";
const ANNOTATIONS = {
  "nginx.ingress.kubernetes.io/ssl-redirect": "false",
  "nginx.ingress.kubernetes.io/proxy-next-upstream": "error timeout",
  "example.org/other": "secret",
};
const found = (data: Readonly<Record<string, string>>, version?: Version) =>
  configFindings({ place: PLACE, data }, version, ANNOTATIONS);

it("the headers of the page are those that the page server adds", () => {
  const golden = readFileSync(join(__dirname, "..", "..", "page-server", "golden", "nginx.conf"), "utf8");
  const [, server = ""] = /listen 8081;(.*?)error_page/s.exec(golden) ?? [];
  expect([...server.matchAll(/add_header (\S+)/g)].map(([, name]) => name)).toStrictEqual(PAGE_HEADERS);
});

describe("a ConfigMap", () => {
  it.each<[string, Readonly<Record<string, string>>]>([
    ["without options", {}],
    ["with options that the annotations shield", { "custom-http-errors": "503", "ssl-redirect": "true" }],
    ["with a higher level", { "annotations-risk-level": "critical" }],
    ["with words that no annotation has", { "annotation-value-word-blocklist": "load_module,secret" }],
    ["with the annotations themselves", { "annotation-value-word-blocklist": "" }],
    ["with empty snippets and headers of others", { "http-snippet": " \n", "hide-headers": "Server,X-Powered-By" }],
  ])("%s is no matter", (_, data) => {
    expect(found(data, [1, 11, 1])).toStrictEqual({ obstacles: [], notes: [] });
  });

  it("with a level that the overrides exceed is an obstacle, if the controller knows levels", () => {
    const text = `${PLACE} has annotations-risk-level: Low, so the controller refuses the overrides: set it to Medium, High or Critical.`;
    const data = { "annotations-risk-level": "Low" };
    expect(found(data, [1, 9, 0])).toStrictEqual({ obstacles: [text], notes: [] });
    expect(found(data, [1, 8, 5])).toStrictEqual({ obstacles: [], notes: [text] });
    expect(found(data)).toStrictEqual({ obstacles: [], notes: [text] });
    expect(found({ "annotations-risk-level": "mid" }, [1, 12, 0]).obstacles).toHaveLength(1);
  });

  it.each([
    ["timeout,root", '"timeout"'],
    ["root,", '""'],
  ])("with the words %j is an obstacle", (list, words) => {
    expect(found({ "annotation-value-word-blocklist": list })).toStrictEqual({
      obstacles: [
        `${PLACE} has ${words} in annotation-value-word-blocklist, and every override's annotations contain that, so the controller refuses the overrides: take it out of the list.`,
      ],
      notes: [],
    });
  });

  it("with blanks around a word is a note: only the admission webhook ignores them", () => {
    const { obstacles, notes } = found({ "annotation-value-word-blocklist": "root, false" });
    expect(obstacles).toStrictEqual([]);
    expect(notes.join()).toContain('has "false" in annotation-value-word-blocklist');
  });

  it("with snippets, plugins or hidden headers is a note", () => {
    expect(found({ "http-snippet": "a;", "location-snippet": "b;", plugins: "c" })).toStrictEqual({
      obstacles: [],
      notes: [
        `${PLACE} has location-snippet, http-snippet, plugins. They can be any nginx configuration or Lua code, such as a redirect in each location. Check that nothing in there answers requests: no override can prevent that.`,
      ],
    });
    expect(found({ plugins: "c" }, [1, 12, 0]).notes).toStrictEqual([]);
    expect(found({ "hide-headers": "server, retry-after" }).notes).toStrictEqual([
      `${PLACE} has Retry-After in hide-headers. Visitors get the page without these headers, such as Retry-After. Without X-Maintenance-Page the command can't verify it. Take them out of the list.`,
    ]);
  });
});

const controller = (
  version: Version | undefined,
  data: Readonly<Record<string, string>> | undefined,
  args: Readonly<Record<string, string>> = {},
) => ({
  namespace: "ingress-nginx",
  hostNetwork: false,
  isReady: true,
  version,
  options: new Map(Object.entries(args)),
  config: data && { place: PLACE, data },
});

it.each<[boolean | undefined, Parameters<typeof allowsSnippets>[0]]>([
  [undefined, []],
  [undefined, [controller([1, 11, 1], undefined)]],
  [undefined, [controller(undefined, {})]],
  [false, [controller([1, 9, 0], {})]],
  [true, [controller([1, 8, 5], {})]],
  [true, [controller([1, 9, 0], {}), controller(undefined, { "allow-snippet-annotations": "true" })]],
  [false, [controller(undefined, { "allow-snippet-annotations": "false" })]],
])("whether snippets are allowed: %s", (expected, controllers) => {
  expect(allowsSnippets(controllers)).toBe(expected);
});

it("whether TLS is passed through: only with an option of the controller", () => {
  expect(passesTlsThrough([])).toBeUndefined();
  expect(passesTlsThrough([controller(undefined, {})])).toBe(false);
  expect(passesTlsThrough([controller(undefined, {}, { "enable-ssl-passthrough": "true" })])).toBe(true);
  expect(passesTlsThrough([controller(undefined, {}, { "enable-ssl-passthrough": "$(TLS)" })])).toBeUndefined();
});
