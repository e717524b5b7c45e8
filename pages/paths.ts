import { join, relative } from "node:path";

/** The folder of the shared templates. */
export const TEMPLATES_FOLDER = join(__dirname, "templates");

/** The folder with one folder an instance, for those whose pages differ from the shared ones. */
export const CLIENTS_FOLDER = join(__dirname, "clients");

/** A file as a person names it: from the project's folder. */
export function pathOf(file: string): string {
  return relative(join(__dirname, ".."), file);
}
