import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Liquid } from "liquidjs";
import { PagesError, type Problem } from "../model/problems";
import type { Client } from "./clients";
import type { PageKind } from "./kinds";
import { pathOf, TEMPLATES_FOLDER } from "./paths";

/** Fills templates: the shared ones, or a client's own where it has any. */
export interface Templates {
  /**
   * @throws {PagesError} with file, line and column, when a client's template is broken.
   */
  render(
    template: "page.html.liquid" | "page.txt.liquid" | "problem.xml.liquid",
    kind: PageKind,
    filling: object,
  ): string;
}

/**
 * The templates for a client's pages, or the shared ones. A client's `page.html.liquid` comes before the shared page, and
 * `scheduled.html.liquid` (or any other kind's) before that; with `{% layout "page.html.liquid" %}` it is the shared page
 * with some blocks of its own.
 */
export function templatesOf(client?: Client): Templates {
  const engine = new Liquid({
    root: client === undefined ? [TEMPLATES_FOLDER] : [client.folder, TEMPLATES_FOLDER],
    layouts: [TEMPLATES_FOLDER],
    // Everything that is put into a page is text unless the template says otherwise.
    outputEscape: "escape",
    strictVariables: true,
    strictFilters: true,
    ownPropertyOnly: true,
    cache: true,
  });
  const own = client === undefined ? [] : readdirSync(client.folder).filter((file) => file.endsWith(".html.liquid"));
  return {
    render(template, kind, filling) {
      const ofKind = `${kind}.html.liquid`;
      const file = template === "page.html.liquid" && own.includes(ofKind) ? ofKind : template;
      try {
        return engine.renderFileSync(file, filling);
      } catch (error) {
        if (client === undefined) throw error;
        throw new PagesError([problemOf(error, client.folder, file)]);
      }
    },
  };
}

/** What liquidjs says of a template, as a person looks for it: file, line, column, and the reason. */
function problemOf(error: unknown, folder: string, rendered: string): Problem {
  const token: unknown = at(error, "token");
  const input = at(token, "input");
  // An undefined variable comes without its file, but with the file's text.
  const candidates = [rendered, ...readdirSync(folder)].map((name) => join(folder, name));
  const holder = candidates.find((path) => path.endsWith(".liquid") && isFileWith(path, input));
  const file = String(at(token, "file") ?? holder ?? join(folder, rendered));
  const [line, column] = error instanceof Error ? positionIn(error.message) : [];
  const reason =
    error instanceof Error ? error.message.replace(/, (?:file:.*, )?line:\d+, col:\d+$/, "") : String(error);
  return {
    path: [pathOf(file), ...(line === undefined ? [] : [line, column])].join(":"),
    found: reason,
    allowed: "Liquid, with the variables and blocks of pages/templates/page.html.liquid",
  };
}

function at(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
}

function isFileWith(path: string, text: unknown): boolean {
  return existsSync(path) && readFileSync(path, "utf8") === text;
}

function positionIn(message: string): readonly string[] {
  return /line:(\d+), col:(\d+)$/.exec(message)?.slice(1) ?? [];
}
