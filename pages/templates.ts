import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Liquid } from "liquidjs";
import { PagesError, type Problem } from "../model/problems";
import type { Client } from "./clients";
import type { PageKind } from "./kinds";
import { pathOf, TEMPLATES_FOLDER } from "./paths";

/** Renders templates: a client's own, or else the shared ones. */
export interface Templates {
  /**
   * @throws {PagesError} with file, line and column, when a client's template is broken.
   */
  render(template: "page.html.liquid" | "page.txt.liquid" | "problem.xml.liquid", kind: PageKind, data: object): string;
}

/**
 * The templates for a client's pages, or the shared ones. A client's `page.html.liquid` replaces the shared page, and its
 * `scheduled.html.liquid` (or that of another kind) replaces both. With `{% layout "page.html.liquid" %}` a template is the
 * shared page with some blocks replaced.
 */
export function templatesOf(client?: Client): Templates {
  const engine = new Liquid({
    root: client === undefined ? [TEMPLATES_FOLDER] : [client.folder, TEMPLATES_FOLDER],
    layouts: [TEMPLATES_FOLDER],
    // All values are escaped as text, unless the template says otherwise.
    outputEscape: "escape",
    strictVariables: true,
    strictFilters: true,
    ownPropertyOnly: true,
    cache: true,
  });
  const own = client === undefined ? [] : readdirSync(client.folder).filter((file) => file.endsWith(".html.liquid"));
  return {
    render(template, kind, data) {
      const ofKind = `${kind}.html.liquid`;
      const file = template === "page.html.liquid" && own.includes(ofKind) ? ofKind : template;
      try {
        return engine.renderFileSync(file, data);
      } catch (error) {
        if (client === undefined) throw error;
        throw new PagesError([problemOf(error, client.folder, file)]);
      }
    },
  };
}

/** Turns an error of liquidjs into a problem with file, line, column and reason. */
function problemOf(error: unknown, folder: string, rendered: string): Problem {
  const token: unknown = at(error, "token");
  const input = at(token, "input");
  // The error of an undefined variable has no file name, but the text of the file.
  const candidates = [rendered, ...readdirSync(folder)].map((name) => join(folder, name));
  const match = candidates.find((path) => path.endsWith(".liquid") && isFileWith(path, input));
  const file = String(at(token, "file") ?? match ?? join(folder, rendered));
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
