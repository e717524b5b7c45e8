import { join, relative } from "node:path";

/** The folder of the shared templates. */
export const TEMPLATES_FOLDER = join(__dirname, "templates");

/** The folder with one folder for each instance whose pages differ from the shared ones. */
export const CLIENTS_FOLDER = join(__dirname, "clients");

/** A file's path relative to the project's folder, as messages show it. */
export function pathOf(file: string): string {
  return relative(join(__dirname, ".."), file);
}
