import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CHANGES, type Configuration, changed } from "./changes";

/** A change of files in `pages/`. */
export interface PagesChange {
  /** Which files. */
  readonly files: string;
  /** What is done to all of them at once. */
  readonly words: string;
  make(project: string): void;
}

/** The name of the client whose folder is a new one. */
const NEW_CLIENT = "acme";

/** The client that the project has. */
const CLIENT = "gamma";

const PICTURE =
  '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="8" height="8" fill="#8a1f4d"/></svg>\n';

/** One change of each kind of file. What a change of all files of a kind does not do, none of them does alone. */
export const PAGES_CHANGES: readonly PagesChange[] = [
  {
    files: "pages/languages/*.json",
    words: "every text of every language",
    make: (project) => forEach(join(project, "pages", "languages"), editTexts),
  },
  {
    files: "pages/languages/<new>.json",
    words: "a language that is not in `languages` yet",
    make(project) {
      const folder = join(project, "pages", "languages");
      writeFileSync(join(folder, "sw.json"), readFileSync(join(folder, "en.json")));
    },
  },
  {
    files: "pages/templates/*",
    words: "a word more in each",
    make(project) {
      const folder = join(project, "pages", "templates");
      edit(join(folder, "page.html.liquid"), (text) => text.replace("</main>", "<p>Changed.</p></main>"));
      appendFileSync(join(folder, "page.txt.liquid"), "Changed.\n");
      appendFileSync(join(folder, "problem.xml.liquid"), "<!-- changed -->\n");
    },
  },
  {
    files: "pages/style.css",
    words: "a rule more",
    make: (project) => appendFileSync(join(project, "pages", "style.css"), "main { letter-spacing: 0.01em; }\n"),
  },
  {
    files: "pages/default-theme.json",
    words: "every token",
    make: (project) => edit(join(project, "pages", "default-theme.json"), withEveryToken),
  },
  {
    files: "pages/retry.js",
    words: "another pause",
    make: (project) => edit(join(project, "pages", "retry.js"), (text) => text.replaceAll("30_000", "40_000")),
  },
  {
    files: "pages/clients/<new>",
    words: "a folder for acme, which is in maintenance: theme, style, logo, words, a file in assets/",
    make: makeClient,
  },
  {
    files: "pages/clients/gamma",
    words: "every file of it, for gamma, which is in maintenance too",
    make(project) {
      const folder = clientFolder(project, CLIENT);
      forEach(join(folder, "languages"), editTexts);
      edit(join(folder, "theme.json"), (text) => JSON.stringify({ ...(JSON.parse(text) as object), radius: "0.5rem" }));
      appendFileSync(join(folder, "style.css"), "main { letter-spacing: 0.01em; }\n");
      edit(join(folder, "page.html.liquid"), (text) => text.replace("<img ", '<img id="changed" '));
      writeFileSync(join(folder, "logo.svg"), PICTURE);
      writeFileSync(join(folder, "assets", "campus.svg"), PICTURE);
    },
  },
  {
    files: "pages/clients/gamma",
    words: "taken out",
    make: (project) => rmSync(clientFolder(project, CLIENT), { recursive: true }),
  },
];

/** The words of the new client's page. */
export const CLIENT_WORDS = "The Acme campus is closed for a moment";

/** Makes a folder for a client that has none. */
export function makeClient(project: string): void {
  const folder = clientFolder(project, NEW_CLIENT);
  for (const part of ["languages", "assets"]) mkdirSync(join(folder, part), { recursive: true });
  writeFileSync(join(folder, "theme.json"), '{ "accent": "#8a1f4d" }\n');
  writeFileSync(join(folder, "style.css"), "main { letter-spacing: 0.01em; }\n");
  writeFileSync(join(folder, "logo.svg"), PICTURE);
  writeFileSync(join(folder, "languages", "en.json"), JSON.stringify({ scheduled: { heading: CLIENT_WORDS } }));
  writeFileSync(join(folder, "assets", "picture.svg"), PICTURE);
}

/** The theme with each value that a change of `theme` has. */
function withEveryToken(text: string): string {
  const changes = CHANGES.filter(({ path }) => path[0] === "theme");
  return JSON.stringify(changes.reduce<Configuration>(changed, { theme: JSON.parse(text) as unknown }).theme);
}

function clientFolder(project: string, client: string): string {
  return join(project, "pages", "clients", client);
}

/** Changes a file, and not to what it was. */
export function edit(file: string, change: (text: string) => string): void {
  const before = readFileSync(file, "utf8");
  const after = change(before);
  if (after === before) throw new Error(`${file} is as it was`);
  writeFileSync(file, after);
}

function forEach(folder: string, change: (file: string) => void): void {
  for (const name of readdirSync(folder)) change(join(folder, name));
}

function editTexts(file: string): void {
  edit(file, (text) => JSON.stringify(longer(JSON.parse(text))));
}

/** Strings with a dot more; which way a language is read is no text. */
function longer(value: unknown, key = ""): unknown {
  if (typeof value === "string") return key === "direction" ? value : `${value}.`;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, longer(inner, name)]));
}
