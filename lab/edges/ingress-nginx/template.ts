/**
 * What has to change in the controller's files so that Debian's nginx can take the place of the nginx of the official
 * ingress-nginx image, which has its Lua modules and the stream module built in.
 */

const modules = ["ndk_http_module", "ngx_http_lua_module", "ngx_http_headers_more_filter_module"];

const loadModules = modules.map((module) => `load_module /usr/lib/nginx/modules/${module}.so;\n`).join("");

/** The template of nginx.conf (`template/nginx.tmpl`) for Debian's nginx. */
export function templateForDebian(template: string): string {
  // Workers need no user of their own here, where Debian's default (www-data) could not read the controller's files.
  return `user root;\n${loadModules}${withoutBlock(template, "stream")}`;
}

/** The configuration that nginx starts with before the controller has rendered one (`nginx.conf`). */
export function firstConfigurationForDebian(configuration: string): string {
  return `${loadModules}${configuration}`;
}

/** Cuts the top-level block `NAME { ... }` out. The text has no braces in strings that would not match each other. */
function withoutBlock(text: string, name: string): string {
  const begin = text.indexOf(`\n${name} {`);
  if (begin === -1) {
    throw new Error(`the template has no block "${name}"`);
  }
  let depth = 0;
  for (let at = text.indexOf("{", begin); at < text.length; at += 1) {
    const character = text[at];
    depth += character === "{" ? 1 : character === "}" ? -1 : 0;
    if (depth === 0) {
      return text.slice(0, begin + 1) + text.slice(at + 1);
    }
  }
  throw new Error(`the template's block "${name}" does not end`);
}
