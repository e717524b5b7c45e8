import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { toString as textOf } from "mdast-util-to-string";
import { gfm } from "micromark-extension-gfm";
import { visit } from "unist-util-visit";
import { expect, it } from "vitest";

// README's figures are those of the documents that the measurements wrote. After another run, --update writes them.

const ROOT = join(__dirname, "..");
const README = join(ROOT, "README.md");
const [BEGIN, END] = ["<!-- measured -->", "<!-- end of measured -->"];

type Row = ReadonlyMap<string, string>;

/** The rows of a document's tables by their first cell, each by its table's head. A head that comes again gets a number. */
function rowsIn(document: string): (name: RegExp, head: string) => string {
  const text = readFileSync(join(ROOT, "docs", document), "utf8");
  const found: (readonly [string, Row])[] = [];
  visit(fromMarkdown(text, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] }), "table", (table) => {
    const [head = [], ...rows] = table.children.map((row) => row.children.map((cell) => textOf(cell)));
    const names = head.map((name, at) => {
      const before = head.slice(0, at).filter((one) => one === name).length;
      return before === 0 ? name : `${name} ${before + 1}`;
    });
    for (const cells of rows) found.push([cells[0] ?? "", new Map(names.map((name, at) => [name, cells[at] ?? ""]))]);
  });
  return (name, head) => {
    const cells = found.filter(([first, row]) => name.test(first) && row.has(head)).map(([, row]) => row.get(head));
    expect(cells, `${document}: ${name}, ${head}`).toHaveLength(1);
    return cells[0] ?? "";
  };
}

const whole = (text: string) => Number(text.replaceAll(",", ""));

function measured(): string {
  const faults = rowsIn("faults.md");
  const bench = rowsIn("benchmarks.md");
  const all = (row: RegExp, heads: readonly string[]) =>
    heads.reduce((sum, head) => sum + whole(faults(row, head)), 0).toLocaleString("en");
  const wrongOf = (row: RegExp) =>
    `**${all(row, ["wrong", "wrong 2", "wrong 3"])}** of **${all(row, ["acme: answers", "beta: answers", "nobody: answers"])}**`;
  const wrongIn = (row: RegExp) => `**${bench(row, "wrong")}** of **${bench(row, "answers")}**`;
  const ours = "page server's ratio to it";
  const served = "one more is served after";
  const faulty = "`npm run test:faults`";
  const benched = "`npm run bench`";
  const rows = [
    [
      "wrong answers while maintenance of one instance is enabled and disabled ten times, 600 requests a second on it and two other hosts",
      wrongOf(/^enabled and disabled ten/),
      faulty,
    ],
    ["the same with three times, 200 requests a second on the instance alone", wrongIn(/^override/), benched],
    ["… by deleting the instance's Ingress and creating another", wrongIn(/^delete/), ""],
    [
      "wrong answers while the bucket is down for a minute and a page server pod starts anew",
      wrongOf(/^the bucket is down/),
      faulty,
    ],
    [
      "the page server, which chooses format and language, against the same nginx that serves a plain file",
      `**${bench(/plain file/, ours)}** of its requests a second`,
      benched,
    ],
    ["… against an Express application", `**${bench(/^Express/, ours)}** times`, ""],
    [
      "one more override, with 1,000 there, is served after",
      `**${bench(/^1000 overrides/, served)}**, an ordinary Ingress after **${bench(/^1000 ordinary/, served)}**`,
      benched,
    ],
    [
      "`pulumi up` that enables maintenance of one of 1,000 instances",
      `**${bench(/^1,000, 1 of/, "up")}**, **${bench(/^1,000, 1 of/, "ratio 2")}** times that of as many trivial resources`,
      benched,
    ],
  ];
  return [["what", "", "how"], ["---", "---", "---"], ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

it("README has the last figures (--update writes them)", async () => {
  const text = readFileSync(README, "utf8");
  expect(text).toContain(BEGIN);
  const [before, rest = ""] = text.split(BEGIN);
  await expect(`${before}${BEGIN}\n${measured()}\n${END}${rest.split(END)[1]}`).toMatchFileSnapshot(README);
});
