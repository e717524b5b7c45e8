import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import GithubSlugger from "github-slugger";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { toString as textOf } from "mdast-util-to-string";
import { gfm } from "micromark-extension-gfm";
import { visit } from "unist-util-visit";
import { describe, expect, it } from "vitest";

// Every document that git knows, or is about to: where its links lead, and which commands it names.

const ROOT = join(__dirname, "..");
const documents = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"], {
  cwd: ROOT,
  encoding: "utf8",
})
  .split("\n")
  .filter((name) => name !== "" && existsSync(join(ROOT, name)));

interface Found {
  readonly anchors: ReadonlySet<string>;
  readonly links: readonly string[];
  /** What stands in blocks of commands, and between backticks. */
  readonly code: readonly string[];
}

function read(file: string): Found {
  const tree = fromMarkdown(readFileSync(file, "utf8"), { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] });
  const slugger = new GithubSlugger();
  const anchors = new Set<string>();
  const links: string[] = [];
  const code: string[] = [];
  visit(tree, (node) => {
    if (node.type === "heading") anchors.add(slugger.slug(textOf(node)));
    if (node.type === "link" || node.type === "image" || node.type === "definition") links.push(node.url);
    if (node.type === "code" || node.type === "inlineCode") code.push(node.value);
  });
  return { anchors, links, code };
}

const found = new Map(documents.map((name) => [name, read(join(ROOT, name))]));

describe.each([...found])("%s", (name, { links, code }) => {
  const local = links.filter((link) => !/^[a-z]+:/.test(link) && !isOnGithub(link));

  it("leads somewhere with each link", () => {
    for (const link of local) {
      const [path = "", anchor] = link.split("#");
      const target = path === "" ? join(ROOT, name) : join(ROOT, dirname(name), path);
      expect(existsSync(target), link).toBe(true);
      if (anchor !== undefined && statSync(target).isFile()) {
        expect(found.get(relative(ROOT, target))?.anchors, link).toContain(anchor);
      }
    }
  });

  it("names scripts and files that are there", () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { scripts: object };
    for (const text of code) {
      for (const [, script = ""] of text.matchAll(/npm run ([\w:]+)/g)) expect(scripts, text).toHaveProperty([script]);
      for (const [path] of text.matchAll(
        /(?<![\w./-])(?:ci|docs|pages|settings|components|local|test)\/[\w./-]+\.(?:sh|ya?ml|ts|json|md)\b/g,
      )) {
        if (!isExample(path)) expect(existsSync(join(ROOT, path)), `${text}: ${path}`).toBe(true);
      }
    }
  });
});

/** What GitHub answers beside the files, in an issue's template. */
function isOnGithub(link: string): boolean {
  return link.startsWith("../security/") || link.startsWith("../blob/");
}

/** A file that the reader makes. */
function isExample(path: string): boolean {
  return path.startsWith("pages/clients/acme/");
}

it("there are documents to look at", () => {
  expect(documents).toContain("README.md");
  expect(documents).toContain("docs/guide.md");
});
