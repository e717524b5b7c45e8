import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { nearest, type Problem } from "../model/problems";
import { pathOf, TEMPLATES_FOLDER } from "./paths";

/** Blocks that the layout does not have. Liquid ignores them, so a misspelled block would silently be missing. */
export function blockProblems(file: string): readonly Problem[] {
  const text = readFileSync(file, "utf8");
  const layout = /\{%-?\s*layout\s+["']([^"']+)["']/.exec(text)?.[1];
  if (layout === undefined || !existsSync(join(TEMPLATES_FOLDER, layout))) return [];
  const known = blocksIn(readFileSync(join(TEMPLATES_FOLDER, layout), "utf8")).map(({ name }) => name);
  return blocksIn(text)
    .filter(({ name }) => !known.includes(name))
    .map(({ name, line }) => ({
      path: `${pathOf(file)}:${line}`,
      found: name,
      allowed: `the blocks of ${layout}: ${known.join(", ")}`,
      nearest: nearest(name, known),
    }));
}

function blocksIn(text: string): readonly { readonly name: string; readonly line: number }[] {
  return [...text.matchAll(/\{%-?\s*block\s+([\w-]+)/g)].map(({ index, 1: name = "" }) => ({
    name,
    line: text.slice(0, index).split("\n").length,
  }));
}
