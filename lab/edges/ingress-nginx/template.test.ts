import { describe, expect, it } from "vitest";
import { firstConfigurationForDebian, templateForDebian } from "./template";

const template = `pid {{ .PID }};
http {
    init_by_lua_block { if x then y = {} end }
}

stream {
    {{ if $cfg.X }} lua_add_variable $y; {{ end }}
    init_by_lua_block { z = { 1, 2 } }
}
# the end
`;

describe("templateForDebian", () => {
  it("cuts the stream block and nothing else", () => {
    const result = templateForDebian(template);
    expect(result).not.toContain("lua_add_variable");
    expect(result).toContain("init_by_lua_block { if x then y = {} end }\n}\n");
    expect(result).toMatch(/\n# the end\n$/);
  });

  it("loads the Lua modules before anything that uses them", () => {
    const lines = templateForDebian(template).split("\n");
    expect(lines.slice(0, 4)).toStrictEqual([
      "user root;",
      "load_module /usr/lib/nginx/modules/ndk_http_module.so;",
      "load_module /usr/lib/nginx/modules/ngx_http_lua_module.so;",
      "load_module /usr/lib/nginx/modules/ngx_http_headers_more_filter_module.so;",
    ]);
  });

  it("refuses a template that is not the one it was written for", () => {
    expect(() => templateForDebian("http {}\n")).toThrow('no block "stream"');
    expect(() => templateForDebian("http {}\nstream {\n")).toThrow('block "stream" does not end');
  });
});

it("the first configuration keeps its own lines", () => {
  expect(firstConfigurationForDebian("events {}\n")).toMatch(/\.so;\nevents \{\}\n$/);
});
