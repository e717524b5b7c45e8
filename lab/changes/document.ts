import { CHANGES, settingAt } from "./changes";

/** A row of a table. */
export type Row = readonly string[];

/** What was seen of all changes. */
export interface Seen {
  /** What Pulumi and its plugins are. */
  readonly parts: readonly string[];
  /** The setting, the change, what an `up` would do, what that is for the page server. */
  readonly previewed: readonly Row[];
  /** The change, what the `up` did, wrong answers. */
  readonly applied: readonly Row[];
  /** Visitors in a second, while the latter were made. */
  readonly perSecond: number;
}

/** docs/changes.md. */
export function documentOf({ parts, previewed, applied, perSecond }: Seen): string {
  return [
    ABOUT,
    listOf(parts),
    PREVIEWED,
    table(["setting", "the change", "what `pulumi up` would do", "the page server"], previewed),
    aboutApplied(perSecond),
    table(["the change", "what `pulumi up` did", "wrong answers"], applied),
  ].join("\n");
}

/** The parts that a document was written with. */
export function partsIn(document: string): readonly string[] {
  return [...document.matchAll(/^- ((?:Pulumi|stand-in).*)$/gm)].map(([, part = ""]) => part);
}

function listOf(parts: readonly string[]): string {
  return parts.map((part) => `- ${part}\n`).join("");
}

const REFUSED = CHANGES.filter(({ protectFalse }) => protectFalse !== undefined).map(
  ({ path, words }) => `\`${settingAt(path)}\`${words === undefined ? "" : ` (${words})`}`,
);

const ABOUT = `# What a change does

<!-- Written by \`npx vitest run --project e2e test/e2e/changes.test.ts --update\`; never by hand. -->

Which setting, or file of \`pages/\`, leads to which operations. Each was changed alone, and \`pulumi preview\` said what \`pulumi up\` would
do, on a real cluster with:
`;

const PREVIEWED = `A stand-in is written for this project's tests. The official AWS plugin may do something else with the bucket's own resources; the rows
that have Bucket, BucketObjectv2 or \`aws store\` in them show the stand-in. It can't reach into the cluster: nothing there has an input that
comes from a resource of the bucket, and the test holds Pulumi's state against that.

The stack had acme in maintenance, with a window, a message and a bypass; gamma, which has a client folder, in maintenance; the feed; and
the controller, installed as a Helm release. \`nothing →\` is a setting that was not there, and so had its default.
It had a \`bucket.readUrl\` too. Without it, the address at which the pages are read is made from the bucket's name with its endpoint and
pathStyle, or on AWS with its region, and a change of those does in the cluster what a change of \`readUrl\` does here.

No change replaces or deletes the Namespace, the Service or the Deployment of the page server, its copy of the pages, the standby, the
Helm release, what all overrides at Traefik share, or the self-test at the Gateway API, except for ${REFUSED.join(", ")}, which have to. Pulumi refuses these, and names what is
protected, until you ask for them:

- What is **replaced** goes with \`pulumi config set protect false\` and the change in the same \`pulumi up\`.
- What is **deleted** goes after a \`pulumi up\` with \`protect\` false and nothing else.

Both take the maintenance pages, or every site, away for a while. Set \`protect\` to true again afterwards.
`;

const aboutApplied = (perSecond: number) => `## While visitors come

The most usual changes were made too, one after the other, while ${perSecond} visitors came each second: to an instance in maintenance, to one
that is open, and to a host that nobody owns. The new text, header, language or image was seen each time before the visitors left.
`;

function table(head: Row, lines: readonly Row[]): string {
  const line = (cells: Row) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return `${[line(head), line(head.map(() => "---")), ...lines.map(line)].join("\n")}\n`;
}
