import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Liquid } from "liquidjs";
import { ASSETS_PATH } from "../pages/kinds";
import type { Rendering } from "./render";

/**
 * Writes every page as a file, `<client>/<page>.<language>.<format>`, with the client's assets where its pages look for
 * them when the client's folder is served as a site, and an index.
 *
 * @returns how many pages there are.
 */
export function writePages({ samples, clients }: Rendering, folder: string): number {
  const files = samples.flatMap(({ name, client, pages }) =>
    pages.map(({ language, format, body }) => ({
      file: `${client?.name ?? "shared"}/${slug(name)}.${language}.${format}`,
      body,
    })),
  );
  for (const { file, body } of files) write(join(folder, file), body);
  for (const { name, assets } of clients) {
    for (const asset of assets) {
      const target = join(folder, name, ASSETS_PATH, asset.name);
      mkdirSync(dirname(target), { recursive: true });
      copyFileSync(asset.file, target);
    }
  }
  write(join(folder, "index.html"), engine.parseAndRenderSync(INDEX, { files: files.map(({ file }) => file) }));
  return files.length;
}

const engine = new Liquid({ outputEscape: "escape" });

const INDEX = `<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Maintenance pages</title></head>
<body><ul>
{%- for file in files %}
<li><a href="{{ file }}">{{ file }}</a></li>
{%- endfor %}
</ul></body>
</html>
`;

function slug(name: string): string {
  return name.replaceAll(/[^a-z0-9]+/gi, "-").replace(/-$/, "");
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
